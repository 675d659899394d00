"""Deep supervision: every step of the decoder says a mask, in training and nowhere else."""

import pytest
import torch
from torch.nn import functional

from brainmtl.errors import InputError
from brainmtl.models.build import NetworkPart, build_network
from brainmtl.models.decoder import UNetDecoder


def decoder(**options):
    torch.manual_seed(0)
    return UNetDecoder((4, 6, 8, 10), (1, 2, 4, 8), options.pop("widths", (8, 6, 4)), **options)


def features(side=16):
    chance = torch.Generator().manual_seed(1)
    return [
        torch.rand(2, channels, side // stride, side // stride, generator=chance)
        for channels, stride in ((4, 1), (6, 2), (8, 4), (10, 8))
    ]


def test_the_finest_mask_is_that_of_a_decoder_without_it():
    deep, plain = decoder(deep=True), decoder()
    assert torch.equal(deep.train()(features())[:, :1], plain.train()(features()))
    assert torch.equal(deep.eval()(features()), plain.eval()(features()))


@pytest.mark.parametrize("stride", [1, 2])
def test_coarse_masks_are_those_of_the_steps_enlarged_fine_to_coarse(stride):
    deep = decoder(deep=True, stride=stride, widths=(8, 6, 4)[: 3 - (stride > 1)])
    outputs = []
    for step in deep.steps:
        step.register_forward_hook(lambda module, inputs, output: outputs.append(output))
    found = deep.train()(features())
    assert found.shape == (2, len(deep.steps), 16, 16)
    coarsest = deep.coarse_heads[0](outputs[0])
    assert coarsest.shape[-1] == 4
    torch.testing.assert_close(
        found[:, -1:], functional.interpolate(coarsest, size=(16, 16), mode="bilinear")
    )


def test_without_it_a_state_has_no_name_more():
    names = set(decoder().state_dict())
    assert set(decoder(deep=True).state_dict()) - names == {
        f"coarse_heads.{number}.{kind}" for number in (0, 1) for kind in ("weight", "bias")
    }


def test_a_decoder_without_skips_says_one_mask():
    part = {
        "encoder": {"name": "pooling", "widths": [4, 8]},
        "decoder": {"name": "skipless", "widths": [8, 4], "deep_supervision": True},
    }
    with pytest.raises(InputError, match=r"network\.decoder\.deep_supervision"):
        build_network(NetworkPart.model_validate(part))
