"""The run folder: whole or not there, and clear about what is wrong with it."""

import json
import shutil

import pandas as pd
import pytest
import torch
from safetensors.torch import load_file

from brainmtl.data.manifest import read_manifest
from brainmtl.errors import InputError
from brainmtl.models.build import build_network
from brainmtl.training.evaluate import evaluate
from brainmtl.training.run import (
    check_free,
    load_network,
    load_recipe,
    load_weights,
    processor_name,
    read_json,
    run_manifest,
    start_run,
    sweep,
    write_json,
    write_weights,
)


@pytest.fixture
def network(tiny):
    torch.manual_seed(0)
    return build_network(tiny().network)


@pytest.fixture
def begun(tiny, manifest, network, tmp_path):
    """A run that has not trained."""
    start_run(tmp_path / "run", tiny(), read_manifest(manifest), manifest, network)
    return tmp_path / "run"


def test_a_run_begins_with_everything_it_needs(begun, tiny, network):
    found = {str(path.relative_to(begun)) for path in begun.rglob("*") if path.is_file()}
    assert found == {
        "recipe.yaml",
        "environment.json",
        "data.json",
        "network.json",
        "checkpoints/initial.safetensors",
    }
    assert [path.name for path in begun.parent.iterdir()] == ["run"]
    assert load_recipe(begun) == tiny()
    first = load_file(begun / "checkpoints" / "initial.safetensors")
    assert all(torch.equal(first[name], value) for name, value in network.state_dict().items())


def test_five_folds_are_counted_by_fold(tiny, manifest, network, tmp_path):
    table = read_manifest(manifest)
    start_run(tmp_path / "run", tiny("data.protocol=patient-5fold", "data.fold=2"), table, manifest, network)
    counts = read_json(tmp_path / "run" / "data.json")["counts"]
    assert sum(counts["test"].values()) - counts["test"]["masks"] == (table["fold"] == 2).sum()
    in_all = sum(sum(part.values()) - part["masks"] for part in counts.values())
    assert in_all == len(table)


def test_the_file_that_an_encoder_began_with_is_named_without_its_folder(tiny, manifest, network, tmp_path):
    weights = tmp_path / "encoder.safetensors"
    weights.write_bytes(b"abc")
    table = read_manifest(manifest)
    start_run(tmp_path / "run", tiny(), table, manifest, network, encoder_weights=weights)
    known = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"  # FIPS 180-2, appendix B.1
    given = read_json(tmp_path / "run" / "data.json")["encoder_weights"]
    assert given == {"file": "encoder.safetensors", "sha256": known}


def test_a_free_place(tmp_path, begun):
    check_free(tmp_path / "new")
    (tmp_path / "empty").mkdir()
    check_free(tmp_path / "empty")
    (tmp_path / "file").write_text("")
    for taken in (begun, tmp_path / "file"):
        with pytest.raises(InputError, match=r"is not empty .*--resume"):
            check_free(taken)


def test_what_is_half_written_is_swept_and_nothing_else(begun):
    (begun / "checkpoints" / ".last.0123abcd.ckpt").write_text("")
    (begun / ".log.0123abcd.csv").write_text("")
    kept = [
        begun / ".gitignore",
        begun / ".hidden",
        begun / "notes.0123abcd.txt",
        begun / ".cache.0123abcd.d",
    ]
    for path in kept[:-1]:
        path.write_text("")
    kept[-1].mkdir()
    before = {path.name for path in begun.rglob("*")}
    sweep(begun)
    after = {path.name for path in begun.rglob("*")}
    assert before - after == {".last.0123abcd.ckpt", ".log.0123abcd.csv"}


def test_a_finished_run_s_network(finished):
    network = load_network(finished)
    assert not network.training
    stored = load_file(finished / "model.safetensors")
    assert all(torch.equal(stored[name], value) for name, value in network.state_dict().items())


def test_a_run_that_has_not_finished(begun):
    with pytest.raises(InputError, match=r"the run has not finished \(go on with .*--resume"):
        load_network(begun)


