"""One step of learning, and its means."""

import math

import numpy as np
import pytest
import torch

from brainmtl.data.cache import open_cache
from brainmtl.data.manifest import read_manifest
from brainmtl.models.build import build_network
from brainmtl.training.batches import Slices
from brainmtl.training.learner import Learner
from brainmtl.training.losses import joint_loss


@pytest.fixture
def learner(tiny):
    def make(*overrides):
        recipe = tiny("augmentation={}", *overrides)
        torch.manual_seed(0)
        return Learner(build_network(recipe.network), recipe)

    return make


@pytest.fixture
def batch(manifest):
    def read(*rows, healthy_masks=True):
        table = read_manifest(manifest)
        return Slices(table, open_cache(table, 32), healthy_masks)[np.array(rows)]

    return read


def test_a_step_is_the_loss_of_the_batch(learner, batch):
    one = learner()
    given = batch(0, 1, 2, 3)
    torch.manual_seed(5)
    found = one.training_step(given, 0)
    masks = (given.masks > 127).float()
    known = torch.ones(4, dtype=torch.bool)
    twin = learner()
    torch.manual_seed(5)
    expected = joint_loss(twin(given.images / 255), masks, given.labels, known, known, one.recipe.losses)
    torch.testing.assert_close(found, expected.total)


def test_the_same_step_has_the_same_chance(learner, batch):
    one = learner("augmentation.rotation=20", "augmentation.noise=0.1", "network.classifier.dropout=0")
    one.eval()
    given = batch(0, 1, 2)
    losses = [one.training_step(given, number).item() for number in (0, 1, 0)]
    assert losses[0] == losses[2] != losses[1]


def test_dropout_of_an_epoch_is_the_seed_s(learner, batch):
    one, given = learner(), batch(0, 1, 2, 3)

    def first_loss():
        one.on_train_epoch_start()
        return one.training_step(given, 0).item()

    before = first_loss()
    torch.rand(7)
    assert first_loss() == before
    assert one.training_step(given, 0).item() != before


@pytest.mark.parametrize("healthy_masks", [True, False])
def test_healthy_slices_train_the_decoder_or_do_not(learner, batch, healthy_masks):
    one = learner()
    one.training_step(batch(3, 7, healthy_masks=healthy_masks), 0).backward()
    gradients = [p.grad for p in one.network.decoder.parameters()]
    if healthy_masks:
        assert all(gradient.abs().sum() > 0 for gradient in gradients)
    else:
        assert all(gradient is None or not gradient.any() for gradient in gradients)
    assert all(p.grad.abs().sum() > 0 for p in one.network.classifier.parameters())


def test_a_batch_of_which_nothing_is_known_is_no_step(learner, batch):
    one = learner("network.classifier=null", "schedule.monitor=validation_dice")
    assert one.training_step(batch(3, 7, healthy_masks=False), 0) is None


def test_means_are_over_slices_not_batches(learner, batch):
    one = learner().eval()
    with torch.no_grad():
        one.validation_step(batch(0, 1, 2, 3, 4, 5, 6), 0)
        together = one.epoch_means("validation")
        one.on_validation_epoch_start()
        assert one.epoch_means("validation") == {}
        for rows in ((0, 1, 2), (3,), (4, 5, 6)):
            one.validation_step(batch(*rows), 0)
        apart = one.epoch_means("validation")
    assert together.keys() == apart.keys()
    for name, value in together.items():
        assert apart[name] == pytest.approx(value, rel=1e-5), name


def test_what_cannot_be_measured_is_not_a_number_but_absent(learner, batch):
    one = learner().eval()
    with torch.no_grad():
        one.validation_step(batch(3, 7), 0)
    means = one.epoch_means("validation")
    assert "validation_dice" not in means
    assert all(math.isfinite(value) for value in means.values())


def test_dice_of_perfect_and_of_empty_answers(learner, batch):
    one = learner().eval()
    given = batch(0, 1, 2, 3)
    truth = (given.masks > 127).float()
    for logits, expected in ((truth * 20 - 10, 1.0), (torch.full_like(truth, -10), 0.0)):
        one.on_validation_epoch_start()
        answers = one.network(given.images / 255)._replace(mask_logits=logits)
        one.forward = lambda images, answers=answers: answers
        one.validation_step(given, 0)
        assert one.epoch_means("validation")["validation_dice"] == pytest.approx(expected)


def test_the_network_lies_channels_last(learner):
    weight = learner().network.encoder.levels[1].layers[0].weight
    assert weight.is_contiguous(memory_format=torch.channels_last)


def test_a_step_asks_the_device_for_nothing(learner, batch):
    """A tensor on ``meta`` has no value: whoever asks for one, and would wait elsewhere, gets an error."""
    one, given = learner().to("meta"), batch(0, 1, 2, 3, healthy_masks=False)
    assert not given.mask_known.all()
    there = one.transfer_batch_to_device(given, torch.device("meta"), 0)
    assert {value.device.type for value in there[:3]} == {"meta"}
    assert all(torch.equal(value, before) for value, before in zip(there[3:], given[3:], strict=True))
    losses = one._losses("train", one(there.images / 255), there.masks / 255, there)
    losses.total.backward()
    assert all(weight.grad.shape == weight.shape for weight in one.network.parameters())
