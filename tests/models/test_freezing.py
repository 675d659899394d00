"""Stages of encoders: which parameters they hold, and that frozen ones keep what they have."""

import re

import pytest
import torch
import torchvision
from torch import nn

from brainmtl.errors import InputError
from brainmtl.models.build import NetworkPart, build_network, parameter_counts
from brainmtl.models.freezing import freeze, stages, thaw
from brainmtl.training.optimization import make_optimizer
from brainmtl.training.recipe import OptimizerPart

STAGES = {
    "efficientnet_b0": ["stem", *(f"stage{n}" for n in range(1, 8)), "head"],
    "mobilenetv2_100": ["stem", *(f"stage{n}" for n in range(1, 8)), "head"],
    "resnet34": ["stem", *(f"stage{n}" for n in range(1, 5))],
    "resnet50": ["stem", *(f"stage{n}" for n in range(1, 5))],
    "densenet121": ["stem", *(f"stage{n}" for n in range(1, 5)), "head"],
}
"""Of whole networks, from fine to coarse."""


def build(**parts):
    return build_network(NetworkPart.model_validate(parts))


def whole(name, **encoder):
    with torch.device("meta"):
        return build(encoder={"name": name, **encoder}, classifier={"whole": True})


def coarse(network):
    return {stage: names for stage, names in stages(network).items() if "." not in stage}


@pytest.mark.parametrize("name", STAGES)
def test_every_parameter_but_the_class_layer_s_is_in_one_stage(name):
    network = whole(name)
    found = coarse(network)
    assert list(found) == STAGES[name]
    listed = [parameter for names in found.values() for parameter in names]
    rest = {parameter for parameter, _ in network.named_parameters()} - set(listed)
    assert len(listed) == len(set(listed))
    assert {rest_name.split(".")[1] for rest_name in rest} <= {"fc", "classifier"}
    assert len(rest) == 2


@pytest.mark.parametrize("name", STAGES)
def test_an_encoder_cut_into_features_has_the_stages_of_the_whole(name):
    with torch.device("meta"):
        cut = coarse(build(encoder={"name": name}, classifier={}))
    found = coarse(whole(name))
    assert {k: len(v) for k, v in cut.items()} == {k: len(v) for k, v in found.items() if k in cut}
    assert set(found) - set(cut) <= {"head"}


@pytest.mark.parametrize("name", ["plain", "pooling"])
def test_the_levels_of_our_own_encoders_are_stages(name):
    network = build(encoder={"name": name, "widths": [2, 3, 4]}, classifier={})
    assert list(coarse(network)) == ["stage1", "stage2", "stage3"]


def test_another_family_has_timm_s_own_names():
    with torch.device("meta"):
        network = build(encoder={"name": "test_convnext"}, classifier={})
    assert "stem_0" in stages(network)
    freeze(network, ["stem_0"])


def torchvision_counts(name, *trained):
    """What trains of torchvision's network, as the paths of its modules say."""
    with torch.device("meta"):
        network = getattr(torchvision.models, name)(num_classes=4)
    return sum(p.numel() for path in trained for p in network.get_submodule(path).parameters())


@pytest.mark.parametrize(
    ("name", "frozen", "reference"),
    [
        ("efficientnet_b0", [f"stage{n}" for n in range(1, 8)], ("features.8", "classifier")),
        (
            "mobilenetv2_100",
            [*(f"stage{n}" for n in (1, 2, 3, 4.1, 4.3, 4.4, 5, 6, 7)), "head"],
            ("features.8", "classifier"),
        ),
        ("resnet34", ["stage1", "stage2", "stage3", "stage4.1", "stage4.2"], ("layer4.2", "fc")),
        ("resnet50", ["stage1", "stage2", "stage3"], ("layer4", "fc")),
        (
            "densenet121",
            ["stage1"],
            (
                *(f"features.denseblock{n}" for n in (2, 3, 4)),
                *(f"features.transition{n}" for n in (2, 3)),
                "features.norm5",
                "classifier",
            ),
        ),
    ],
)
def test_what_trains_is_counted_by_torchvision(name, frozen, reference):
    path = {"mobilenetv2_100": "mobilenet_v2"}.get(name, name)
    counts = parameter_counts(whole(name, frozen=["stem", *frozen]))
    assert counts["trainable_parameters"] == torchvision_counts(path, *reference)


@pytest.mark.parametrize(
    ("frozen", "near"),
    [("stage9", "stage"), ("stm", "stem"), ("stage4.7", "stage4."), ("heed", "head"), ("classifier", "")],
)
def test_an_unknown_stage_and_the_one_near_it(frozen, near):
    with pytest.raises(InputError) as caught:
        whole("mobilenetv2_100", frozen=[frozen])
    assert caught.value.field == "network.encoder.frozen"
    assert frozen in caught.value.what
    assert re.match(rf"did you mean {re.escape(near)}.*\? It has stem, stage1, .*, head", caught.value.mend)


@pytest.fixture
def network():
    torch.manual_seed(0)
    return build(
        encoder={"name": "plain", "widths": [3, 4, 5], "frozen": ["stage1", "stage2"]},
        decoder={"widths": [4, 3]},
        classifier={},
    )


def learn(network, steps=3):
    optimizer = make_optimizer(network, OptimizerPart(name="adamw", lr=0.1, weight_decay=0.1))
    for _ in range(steps):
        said = network(torch.rand(4, 1, 16, 16))
        loss = said.mask_logits.square().mean() + said.class_logits.square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


def moved(network, before):
    return {name for name, value in network.state_dict().items() if not torch.equal(value, before[name])}


def copy_of(network):
    return {name: value.clone() for name, value in network.state_dict().items()}


def test_frozen_stages_keep_weights_and_running_statistics(network):
    before = copy_of(network)
    learn(network)
    still = {name for name in before if name.startswith(("encoder.levels.0.", "encoder.levels.1."))}
    assert any(name.endswith("running_mean") for name in still)
    assert moved(network, before) == set(before) - still


def test_frozen_norms_use_what_they_have_seen(network):
    norm = next(module for module in network.modules() if isinstance(module, nn.BatchNorm2d))
    batch = torch.rand(2, 1, 16, 16)
    with torch.no_grad():
        trained = network.train().encoder.levels[0](batch)
        measured = network.eval().encoder.levels[0](batch)
    assert torch.equal(trained, measured)
    assert not norm.training


def test_other_parts_have_the_mode_they_are_given(network):
    frozen = {id(m) for level in network.encoder.levels[:2] for m in level.modules()}
    for mode in (True, False, True):
        network.train(mode)
        norms = [m for m in network.modules() if isinstance(m, nn.BatchNorm2d)]
        assert all(norm.training == (mode and id(norm) not in frozen) for norm in norms)
        assert network.decoder.training == mode


def test_the_optimiser_holds_no_frozen_parameter(network):
    optimizer = make_optimizer(network, OptimizerPart())
    held = {id(p) for group in optimizer.param_groups for p in group["params"]}
    assert held == {id(p) for p in network.parameters() if p.requires_grad}
    assert len(held) < len(list(network.parameters()))


def test_a_thawed_network_learns_everywhere(network):
    thaw(network)
    before = copy_of(network)
    learn(network)
    assert moved(network, before) == set(before)
    counts = parameter_counts(network)
    assert counts["trainable_parameters"] == counts["parameters"]


def test_a_norm_without_weights_follows_its_network():
    network = build(encoder={"widths": [2, 2]}, classifier={})
    network.encoder.levels[0].layers[1] = nn.BatchNorm2d(2, affine=False)
    assert network.train().encoder.levels[0].layers[1].training
