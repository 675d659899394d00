"""A trained network to be tried out, from a run folder or a model package."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, cast, get_args

import numpy as np
from numpy.typing import NDArray

from brainmtl.data.splits import Protocol
from brainmtl.errors import InputError
from brainmtl.evaluation.temperature import scale
from brainmtl.imaging.files import file_sha256
from brainmtl.imaging.square import Fit, from_square, to_square
from brainmtl.inference.package import load_package
from brainmtl.inference.shelf import find_package
from brainmtl.labels import CLASSES
from brainmtl.training.run import load_network, load_recipe, read_json

Pixels = NDArray[np.uint8]
Probabilities = NDArray[np.float32]
Batch = tuple[Probabilities | None, Probabilities | None]
UNSAID: Final = "official-whole"
"""The protocol of a package that names none, or none that is known: all but the set's own test may have
taught it."""


@dataclass(frozen=True)
class Answer:
    """What a model says of a slice; ``None`` where it has no such head.

    Attributes:
        mask: probabilities at the slice's own size, float32 ``(H, W)``.
        classes: ``(4,)``.
    """

    mask: Probabilities | None
    classes: Probabilities | None


@dataclass(frozen=True)
class Model:
    """A network, and how slices get to it and back.

    Attributes:
        name: of its recipe.
        sha256: of its weights, or of its package.
        size: side of the square in pixels.
        fit: how a slice is made square.
        manifest_sha256: of the manifest that says which slices it has learnt from,
        sources: of which data sets; ``None`` where nobody wrote it down,
        protocol: which part of them it held back,
        fold: in which fold,
        leave_out: and which folders it has nothing to do with, ``source/label`` each.
        threshold: a pixel is tumour above this probability.
        run: squares, uint8 ``(B, S, S)``, to masks, float32 ``(B, S, S)``, and classes, float32 ``(B, 4)``.
    """

    name: str
    sha256: str
    size: int
    fit: Fit
    manifest_sha256: str | None
    sources: tuple[str, ...] | None
    protocol: Protocol
    fold: int
    leave_out: tuple[str, ...]
    threshold: float
    run: Callable[[Pixels], Batch]

    def answer(self, slices: Sequence[Pixels], *, mirrored: bool = False) -> list[Answer]:
        """Answer a batch of slices.

        Args:
            slices: uint8 ``(H, W)`` each.
            mirrored: show them left to right, and mirror the masks back.
        """
        squares = np.stack([to_square(pixels, self.size, self.fit) for pixels in slices])
        masks, classes = self.run(np.ascontiguousarray(squares[:, :, ::-1]) if mirrored else squares)
        if masks is not None and mirrored:
            masks = masks[:, :, ::-1]
        return [
            Answer(
                None
                if masks is None
                else from_square(masks[number], pixels.shape[0], pixels.shape[1], self.fit),
                None if classes is None else classes[number],
            )
            for number, pixels in enumerate(slices)
        ]


def load_model(path: Path) -> Model:
    """Load a model.

    Args:
        path: a finished run folder; or a model package, also by a name of ``brainmtl models``.

    Raises:
        InputError: it is neither, or it sees neighbours, which slices tried one by one do not bring.
    """
    return _from_run(path) if path.is_dir() else _from_package(find_package(path))


def _from_run(path: Path) -> Model:
    import torch

    recipe, network = load_recipe(path), load_network(path)
    _check_alone(recipe.data.neighbours, path)

    @torch.inference_mode()
    def run(squares: Pixels) -> Batch:
        outputs = network(torch.from_numpy(squares).unsqueeze(1) / 255.0)
        masks, classes = outputs.mask_logits, outputs.class_logits
        return (
            None if masks is None else torch.sigmoid(masks).squeeze(1).numpy(),
            None if classes is None else torch.softmax(classes, 1).numpy(),
        )

    data, learnt = recipe.data, read_json(path / "data.json")
    return Model(
        name=recipe.name,
        sha256=file_sha256(path / "model.safetensors"),
        size=data.size,
        fit=data.fit,
        manifest_sha256=learnt["manifest_sha256"],
        sources=tuple(learnt["sources"]) if "sources" in learnt else None,
        protocol=data.protocol,
        fold=data.fold,
        leave_out=data.leave_out,
        threshold=0.5,
        run=run,
    )


def _check_alone(neighbours: int, path: Path) -> None:
    if neighbours:
        raise InputError(
            "it sees the slices beside each slice, and is tried on slices by themselves",
            where=path,
            field="data.neighbours",
            mend="measure it with `brainmtl evaluate`",
        )


def _from_package(path: Path) -> Model:
    package = load_package(path)
    info = package.info
    _check_alone(info.neighbours, path)
    order = [info.classes.index(name) for name in CLASSES]

    def run(squares: Pixels) -> Batch:
        masks, classes = package.run(squares)
        if classes is not None:
            classes = scale(classes[:, order], info.temperature).astype(np.float32)
        return masks, classes

    learnt = info.provenance
    return Model(
        name=info.name,
        sha256=package.sha256,
        size=info.size,
        fit=info.fit,
        manifest_sha256=learnt.manifest_sha256,
        sources=learnt.sources,
        protocol=cast(Protocol, learnt.protocol) if learnt.protocol in get_args(Protocol) else UNSAID,
        fold=learnt.fold,
        leave_out=learnt.leave_out,
        threshold=info.mask_threshold,
        run=run,
    )
