"""Every slice once an epoch, in an order that depends on nothing but seed and epoch."""

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from brainmtl.data.cache import open_cache
from brainmtl.data.manifest import read_manifest
from brainmtl.labels import CLASSES
from brainmtl.models.build import NetworkPart
from brainmtl.training.batches import EpochBatches, Slices, loader
from brainmtl.training.recipe import DataPart

ROWS = st.lists(st.integers(0, 500), min_size=1, max_size=80, unique=True).map(np.array)


@given(rows=ROWS, size=st.integers(1, 90), seed=st.none() | st.integers(0, 9), epoch=st.integers(0, 5))
def test_every_row_once_in_batches_of_nearly_one_size(rows, size, seed, epoch):
    batches = EpochBatches(rows, size, seed)
    batches.set_epoch(epoch)
    found = list(batches)
    assert len(found) == len(batches)
    assert sorted(np.concatenate(found)) == sorted(rows)
    lengths = [len(batch) for batch in found]
    assert max(lengths) <= size
    assert max(lengths) - min(lengths) <= 1
    if seed is None:
        assert np.concatenate(found).tolist() == rows.tolist()


@given(seed=st.integers(0, 99), epoch=st.integers(0, 99))
def test_the_order_is_seed_s_and_epoch_s(seed, epoch):
    rows = np.arange(60)
    one = EpochBatches(rows, 7, seed)
    one.set_epoch(epoch)
    first = np.concatenate(list(one))
    np.random.default_rng().random(3)
    again = np.concatenate(list(EpochBatches(rows, 7, seed, epoch)))
    assert first.tolist() == again.tolist() == np.concatenate(list(one)).tolist()
    assert np.array_equal(rows, np.arange(60))
    for other in (EpochBatches(rows, 7, seed, epoch + 1), EpochBatches(rows, 7, seed + 1, epoch)):
        assert np.concatenate(list(other)).tolist() != first.tolist()


def test_the_order_is_shuffled_fairly():
    means = np.mean([np.concatenate(list(EpochBatches(np.arange(20), 4, 0, e))) for e in range(600)], axis=0)
    assert np.abs(means - 9.5).max() < 5 * np.sqrt((20**2 - 1) / 12 / 600)


@pytest.fixture(scope="module")
def table(manifest):
    return read_manifest(manifest)


@pytest.fixture(scope="module")
def cache(table):
    return open_cache(table, 32)


def test_a_batch_is_the_cache_s_rows(table, cache):
    rows = np.array([5, 0, 43, 6])
    batch = Slices(table, cache, True)[rows]
    assert batch.images.shape == batch.masks.shape == (4, 1, 32, 32)
    assert batch.images.dtype == batch.masks.dtype == torch.uint8
    assert np.array_equal(batch.images[:, 0].numpy(), cache.images[rows])
    assert np.array_equal(batch.masks[:, 0].numpy(), cache.masks[rows])
    assert batch.rows.tolist() == rows.tolist()
    assert [CLASSES[label] for label in batch.labels] == table["label"].iloc[rows].tolist()


@pytest.mark.parametrize("healthy_masks", [True, False])
def test_what_is_known(table, cache, healthy_masks):
    partial = table.copy()
    partial.loc[0, "mask"] = pd.NA
    partial.loc[[1, 3], "label"] = pd.NA
    batch = Slices(partial, cache, healthy_masks)[np.arange(8)]
    assert batch.label_known.tolist() == [True, False, True, False, True, True, True, True]
    unlabelled_without_mask, healthy = 3, 7
    expected = [number not in (0, unlabelled_without_mask, healthy) for number in range(8)]
    expected[healthy] = healthy_masks
    assert batch.mask_known.tolist() == expected
    assert batch.masks[healthy].sum() == 0


def test_a_label_of_a_class_the_network_does_not_know_is_unknown(table, cache):
    batch = Slices(table, cache, True, ("meningioma", "glioma"))[np.arange(4)]
    assert [CLASSES[number % 4] for number in range(4)] == table["label"][:4].tolist()
    assert batch.label_known.tolist() == [True, True, False, False]
    assert batch.labels[:2].tolist() == [CLASSES.index("glioma"), CLASSES.index("meningioma")]


@pytest.mark.parametrize(
    ("heads", "healthy_masks", "kept"),
    [
        ({"decoder": {}}, False, [1, 2]),
        ({"decoder": {}}, True, [1, 2, 3]),
        ({"classifier": {}}, False, [0, 2, 3]),
        ({"decoder": {}, "classifier": {}}, False, [0, 1, 2, 3]),
    ],
)
def test_slices_that_tell_a_network_nothing_are_left_out(table, cache, heads, healthy_masks, kept):
    partial = table.copy()
    partial.loc[0, "mask"] = pd.NA
    partial.loc[1, "label"] = pd.NA
    slices = Slices(partial, cache, healthy_masks)
    assert slices.teaching(np.arange(4), NetworkPart.model_validate(heads)).tolist() == kept


def test_a_loader_yields_whole_batches(table, cache):
    slices = Slices(table, cache, True)
    batches = list(loader(slices, np.arange(30), DataPart(size=32, batch_size=8), seed=3, epoch=2))
    expected = list(EpochBatches(np.arange(30), 8, 3, 2))
    assert [batch.rows.tolist() for batch in batches] == [rows.tolist() for rows in expected]


def test_reading_batches_uses_no_chance_of_others(table, cache):
    torch.manual_seed(0)
    before = torch.get_rng_state()
    list(loader(Slices(table, cache, True), np.arange(8), DataPart(size=32), seed=3))
    assert torch.equal(torch.get_rng_state(), before)


def test_slices_are_read_where_they_lie(table, cache):
    slices = Slices(table, cache, True)
    assert slices.images.data_ptr() == cache.images.ctypes.data
    assert slices.to(torch.device("cpu")) is slices
    assert slices.images.data_ptr() == cache.images.ctypes.data


def test_a_slice_comes_with_those_around_it(table, cache):
    around = np.array([[0, 0, 1], [0, 1, 1], *([row] * 3 for row in range(2, len(table)))])
    batch = Slices(table, cache, True, around=around)[np.array([1, 0, 5])]
    expected = cache.images[[[0, 1, 1], [0, 0, 1], [5, 5, 5]]]
    assert np.array_equal(batch.images.numpy(), expected)
    assert np.array_equal(batch.masks[:, 0].numpy(), cache.masks[[1, 0, 5]])
