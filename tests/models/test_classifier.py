"""Class heads that know some of the classes, against softmax over those alone."""

import pytest
import torch
from torch.nn import functional

from brainmtl.labels import CLASSES
from brainmtl.models.build import NetworkPart, build_network
from brainmtl.models.classifier import AmongClasses

SOME = ("pituitary", "glioma", "meningioma")


def test_classes_that_are_not_known_have_no_chance():
    logits = torch.randn(5, 3)
    chances = AmongClasses(SOME)(logits).softmax(1)
    expected = logits.softmax(1)
    for number, name in enumerate(SOME):
        torch.testing.assert_close(chances[:, CLASSES.index(name)], expected[:, number])
    assert (chances[:, CLASSES.index("no_tumor")] == 0).all()


def test_the_loss_and_its_gradient_are_those_of_the_known_classes():
    logits = torch.randn(6, 3, requires_grad=True)
    labels = torch.tensor([0, 1, 2, 2, 1, 0])
    places = torch.tensor([CLASSES.index(name) for name in SOME])
    alone, among = (
        functional.cross_entropy(logits, labels),
        functional.cross_entropy(AmongClasses(SOME)(logits), places[labels]),
    )
    torch.testing.assert_close(among, alone)
    gradients = [torch.autograd.grad(loss, logits)[0] for loss in (among, alone)]
    torch.testing.assert_close(*gradients)


def test_all_classes_pass_unchanged():
    logits = torch.randn(2, 4)
    assert AmongClasses(CLASSES)(logits) is logits


@pytest.mark.parametrize(
    "parts",
    [
        {"encoder": {"widths": [2, 3]}, "classifier": {"classes": SOME}},
        {"encoder": {"name": "test_efficientnet"}, "classifier": {"classes": SOME, "whole": True}},
    ],
)
def test_a_network_that_knows_three(parts):
    network = build_network(NetworkPart.model_validate(parts)).eval()
    chances = network(torch.rand(2, 1, 64, 64)).class_logits.softmax(1)
    assert chances.shape == (2, 4)
    assert (chances[:, 3] == 0).all()
    last = [p for p in network.parameters() if p.ndim == 1][-1]
    assert last.shape == (3,)
