"""What cannot be carried out is said before a run folder is made."""

import pandas as pd
import pytest

from brainmtl.data.manifest import read_manifest, write_manifest
from brainmtl.errors import InputError, UsageError


def test_a_crop_the_network_cannot_take(run):
    with pytest.raises(InputError, match=r"augmentation\.crop: slices of 33×33 pixels"):
        run("data.size=34", "augmentation.crop=33")


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("data.size=33", r"data\.size: slices of 33×33 pixels \(a multiple of 2\)"),
        ("augmentation.crop=33", r"augmentation\.crop: 33, more than data\.size \(at most 32\)"),
        (
            "network={encoder: {name: vit_tiny_patch16_224}, classifier: {whole: true}}",
            r"data\.size: the network cannot take 32×32 pixels",
        ),
        ("data={protocol: patient-5fold, fold: 9, size: 32}", r"data\.fold: there is no fold 9"),
        ("network.decoder.widths=[4, 4]", r"network\.decoder\.widths: 2 widths, this encoder needs 1"),
    ],
)
def test_what_cannot_work_is_said_before_a_folder_is_made(run, tmp_path, override, message):
    with pytest.raises(InputError, match=message):
        run(override)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (
            ("losses.mask_weight=0",),
            r"losses\.mask_weight: nothing teaches the decoder.*decoder=null",
        ),
        (("losses.bce=0", "losses.dice=0"), r"losses\.bce: nothing teaches the decoder"),
        (("losses.cross_entropy=0",), r"losses\.cross_entropy: nothing teaches the classifier"),
    ],
)
def test_a_head_that_nothing_teaches(run, tmp_path, overrides, message):
    with pytest.raises(InputError, match=message):
        run(*overrides)
    assert list(tmp_path.iterdir()) == []


def test_one_task_has_nothing_to_balance(run):
    with pytest.raises(InputError, match=r"balancing\.name: one task .*fixed"):
        run("network.decoder=null", "balancing.name=dwa")


@pytest.mark.parametrize(
    ("change", "overrides", "message"),
    [
        (lambda t: t.assign(validation=False), (), "no slice is for validation"),
        (lambda t: t.assign(validation=True), (), "no slice is for train"),
        (lambda t: t.assign(mask=None), (), r"mask: no training slice has a mask"),
        (lambda t: t.assign(label=None), (), r"label: no training slice has a label"),
        (
            lambda t: t.assign(mask=t["mask"].where(~t["validation"])),
            ("schedule.monitor=validation_dice",),
            r"schedule\.monitor: validation_dice cannot be measured",
        ),
        (
            lambda t: t,
            ("network.classifier=null", "schedule.monitor=validation_accuracy"),
            r"schedule\.monitor: validation_accuracy cannot be measured",
        ),
    ],
)
def test_nothing_to_learn_from_or_select_by(run, manifest, tmp_path, change, overrides, message):
    path = tmp_path / "changed.parquet"
    write_manifest(change(read_manifest(manifest)), path)
    with pytest.raises(InputError, match=message):
        run(*overrides, manifest=path)
    assert list(tmp_path.iterdir()) == [path]


def test_channels_are_those_of_a_slice_and_its_neighbours(run, tmp_path):
    with pytest.raises(InputError, match=r"network\.channels: 3, .* makes 1 \(set it to 1"):
        run("network.channels=3")
    with pytest.raises(InputError, match=r"series: of no slice the neighbours are known"):
        run("data.neighbours=1")
    assert list(tmp_path.iterdir()) == []


def test_a_balancing_whose_solver_is_not_installed_leaves_no_folder(run, tmp_path, monkeypatch):
    monkeypatch.setattr("torchjd._mixins.find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"pip install 'brainmtl\[cagrad\]'"):
        run("balancing.name=cagrad")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("healthy", [0, 1])
def test_neighbours_known_of_some_classes_alone_would_tell_the_class(run, manifest, tmp_path, healthy):
    """Each class of each part is a stack of its own; that of healthy slices is known or is not."""
    table = read_manifest(manifest)
    parts = table.groupby(["label", "split", "validation"])
    table["series"] = parts.ngroup().astype("string")
    table["position"] = parts.cumcount().astype("Int32")
    table.loc[table.index[table["mask"].notna() & ~table["validation"]][:2], "label"] = (
        pd.NA
    )  # partial labels
    if not healthy:
        table.loc[table["label"] == "no_tumor", "series"] = pd.NA
    write_manifest(table, tmp_path / "known.parquet")
    asked = ("data.neighbours=1", "schedule.epochs=1")
    if healthy:
        run(*asked, manifest=tmp_path / "known.parquet")
        return
    with pytest.raises(InputError, match=r"0% of the no_tumor slices and 100% of the .* learn the class"):
        run(*asked, manifest=tmp_path / "known.parquet")
