"""The recipe: a validated YAML file that says everything about a training run."""

import difflib
from collections.abc import Iterable
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, Field, ValidationError

from brainmtl.data.splits import Protocol
from brainmtl.errors import InputError, UsageError
from brainmtl.imaging.square import Fit
from brainmtl.models.build import NetworkPart, Part

Share = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(gt=0)]
NonNegative = Annotated[float, Field(ge=0)]
Monitor = Literal["validation_loss", "validation_dice", "validation_accuracy", "validation_score"]


class DataPart(Part):
    """Which slices, and how they become squares."""

    protocol: Protocol = "official"
    fold: int = Field(0, ge=0)
    size: int = Field(256, ge=32, le=1024)
    fit: Fit = "pad"
    batch_size: int = Field(16, ge=1)
    healthy_masks: bool = True
    """Healthy slices train the decoder with empty masks."""


class AugmentationPart(Part):
    """Random changes of the training slices; every default is off."""

    mirror: Share = 0.0
    flip: Share = 0.0
    probability: Share = 1.0
    rotation: float = Field(0.0, ge=0, le=180)
    scale: tuple[Positive, Positive] = (1.0, 1.0)
    shift: Share = 0.0
    shear: float = Field(0.0, ge=0, le=45)
    crop: int | None = Field(None, ge=32)
    brightness: Share = 0.0
    contrast: Share = 0.0
    gamma: NonNegative = 0.0
    noise: Share = 0.0
    bias_field: NonNegative = 0.0


class LossPart(Part):
    """The mask loss ``bce·BCE + dice·(1 - soft Dice)``, the class loss (cross-entropy), and their weights."""

    bce: NonNegative = 1.0
    dice: NonNegative = 1.0
    dice_smooth: NonNegative = 1.0
    dice_over: Literal["slice", "batch"] = "slice"
    label_smoothing: Share = 0.0
    mask_weight: NonNegative = 1.0
    class_weight: NonNegative = 1.0


class OptimizerPart(Part):
    """How weights move."""

    name: Literal["adam", "adamw", "sgd", "rmsprop"] = "adam"
    lr: Positive = 1e-4
    weight_decay: NonNegative = 0.0
    momentum: Share = 0.0
    encoder_lr: Positive = 1.0
    """The encoder's learning rate as a multiple of ``lr``."""
    gradient_clip: Positive | None = None
    """Largest global norm of the gradient."""


class SchedulePart(Part):
    """How the learning rate moves and when training ends."""

    name: Literal["constant", "plateau", "cosine", "one-cycle"] = "constant"
    epochs: int = Field(100, ge=1)
    warmup: Share = 0.1
    """Share of the steps on which one-cycle rises."""
    factor: Share = 0.5
    patience: int = Field(7, ge=0)
    """Epochs without progress before plateau lowers the rate by ``factor``."""
    stop_after: int | None = Field(None, ge=1)
    """Early stopping: epochs without progress."""
    monitor: Monitor = "validation_loss"
    ema: Annotated[float, Field(gt=0, lt=1)] | None = None
    """Decay a step of the moving average of the weights; the average is what is validated and kept."""


class Recipe(Part):
    """All of a training run."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9.-]*$")
    description: str = ""
    data: DataPart = DataPart()
    augmentation: AugmentationPart = AugmentationPart()
    network: NetworkPart
    losses: LossPart = LossPart()
    optimizer: OptimizerPart = OptimizerPart()
    schedule: SchedulePart = SchedulePart()
    precision: Literal["auto", "bf16", "fp32"] = "auto"
    seed: int = Field(0, ge=0)
    published: dict[str, float | str] = Field(default_factory=dict)


def recipe_names() -> list[str]:
    """Names of the recipes that ship with the package."""
    folder = files("brainmtl") / "recipes"
    return sorted(entry.name.removesuffix(".yaml") for entry in folder.iterdir() if entry.name.endswith(".yaml"))


def read_recipe(source: str | Path, overrides: Iterable[str] = ()) -> Recipe:
    """Read a recipe.

    Args:
        source: the name of a shipped recipe, or a YAML file.
        overrides: ``field.path=value`` each, the value in YAML.

    Raises:
        InputError: no such recipe, not YAML, an unknown field (the nearest known one is named) or a value out of range.
        UsageError: an override without ``=``.
    """
    text, where = _text(source)
    try:
        tree = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise InputError(f"not YAML: {error}", where=where, mend="see `brainmtl recipes`") from error
    if not isinstance(tree, dict):
        raise InputError("not a mapping of fields", where=where, mend="see `brainmtl recipes`")
    for override in overrides:
        _override(tree, override)
    try:
        return Recipe.model_validate(tree)
    except ValidationError as error:
        raise _explain(error, where) from error


def write_recipe(recipe: Recipe) -> str:
    """The YAML text of a recipe with every field resolved."""
    return yaml.safe_dump(recipe.model_dump(mode="json"), sort_keys=False, allow_unicode=True, width=110)


def _text(source: str | Path) -> tuple[str, str]:
    path = Path(source)
    if path.suffix in (".yaml", ".yml") or path.is_file():
        try:
            return path.read_text(encoding="utf-8"), str(path)
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(f"cannot be read: {error}", where=path, mend="check the path") from error
    shipped = files("brainmtl") / "recipes" / f"{source}.yaml"
    if shipped.is_file():
        return shipped.read_text(encoding="utf-8"), f"recipe {source}"
    near = difflib.get_close_matches(str(source), recipe_names(), n=3, cutoff=0.3)
    raise InputError(
        "no such recipe", where=source, mend=f"did you mean {', '.join(near)}?" if near else "see `brainmtl recipes`"
    )


def _override(tree: dict[str, Any], override: str) -> None:
    path, equals, value = override.partition("=")
    if not equals:
        raise UsageError(f"--set {override}: no '='", mend="--set optimizer.lr=5e-5")
    *parents, leaf = path.strip().split(".")
    for parent in parents:
        branch = tree.setdefault(parent, {})
        if branch is None:
            branch = tree[parent] = {}
        if not isinstance(branch, dict):
            raise InputError(f"{parent!r} has no fields", field=path, mend="see the resolved recipe.yaml of a run")
        tree = branch
    tree[leaf] = _number(yaml.safe_load(value))


def _number(value: Any) -> Any:
    # YAML 1.1 reads 5e-5 as text.
    if isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            return value
    return value


def _explain(error: ValidationError, where: str) -> InputError:
    first = error.errors()[0]
    path = [str(part) for part in first["loc"]]
    if first["type"] == "extra_forbidden":
        near = difflib.get_close_matches(path[-1], _fields(path[:-1]), n=1, cutoff=0.0)
        return InputError("unknown field", where=where, field=".".join(path), mend=f"did you mean {near[0]}?")
    return InputError(f"{first['msg']}, not {first['input']!r}", where=where, field=".".join(path), mend="change it")


def _fields(path: list[str]) -> list[str]:
    model: Any = Recipe
    for name in path:
        annotation = model.model_fields[name].annotation
        options = [annotation, *getattr(annotation, "__args__", ())]
        model = next(option for option in options if isinstance(option, type) and issubclass(option, BaseModel))
    return list(model.model_fields)
