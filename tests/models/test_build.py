"""Compositions counted: by formulas of their own, and against what was published."""

from itertools import pairwise

import pytest
import timm
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from torch import nn

from brainmtl.errors import InputError
from brainmtl.models.build import NetworkPart, build_network, parameter_counts

WIDTHS = st.lists(st.integers(1, 9), min_size=2, max_size=4)
PUBLISHED = {
    "resnet34": (21_797_672, 512, 64 * 7 * 7),
    "resnet50": (25_557_032, 2048, 64 * 7 * 7),
    "densenet121": (7_978_856, 1024, 64 * 7 * 7),
    "mobilenetv2_100": (3_504_872, 1280, 32 * 3 * 3),
    "efficientnet_b0": (5_288_548, 1280, 32 * 3 * 3),
}
"""Parameters with 1000 classes as torchvision publishes them; features of the last layer; those of the first
convolution for one colour."""


def count(**parts):
    network = build_network(NetworkPart.model_validate(parts))
    counts = parameter_counts(network)
    assert counts["parameters"] == counts["trainable_parameters"]
    norms = [m for m in network.modules() if isinstance(m, nn.BatchNorm2d)]
    statistics = 2 * sum(norm.num_features for norm in norms)
    assert counts["parameters_keras"] == counts["parameters"] + statistics
    return counts["parameters"]


def double(inputs, outputs):
    """Two 3×3 convolutions without bias, a scale and a shift after each."""
    return 9 * inputs * outputs + 9 * outputs * outputs + 4 * outputs