def test_weights_that_no_training_would_bring(finished, tmp_path):
    records = tmp_path / "records"
    shutil.copytree(finished, records, ignore=shutil.ignore_patterns("checkpoints", "model.safetensors"))
    with pytest.raises(InputError, match="records of a run, not the run"):
        load_network(records)
    with pytest.raises(InputError, match=r"nowhere: no such run folder"):
        load_weights(torch.nn.Identity(), tmp_path / "nowhere")


def test_a_manifest_that_has_changed_is_not_measured_on(finished, tmp_path):
    shutil.copytree(finished, run := tmp_path / "run")
    data = json.loads((run / "data.json").read_text())
    (run / "data.json").write_text(json.dumps(data | {"manifest_sha256": "0" * 64}))
    for part in ("validation", "test"):
        with pytest.raises(InputError, match="not the one this run was trained on"):
            evaluate(run, part, again=True)
    assert not (tmp_path / "test-ledger.md").exists()


def test_a_folder_that_is_no_run(tmp_path):
    with pytest.raises(InputError, match=r"not a run folder: no recipe\.yaml"):
        load_network(tmp_path)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda content: content[: len(content) // 2], "damaged"),
        (lambda content: b"", "damaged"),
        (lambda content: content[:-1], "damaged"),
    ],
)
def test_damaged_weights(begun, network, damage, message):
    write_weights(network.state_dict(), begun / "model.safetensors")
    content = (begun / "model.safetensors").read_bytes()
    (begun / "model.safetensors").write_bytes(damage(content))
    with pytest.raises(InputError, match=rf"model\.safetensors: {message}"):
        load_network(begun)


def test_weights_of_another_network(begun, tiny):
    other = build_network(tiny("network.encoder.widths=[6, 8]").network)
    write_weights(other.state_dict(), begun / "model.safetensors")
    with pytest.raises(InputError, match=r"model\.safetensors: the weights do not fit"):
        load_network(begun)


def test_weights_come_back_whatever_their_order_in_memory(network, tmp_path, tiny):
    write_weights(network.to(memory_format=torch.channels_last).state_dict(), tmp_path / "model.safetensors")
    other = build_network(tiny().network)
    load_weights(other, tmp_path)
    assert all(torch.equal(value, network.state_dict()[name]) for name, value in other.state_dict().items())


def test_weights_that_cannot_be_written(network, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be written"):
        write_weights(network.state_dict(), tmp_path / "file" / "model.safetensors")


def test_json_comes_back(tmp_path):
    content = {"a": [1, 2.5, None], "ä": "×"}
    write_json(tmp_path / "deep" / "one.json", content)
    assert read_json(tmp_path / "deep" / "one.json") == content
    assert json.loads((tmp_path / "deep" / "one.json").read_text(encoding="utf-8")) == content


def test_json_that_is_none(tmp_path):
    (tmp_path / "odd.json").write_text("{")
    for name in ("odd.json", "none.json"):
        with pytest.raises(InputError, match=f"{name}: cannot be read"):
            read_json(tmp_path / name)


def test_a_number_that_is_none_is_never_written(tmp_path):
    with pytest.raises(ValueError, match="JSON"):
        write_json(tmp_path / "nan.json", {"a": float("nan")})
    assert list(tmp_path.iterdir()) == []


def test_the_processor_has_a_name():
    assert processor_name().strip()


def test_environment_tells_no_path(begun):
    environment = read_json(begun / "environment.json")
    assert not any(str(value).startswith("/") for value in environment.values())
    assert pd.Timestamp(environment["started"]).tzinfo is not None


def test_a_shared_copy_names_no_manifest(tmp_path):
    write_json(tmp_path / "data.json", {"manifest_sha256": "0" * 64})
    with pytest.raises(InputError, match=r"data\.json: manifest: a shared copy.*SHA-256"):
        run_manifest(tmp_path)
    write_json(tmp_path / "data.json", {"manifest": "brisc.parquet"})
    assert str(run_manifest(tmp_path)) == "brisc.parquet"
