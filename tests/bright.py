"""A tiny model package whose answers can be written down: bright is tumour, mean grey tells the class.

Its features, where it has any, are the slice's mean grey and its brightest one.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from brainmtl.inference.familiarity import FeatureSpace, pack
from brainmtl.inference.info import CLASS, FEATURES, IMAGE, MASK, OUTPUTS
from brainmtl.labels import CLASSES

SIZE = 64
WEIGHTS = np.array([[4, 1, -2, -6]], np.float32)
BIAS = np.array([-1, 0.5, 0.5, 1], np.float32)


class Bright:
    """What the tiny model answers."""

    size = SIZE

    @staticmethod
    def mask(images: np.ndarray) -> np.ndarray:
        return 1 / (1 + np.exp(-50 * (images - 0.5)))

    @staticmethod
    def classes(mean: float, temperature: float = 1) -> np.ndarray:
        powers = np.exp((mean * WEIGHTS[0] + BIAS) / temperature)
        return powers / powers.sum()


def metadata(**changes: Any) -> dict[str, Any]:
    task = changes.get("task", "joint")
    return {
        "format_version": 1,
        "name": "bright",
        "task": task,
        "classes": list(CLASSES),
        "size": SIZE,
        "fit": "pad",
        "outputs": list(OUTPUTS[task]),
        "parameters": 8,
        "provenance": {"brainmtl": "0.1.0", "recipe": "none", "created": "2025-01-01T00:00:00+00:00"},
        **changes,
    }


def bright_model(
    outputs: list[str], size: int = SIZE, batch: str | int = "batch", sees: Sequence[float] = (1,)
) -> onnx.ModelProto:
    """``sees``: what each channel of the input weighs."""
    nodes = {
        MASK: [
            helper.make_node("Sub", ["seen", "half"], ["centred"]),
            helper.make_node("Mul", ["centred", "steep"], ["mask_logits"]),
            helper.make_node("Sigmoid", ["mask_logits"], [MASK]),
        ],
        CLASS: [
            helper.make_node("GlobalAveragePool", ["seen"], ["mean"]),
            helper.make_node("Flatten", ["mean"], ["flat"]),
            helper.make_node("Gemm", ["flat", "weights", "bias"], ["logits"]),
            helper.make_node("Softmax", ["logits"], [CLASS], axis=1),
        ],
        FEATURES: [
            helper.make_node("GlobalAveragePool", ["seen"], ["own_mean"]),
            helper.make_node("GlobalMaxPool", ["seen"], ["brightest"]),
            helper.make_node("Concat", ["own_mean", "brightest"], ["both"], axis=1),
            helper.make_node("Flatten", ["both"], [FEATURES]),
        ],
    }
    constants = {"half": np.float32(0.5), "steep": np.float32(50), "weights": WEIGHTS, "bias": BIAS}
    constants["sees"] = np.array(sees, np.float32).reshape(1, -1, 1, 1)
    shapes = {IMAGE: [batch, len(sees), size, size], MASK: [batch, 1, size, size], CLASS: [batch, 4]}
    shapes[FEATURES] = [batch, 2]
    values = {name: helper.make_tensor_value_info(name, TensorProto.FLOAT, shapes[name]) for name in shapes}
    graph = helper.make_graph(
        [helper.make_node("Conv", [IMAGE, "sees"], ["seen"])]
        + [node for name in outputs for node in nodes[name]],
        "bright",
        [values[IMAGE]],
        [values[name] for name in outputs],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def certainty(**changes: Any) -> dict[str, Any]:
    """Familiar slices are of grey .3 ± .1 in the mean, and of .6 ± .1 at their brightest."""
    space = FeatureSpace(
        np.array([0.3, 0.6], np.float32),
        np.array([0.1, 0.1], np.float32),
        np.eye(1, 2, dtype=np.float32),
        np.ones(1, np.float32),
        np.asarray(1, np.float32),
    )
    return {
        "slices": 200,
        "persons": 150,
        "class_sets": {
            "confidence": 0.99,
            "lead": dict.fromkeys(CLASSES, -0.3),
            "slices": dict.fromkeys(CLASSES, 120),
            "held": dict.fromkeys(CLASSES, 0.98),
        },
        "abstention": {"least": 0.4, "risk": 0.05, "confidence": 0.95, "answered": 0.9, "wrong": 0.01},
        "margin": {"share": 0.05, "confidence": 0.9, "covered": 0.95, "persons": 40, "held": 0.9},
        "familiarity": {"space": pack(space), "farthest": 9.0, "alarms": 0.01, "slices": 200},
        **changes,
    }


def write_package(
    folder: Path,
    raw: str | None = "",
    batch: str | int = "batch",
    external: bool = False,
    claims: dict[str, Any] | None = None,
    sees: Sequence[float] = (1,),
    **changes: Any,
) -> Path:
    """Write a package: keywords change its metadata, ``raw`` replaces them, ``raw=None`` leaves them out;
    ``claims`` change the metadata alone, and not the graph; ``sees`` says what each channel weighs."""
    info = metadata(**changes)
    outputs = list(OUTPUTS[info["task"]])
    if FEATURES in info["outputs"]:
        outputs.append(FEATURES)
    model = bright_model(outputs, info["size"], batch, sees)
    if raw is not None:
        helper.set_model_props(model, {"brainmtl": raw or json.dumps({**info, **(claims or {})})})
    path = folder / "bright.onnx"
    onnx.save(model, path, save_as_external_data=external, location="weights.bin", size_threshold=0)
    return path
