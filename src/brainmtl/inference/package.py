"""The model package: one ONNX file with its metadata inside."""

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import brainmtl
from brainmtl.errors import InputError
from brainmtl.imaging.kind import kind_of
from brainmtl.imaging.picture import Picture, read_picture
from brainmtl.imaging.square import from_square, to_square
from brainmtl.inference.abstention import why_not
from brainmtl.inference.certainty import temper
from brainmtl.inference.info import CLASS, EXPORT, FEATURES, IMAGE, KEY, MASK, PackageInfo, read_info
from brainmtl.inference.measure import longest_diameter, measured
from brainmtl.inference.result import Result
from brainmtl.inference.runtime import Runtime, UnusableModelError, open_runtime
from brainmtl.inference.seal import check_seal
from brainmtl.labels import CLASSES


@dataclass(frozen=True)
class Answer:
    """What the graph says of one square; ``None`` where the network has no such output.

    Attributes:
        mask: probabilities, float32 ``(S, S)``.
        classes: probabilities, float32 ``(4,)``, in the order of the package's classes, not tempered.
        features: float32 ``(D,)``.
    """

    mask: NDArray[np.float32] | None
    classes: NDArray[np.float32] | None
    features: NDArray[np.float32] | None


@dataclass(frozen=True)
class ModelPackage:
    """A model ready to predict.

    Attributes:
        info: its metadata.
        sha256: of its file.
        runtime: what computes its graph.
    """

    info: PackageInfo
    sha256: str
    runtime: Runtime

    @property
    def computed_by(self) -> str:
        """Its runtime and the precision it computes in, as results name them."""
        return self.runtime.name + (", int8 inside" if self.info.storage == "int8" else "")

    def predict(self, picture: str | Path | NDArray[np.uint8]) -> Result:
        """Predict one slice.

        Args:
            picture: a picture, or a DICOM or NIfTI file of one slice; or grey values, uint8 ``(H, W)``.

        Returns:
            The result, with ``mask_pixels`` and ``mask_probabilities``.

        Raises:
            InputError: it cannot be used, or holds several slices, which :meth:`predict_scan` takes.
        """
        if isinstance(picture, np.ndarray):
            file, read = None, Picture(_check_array(picture), "L")
        elif kind_of(Path(picture)) in ("dicom", "nifti"):
            from brainmtl.inference.scan import answer_scan  # loads what reads DICOM and NIfTI

            (result,) = answer_scan(self, Path(picture), most=1)
            return result
        else:
            file, read = str(picture), read_picture(Path(picture))
        (answer,) = self.answers(self.square(read.pixels)[None])
        return self.result(file, read.pixels, answer, colour=read.colour)

    def predict_scan(self, scan: str | Path) -> list[Result]:
        """Predict every slice of a scan, and see them as a whole: volume, and no lesion on too few slices.

        Args:
            scan: a NIfTI file, a DICOM file, or the folder of a DICOM series.

        Returns:
            One result a slice, in their order in space, with ``mask_pixels`` and ``mask_probabilities``; then
            one with status ``"error"`` for each file of a series that could not be read.

        Raises:
            InputError: there is no such scan, there are several, or nothing of it can be read.
        """
        from brainmtl.inference.scan import answer_scan

        return answer_scan(self, Path(scan))

    def square(self, pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Bring a slice, uint8 ``(H, W)``, to the network's square, uint8 ``(S, S)``."""
        return to_square(pixels, self.info.size, self.info.fit)

    def run(
        self, squares: NDArray[np.uint8]
    ) -> tuple[NDArray[np.float32] | None, NDArray[np.float32] | None]:
        """Run the network on a batch.

        Args:
            squares: uint8 ``(B, S, S)``.

        Returns:
            Mask probabilities, float32 ``(B, S, S)``, and class probabilities, float32 ``(B, 4)``; ``None``
            where the network has no such head.
        """
        said = self.said(squares)
        return said[MASK][:, 0] if MASK in said else None, said.get(CLASS)

    def said(self, squares: NDArray[np.uint8]) -> dict[str, NDArray[np.float32]]:
        """Run the network on a batch, as :meth:`channelled` takes it; the outputs by name, as they are."""
        images = self.channelled(squares).astype(np.float32) / np.float32(255)
        return dict(zip(self.info.outputs, self.runtime.run(self.info.outputs, images), strict=True))

    def channelled(self, squares: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Bring a batch to the network's channels.

        Args:
            squares: uint8 ``(B, C, S, S)``, of each slice those before it, it, and those after it; or
                ``(B, S, S)``: a slice alone stands for its neighbours.
        """
        if squares.ndim == 4:
            return squares
        return np.repeat(squares[:, None], self.info.channels, axis=1)

    def answers(self, squares: NDArray[np.uint8]) -> list[Answer]:
        """Run the network on a batch, as :meth:`channelled` takes it; all that it says of each slice."""
        said = self.said(squares)
        return [
            Answer(
                said[MASK][number, 0] if MASK in said else None,
                said[CLASS][number] if CLASS in said else None,
                said[FEATURES][number] if FEATURES in said else None,
            )
            for number in range(len(squares))
        ]

    def result(
        self,
        file: str | None,
        pixels: NDArray[np.uint8],
        answer: Answer,
        *,
        colour: float = 0.0,
        modality: str | None = None,
    ) -> Result:
        """Turn the answer on one slice into its result.

        Args:
            file: the picture as it was named.
            pixels: the slice, uint8 ``(H, W)``.
            answer: on its :meth:`square`.
            colour: share of its pixels that are coloured, 0 to 1.
            modality: as DICOM states it, where it does.
        """
        height, width = pixels.shape
        result = replace(self.blank(file), width=width, height=height)
        if answer.mask is not None:
            result = self._mark(result, from_square(answer.mask, height, width, self.info.fit))
        if answer.classes is not None:
            result = self._name(result, answer.classes)
        certainty = self.info.certainty
        if certainty is not None and certainty.familiarity is not None and answer.features is not None:
            score = float(certainty.familiarity.score(answer.features[None])[0])
            result = replace(result, outlier_score=round(score, 4))
        reason = why_not(pixels, colour, modality, result.outlier_score, result.probabilities, certainty)
        return result if reason is None else replace(result, status="abstained", reason=reason)

    def blank(self, file: str | None) -> Result:
        """A result that tells only who speaks of which file."""
        return Result(
            file=file,
            model=self.info.name,
            model_sha256=self.sha256,
            version=brainmtl.__version__,
            runtime=self.computed_by,
        )

    def _mark(self, result: Result, chances: NDArray[np.float32]) -> Result:
        marked = chances > self.info.mask_threshold
        shades = np.rint(chances * 255).astype(np.uint8)
        area = int(marked.sum())
        result = replace(
            result,
            mask_pixels=marked,
            mask_probabilities=shades,
            mask_area_px=area,
            longest_diameter_px=measured(longest_diameter(marked)),
        )
        margin = None if self.info.certainty is None else self.info.certainty.margin
        if margin is None or not area:
            return result
        return replace(result, mask_margin_px=measured(margin.share * max(chances.shape)))

    def _name(self, result: Result, classes: NDArray[np.float32]) -> Result:
        chances = dict(zip(self.info.classes, temper(classes[None], self.info.temperature)[0], strict=True))
        likeliest = self.info.classes[int(classes.argmax())]
        rounded = {name: round(float(chances[name]), 6) for name in CLASSES}
        sets = None if self.info.certainty is None else self.info.certainty.class_sets
        held = None if sets is None else sets.of(rounded)
        return replace(result, class_name=likeliest, probabilities=rounded, class_set=held)


def load_package(path: Path, runtime: str = "cpu") -> ModelPackage:
    """Load a model package.

    Args:
        path: a file that ``brainmtl export`` wrote.
        runtime: what computes it, one of :data:`~brainmtl.inference.runtime.RUNTIMES`.

    Raises:
        InputError: the file is missing, damaged, not ONNX, carries no metadata of ours, is of another format
            version, or its graph is not what its metadata says; or there is no such runtime.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise InputError("no such model package", where=path, mend=EXPORT) from error
    except OSError as error:
        raise InputError(f"cannot be opened: {error.strerror}", where=path, mend=EXPORT) from error
    try:
        opened = open_runtime(content, runtime)
    except UnusableModelError as error:
        raise InputError("not an ONNX model that can be run", where=path, mend=EXPORT) from error
    info = read_info(opened.metadata(KEY), path)
    if info.seal is not None:
        check_seal(content, info.seal, path)
    _check_graph(opened, info, path)
    return ModelPackage(info, hashlib.sha256(content).hexdigest(), opened)


def _check_graph(runtime: Runtime, info: PackageInfo, path: Path) -> None:
    values = runtime.values()
    if sorted(name for name, _, _ in values) != sorted((*info.inputs, *info.outputs)):
        raise InputError(
            "its graph has other inputs or outputs than its metadata", where=path, mend="export it again"
        )
    side = info.size
    for name, kind, (batch, *rest) in values:
        planes = info.channels if name == IMAGE else 1
        expected: list[int | None] = [len(info.classes)] if name == CLASS else [planes, side, side]
        if name == FEATURES:
            expected = [_features(info, rest)]
        if kind != "float" or batch is not None or rest != expected:
            raise InputError(
                f"{kind} {[batch, *rest]} in the graph, not float (B, {', '.join(map(str, expected))})",
                where=path,
                field=name,
                mend="export it again",
            )


def _features(info: PackageInfo, rest: list[int | None]) -> int | None:
    """How many there should be: as many as the metadata know, or any number."""
    if info.certainty is not None and info.certainty.familiarity is not None:
        return len(info.certainty.familiarity.numbers.mean)
    return rest[0] if rest else None


def _check_array(pixels: NDArray[Any]) -> NDArray[np.uint8]:
    if pixels.ndim != 2 or pixels.dtype != np.uint8 or not pixels.size:
        raise InputError(
            f"an array of {pixels.dtype} {pixels.shape}",
            field="picture",
            mend="pass grey values, uint8 (H, W)",
        )
    return pixels
