"""A finished run as a model package, kept only if it says what torch says."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from scipy import ndimage
from torch import Tensor, nn

import brainmtl
from brainmtl.data.attribution import attribution
from brainmtl.errors import BrainmtlError, InputError
from brainmtl.evaluation.certainty import fit_certainty
from brainmtl.evaluation.class_answers import ClassAnswers, class_answers
from brainmtl.evaluation.out_of_fold import PART, teaching
from brainmtl.imaging.files import file_sha256, whole_file
from brainmtl.imaging.picture import read_picture
from brainmtl.imaging.square import to_square
from brainmtl.inference.certainty import Certainty
from brainmtl.inference.info import FEATURES, IMAGE, KEY, MASK, OUTPUTS, PackageInfo, Provenance
from brainmtl.inference.package import ModelPackage, load_package
from brainmtl.inference.seal import OPEN, seal
from brainmtl.models.build import parameter_counts
from brainmtl.training.cost import measure_cost
from brainmtl.training.listening import listen, listen_out_of_fold
from brainmtl.training.part import open_part
from brainmtl.training.quantization import CALIBRATION, store_in_bytes
from brainmtl.training.recipe import Recipe
from brainmtl.training.run import load_network, load_recipe, read_json, run_table
from brainmtl.training.stages import list_stages
from brainmtl.training.storage import SMALL, Storage, store_in_half

OPSET = 18
TOLERANCE: dict[Storage, float] = {"fp32": 1e-4, "fp16": 0.01}
"""Largest difference of a probability from torch's, by how the weights are stored; int8 is measured."""
SAME_PIXELS = 0.9999
"""Smallest share of equal mask pixels."""
NOT_HEARD = "it cannot say how sure it is: its validation slices were not at hand when it was exported"
NOT_POOLED = (
    "it cannot say how sure it is: it learnt from every slice, and what networks of its recipe's folds said "
    "of them was not at hand when it was exported"
)
REAL_SLICES = 8
HEADLINES = (("segmentation", "dice"), ("segmentation", "false_mask_rate"), ("classification", "accuracy"))


class Probabilities(nn.Module):
    """A network that gives probabilities: sigmoid over its mask logits, softmax over its class logits.

    Args:
        network: gives :class:`~brainmtl.models.network.Outputs`, and describes what it saw.
    """

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, image: Tensor) -> tuple[Tensor, ...]:
        """Map slices ``(B, C, S, S)`` in [0, 1] to the outputs of a model package, in their order."""
        outputs, features = cast(Any, self.network).describe(image)
        masks = () if outputs.mask_logits is None else (torch.sigmoid(outputs.mask_logits),)
        classes = () if outputs.class_logits is None else (torch.softmax(outputs.class_logits, dim=1),)
        return (*masks, *classes, features)


