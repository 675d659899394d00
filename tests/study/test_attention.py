"""Grad-CAM, against its closed form."""

import numpy as np
import pytest
import torch

from brainmtl.errors import InputError
from brainmtl.models.build import NetworkPart, build_network
from brainmtl.study.attention import class_maps

PLAIN = {"encoder": {"name": "plain", "widths": [4, 8]}, "decoder": {"widths": [4]}}


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    return build_network(NetworkPart.model_validate(PLAIN | {"classifier": {}})).eval()


@pytest.fixture(scope="module")
def squares() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 255, (5, 32, 32), np.uint8)


CLASSES = np.array([0, 1, 2, 3, 1])


def test_after_average_pooling_and_one_layer_it_is_the_class_activation_map(network, squares):
    """Selvaraju et al., § 3.1: the gradients are then the weights of the last layer."""
    with torch.inference_mode():
        maps = network.encoder(torch.from_numpy(squares)[:, None] / 255.0)[-1]
        weights = network.classifier.layers[-1].weight[torch.from_numpy(CLASSES)]
        expected = torch.relu((maps * weights[:, :, None, None]).sum(1)) / maps[0, 0].numel()
        expected = torch.nn.functional.interpolate(expected[:, None], (32, 32), mode="bilinear")[:, 0]
    np.testing.assert_allclose(class_maps(network, squares, CLASSES), expected.numpy(), atol=1e-6)


def test_behind_hidden_layers_it_is_what_autograd_says(squares):
    torch.manual_seed(1)
    head = {"classifier": {"hidden": [16], "dropout": 0.3}}
    network = build_network(NetworkPart.model_validate(PLAIN | head)).eval()
    maps = network.encoder(torch.from_numpy(squares)[:, None] / 255.0)[-1].detach().requires_grad_()
    named = network.classifier(maps)[torch.arange(len(squares)), torch.from_numpy(CLASSES)]
    (gradient,) = torch.autograd.grad(named.sum(), maps)
    expected = torch.relu((gradient.mean((2, 3), keepdim=True) * maps).sum(1, keepdim=True))
    expected = torch.nn.functional.interpolate(expected, (32, 32), mode="bilinear")[:, 0].detach()
    assert expected.max() > 0
    np.testing.assert_allclose(class_maps(network, squares, CLASSES), expected.numpy(), rtol=1e-5, atol=1e-9)


def test_the_network_is_left_as_it_was(network, squares):
    images = torch.from_numpy(squares)[:, None] / 255.0
    before = network(images).class_logits
    class_maps(network, squares, CLASSES)
    assert not network.encoder._forward_hooks
    torch.testing.assert_close(network(images).class_logits, before)


def test_a_whole_timm_network_is_watched_too(squares):
    part = NetworkPart.model_validate({"encoder": {"name": "resnet10t"}, "classifier": {"whole": True}})
    network = build_network(part).eval()
    maps = class_maps(network, squares, CLASSES)
    assert maps.shape == squares.shape
    assert (maps >= 0).all()
    assert "forward_features" not in vars(network.network)


def test_without_a_class_head_there_is_nothing_to_explain(squares):
    network = build_network(NetworkPart.model_validate(PLAIN)).eval()
    with pytest.raises(InputError, match="class head"):
        class_maps(network, squares, CLASSES)
