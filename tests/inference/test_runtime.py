"""Every runtime gives the same answers, and says what it computes in."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from brainmtl.errors import InputError
from brainmtl.inference.package import load_package
from brainmtl.inference.runtime import RUNTIMES, open_runtime

MakePackage = Callable[..., Path]
SIZE = 64
TOLERANCE = {"bf16": 0.03, "fp32": 0.001}
"""Of a probability. bf16 rounds a value to 1 in 256, and logits here reach 14: .1 of one is .025 where the
sigmoid is steepest."""


@pytest.fixture
def squares() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (5, SIZE, SIZE), np.uint8)


@pytest.mark.parametrize("runtime", [name for name in RUNTIMES if name != "cpu"])
def test_every_runtime_that_is_here_says_what_the_processor_says(
    make_package: MakePackage, squares: np.ndarray, runtime: str
):
    path = make_package()
    try:
        other = load_package(path, runtime)
    except InputError as error:
        pytest.skip(str(error))
    masks, classes = load_package(path).run(squares)
    others, names = other.run(squares)
    tolerance = TOLERANCE["bf16" if "bf16" in other.runtime.name else "fp32"]
    assert np.allclose(masks, others, atol=tolerance)
    assert np.allclose(classes, names, atol=tolerance)


def test_openvino_reads_the_same_metadata(make_package: MakePackage):
    pytest.importorskip("openvino")
    path = make_package(name="own", temperature=1.5)
    assert load_package(path, "openvino").info == load_package(path).info


@pytest.mark.parametrize("raw", [None, "{"])
def test_openvino_refuses_the_same_metadata(make_package: MakePackage, raw: str | None):
    pytest.importorskip("openvino")
    with pytest.raises(InputError, match="metadata"):
        load_package(make_package(raw=raw), "openvino")


def test_openvino_refuses_what_is_no_model(tmp_path: Path):
    pytest.importorskip("openvino")
    (tmp_path / "model.onnx").write_text("not a model at all")
    with pytest.raises(InputError, match="not an ONNX model that can be run"):
        load_package(tmp_path / "model.onnx", "openvino")


@pytest.mark.parametrize("runtime", ["cpu", "openvino"])
def test_threads_do_not_mix_their_answers(make_package: MakePackage, squares: np.ndarray, runtime: str):
    if runtime == "openvino":
        pytest.importorskip("openvino")
    package = load_package(make_package(), runtime)
    alone = [package.run(square[None]) for square in squares]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda square: package.run(square[None]), list(squares) * 8))
    for number, (masks, classes) in enumerate(together):
        assert np.array_equal(masks, alone[number % 5][0])
        assert np.array_equal(classes, alone[number % 5][1])


def test_a_runtime_names_its_precision(make_package: MakePackage):
    assert load_package(make_package()).runtime.name == "onnxruntime cpu fp32"


def test_a_row_names_what_computed_it(make_package: MakePackage, squares: np.ndarray):
    pytest.importorskip("openvino")
    for runtime, name in (("cpu", "onnxruntime cpu fp32"), ("openvino", "openvino cpu ")):
        assert load_package(make_package(), runtime).predict(squares[0]).row()["runtime"].startswith(name)


def test_a_runtime_that_does_not_exist(make_package: MakePackage):
    with pytest.raises(InputError, match=f"abacus.*{', '.join(RUNTIMES)}"):
        load_package(make_package(), "abacus")


@pytest.mark.parametrize("runtime", ["cuda", "coreml"])
def test_a_provider_that_is_not_here(make_package: MakePackage, runtime: str):
    import onnxruntime

    if any(runtime in name.lower() for name in onnxruntime.get_available_providers()):
        pytest.skip(f"this ONNX Runtime has {runtime}")
    with pytest.raises(InputError, match=runtime) as caught:
        open_runtime(make_package().read_bytes(), runtime)
    assert caught.value.mend
