"""Which slices a model is tried on."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from brainmtl.data.splits import parts
from brainmtl.errors import InputError
from brainmtl.study.model import load_model
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


def test_a_healthy_slice_has_an_empty_mask(phantom):
    one = read_slice(phantom[phantom["label"] == "no_tumor"].iloc[0])
    assert one.mask is not None
    assert one.mask.shape == one.pixels.shape
    assert not np.any(one.mask)
