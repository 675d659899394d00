"""Weights come from files that hold tensors and nothing else."""

import pickle
import shutil

import pytest
import timm
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file

from brainmtl.errors import InputError
from brainmtl.models.encoders import TimmEncoder
from brainmtl.models.weights import check_weights, read_weights

NAME = "test_efficientnet"


@pytest.fixture(scope="module")
def state():
    torch.manual_seed(0)
    return {name: value.clone() for name, value in timm.create_model(NAME).state_dict().items()}


@pytest.fixture(scope="module")
def files(state, tmp_path_factory):
    folder = tmp_path_factory.mktemp("weights")
    halves = {name: value.half() if value.is_floating_point() else value for name, value in state.items()}
    headless = {name: value for name, value in state.items() if not name.startswith("classifier")}
    save_file(state, folder / "whole.safetensors")
    save_file(halves, folder / "half.safetensors")
    save_file(headless, folder / "headless.safetensors")
    torch.save(state, folder / "plain.pth")
    torch.save({"state_dict": state, "epoch": 3}, folder / "nested.pt")
    return folder


@pytest.mark.parametrize(
    "name", ["whole.safetensors", "half.safetensors", "headless.safetensors", "plain.pth", "nested.pt"]
)
def test_every_tensor_is_loaded(files, state, name):
    encoder = TimmEncoder(NAME, True, files / name).network.state_dict()
    assert "blocks.0.0.conv.weight" in encoder
    for key, value in encoder.items():
        expected = state[key].sum(dim=1, keepdim=True) if key == "conv_stem.weight" else state[key]
        assert value.dtype == expected.dtype
        torch.testing.assert_close(value, expected, atol=1e-3, rtol=1e-3 if name.startswith("half") else 1e-6)


class Mischief:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (str(self.path), "w"))


def test_code_is_never_run(tmp_path, state):
    proof = tmp_path / "proof"
    torch.save(state | {"extra": Mischief(proof)}, tmp_path / "torch.pth")
    (tmp_path / "pickle.pth").write_bytes(pickle.dumps(Mischief(proof), protocol=2))
    for name in ("torch.pth", "pickle.pth"):
        with pytest.raises(InputError, match="not a state dict of tensors"):
            read_weights(tmp_path / name)
    assert not proof.exists()
    pickle.loads((tmp_path / "pickle.pth").read_bytes()).close()
    assert proof.exists(), "the mischief would have worked"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(
    name=st.sampled_from(["whole.safetensors", "plain.pth"]),
    kept=st.floats(0, 0.999),
    flips=st.lists(st.tuples(st.floats(0, 0.999), st.integers(0, 255)), max_size=5),
)
def test_damaged_files_are_refused_or_read(files, tmp_path, name, kept, flips):
    content = bytearray((files / name).read_bytes())
    damaged = content[: int(kept * len(content))] if not flips else content
    for place, byte in flips:
        damaged[int(place * len(damaged))] = byte
    path = tmp_path / name
    path.write_bytes(damaged)
    try:
        read = read_weights(path)
    except InputError:
        return
    assert flips, "a truncated file was read"
    assert all(isinstance(value, torch.Tensor) for value in read.values())


@pytest.mark.parametrize(
    "content",
    [b"", b"weights", torch.ones(3), [torch.ones(3)], {"a": 1}, {"state_dict": [1]}],
    ids=["empty", "text", "tensor", "list", "numbers", "nested list"],
)
@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_what_is_no_state_dict(tmp_path, content, suffix):
    path = tmp_path / f"weights{suffix}"
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        torch.save(content, path)
    with pytest.raises(InputError, match=rf"weights{suffix}: not a state dict .*safetensors"):
        read_weights(path)


def test_no_such_file(tmp_path):
    for path in (tmp_path / "none.safetensors", tmp_path):
        with pytest.raises(InputError, match=r"no such weights .*--encoder-weights"):
            read_weights(path)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (lambda s: s | {"blocks.0.0.conv.weight": torch.zeros(1)}, "blocks.0.0.conv.weight"),
        (lambda s: s | {"another.weight": torch.zeros(1)}, "another.weight"),
        (lambda s: {k: v for k, v in s.items() if k != "bn1.bias"}, "bn1.bias"),
        (lambda s: {f"module.{k}": v for k, v in s.items()}, "blocks.0.0.bn1.bias"),
        (lambda s: s | {"conv_stem.weight": s["conv_stem.weight"].sum(1, keepdim=True)}, "conv_stem.weight"),
    ],
    ids=["shape", "extra", "missing", "prefix", "one channel"],
)
def test_weights_of_another_network(state, tmp_path, change, field):
    save_file(change(state), tmp_path / "other.safetensors")
    with pytest.raises(InputError, match=rf"other\.safetensors: {field}: \d+ tensors differ from {NAME}'s"):
        TimmEncoder(NAME, True, tmp_path / "other.safetensors")


def test_a_classifier_of_any_size_does_not_matter(state, files):
    other = {k: v for k, v in state.items() if not k.startswith("classifier.")}
    other["classifier.weight"] = torch.zeros(7, 3)
    check_weights(other, NAME, {}, files / "whole.safetensors")


def test_the_file_is_only_read(files, tmp_path):
    copy = shutil.copy(files / "whole.safetensors", tmp_path / "copy.safetensors")
    before = load_file(copy)
    TimmEncoder(NAME, True, tmp_path / "copy.safetensors", "mean").network.conv_stem.weight.data.zero_()
    after = load_file(copy)
    assert all(torch.equal(before[name], after[name]) for name in before)
