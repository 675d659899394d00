"""What a DICOM frame measures, and the window it asks to be shown through."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydicom import uid
from pydicom.dataset import Dataset
from pydicom.encaps import generate_frames
from pydicom.pixels.processing import apply_color_lut, apply_modality_lut, apply_voi
from pydicom.pixels.utils import iter_pixels

from brainmtl.errors import InputError
from brainmtl.imaging.apart import decode_apart
from brainmtl.imaging.codestream import claimed_size
from brainmtl.imaging.colour import colour_share
from brainmtl.imaging.dicom import group_value, numbers
from brainmtl.imaging.window import Curve, Window

LUMA = np.array([0.299, 0.587, 0.114], np.float32)
"""ITU-R BT.601, as for pictures."""
DECODERS = {
    uid.JPEGBaseline8Bit: "pillow",
    uid.JPEGExtended12Bit: "pillow",
    uid.JPEGLossless: "gdcm",
    uid.JPEGLosslessSV1: "gdcm",
    uid.JPEGLSLossless: "pyjpegls",
    uid.JPEGLSNearLossless: "pyjpegls",
    uid.JPEG2000Lossless: "pylibjpeg",
    uid.JPEG2000: "pylibjpeg",
    uid.HTJ2KLossless: "pylibjpeg",
    uid.HTJ2KLosslessRPCL: "pylibjpeg",
    uid.HTJ2K: "pylibjpeg",
    uid.RLELossless: "pydicom",
}
"""Transfer syntax → the one decoder that is used for it, so that the same file gives the same pixels
everywhere. JPEG Extended of 12 bits has none: the decoders of it are under the GPL."""

CRASHING = frozenset({"gdcm"})
"""Decoders that damaged frames have crashed: GDCM's lossless JPEG, within 1,500 random damages."""


@dataclass(frozen=True)
class Shown:
    """What a frame measures and how it wants to be seen.

    Attributes:
        values: after the modality transformation, float32 ``(H, W)``; padding is not a number.
        window: the file's own; ``None`` where it has none.
        inverted: low values are bright.
        colour: share of its surface that is coloured, 0 to 1.
    """

    values: NDArray[np.float32]
    window: Window | None
    inverted: bool
    colour: float = 0.0


def show_frames(dataset: Dataset, indices: Sequence[int], path: Path) -> Iterator[Shown]:
    """Decode frames of a DICOM file, one at a time.

    Args:
        dataset: with pixels.
        indices: which frames, from 0, rising.
        path: the file, for messages.

    Raises:
        InputError: the pixels cannot be decoded, or are not what the header says.
    """
    try:
        plugin = _check_frames(dataset, path)
        decoded = (
            (decode_apart(path, index, plugin) for index in indices)
            if plugin in CRASHING
            else iter_pixels(dataset, indices=indices, decoding_plugin=plugin)
        )
        for index, pixels in zip(indices, decoded, strict=True):
            yield _show(dataset, index, pixels)
    except InputError:
        raise
    except Exception as error:  # decoders raise anything on broken bytes
        said = str(error).strip().splitlines() or [type(error).__name__]
        raise InputError(
            f"its pixels cannot be decoded: {said[0]}", where=path, mend="export it uncompressed"
        ) from error


def _check_frames(dataset: Dataset, path: Path) -> str:
    """Name the decoder, once every compressed frame claims the size that the header gives."""
    syntax = dataset.file_meta.TransferSyntaxUID
    if "PixelData" not in dataset:
        raise InputError("holds no pixels", where=path, mend="pass DICOM images")
    if not syntax.is_encapsulated:
        return ""
    if syntax not in DECODERS:
        raise InputError(f"compressed as {syntax.name}", where=path, mend="export it uncompressed")
    if syntax != uid.RLELossless:
        expected = (int(dataset.Rows), int(dataset.Columns), int(dataset.SamplesPerPixel))
        count = int(dataset.get("NumberOfFrames") or 1)
        for frame in generate_frames(dataset.PixelData, number_of_frames=count):
            claimed = claimed_size(frame)
            if claimed != expected:
                raise InputError(
                    f"a compressed frame of {claimed or 'unknown size'}, not {expected} as the header says",
                    where=path,
                    mend="export it again",
                )
            if syntax == uid.JPEGExtended12Bit and int(dataset.BitsStored) > 8:
                raise InputError(
                    "JPEG Extended of more than 8 bits", where=path, mend="convert it with `dcmdjpeg`"
                )
    return DECODERS[syntax]


def _show(dataset: Dataset, index: int, pixels: NDArray[Any]) -> Shown:
    photometric = str(dataset.get("PhotometricInterpretation") or "")
    if photometric == "PALETTE COLOR":
        pixels = apply_color_lut(pixels, dataset)
    if pixels.ndim == 3:
        top = float(np.iinfo(pixels.dtype).max if photometric == "PALETTE COLOR" else _top(dataset))
        eight = np.rint(pixels * (255 / top)).clip(0, 255).astype(np.uint8)
        luma = pixels.astype(np.float32) @ LUMA
        return Shown(luma, Window.between(0, top), False, colour_share(Image.fromarray(eight)))
    if pixels.dtype.kind == "u" and pixels.dtype.itemsize > 1:
        pixels = pixels & pixels.dtype.type(_top(dataset))  # old scanners keep overlays in the bits above
    values, inverted = _measure(dataset, index, pixels), photometric == "MONOCHROME1"
    if dataset.get("VOILUTSequence"):
        whole = np.rint(np.nan_to_num(values)).astype(np.int64)
        depth = int(dataset.VOILUTSequence[0].LUTDescriptor[2])
        return Shown(apply_voi(whole, dataset).astype(np.float32), Window.between(0, 2**depth - 1), inverted)
    return Shown(values, _window(dataset, index), inverted)


def _measure(dataset: Dataset, index: int, pixels: NDArray[Any]) -> NDArray[np.float32]:
    if dataset.get("ModalityLUTSequence"):
        values = apply_modality_lut(pixels, dataset).astype(np.float32)
    else:
        slope, intercept = (
            numbers([group_value(dataset, index, "PixelValueTransformationSequence", keyword)], 1)
            for keyword in ("RescaleSlope", "RescaleIntercept")
        )
        scale, offset = (slope or (1.0,))[0] or 1.0, (intercept or (0.0,))[0]
        values = (pixels.astype(np.float64) * scale + offset).astype(np.float32)
    padding = numbers([dataset.get("PixelPaddingValue")], 1)
    if padding is not None:
        limit = numbers([dataset.get("PixelPaddingRangeLimit")], 1) or padding
        low, high = sorted((padding[0], limit[0]))
        values[(pixels >= low) & (pixels <= high)] = np.nan
    return values


def _window(dataset: Dataset, index: int) -> Window | None:
    def first(keyword: str) -> Any:
        value = group_value(dataset, index, "FrameVOILUTSequence", keyword)
        return value[0] if isinstance(value, Sequence) and not isinstance(value, str) and value else value

    centre, width = numbers([first("WindowCenter")], 1), numbers([first("WindowWidth")], 1)
    said = str(first("VOILUTFunction") or "LINEAR").upper()
    curve: Curve = said if said in ("LINEAR_EXACT", "SIGMOID") else "LINEAR"  # type: ignore[assignment]
    if centre is None or width is None or width[0] < (1 if curve == "LINEAR" else 1e-12):
        return None
    return Window(centre[0], width[0], curve)


def _top(dataset: Dataset) -> int:
    return int(2 ** int(dataset.BitsStored) - 1)
