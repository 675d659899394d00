"""The recipe: a validated YAML file that says everything about a training run."""

import difflib
import re
from collections.abc import Iterable
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, Field, ValidationError, model_validator

from brainmtl.data.splits import Protocol
from brainmtl.errors import InputError, UsageError
from brainmtl.imaging.square import Fit
from brainmtl.labels import CLASSES
from brainmtl.models.build import NetworkPart, Part

Share = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(gt=0)]
NonNegative = Annotated[float, Field(ge=0)]
Folder = Annotated[str, Field(pattern=rf"^[^/]+/({'|'.join(CLASSES)})$")]
LARGEST_SEED = 2**32 - 1
SEE_RECIPES = "see `brainmtl recipes`"
YAML_ERRORS = (yaml.YAMLError, ValueError, RecursionError)
"""What PyYAML raises; an impossible date is a ``ValueError``."""
SWEEP = re.compile(r"^(grid|random|screen):", re.MULTILINE)
"""What a sweep has and a recipe has not."""
Monitor = Literal["validation_loss", "validation_dice", "validation_accuracy", "validation_score"]


class DataPart(Part):
    """Which slices, and how they become squares."""

    protocol: Protocol = "official"
    fold: int = Field(default=0, ge=0)
    leave_out: tuple[Folder, ...] = ()
    """Folders whose slices are for nothing, ``source/label`` each."""
    neighbours: int = Field(default=0, ge=0, le=3)
    """Slices before and after each that the network sees with it, where they are known; the slice itself
    stands in for those that are not."""
    size: int = Field(default=256, ge=32, le=1024)
    fit: Fit = "pad"
    batch_size: int = Field(default=16, ge=1)
    healthy_masks: bool = True
    """Healthy slices train the decoder with empty masks."""


class AugmentationPart(Part):
    """Random changes of the training slices; every default is off."""

    mirror: Share = 0.0
    flip: Share = 0.0
    probability: Share = 1.0
    rotation: float = Field(default=0.0, ge=0, le=180)
    scale: tuple[Positive, Positive] = (1.0, 1.0)
    shift: Share = 0.0
    shear: float = Field(default=0.0, ge=0, le=45)
    crop: int | None = Field(default=None, ge=32)
    brightness: Share = 0.0
    contrast: Share = 0.0
    gamma: NonNegative = 0.0
    noise: Share = 0.0
    bias_field: NonNegative = 0.0


class LossPart(Part):
    """The mask loss ``bce·BCE + binary_focal·focal + dice·(1 - soft Dice)``, the class loss
    ``cross_entropy·CE + categorical_focal·focal``, and their weights."""

    bce: NonNegative = 1.0
    binary_focal: NonNegative = 0.0
    dice: NonNegative = 1.0
    dice_smooth: NonNegative = 1.0
    dice_over: Literal["slice", "batch"] = "slice"
    cross_entropy: NonNegative = 1.0
    label_smoothing: Share = 0.0
    """Of the cross-entropy."""
    categorical_focal: NonNegative = 0.0
    focal_alpha: NonNegative = 0.25
    """A factor on both focal losses, whatever the pixel or the class."""
    focal_gamma: NonNegative = 2.0
    mask_weight: NonNegative = 1.0
    class_weight: NonNegative = 1.0
    mean_over: Literal["known", "batch"] = "known"
    """Each loss is a mean over the slices whose truth is known, or over all, where the others count 0."""


class BalancingPart(Part):
    """How the two losses of a joint network, each times its weight in ``losses``, make one step.

    ``fixed`` adds them; ``uncertainty``, ``dwa`` and ``gradnorm`` learn further weights, see
    ``training/balancing/``; ``pcgrad``, ``aligned-mtl`` and ``cagrad`` combine gradients over the encoder.
    """

    name: Literal["fixed", "uncertainty", "dwa", "gradnorm", "pcgrad", "aligned-mtl", "cagrad"] = "fixed"
    temperature: Positive = 2.0
    """Of ``dwa``: the higher, the more alike the weights."""
    asymmetry: NonNegative = 1.5
    """Of ``gradnorm``: how much longer the gradient of a task that lags behind is to be."""
    rate: Positive = 0.025
    """Of ``gradnorm``: learning rate of the weights."""
    radius: Annotated[float, Field(ge=0, lt=1)] = 0.5
    """Of ``cagrad``: how far a step may leave the mean gradient, as a share of its length."""


