"""Losses against torch, scikit-learn, MONAI and plain sums; gradients against finite differences."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from monai.losses import DiceLoss
from sklearn.metrics import log_loss

from brainmtl.models.build import NetworkPart, build_network
from brainmtl.models.network import Outputs
from brainmtl.training.losses import joint_loss, mask_loss, soft_dice_loss
from brainmtl.training.recipe import LossPart

SMOOTH = st.floats(0.01, 10)
OVER = st.sampled_from(["slice", "batch"])


def batch(seed=0, count=3, side=6, share=0.3):
    chance = torch.Generator().manual_seed(seed)
    logits = torch.randn(count, 1, side, side, generator=chance, dtype=torch.float64) * 2
    masks = (torch.rand(count, 1, side, side, generator=chance) < share).double()
    return logits, masks


@given(seed=st.integers(0, 99), smooth=SMOOTH, over=OVER, share=st.floats(0, 1))
def test_soft_dice_by_the_formula(seed, smooth, over, share):
    logits, masks = batch(seed, share=share)
    p, m = 1 / (1 + np.exp(-logits.numpy())), masks.numpy()
    axes = (1, 2, 3) if over == "slice" else None
    dice = (2 * (p * m).sum(axes) + smooth) / (p.sum(axes) + m.sum(axes) + smooth)
    assert soft_dice_loss(logits, masks, smooth, over).item() == pytest.approx(1 - dice.mean())


@given(seed=st.integers(0, 99), smooth=SMOOTH, over=OVER)
def test_soft_dice_as_monai_has_it(seed, smooth, over):
    logits, masks = batch(seed)
    reference = DiceLoss(sigmoid=True, smooth_nr=smooth, smooth_dr=smooth, batch=over == "batch")
    assert soft_dice_loss(logits, masks, smooth, over).item() == pytest.approx(
        reference(logits, masks).item()
    )


def test_soft_dice_of_an_empty_mask_asks_for_an_empty_answer():
    empty = torch.zeros(1, 1, 8, 8)
    losses = [soft_dice_loss(torch.full_like(empty, logit), empty, 1.0).item() for logit in (-20, 0, 20)]
    assert losses[0] == pytest.approx(0, abs=1e-5)
    assert losses[0] < losses[1] < losses[2] < 1


@given(
    seed=st.integers(0, 99),
    bce=st.sampled_from([0.0, 0.5, 2.0]),
    dice=st.sampled_from([0.0, 1.5]),
    smooth=SMOOTH,
    over=OVER,
)
def test_mask_loss_is_the_weighted_sum(seed, bce, dice, smooth, over):
    logits, masks = batch(seed)
    part = LossPart(bce=bce, dice=dice, dice_smooth=smooth, dice_over=over)
    entropy = log_loss(masks.flatten().numpy(), torch.sigmoid(logits).flatten().numpy(), labels=[0, 1])
    expected = bce * entropy + dice * soft_dice_loss(logits, masks, smooth, over).item()
    assert mask_loss(logits, masks, part).item() == pytest.approx(expected)


def test_class_loss_is_scikit_learn_s():
    chance = torch.Generator().manual_seed(0)
    logits = torch.randn(9, 4, generator=chance, dtype=torch.float64)
    labels = torch.arange(9) % 4
    known = torch.ones(9, dtype=torch.bool)
    losses = joint_loss(Outputs(None, logits), torch.zeros(9, 1, 2, 2), labels, ~known, known, LossPart())
    expected = log_loss(labels.numpy(), logits.softmax(1).numpy(), labels=range(4))
    assert losses.classes.item() == losses.total.item() == pytest.approx(expected)
    assert losses.mask.item() == 0


@given(smoothing=st.floats(0, 1))
def test_label_smoothing_mixes_in_all_classes_equally(smoothing):
    logits = torch.randn(5, 4, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    labels, known = torch.tensor([0, 1, 2, 3, 0]), torch.ones(5, dtype=torch.bool)
    part = LossPart(label_smoothing=smoothing)
    found = joint_loss(Outputs(None, logits), torch.zeros(5, 1, 1, 1), labels, known, known, part).classes
    surprise = -np.log(logits.softmax(1).numpy())
    own = surprise[np.arange(5), labels].mean()
    assert found.item() == pytest.approx((1 - smoothing) * own + smoothing * surprise.mean())


@pytest.mark.parametrize("over", ["slice", "batch"])
def test_gradients_are_right(over):
    logits, masks = batch(count=2, side=3)
    classes = torch.randn(2, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(2))
    labels, known = torch.tensor([3, 1]), torch.tensor([True, True])
    part = LossPart(dice_over=over, label_smoothing=0.1, mask_weight=0.7, class_weight=1.3)

    def total(mask_logits, class_logits):
        return joint_loss(Outputs(mask_logits, class_logits), masks, labels, known, known, part).total

    assert torch.autograd.gradcheck(total, (logits.requires_grad_(), classes.requires_grad_()))


@given(known=st.lists(st.tuples(st.booleans(), st.booleans()), min_size=4, max_size=4))
def test_a_slice_trains_only_what_is_known_of_it(known):
    logits, masks = batch(count=4)
    classes = torch.randn(4, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(3))
    logits.requires_grad_()
    classes.requires_grad_()
    mask_known, label_known = (torch.tensor(column) for column in zip(*known, strict=True))
    losses = joint_loss(Outputs(logits, classes), masks, torch.arange(4), mask_known, label_known, LossPart())
    if not losses.total.requires_grad:
        assert not (mask_known | label_known).any()
        assert losses.total.item() == 0
        return
    losses.total.backward()
    for tensor, told in ((logits, mask_known), (classes, label_known)):
        gradient = torch.zeros_like(tensor) if tensor.grad is None else tensor.grad
        assert torch.equal(gradient.flatten(1).abs().sum(1) > 0, told)
    alone = joint_loss(
        Outputs(logits[mask_known], classes[label_known]),
        masks[mask_known],
        torch.arange(4)[label_known],
        mask_known[mask_known],
        label_known[label_known],
        LossPart(),
    )
    assert losses.mask.item() == pytest.approx(alone.mask.item())
    assert losses.classes.item() == pytest.approx(alone.classes.item())


@pytest.mark.parametrize(("masked", "labelled"), [(True, False), (False, True)])
def test_the_other_head_gets_no_gradient_at_all(masked, labelled):
    torch.manual_seed(0)
    part = {"encoder": {"widths": [4, 8]}, "decoder": {"widths": [4]}, "classifier": {}}
    network = build_network(NetworkPart.model_validate(part))
    mask_known, label_known = torch.full((4,), masked), torch.full((4,), labelled)
    masks = torch.zeros(4, 1, 16, 16)
    masks[:, :, 4:9, 4:9] = 1
    outputs = network(torch.rand(4, 1, 16, 16))
    joint_loss(outputs, masks, torch.arange(4), mask_known, label_known, LossPart()).total.backward()

    def learns(module):
        return [p.grad is not None and bool(p.grad.abs().sum() > 0) for p in module.parameters()]

    assert all(learns(network.encoder))
    assert all(learns(network.decoder)) if masked else not any(learns(network.decoder))
    assert all(learns(network.classifier)) if labelled else not any(learns(network.classifier))


def test_sums_are_precise_in_bf16():
    """A slice of 256×256 has more pixels than bf16 can count."""
    logits = torch.full((1, 1, 256, 256), -3.0)
    masks = torch.zeros_like(logits)
    masks[..., :20, :20] = 1
    part = LossPart()
    exact, rough = mask_loss(logits.double(), masks.double(), part), mask_loss(logits.bfloat16(), masks, part)
    assert rough.dtype == torch.float32
    assert rough.item() == pytest.approx(exact.item(), rel=1e-5)
