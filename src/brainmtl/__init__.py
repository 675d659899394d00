"""brainmtl segments and classifies brain tumours on MRI slices."""

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from brainmtl.inference.package import ModelPackage

__all__ = ["__version__", "load"]
__version__ = "0.1.0"

# ONNX Runtime would tell its makers of the machine and of each model; it reads this as it is imported.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")


def load(model: "str | Path | None" = None, runtime: str = "cpu") -> "ModelPackage":
    """Load a model package, ready to predict. Research use only.

    Args:
        model: a file from ``brainmtl export``, a run folder that holds one, or a name of ``brainmtl models``;
            ``None`` for ``base``.
        runtime: what computes it: ``"cpu"``, ``"cuda"``, ``"coreml"`` or ``"openvino"``.

    Raises:
        InputError: there is none, or it cannot be used.

    Example:
        >>> import brainmtl
        >>> model = brainmtl.load("demo.onnx")
        >>> result = model.predict("slice.png")
        >>> result.status, result.class_name
        ('ok', 'glioma')
        >>> round(sum(result.probabilities.values()), 3)
        1.0
        >>> result.mask_pixels.shape == (result.height, result.width)
        True
    """
    from brainmtl.inference.package import load_package
    from brainmtl.inference.shelf import find_package

    return load_package(find_package(model), runtime)