class OptimizerPart(Part):
    """How weights move; ``rmsprop-keras`` is Keras's RMSprop with its defaults."""

    name: Literal["adam", "adamw", "sgd", "rmsprop", "rmsprop-keras"] = "adam"
    lr: Positive = 1e-4
    weight_decay: NonNegative | None = None
    """``null``: torch's default, which is .01 for ``adamw`` and 0 for the others."""
    momentum: Share = 0.0
    encoder_lr: Positive = 1.0
    """The encoder's learning rate as a multiple of ``lr``."""
    gradient_clip: Positive | None = None
    """Largest global norm of the gradient."""

    @property
    def decay(self) -> float:
        """The weight decay that is meant."""
        if self.weight_decay is not None:
            return self.weight_decay
        return 0.01 if self.name == "adamw" else 0.0


class SchedulePart(Part):
    """How the learning rate moves and when training ends.

    ``plateau`` counts as torch does, ``plateau-keras`` as Keras.
    """

    name: Literal["constant", "plateau", "plateau-keras", "cosine", "one-cycle"] = "constant"
    epochs: int = Field(default=100, ge=1)
    warmup: Share = 0.1
    """Share of the steps on which one-cycle rises."""
    factor: Share = 0.5
    patience: int = Field(default=7, ge=0)
    """Epochs without progress that a plateau bears: torch's lowers the rate by ``factor`` at the next one,
    Keras's at the last of them."""
    stop_after: int | None = Field(default=None, ge=1)
    """Early stopping: epochs without progress."""
    monitor: Monitor = "validation_loss"
    ema: Annotated[float, Field(gt=0, lt=1)] | None = None
    """Decay a step of the moving average of the weights; the average is what is validated and kept."""


class FineTuningPart(Part):
    """A second phase, in which the frozen stages of the encoder train too.

    Its optimiser and its schedule begin anew; early stopping counts from its first epoch.
    """

    after: int = Field(ge=1)
    """Epochs of the first phase; ``schedule.epochs`` are those of both."""
    lr: Positive
    """Its learning rate, in place of ``optimizer.lr``."""


