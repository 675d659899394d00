"""Not one byte of a sealed package may change."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brainmtl.errors import InputError
from brainmtl.inference.package import load_package
from brainmtl.inference.seal import OPEN, check_seal, seal


@pytest.fixture(scope="module")
def sealed(make_package: Callable[..., Path]) -> Path:
    path = make_package(seal=OPEN)
    model = onnx.load(path)
    told = json.dumps(json.loads(model.metadata_props[0].value), separators=(",", ":"))
    onnx.helper.set_model_props(model, {"brainmtl": told})
    path.write_bytes(seal(model.SerializeToString()))
    return path


def test_a_whole_one_is_loaded_and_anyone_can_check_it(sealed: Path):
    content, told = sealed.read_bytes(), load_package(sealed).info.seal
    assert content.count(told.encode()) == 1
    assert hashlib.sha256(content.replace(told.encode(), b"0" * 64)).hexdigest() == told


@given(st.data())
@settings(deadline=None)
def test_any_byte_that_changes_is_noticed(sealed: Path, data):
    content = bytearray(sealed.read_bytes())
    told = load_package(sealed).info.seal
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] ^= data.draw(st.integers(1, 255))
    with pytest.raises(InputError, match="damaged"):
        check_seal(bytes(content), told, sealed)


@pytest.mark.parametrize("runtime", ["cpu", "openvino"])
def test_a_changed_weight_is_not_run(sealed: Path, tmp_path: Path, runtime: str):
    if runtime == "openvino":
        pytest.importorskip("openvino")
    model = onnx.load(sealed)
    model.graph.initializer[-1].CopyFrom(onnx.numpy_helper.from_array(
        onnx.numpy_helper.to_array(model.graph.initializer[-1]) + 1, model.graph.initializer[-1].name
    ))  # fmt: skip
    onnx.save(model, tmp_path / "changed.onnx")
    with pytest.raises(InputError, match=r"changed\.onnx: is damaged, or was changed after its export"):
        load_package(tmp_path / "changed.onnx", runtime)


def test_a_package_without_one_is_loaded(make_package: Callable[..., Path]):
    assert load_package(make_package()).info.seal is None


def test_a_seal_that_is_none(make_package: Callable[..., Path]):
    with pytest.raises(InputError, match="seal"):
        load_package(make_package(seal="waxen"))
