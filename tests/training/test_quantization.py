"""Eight bits: what flows and what weighs, and how little that changes."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto

from brainmtl.errors import InputError
from brainmtl.inference.info import CLASS, MASK
from brainmtl.inference.package import load_package
from brainmtl.training.export import export_run
from brainmtl.training.part import open_part


@pytest.fixture(scope="module")
def packages(finished: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("bytes")
    return export_run(finished, folder / "a.onnx"), export_run(finished, folder / "b.onnx", "int8")


def constants(path: Path) -> tuple[onnx.GraphProto, dict[str, onnx.TensorProto]]:
    graph = onnx.load(path).graph
    return graph, {one.name: one for one in graph.initializer}


def test_what_flows_is_uint8_and_what_weighs_is_int8(packages):
    graph, held = constants(packages[1])
    makers = {node.output[0]: node for node in graph.node}
    folded = [node for node in graph.node if node.op_type == "Conv"]
    assert folded
    for node in folded:
        flow, weight = (makers[name] for name in node.input[:2])
        assert (flow.op_type, weight.op_type) == ("DequantizeLinear", "DequantizeLinear")
        assert held[flow.input[2]].data_type == TensorProto.UINT8
        assert held[weight.input[0]].data_type == TensorProto.INT8


def test_weights_are_multiples_of_a_scale_for_each_channel_in_seven_bits(packages):
    """A weight of the graph in fp32 lies within half a scale of the one in eight bits."""
    plain = [onnx.numpy_helper.to_array(one) for one in constants(packages[0])[1].values()]
    graph, held = constants(packages[1])
    makers = {node.output[0]: node for node in graph.node}
    for node in (node for node in graph.node if node.op_type == "Conv"):
        whole, scale, _ = (onnx.numpy_helper.to_array(held[name]) for name in makers[node.input[1]].input)
        assert np.abs(whole).max() <= 64
        assert scale.shape == whole.shape[:1]
        steps = scale.reshape(-1, 1, 1, 1)
        assert any(
            one.shape == whole.shape and (np.abs(whole * steps - one) <= 0.51 * steps).all() for one in plain
        )


def test_the_answers_stay_near(packages, finished: Path, tiny):
    squares = next(open_part(finished, tiny(), "validation").batches())[1]
    ours, theirs = (load_package(path).said(squares) for path in packages)
    for name in (MASK, CLASS):
        assert np.abs(ours[name] - theirs[name]).mean() < 0.05
        assert (ours[name] != theirs[name]).any()


def test_a_row_and_the_metadata_say_so(packages):
    package = load_package(packages[1])
    assert package.info.storage == "int8"
    assert package.info.storage_cost is not None
    assert package.info.certainty.slices == 8
    result = package.predict(np.zeros((40, 40), np.uint8))
    assert result.runtime == "onnxruntime cpu fp32, int8 inside"


def test_without_a_measurement_there_is_none(finished: Path, tmp_path: Path):
    import json
    import shutil

    run = tmp_path / "run"
    shutil.copytree(finished, run)
    data = json.loads((run / "data.json").read_text())
    (run / "data.json").write_text(json.dumps({**data, "manifest": str(tmp_path / "gone.parquet")}))
    with pytest.raises(InputError, match="gone"):
        export_run(run, tmp_path / "a.onnx", "int8")
    assert not (tmp_path / "a.onnx").exists()
