"""A model whose answers are known (bright is tumour, mean grey tells the class), and small archives."""

import io
import json
import tarfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

from brainmtl.inference.info import CLASS, IMAGE, MASK, OUTPUTS
from brainmtl.inference.package import ModelPackage, load_package
from brainmtl.labels import CLASSES

SIZE = 64


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of the package."""
    constants = {
        "half": np.float32(0.5),
        "steep": np.float32(50),
        "weights": np.array([[4, 1, -2, -6]], np.float32),
        "bias": np.array([-1, 0.5, 0.5, 1], np.float32),
    }
    nodes = [
        helper.make_node("Sub", [IMAGE, "half"], ["centred"]),
        helper.make_node("Mul", ["centred", "steep"], ["logits"]),
        helper.make_node("Sigmoid", ["logits"], [MASK]),
        helper.make_node("GlobalAveragePool", [IMAGE], ["mean"]),
        helper.make_node("Flatten", ["mean"], ["flat"]),
        helper.make_node("Gemm", ["flat", "weights", "bias"], ["scores"]),
        helper.make_node("Softmax", ["scores"], [CLASS], axis=1),
    ]
    shapes = {IMAGE: ["batch", 1, SIZE, SIZE], MASK: ["batch", 1, SIZE, SIZE], CLASS: ["batch", 4]}
    values = {name: helper.make_tensor_value_info(name, TensorProto.FLOAT, shapes[name]) for name in shapes}
    graph = helper.make_graph(
        nodes,
        "bright",
        [values[IMAGE]],
        [values[name] for name in OUTPUTS["joint"]],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    info = {
        "format_version": 1,
        "name": "bright",
        "task": "joint",
        "classes": list(CLASSES),
        "size": SIZE,
        "fit": "pad",
        "outputs": list(OUTPUTS["joint"]),
        "parameters": 8,
        "provenance": {"brainmtl": "0.1.0", "recipe": "none", "created": "2025-01-01T00:00:00+00:00"},
    }
    helper.set_model_props(made, {"brainmtl": json.dumps(info)})
    path = tmp_path_factory.mktemp("package") / "bright.onnx"
    onnx.save(made, path)
    return path


@pytest.fixture(scope="session")
def package(model: Path) -> ModelPackage:
    return load_package(model)


@pytest.fixture(scope="session")
def slice_bytes() -> Callable[..., bytes]:
    """The content of a picture file of noise; each seed another."""

    def draw(seed: int, side: int = 48, format: str = "PNG") -> bytes:
        held = io.BytesIO()
        grey = np.random.default_rng(seed).integers(0, 256, (side, side + seed % 7), np.uint8)
        Image.fromarray(grey).save(held, format)
        return held.getvalue()

    return draw


@pytest.fixture(scope="session")
def write_tar() -> Callable[..., Path]:
    """Write members, name → content, in order."""

    def write(path: Path, members: dict[str, bytes], mode: str = "w") -> Path:
        with tarfile.open(path, mode) as tar:
            for name, content in members.items():
                member = tarfile.TarInfo(name)
                member.size = len(content)
                tar.addfile(member, io.BytesIO(content))
        return path

    return write


@pytest.fixture(scope="session")
def write_parquet() -> Callable[..., Path]:
    """Write columns, in row groups of some rows."""

    def write(path: Path, columns: dict[str, list], rows: int = 1000) -> Path:
        pq.write_table(pa.table(columns), path, row_group_size=rows)
        return path

    return write
