"""Features under the predicted mask, against NumPy."""

import numpy as np
import pytest
import torch

from brainmtl.errors import InputError
from brainmtl.models.build import NetworkPart, build_network
from brainmtl.models.lesion import pool_under_mask


def logits_of(mask):
    return torch.tensor(mask, dtype=torch.float32)[None, None] * 60 - 30


def test_the_mean_over_a_block_of_pixels():
    mask = np.zeros((8, 8))
    mask[2:6, 4:8] = 1
    fine, coarse = (
        np.random.default_rng(0).normal(size=(2, 8, 8)),
        np.random.default_rng(1).normal(size=(3, 4, 4)),
    )
    features = [torch.tensor(maps, dtype=torch.float32)[None] for maps in (fine, coarse)]
    found = pool_under_mask(logits_of(mask), features, (1, 2))[0].numpy()
    shrunk = 16 / 17
    expected = [*fine[:, 2:6, 4:8].mean((1, 2)), *coarse[:, 1:3, 2:4].mean((1, 2))]
    assert found == pytest.approx(np.array(expected) * shrunk, abs=1e-5)


def test_an_empty_mask_says_nothing():
    features = [torch.ones(1, 2, 8, 8)]
    assert pool_under_mask(logits_of(np.zeros((8, 8))), features, (1,)).abs().max() < 1e-6


def test_the_class_loss_does_not_move_the_decoder():
    part = {"encoder": {"widths": [4, 8]}, "decoder": {"widths": [4]}, "classifier": {"lesion": True}}
    network = build_network(NetworkPart.model_validate(part))
    network(torch.rand(2, 1, 8, 8)).class_logits.sum().backward()
    assert all(weight.grad is None for weight in network.decoder.parameters())
    assert network.encoder.levels[0].layers[0].weight.grad.abs().sum() > 0


def test_without_a_decoder_there_is_no_mask():
    part = {"encoder": {"widths": [4, 8]}, "classifier": {"lesion": True}}
    with pytest.raises(InputError, match=r"network\.classifier\.lesion: .*false"):
        build_network(NetworkPart.model_validate(part))
