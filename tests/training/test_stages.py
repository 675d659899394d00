"""The stages of a network add up to it."""

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from brainmtl.models.build import NetworkPart, build_network
from brainmtl.training.stages import list_stages

PLAIN = {"encoder": {"widths": [4, 8, 16]}, "decoder": {"widths": [8, 4]}, "classifier": {}}
TIMM = {
    "encoder": {"name": "test_efficientnet"},
    "decoder": {"widths": [16, 16, 8, 8, 8]},
    "classifier": {"hidden": [6]},
}
NETWORKS = {
    "joint": PLAIN,
    "attention": {**PLAIN, "decoder": {"widths": [8, 4], "attention": True}},
    "transposed": {**PLAIN, "decoder": {"widths": [8, 4], "upsampling": "transposed"}, "classifier": None},
    "deep": {**PLAIN, "decoder": {"widths": [8, 4], "deep_supervision": True}},
    "skipless": {
        "encoder": {"name": "pooling", "widths": [4, 8]},
        "decoder": {"name": "skipless", "widths": [8, 4]},
    },
    "timm": TIMM,
    "whole": {"encoder": {"name": "test_efficientnet"}, "classifier": {"whole": True}},
}


@pytest.mark.parametrize("name", NETWORKS)
def test_parameters_and_cost_add_up(name):
    network = build_network(NetworkPart.model_validate(NETWORKS[name]), pretrained=False).eval()
    stages = list_stages(network, 64)
    assert sum(stage.parameters for stage in stages) == sum(one.numel() for one in network.parameters())
    with FlopCounterMode(display=False) as counter, torch.inference_mode():
        network(torch.zeros(1, 1, 64, 64))
    assert sum(stage.macs for stage in stages) == counter.get_total_flops() // 2


def test_a_slice_goes_down_the_encoder_and_up_the_decoder_past_its_skips():
    network = build_network(NetworkPart.model_validate(NETWORKS["attention"])).eval()
    stages = {stage.name: stage for stage in list_stages(network, 64)}
    assert {name: stage.shape for name, stage in stages.items()} == {
        "stage1": (4, 64, 64), "stage2": (8, 32, 32), "stage3": (16, 16, 16),
        "up1": (8, 32, 32), "up2": (4, 64, 64), "mask": (1, 64, 64), "classes": (4,),
    }  # fmt: skip
    assert list(stages)[:3] == ["stage1", "stage2", "stage3"]
    assert (stages["up1"].takes, stages["up2"].takes) == ("stage2", "stage1")
    assert stages["up1"].attention
    rooms = [stages[name].room for name in ("stage1", "up1", "mask", "classes")]
    assert rooms == ["encoder", "decoder", "mask", "classes"]


def test_skips_of_an_encoder_of_timm_have_the_resolution_of_the_step():
    network = build_network(NetworkPart.model_validate(TIMM), pretrained=False).eval()
    stages = {stage.name: stage for stage in list_stages(network, 64)}
    taken = {stage.takes: stage for stage in stages.values() if stage.takes}
    assert len(taken) == 4
    assert all(stages[name].shape[1:] == stage.shape[1:] for name, stage in taken.items())
