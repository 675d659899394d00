"""Encoders against timm's own networks for colour pictures, and against SciPy."""

import logging

import numpy as np
import pytest
import timm
import torch
from safetensors.torch import save_file
from scipy import ndimage

from brainmtl.models.build import NetworkPart, build_network
from brainmtl.models.encoders import GREY_MEAN, GREY_SD, PlainEncoder, TimmEncoder

NAMES = ["mobilenetv2_100", "resnet34", "densenet121", "test_convnext"]


@pytest.fixture(scope="module")
def colour(tmp_path_factory):
    """The file with random weights of a timm network for colour pictures."""
    folder = tmp_path_factory.mktemp("weights")

    def weights(name):
        path = folder / f"{name}.safetensors"
        if not path.exists():
            torch.manual_seed(0)
            network = timm.create_model(name, in_chans=3).train()
            with torch.no_grad():
                network(torch.randn(4, 3, 64, 64))
            save_file(network.state_dict(), path)
        return path

    return weights


def features_of_colour(name, path, images, scale=1.0):
    """timm's own features of the grey repeated in three colours."""
    network = timm.create_model(
        name, features_only=True, pretrained=True, pretrained_cfg_overlay={"file": str(path)}
    ).eval()
    first = next(module for module in network.modules() if isinstance(module, torch.nn.Conv2d))
    first.weight.data *= scale
    return network(((images - GREY_MEAN) / GREY_SD).repeat(1, 3, 1, 1))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("first_layer", "scale"), [("sum", 1.0), ("mean", 1 / 3)])
@torch.inference_mode()
def test_one_channel_sees_what_three_equal_ones_would(colour, name, first_layer, scale):
    path = colour(name)
    images = torch.rand(2, 1, 64, 64)
    expected = features_of_colour(name, path, images, scale)
    encoder = TimmEncoder(name, True, path, first_layer).eval()
    found = encoder(images)
    assert [tuple(feature.shape[1:2]) for feature in found] == [(width,) for width in encoder.channels]
    assert [64 // feature.shape[2] for feature in found] == list(encoder.strides)
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other, atol=1e-4, rtol=1e-3)


@pytest.mark.parametrize("name", NAMES[:3])
@torch.inference_mode()
def test_a_whole_classifier_keeps_the_trunk_and_forgets_the_classes(colour, name):
    path = colour(name)
    images = torch.rand(2, 1, 64, 64)
    part = NetworkPart.model_validate(
        {"encoder": {"name": name, "pretrained": True}, "classifier": {"whole": True}}
    )
    network = build_network(part, path).eval()
    reference = timm.create_model(name, pretrained=True, pretrained_cfg_overlay={"file": str(path)}).eval()
    grey = (images - GREY_MEAN) / GREY_SD
    torch.testing.assert_close(
        network.network.forward_features(grey),
        reference.forward_features(grey.repeat(1, 3, 1, 1)),
        atol=1e-4,
        rtol=1e-3,
    )
    assert network(images).class_logits.shape == (2, 4)


def test_timm_does_not_warn_of_what_is_cut_off(colour, caplog):
    with caplog.at_level(logging.WARNING):
        TimmEncoder("mobilenetv2_100", True, colour("mobilenetv2_100"))
    assert caplog.records == []
    logging.getLogger("timm.models._builder").warning("Unexpected keys (x) found")
    assert len(caplog.records) == 1


def test_options_reach_timm(colour):
    path = colour("mobilenetv2_100")
    same = TimmEncoder("mobilenetv2_100", True, path, options={"pad_type": "same"}).eval()
    usual = TimmEncoder("mobilenetv2_100", True, path).eval()
    images = torch.rand(1, 1, 64, 64)
    with torch.inference_mode():
        assert not torch.allclose(same(images)[0], usual(images)[0], atol=1e-3)


def test_the_plain_encoder_s_first_level_in_scipy():
    torch.manual_seed(0)
    encoder = PlainEncoder((3, 5)).eval()
    image = torch.rand(1, 1, 12, 10)
    with torch.inference_mode():
        first, second = encoder(image)
    conv_1, _, _, conv_2, *_ = encoder.levels[0].layers
    norm = 1 / np.sqrt(1 + 1e-5)

    def convolve(maps, conv):
        kernels = conv.weight.detach().numpy()
        summed = [
            sum(ndimage.correlate(m, k, mode="constant") for m, k in zip(maps, ks, strict=True))
            for ks in kernels
        ]
        return [np.maximum(norm * one, 0) for one in summed]

    expected = np.stack(convolve(convolve([image[0, 0].numpy()], conv_1), conv_2))
    np.testing.assert_allclose(first[0].numpy(), expected, atol=1e-5)
    assert second.shape == (1, 5, 6, 5)


@torch.inference_mode()
def test_three_equal_channels_see_what_one_with_their_summed_weights_would():
    torch.manual_seed(0)
    part = {
        "encoder": {"name": "plain", "widths": [4, 8]},
        "decoder": {"widths": [4]},
        "classifier": {"lesion": True},
    }
    wide = build_network(NetworkPart.model_validate({**part, "channels": 3})).eval()
    plain = build_network(NetworkPart.model_validate(part)).eval()
    state = wide.state_dict()
    first = next(name for name, value in state.items() if value.ndim == 4 and value.shape[1] == 3)
    plain.load_state_dict({**state, first: state[first].sum(dim=1, keepdim=True)})
    images = torch.rand(2, 1, 32, 32)
    for given in (images, images.repeat(1, 3, 1, 1)):
        for one, other in zip(wide(given)[:2], plain(images)[:2], strict=True):
            torch.testing.assert_close(one, other, atol=1e-5, rtol=1e-4)
    apart = torch.rand(2, 3, 32, 32)
    assert not torch.allclose(wide(apart).class_logits, wide(apart[:, 1:2]).class_logits)


@pytest.mark.parametrize("name", NAMES[:3])
@torch.inference_mode()
def test_three_channels_take_the_weights_of_the_colours(colour, name):
    path = colour(name)
    encoder = TimmEncoder(name, True, path, inputs=3).eval()
    reference = timm.create_model(
        name, features_only=True, pretrained=True, pretrained_cfg_overlay={"file": str(path)}
    ).eval()
    images = torch.rand(2, 3, 64, 64)
    for one, other in zip(encoder(images), reference((images - GREY_MEAN) / GREY_SD), strict=True):
        torch.testing.assert_close(one, other, atol=1e-4, rtol=1e-3)
