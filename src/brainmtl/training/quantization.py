"""A graph that computes in eight bits."""

import logging
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brainmtl.inference.info import IMAGE

CALIBRATION = 64
"""Slices that show which values occur."""


def store_in_bytes(model: Any, squares: NDArray[np.uint8]) -> Any:
    """Quantise a graph: weights become int8, what flows between its nodes uint8 (U8S8).

    Each number of a tensor (of a weight: of an output channel) is a whole multiple of one scale; the scales
    span the smallest and largest values that occur on the slices (Jacob et al., CVPR 2018). Weights keep to
    seven bits, as processors with AVX2 and no VNNI add products in 16 bits. The graph holds fp32 nodes
    between pairs that quantise and dequantise, which runtimes put together.

    Args:
        model: an ``onnx.ModelProto`` in fp32.
        squares: of the training part, uint8 ``(N, C, S, S)``.

    Returns:
        Another ``onnx.ModelProto``, of the same inputs and outputs.
    """
    import onnx
    from onnxruntime.quantization import QuantFormat, QuantType, quantize_static

    with tempfile.TemporaryDirectory() as name, _quiet():
        plain, made = Path(name) / "plain.onnx", Path(name) / "made.onnx"
        onnx.save(model, plain)
        quantize_static(
            plain,
            made,
            _Slices(squares),
            quant_format=QuantFormat.QDQ,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            per_channel=True,
            reduce_range=True,
        )
        return onnx.load(made)


class _Slices:
    """Slices one after the other, as ONNX Runtime's calibration asks for them."""

    def __init__(self, squares: NDArray[np.uint8]) -> None:
        self._left: Iterator[NDArray[np.uint8]] = iter(squares)

    def get_next(self) -> dict[str, NDArray[np.float32]] | None:
        square = next(self._left, None)
        return None if square is None else {IMAGE: square[None].astype(np.float32) / np.float32(255)}


@contextmanager
def _quiet() -> Iterator[None]:
    """ONNX Runtime's quantisation advises on the root logger to fuse what the exporter has fused already."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(before)
