"""The gate from the class to the mask."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from brainmtl.errors import InputError
from brainmtl.labels import CLASSES, HEALTHY
from brainmtl.models.build import NetworkPart, build_network
from brainmtl.models.gate import close_when_healthy
from brainmtl.training.losses import mask_loss
from brainmtl.training.recipe import LossPart


@given(st.integers(0, 1000))
def test_false_masks_fall_and_no_other_mask_changes(seed):
    chance = torch.Generator().manual_seed(seed)
    masks = torch.randn(9, 1, 4, 4, generator=chance)
    classes = torch.randn(9, 4, generator=chance)
    found = close_when_healthy(masks, classes)
    healthy = torch.tensor([CLASSES[place] == HEALTHY for place in classes.argmax(1)])
    assert torch.equal(found[~healthy], masks[~healthy])
    assert torch.sigmoid(found[healthy]).sum() < 1e-6


def test_a_tie_is_no_healthy_slice():
    assert close_when_healthy(torch.ones(1, 1, 2, 2), torch.zeros(1, 4)).min() == 1


def test_a_lesion_behind_a_closed_gate_costs_a_loss_that_can_be_borne():
    truth = torch.ones(1, 1, 4, 4)
    closed = close_when_healthy(torch.ones(1, 1, 4, 4), torch.tensor([[0.0, 0.0, 0.0, 9.0]]))
    assert mask_loss(closed, truth, LossPart()).item() == pytest.approx(20 + 1 - 1 / 17, rel=1e-4)


def gated(**parts):
    joint = {"encoder": {"widths": [4, 8]}, "decoder": {"widths": [4]}, "classifier": {}}
    return build_network(NetworkPart.model_validate({**joint, "gated": True, **parts}))


def test_a_network_is_gated_outside_of_training_alone():
    network = gated()
    with torch.no_grad():
        network.classifier.layers[-1].bias.copy_(torch.tensor([0.0, 0.0, 0.0, 99.0]))
    slices = torch.rand(2, 1, 8, 8)
    assert network.train()(slices).mask_logits.min() > -20
    assert network.eval()(slices).mask_logits.max() == -20


@pytest.mark.parametrize(
    "parts", [{"classifier": None}, {"decoder": None}, {"classifier": {"classes": ("glioma", "pituitary")}}]
)
def test_a_gate_that_has_nothing_to_go_by(parts):
    with pytest.raises(InputError, match=r"network\.gated: .*false"):
        gated(**parts)
