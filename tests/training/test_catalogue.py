"""The catalogue of recipes against the networks they build and the numbers that documents print."""

import pytest
import timm
import torch

from brainmtl.evaluation.published import published_for
from brainmtl.models.build import build_network
from brainmtl.training.catalogue import list_recipes
from brainmtl.training.recipe import read_recipe, recipe_names, shipped_sweeps

TRAINABLE = {
    "gil2025-improved-baseline": 393e3,
    "gil2025-efficientnet-b0": 417e3,
    "gil2025-mobilenetv2": 59e3,
    "gil2025-efficientnet-unet": 4.6e6,
    "gil2025-mobilenet-unet": 2.9e6,
}
"""As the document rounds them."""
IMAGENET = {
    "portfolio2026-mobilenetv2": 3.5e6,
    "portfolio2026-efficientnet-b0": 5.3e6,
    "portfolio2026-densenet121": 8e6,
}
"""With ImageNet's classes and colours, which the recipes do not have."""


@pytest.fixture(scope="module")
def rows():
    return {row["name"]: row for row in list_recipes()}


def test_every_recipe_ships_in_the_catalogue(rows):
    assert list(rows) == [*recipe_names(), *shipped_sweeps()]
    for name, row in rows.items():
        assert row["name"] == name
        assert row["published"] == published_for(name)
    for name in recipe_names():
        assert rows[name]["task"] == read_recipe(name).network.task


def test_a_sweep_has_no_size_of_its_own(rows):
    for name in shipped_sweeps():
        assert rows[name]["task"] == "sweep"
        assert {value for key, value in rows[name].items() if "parameters" in key} == {None}


@pytest.mark.parametrize("name", ["demo-joint", "gil2025-mobilenetv2", "gil2025-baseline"])
def test_sizes_are_those_of_the_network(rows, name):
    network = build_network(read_recipe(name).network, pretrained=False)
    counters = {key for key in network.state_dict() if key.endswith("num_batches_tracked")}
    sizes = {key: value.numel() for key, value in network.state_dict().items() if key not in counters}
    statistics = {key for key in sizes if key.endswith(("running_mean", "running_var"))}
    assert rows[name]["parameters_keras"] == sum(sizes.values())
    assert rows[name]["parameters"] == sum(size for key, size in sizes.items() if key not in statistics)


def test_the_exact_count_of_a_frozen_efficientnet(rows):
    """A 1×1 convolution from 320 to 1280 channels, its norm, and the classifier."""
    assert rows["gil2025-efficientnet-b0"]["trainable_parameters"] == 417_284
    assert 320 * 1280 + 2 * 1280 + 1280 * 4 + 4 == 417_284


@pytest.mark.parametrize("name", TRAINABLE)
def test_what_trains_is_what_the_document_rounds(rows, name):
    assert rows[name]["trainable_parameters"] == pytest.approx(TRAINABLE[name], rel=0.03)


@pytest.mark.parametrize(("name", "stated"), [("gil2025-resnet34", 4.1e6), ("gil2025-densenet121", 6.1e6)])
def test_where_the_document_leaves_the_choice_to_us_we_stay_near(rows, name, stated):
    assert rows[name]["trainable_parameters"] == pytest.approx(stated, rel=0.16)


def test_a_baseline_of_several_millions(rows):
    assert rows["gil2025-baseline"]["parameters"] > 3e6
    assert rows["gil2025-baseline"]["parameters"] > 10 * rows["gil2025-improved-baseline"]["parameters"]


@pytest.mark.parametrize("name", IMAGENET)
def test_the_three_networks_have_the_published_size_with_imagenet_s_classes(rows, name):
    encoder = read_recipe(name).network.encoder
    with torch.device("meta"):
        reference = timm.create_model(encoder.name)
    sizes = {key: value.numel() for key, value in reference.named_parameters()}
    assert sum(sizes.values()) == pytest.approx(IMAGENET[name], rel=0.03)
    last = reference.get_classifier().in_features + 1
    first = next(size for key, size in sizes.items() if "conv" in key)
    assert rows[name]["parameters"] == sum(sizes.values()) - 996 * last - first // 3 * 2


def test_the_joint_network_takes_either_backbone():
    for name, parameters in (("efficientnet_b0", 4_684_573), ("mobilenetv2_100", 2_872_097)):
        recipe = read_recipe("gil2025-joint", [f"network.encoder.name={name}"])
        with torch.device("meta"):
            network = build_network(recipe.network, pretrained=False)
        head = 320 * 4 + 4
        assert sum(p.numel() for p in network.parameters()) == parameters + head


def test_the_first_phase_of_a_fine_tuned_classifier_trains_its_last_stage(rows):
    row = rows["kotob2024-resnet50"]
    assert row["trainable_parameters"] < row["parameters"]
    assert read_recipe("kotob2024-resnet50").fine_tuning.after < 40
