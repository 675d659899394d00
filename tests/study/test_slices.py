"""Which slices a model is tried on."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from brainmtl.data.splits import parts
from brainmtl.errors import InputError
from brainmtl.study.model import UNSAID, load_model
from brainmtl.study.slices import balanced, held_out, read_slice


def test_classes_are_as_even_as_they_can_be(phantom):
    chosen = balanced(phantom, 22)
    counts = chosen["label"].value_counts()
    assert len(chosen) == 22
    assert counts.max() - counts.min() <= 1
    assert chosen["id"].is_unique


def test_the_choice_is_the_seed_s_and_stays_when_slices_are_added(phantom):
    few = set(balanced(phantom, 20)["id"])
    assert few == set(balanced(phantom.sample(frac=1, random_state=3), 20)["id"])
    assert few <= set(balanced(phantom, 28)["id"])
    assert few != set(balanced(phantom, 20, seed=1)["id"])


@pytest.mark.parametrize("number", [0, 60, 1000])
def test_all_means_all(phantom, number):
    pd.testing.assert_frame_equal(balanced(phantom, number), phantom)


def test_a_rare_class_gives_what_it_has(phantom):
    rare = pd.concat([phantom[phantom["label"] != "glioma"], phantom[phantom["label"] == "glioma"][:2]])
    counts = balanced(rare, 23)["label"].value_counts()
    assert counts["glioma"] == 2
    assert sorted(counts.drop("glioma")) == [7, 7, 7]


def test_the_part_is_the_model_s_own(tiny_run, phantom, manifest):
    model = load_model(tiny_run)
    chosen = held_out(phantom, [model], "validation", manifest)
    assert list(chosen["id"]) == list(phantom["id"][parts(phantom) == "validation"])


def test_models_of_two_folds_share_a_test_part_but_no_validation_part(tiny_run, phantom, manifest):
    models = [replace(load_model(tiny_run), protocol="folds", fold=fold) for fold in (0, 1)]
    assert len(held_out(phantom, models, "test", manifest))
    with pytest.raises(InputError, match="validation"):
        held_out(phantom, models, "validation", manifest)


def test_a_package_says_what_it_has_learnt_from(tiny_run, phantom, manifest, tmp_path):
    from brainmtl.training.export import export_run

    run, package = load_model(tiny_run), load_model(export_run(tiny_run, tmp_path / "tiny.onnx"))
    told = ("manifest_sha256", "sources", "protocol", "fold", "leave_out")
    assert [getattr(package, name) for name in told] == [getattr(run, name) for name in told]
    chosen = held_out(phantom, [package], "validation", manifest)
    assert list(chosen["id"]) == list(phantom["id"][parts(phantom) == "validation"])


def test_what_may_have_taught_a_model_is_not_held_out(tiny_run, phantom, manifest):
    """One that held nothing back, or does not say; and any slice of other parts of the same data."""
    whole = replace(load_model(tiny_run), protocol=UNSAID)
    assert len(held_out(phantom, [whole], "test", manifest))
    with pytest.raises(InputError, match=r"may have learnt from all but the test part.*--part test"):
        held_out(phantom, [whole], "validation", manifest)
    redrawn = phantom.assign(validation=~phantom["validation"])
    for part in ("validation", "test"):
        with pytest.raises(InputError, match="not the manifest that"):
            held_out(redrawn, [load_model(tiny_run)], part, manifest)
        with pytest.raises(InputError, match="not the manifest that"):
            held_out(redrawn, [replace(load_model(tiny_run), sources=None)], part, manifest)


def test_another_data_set_taught_nobody(tiny_run, phantom, manifest):
    strange = phantom.assign(source="elsewhere")
    models = [replace(load_model(tiny_run), protocol="folds", fold=fold) for fold in (0, 1)]
    assert len(held_out(strange, models, "validation", manifest)) == (parts(strange) == "validation").sum()


def test_a_set_made_of_the_same_slices_may_have(tiny_run, phantom, manifest):
    model = replace(load_model(tiny_run), sources=("brisc2025",))
    with pytest.raises(InputError, match="not the manifest that"):
        held_out(phantom.assign(source="figshare2017"), [model], "validation", manifest)


def test_a_healthy_slice_has_an_empty_mask(phantom):
    one = read_slice(phantom[phantom["label"] == "no_tumor"].iloc[0])
    assert one.mask is not None
    assert one.mask.shape == one.pixels.shape
    assert not np.any(one.mask)