class Recipe(Part):
    """All of a training run."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9.-]*$")
    description: str = ""
    goes_on_from: str | None = None
    """The recipe whose finished run this one begins with: a later leg, trained with ``--init-from``."""
    data: DataPart = DataPart()
    augmentation: AugmentationPart = AugmentationPart()
    network: NetworkPart
    losses: LossPart = LossPart()
    balancing: BalancingPart = BalancingPart()
    optimizer: OptimizerPart = OptimizerPart()
    schedule: SchedulePart = SchedulePart()
    fine_tuning: FineTuningPart | None = None
    precision: Literal["auto", "bf16", "fp32"] = "auto"
    seed: int = Field(default=0, ge=0, le=LARGEST_SEED)

    @property
    def holds_nothing_back(self) -> bool:
        """Whether its protocol has no validation part; the last epoch is then kept."""
        return self.data.protocol == "official-whole"

    @model_validator(mode="before")
    @classmethod
    def _without_published(cls, tree: Any) -> Any:
        """Older run folders have this field; the numbers are in ``published.yaml`` now."""
        return {name: tree[name] for name in tree if name != "published"} if isinstance(tree, dict) else tree

    @model_validator(mode="before")
    @classmethod
    def _channels_for_neighbours(cls, tree: Any) -> Any:
        """Where a recipe does not say how many channels, there are those that its neighbours need."""
        data, network = (tree.get(name) if isinstance(tree, dict) else None for name in ("data", "network"))
        if not isinstance(data, dict) or not isinstance(network, dict) or "channels" in network:
            return tree
        if not isinstance(reach := data.get("neighbours"), int):
            return tree
        return {**tree, "network": {**network, "channels": 2 * reach + 1}}


def recipe_names() -> list[str]:
    """Names of the recipes that ship with the package."""
    return [name for name, text in _shipped().items() if not SWEEP.search(text)]


def shipped_sweeps() -> dict[str, str]:
    """The sweeps that ship beside the recipes, name → description; ``study/space.py`` says what they hold."""
    return {name: load_yaml(text)["description"] for name, text in _shipped().items() if SWEEP.search(text)}


def load_yaml(text: str) -> Any:
    """Read YAML as version 1.2 has it, where ``5e-5`` is a number.

    Args:
        text: of a file.

    Raises:
        ValueError, yaml.YAMLError, RecursionError: it is not YAML.
    """
    return yaml.load(text, _Loader)


def read_recipe(source: str | Path, overrides: Iterable[str] = ()) -> Recipe:
    """Read a recipe.

    Args:
        source: the name of a shipped recipe, or a YAML file.
        overrides: ``field.path=value`` each, the value in YAML.

    Raises:
        InputError: no such recipe, not YAML, an unknown field (the nearest known one is named) or a value out
            of range.
        UsageError: an override that is not ``field.path=value``.
    """
    text, where = _text(source)
    try:
        tree = yaml.load(text, _Loader)
    except YAML_ERRORS as error:
        raise InputError(f"not YAML: {_one_line(error)}", where=where, mend=SEE_RECIPES) from error
    if not isinstance(tree, dict):
        raise InputError("not a mapping of fields", where=where, mend=SEE_RECIPES)
    if SWEEP.search(text):
        raise InputError("is a sweep, not a recipe", where=where, mend=f"brainmtl sweep {source}")
    named = {_override(tree, override) for override in overrides}
    if (
        "data.neighbours" in named
        and "network.channels" not in named
        and isinstance(tree.get("network"), dict)
    ):
        tree["network"].pop("channels", None)  # a written recipe has those of its own neighbours
    try:
        return Recipe.model_validate(tree)
    except ValidationError as error:
        raise _explain(error, where) from error


def write_recipe(recipe: Recipe) -> str:
    """The YAML text of a recipe with every field resolved."""
    return yaml.dump(
        recipe.model_dump(mode="json"), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110
    )


class _Loader(yaml.SafeLoader):
    """YAML as version 1.2 has it, where ``5e-5`` is a number."""


class _Dumper(yaml.SafeDumper):
    """Quotes text that :class:`_Loader` would take for a number."""


for _half in (_Loader, _Dumper):
    _half.add_implicit_resolver(
        "tag:yaml.org,2002:float",
        re.compile(r"[-+]?(\d+\.?\d*|\.\d+)[eE][-+]?\d+$", re.ASCII),
        list("-+.0123456789"),
    )


def _shipped() -> dict[str, str]:
    entries = [entry for entry in (files("brainmtl") / "recipes").iterdir() if entry.name.endswith(".yaml")]
    return {
        entry.name.removesuffix(".yaml"): entry.read_text(encoding="utf-8")
        for entry in sorted(entries, key=lambda entry: entry.name)
    }


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())


def _text(source: str | Path) -> tuple[str, str]:
    path = Path(source)
    if path.suffix in (".yaml", ".yml") or path.is_file():
        try:
            return path.read_text(encoding="utf-8"), str(path)
        except OSError as error:
            raise InputError(
                f"cannot be read: {error.strerror}", where=path, mend="check the path"
            ) from error
        except UnicodeDecodeError as error:
            raise InputError("not text in UTF-8", where=path, mend="save it as UTF-8") from error
    shipped = files("brainmtl") / "recipes" / f"{source}.yaml"
    if shipped.is_file():
        return shipped.read_text(encoding="utf-8"), f"recipe {source}"
    near = difflib.get_close_matches(str(source), recipe_names(), n=3, cutoff=0.3)
    mend = f"did you mean {', '.join(near)}?" if near else SEE_RECIPES
    raise InputError("no such recipe", where=source, mend=mend)


def _override(tree: dict[str, Any], override: str) -> str:
    """Set a field, and return its path."""
    path, equals, text = override.partition("=")
    path = path.strip()
    *parents, leaf = path.split(".")
    if not equals or not leaf:
        raise UsageError(f"--set {override}: not field=value", mend="--set optimizer.lr=5e-5")
    try:
        value = yaml.load(text, _Loader)
    except YAML_ERRORS as error:
        raise UsageError(
            f"--set {override}: the value is not YAML", mend="--set optimizer.lr=5e-5"
        ) from error
    for parent in parents:
        branch = tree.get(parent)
        if branch is None:
            branch = tree[parent] = {}
        if not isinstance(branch, dict):
            raise InputError(f"{parent!r} has no fields", field=path, mend="see a run's recipe.yaml")
        tree = branch
    tree[leaf] = value
    return path


def _explain(error: ValidationError, where: str) -> InputError:
    first = error.errors()[0]
    path = [str(part) for part in first["loc"]]
    field = ".".join(path)
    if first["type"] == "extra_forbidden":
        near = difflib.get_close_matches(path[-1], _fields(path[:-1]), n=1, cutoff=0.0)
        return InputError("unknown field", where=where, field=field, mend=f"did you mean {near[0]}?")
    if first["type"] == "missing":
        return InputError("is missing", where=where, field=field, mend="add it")
    return InputError(f"{first['msg']}, not {first['input']!r}", where=where, field=field, mend="change it")


def _fields(path: list[str]) -> list[str]:
    model: Any = Recipe
    for name in path:
        annotation = model.model_fields[name].annotation
        options = [annotation, *getattr(annotation, "__args__", ())]
        model = next(
            option for option in options if isinstance(option, type) and issubclass(option, BaseModel)
        )
    return list(model.model_fields)