def export_run(
    run: Path,
    out: Path | None = None,
    storage: Storage = "fp32",
    *,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Path:
    """Write a run's network as a model package, with what its validation part teaches of its certainty.

    That is learnt from what the package itself says of the slices, as it will be used: with its weights as
    they are stored.

    Args:
        run: a finished run folder.
        out: the ``.onnx`` file; default ``model.onnx`` in the run folder.
        storage: of the weights; ``"fp16"`` halves the file and computes in float32 still; ``"int8"`` quarters
            it and computes in eight bits, with what that costs in its metadata.
        progress: called with validation slices done and in all.

    Returns:
        Where it lies. Its certainty has notes on what validation was too small for.

    Raises:
        InputError: not a finished run, or the file cannot be written; or, for int8, the run's slices are not
            at hand to measure what it costs.
        BrainmtlError: the package does not say what the network says; nothing is kept.
    """
    path = out or run / "model.onnx"
    recipe, network = load_recipe(run), Probabilities(load_network(run)).eval()
    info = _describe(run, recipe, network, "fp32" if storage == "int8" else storage)
    whole = _to_onnx(network, info)
    with whole_file(path) as temporary:
        model, package = _stored(whole, network, info, _examples(run, recipe), temporary)
        if storage == "int8":
            model, package = _in_bytes(model, package, run, recipe, temporary, progress)
        temporary.write_bytes(_with_metadata(model, _taught(package, run, recipe, progress)))
        load_package(temporary)
    return path


def _stored(
    whole: Any, network: Probabilities, info: PackageInfo, squares: NDArray[np.uint8], temporary: Path
) -> tuple[Any, ModelPackage]:
    """The graph as it is stored, and its package: in half as far as it says what the network says."""
    ways = [whole] if info.storage == "fp32" else (store_in_half(whole, small) for small in SMALL)
    felt = None
    for model in ways:
        temporary.write_bytes(_with_metadata(model, info))
        package = load_package(temporary)
        try:
            check_agreement(network, package, squares)
        except BrainmtlError as error:
            felt = error
        else:
            return model, package
    assert felt is not None
    raise felt


def _in_bytes(
    model: Any,
    plain: ModelPackage,
    run: Path,
    recipe: Recipe,
    temporary: Path,
    progress: Callable[[int, int], None],
) -> tuple[Any, ModelPackage]:
    """The graph in eight bits, calibrated on training slices, and its package, measured on validation."""
    train, validation = open_part(run, recipe, "train"), open_part(run, recipe, "validation")
    chosen = np.unique(np.linspace(0, len(train.rows) - 1, CALIBRATION).astype(int))
    made = store_in_bytes(model, train.squares(train.rows[chosen]))
    temporary.write_bytes(_with_metadata(made, plain.info))
    stored = load_package(temporary)
    cost = measure_cost(plain, stored, validation, progress)
    return made, replace(stored, info=plain.info.model_copy(update={"storage": "int8", "storage_cost": cost}))


def _taught(
    package: ModelPackage, run: Path, recipe: Recipe, progress: Callable[[int, int], None]
) -> PackageInfo:
    """The metadata with the temperature and the certainty that slices held out teach."""
    try:
        if recipe.holds_nothing_back:
            temperature, certainty = fit_certainty(listen_out_of_fold(package, run, recipe, progress))
        else:
            temperature, certainty = fit_certainty(listen(package, run, recipe, progress), _siblings(run))
    except InputError:
        note = NOT_POOLED if recipe.holds_nothing_back else NOT_HEARD
        temperature, certainty = 1.0, Certainty(slices=0, persons=0, notes=(note,))
    return package.info.model_copy(update={"temperature": temperature, "certainty": certainty})


def _siblings(run: Path) -> ClassAnswers | None:
    """What the networks of the recipe's folds said of the run's training slices, where they were pooled."""
    rows = run / "evaluation" / PART / "per_image.parquet"
    answers = class_answers(teaching(pd.read_parquet(rows))) if rows.is_file() else None
    return answers if answers is not None and len(answers.truth) else None


def check_agreement(network: Probabilities, package: ModelPackage, squares: NDArray[np.uint8]) -> None:
    """Hold a package to the network that it was made from.

    Args:
        network: in eval mode.
        package: made from it.
        squares: slices to try, uint8 ``(N, C, S, S)``.

    Raises:
        BrainmtlError: a probability differs by more than :data:`TOLERANCE`, a feature by as much of the
            largest, or too many mask pixels do.
    """
    tolerance = TOLERANCE[package.info.storage]
    with torch.inference_mode():
        expected = network(torch.from_numpy(package.channelled(squares)) / 255.0)
    found = package.said(squares)
    for name, truth in zip(package.info.outputs, expected, strict=True):
        answer, reference = found[name], truth.numpy()
        largest = float(np.abs(reference).max()) if name == FEATURES else 1.0
        difference = float(np.abs(answer - reference).max())
        if not difference <= tolerance * max(largest, 1):
            raise _unlike(f"{name} differs by up to {difference:.2g}, more than {tolerance:g}")
        threshold = package.info.mask_threshold
        same = float(((answer > threshold) == (reference > threshold)).mean())
        if name == MASK and same < SAME_PIXELS:
            raise _unlike(f"{1 - same:.4%} of the mask pixels differ, more than {1 - SAME_PIXELS:.2%}")


def _unlike(how: str) -> BrainmtlError:
    return BrainmtlError(
        f"the exported network is not the one that was trained: {how}",
        mend="nothing was kept; please report it",
    )


def _to_onnx(network: Probabilities, info: PackageInfo) -> Any:
    program = torch.onnx.export(
        network,
        (torch.zeros(2, info.channels, info.size, info.size),),
        dynamo=True,
        input_names=[IMAGE],
        output_names=list(info.outputs),
        dynamic_shapes={IMAGE: {0: torch.export.Dim("batch")}},
        opset_version=OPSET,
        verbose=False,
    )
    assert program is not None
    model = program.model_proto
    _forget_paths(model)
    return model


def _with_metadata(model: Any, info: PackageInfo) -> bytes:
    import onnx

    told = info.model_copy(update={"seal": OPEN}).model_dump_json()
    onnx.helper.set_model_props(model, {KEY: told})
    return seal(bytes(model.SerializeToString()))


def _forget_paths(model: Any) -> None:
    """Remove the stack traces that the exporter leaves in every node."""
    graph = model.graph
    for part in (
        model,
        graph,
        *graph.node,
        *graph.initializer,
        *graph.value_info,
        *graph.input,
        *graph.output,
    ):
        part.ClearField("metadata_props")
        part.ClearField("doc_string")


def _describe(run: Path, recipe: Recipe, network: nn.Module, storage: Storage) -> PackageInfo:
    data, encoder = read_json(run / "data.json"), recipe.network.encoder
    pretrained = encoder.name if encoder.pretrained else None
    return PackageInfo(
        name=recipe.name,
        task=recipe.network.task,
        size=recipe.data.size,
        fit=recipe.data.fit,
        neighbours=recipe.data.neighbours,
        outputs=(*OUTPUTS[recipe.network.task], FEATURES),
        parameters=parameter_counts(network)["parameters"],
        storage=storage,
        provenance=Provenance(
            brainmtl=brainmtl.__version__,
            recipe=recipe.name,
            manifest_sha256=data.get("manifest_sha256"),
            sources=data.get("sources"),
            protocol=recipe.data.protocol,
            fold=recipe.data.fold,
            leave_out=recipe.data.leave_out,
            weights_sha256=file_sha256(run / "model.safetensors"),
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            attribution=attribution(data.get("sources", []), pretrained),
        ),
        metrics=_measured(run) or None,
        stages=list_stages(cast(nn.Module, network.network), recipe.data.size),
    )


def _measured(run: Path) -> dict[str, dict[str, float]]:
    """The headline numbers of each evaluated part."""
    found: dict[str, dict[str, float]] = {}
    for part in (PART, "validation", "test"):
        path = run / "evaluation" / part / "metrics.json"
        metrics = read_json(path) if path.exists() else {}
        for section, name in HEADLINES:
            value = ((metrics.get(section) or {}).get(name) or {}).get("value")
            if value is not None:
                found.setdefault(part, {})[name] = round(float(value), 4)
    return found


def _examples(run: Path, recipe: Recipe) -> NDArray[np.uint8]:
    """Squares to compare on: black, white, noise fine and coarse, and the run's slices if at hand."""
    size, chance = recipe.data.size, np.random.default_rng(0)
    fine = chance.random((2, size, size))
    coarse = ndimage.gaussian_filter(chance.random((2, size, size)), (0, size / 16, size / 16))
    coarse = (coarse - coarse.min()) / np.ptp(coarse)
    plain = np.stack([np.zeros((size, size)), np.ones((size, size))])
    made = np.rint(np.concatenate([plain, fine, coarse]) * 255).astype(np.uint8)
    real = [to_square(pixels, size, recipe.data.fit) for pixels in _slices(run)]
    return np.concatenate([made, np.stack(real)]) if real else made


def example_slices(run: Path, size: int) -> list[NDArray[np.uint8]]:
    """Slices to compare on as they are: noise, wide and tall, small and large, and the run's if at hand.

    Args:
        run: a run folder.
        size: side of the network's square.
    """
    chance = np.random.default_rng(1)
    shapes = ((size, size), (size // 2, size), (2 * size, size + 1), (3 * size - 1, 2 * size))
    noise = [ndimage.gaussian_filter(chance.random(shape), size / 16) for shape in shapes]
    made = [np.rint((one - one.min()) / np.ptp(one) * 255).astype(np.uint8) for one in noise]
    return made + _slices(run)


def _slices(run: Path) -> list[NDArray[np.uint8]]:
    try:
        table, _ = run_table(run)
        rows = np.linspace(0, len(table) - 1, REAL_SLICES).astype(int)
        return [read_picture(Path(table["image"].iloc[row])).pixels for row in rows]
    except InputError:
        return []