def unet(down, up, *, transposed=False, attention=False):
    total = sum(double(a, b) for a, b in zip([1, *down[:-1]], down, strict=True))
    below = down[-1]
    for width, skip in zip(up, down[-2::-1], strict=True):
        total += (4 * below * width + width) if transposed else 0
        joined = width if transposed else below
        inner = max(skip // 2, 1)
        total += (inner * (skip + joined + 1) + 4 * inner + 2) if attention else 0
        total += double(joined + skip, width)
        below = width
    return total + below + 1


@given(down=WIDTHS, up=WIDTHS, transposed=st.booleans(), attention=st.booleans())
def test_a_unet_has_the_parameters_of_the_formula(down, up, transposed, attention):
    up = (up * 2)[: len(down) - 1]
    upsampling = "transposed" if transposed else "nearest"
    decoder = {"widths": up, "attention": attention, "upsampling": upsampling}
    found = count(encoder={"widths": down}, decoder=decoder)
    assert found == unet(down, up, transposed=transposed, attention=attention)


@given(down=WIDTHS, up=WIDTHS)
def test_a_network_without_skips_has_the_parameters_of_the_formula(down, up):
    up = (up * 2)[: len(down)]
    decoder = {"name": "skipless", "widths": up}
    channels = [1, *down, *up]
    convs = sum((9 * a + 1) * b + 2 * b for a, b in pairwise(channels))
    assert count(encoder={"name": "pooling", "widths": down}, decoder=decoder) == convs + up[-1] + 1


@given(down=WIDTHS, up=WIDTHS)
def test_a_unet_on_pooled_features(down, up):
    up = (up * 2)[: len(down)]
    ups = sum(
        double(below + skip, width)
        for below, skip, width in zip([down[-1], *up], [*down[-2::-1], 0], up, strict=False)
    )
    convs = sum((9 * a + 1) * b + 2 * b for a, b in pairwise([1, *down]))
    found = count(encoder={"name": "pooling", "widths": down}, decoder={"widths": up})
    assert found == convs + ups + up[-1] + 1


def test_the_original_widths_have_the_parameters_others_count():
    """31,036,481 is what the widespread PyTorch U-Net (batch norm, transposed convolutions) counts."""
    assert count(decoder={"upsampling": "transposed"}) == 31_036_481


@given(features=st.integers(1, 9), hidden=st.lists(st.integers(1, 9), max_size=3), grid=st.integers(1, 3))
def test_a_class_head_has_the_parameters_of_the_formula(features, hidden, grid):
    layers = [features * grid * grid, *hidden, 4]
    head = sum((a + 1) * b for a, b in pairwise(layers))
    found = count(encoder={"widths": [2, features]}, classifier={"hidden": hidden, "grid": grid})
    assert found == double(1, 2) + double(2, features) + head


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_whole_classifier_has_the_published_parameters(name):
    published, features, colour = PUBLISHED[name]
    found = count(encoder={"name": name}, classifier={"whole": True})
    assert found == published - 996 * (features + 1) - 2 * colour


@pytest.mark.parametrize("name", ["mobilenetv2_100", "resnet34", "densenet121", "test_convnext"])
def test_a_timm_encoder_is_timm_s(name):
    reference = timm.create_model(name, features_only=True, in_chans=1)
    alone = sum(parameter.numel() for parameter in reference.parameters())
    features = reference.feature_info.channels()[-1]
    assert count(encoder={"name": name}, classifier={}) == alone + 4 * (features + 1)


def test_task_is_what_the_parts_do():
    decoder, classifier = {"widths": [4]}, {}
    assert NetworkPart.model_validate({"decoder": decoder}).task == "segmentation"
    assert NetworkPart.model_validate({"classifier": classifier}).task == "classification"
    assert NetworkPart.model_validate({"decoder": decoder, "classifier": classifier}).task == "joint"


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({}, "network: neither a decoder nor a classifier"),
        ({"decoder": {"widths": [8, 4]}}, r"network\.decoder\.widths: 2 widths, this encoder needs 4"),
        (
            {"encoder": {"name": "resnet18"}, "decoder": {"widths": [8, 4]}},
            r"network\.decoder\.widths: 2 widths, this encoder needs 5",
        ),
        (
            {"encoder": {"name": "resnet18", "options": {"output_stride": 16}}, "decoder": {}},
            r"network\.encoder\.name: its features have the strides 2, 4, 8, 16, 16",
        ),
        (
            {"encoder": {"name": "pooling"}, "decoder": {"name": "skipless", "widths": [8, 4]}},
            r"network\.decoder\.widths: 2 widths, this encoder needs 5",
        ),
        ({"decoder": {"name": "skipless", "attention": True}}, r"network\.decoder\.attention.*no skips"),
        (
            {"decoder": {"name": "skipless", "widths": [8], "stride": 2}},
            r"network\.decoder\.stride: goes up to the slice",
        ),
        ({"classifier": {"whole": True}}, r"network\.classifier\.whole.*timm encoder"),
        (
            {"encoder": {"name": "pooling"}, "classifier": {"whole": True}},
            r"network\.classifier\.whole.*timm encoder",
        ),
        (
            {"encoder": {"name": "resnet18"}, "decoder": {}, "classifier": {"whole": True}},
            r"network\.classifier\.whole.*without a decoder",
        ),
        (
            {"encoder": {"pretrained": True}, "classifier": {}},
            r"network\.encoder\.pretrained: the plain encoder has none",
        ),
        (
            {"encoder": {"name": "pooling", "pretrained": True}, "classifier": {}},
            r"network\.encoder\.pretrained: the pooling encoder has none",
        ),
        (
            {"encoder": {"name": "resnet18", "options": {"depth": 3}}, "classifier": {}},
            r"network\.encoder: timm cannot build resnet18.*depth",
        ),
        (
            {"encoder": {"name": "test_mambaout", "options": {"in_chans": 3}}, "classifier": {}},
            r"network\.encoder: timm cannot build test_mambaout",
        ),
    ],
)
def test_parts_that_do_not_fit(parts, message):
    with pytest.raises(InputError, match=message):
        build_network(NetworkPart.model_validate(parts))


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("resnet43", "resnet34"),
        ("efficientnet_bo", "efficientnet_b0"),
        ("mobilenet_v2_100", "mobilenetv2_100"),
        ("plian", "plain"),
        ("poolling", "pooling"),
        ("tf_efficientnet_lite_0", "tf_efficientnet_lite0"),
    ],
)
def test_an_unknown_encoder_and_one_near_it(name, near):
    with pytest.raises(InputError, match=rf"network\.encoder\.name: timm has no model .*\b{near}\b"):
        build_network(NetworkPart.model_validate({"encoder": {"name": name}, "classifier": {}}))


@pytest.mark.parametrize(
    "parts",
    [
        {"encoder": {"widths": [8]}},
        {"encoder": {"widths": [8, 0]}},
        {"decoder": {"widths": []}},
        {"decoder": {"upsampling": "bilinear"}},
        {"classifier": {"dropout": 1}},
        {"classifier": {"input_dropout": 1}},
        {"classifier": {"grid": 0}},
        {"decoder": {"name": "fpn"}},
        {"conventions": "jax"},
        {"classifier": {"dropout": float("nan")}},
        {"classifier": {"hiden": [8]}},
        {"encoder": {"first_layer": "max"}},
    ],
)
def test_parts_out_of_range(parts):
    with pytest.raises(ValidationError):
        NetworkPart.model_validate(parts)


def test_weights_that_would_not_be_used(tmp_path):
    part = NetworkPart.model_validate({"encoder": {"name": "test_resnet"}, "classifier": {}})
    with pytest.raises(InputError, match=r"does not start from pretrained weights.*--encoder-weights"):
        build_network(part, tmp_path / "weights.safetensors")
