"""Losses against torchvision, Keras, scikit-learn, MONAI and plain sums; gradients by finite differences."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from monai.losses import DiceLoss
from sklearn.metrics import log_loss
from torchvision.ops import sigmoid_focal_loss

from brainmtl.models.build import NetworkPart, build_network
from brainmtl.models.network import Outputs
from brainmtl.training.losses import (
    binary_focal_loss,
    categorical_focal_loss,
    class_loss,
    joint_loss,
    mask_loss,
    soft_dice_loss,
)
from brainmtl.training.recipe import LossPart

SMOOTH = st.floats(0.01, 10)
OVER = st.sampled_from(["slice", "batch"])
ALPHA, GAMMA = st.floats(0, 2), st.sampled_from([0.0, 0.5, 1.0, 2.0, 3.5])


def batch(seed=0, count=3, side=6, share=0.3):
    chance = torch.Generator().manual_seed(seed)
    logits = torch.randn(count, 1, side, side, generator=chance, dtype=torch.float64) * 2
    masks = (torch.rand(count, 1, side, side, generator=chance) < share).double()
    return logits, masks


def classes(count=5, seed=1):
    logits = torch.randn(count, 4, generator=torch.Generator().manual_seed(seed), dtype=torch.float64) * 2
    return logits, torch.arange(count) % 4


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


@given(seed=st.integers(0, 99), alpha=ALPHA, gamma=GAMMA)
def test_binary_focal_by_the_equation(seed, alpha, gamma):
    """Ferreira et al. 2024, eq. 4, as it is printed."""
    logits, masks = batch(seed)
    p, y = 1 / (1 + np.exp(-logits.numpy())), masks.numpy()
    loss = -y * alpha * (1 - p) ** gamma * np.log(p) - (1 - y) * alpha * p**gamma * np.log(1 - p)
    assert binary_focal_loss(logits, masks, alpha, gamma).item() == pytest.approx(loss.mean())


@given(seed=st.integers(0, 99), alpha=ALPHA, gamma=GAMMA)
def test_binary_focal_is_torchvision_s_where_sides_weigh_alike(seed, alpha, gamma):
    logits, masks = batch(seed)
    unweighted = sigmoid_focal_loss(logits, masks, alpha=-1, gamma=gamma, reduction="mean").item()
    half = sigmoid_focal_loss(logits, masks, alpha=0.5, gamma=gamma, reduction="mean").item()
    assert binary_focal_loss(logits, masks, alpha, gamma).item() == pytest.approx(alpha * unweighted)
    assert binary_focal_loss(logits, masks, 0.5, gamma).item() == pytest.approx(half)


@pytest.mark.parametrize("gamma", [0.0, 0.5, 2.0])
def test_categorical_focal_is_keras_s(keras, gamma):
    logits, labels = classes(count=9)
    reference = keras.losses.CategoricalFocalCrossentropy(alpha=0.25, gamma=gamma, from_logits=True)
    expected = reference(torch.eye(4)[labels], logits).item()
    assert categorical_focal_loss(logits, labels, 0.25, gamma).item() == pytest.approx(expected, rel=1e-5)


def test_focal_losses_without_focus_are_cross_entropies():
    logits, masks = batch()
    plain = torch.nn.functional.binary_cross_entropy_with_logits(logits, masks).item()
    assert binary_focal_loss(logits, masks, 0.7, 0).item() == pytest.approx(0.7 * plain)
    logits, labels = classes()
    plain = torch.nn.functional.cross_entropy(logits, labels).item()
    assert categorical_focal_loss(logits, labels, 0.7, 0).item() == pytest.approx(0.7 * plain)


@pytest.mark.parametrize("gamma", [0.0, 0.5, 1.0, 2.0])
@pytest.mark.parametrize("size", [30.0, 1000.0])
def test_focal_losses_bear_any_logit(gamma, size):
    masks, labels = torch.tensor([0.0, 1.0, 0.0, 1.0]).view(4, 1, 1, 1), torch.arange(4)
    logits = (torch.tensor([-1.0, -1.0, 1.0, 1.0]) * size).view(4, 1, 1, 1).requires_grad_()
    scores = (torch.eye(4)[[0, 1, 0, 1]] * size).requires_grad_()
    for loss, given_ in (
        (binary_focal_loss(logits, masks, 1, gamma), logits),
        (categorical_focal_loss(scores, labels, 1, gamma), scores),
    ):
        assert loss.item() == pytest.approx(size / 2)
        loss.backward()
        assert torch.isfinite(given_.grad).all()


@given(
    seed=st.integers(0, 99),
    bce=st.sampled_from([0.0, 0.5, 2.0]),
    dice=st.sampled_from([0.0, 1.5]),
    focal=st.sampled_from([0.0, 0.6]),
    smooth=SMOOTH,
    over=OVER,
)
def test_mask_loss_is_the_weighted_sum(seed, bce, dice, focal, smooth, over):
    logits, masks = batch(seed)
    part = LossPart(
        bce=bce,
        binary_focal=focal,
        focal_alpha=0.3,
        focal_gamma=1,
        dice=dice,
        dice_smooth=smooth,
        dice_over=over,
    )
    entropy = log_loss(masks.flatten().numpy(), torch.sigmoid(logits).flatten().numpy(), labels=[0, 1])
    focused = 0.6 * sigmoid_focal_loss(logits, masks, alpha=0.5, gamma=1, reduction="mean").item()
    expected = bce * entropy + dice * soft_dice_loss(logits, masks, smooth, over).item() + focal * focused
    assert mask_loss(logits, masks, part).item() == pytest.approx(expected)


@pytest.mark.parametrize("entropy", [0.0, 0.5])
@pytest.mark.parametrize("focal", [0.0, 2.0])
def test_class_loss_is_the_weighted_sum(entropy, focal):
    logits, labels = classes()
    part = LossPart(cross_entropy=entropy, categorical_focal=focal, focal_alpha=0.3, focal_gamma=1)
    p = logits.softmax(1).numpy()[np.arange(5), labels]
    expected = (-entropy * np.log(p) - focal * 0.3 * (1 - p) * np.log(p)).mean()
    assert class_loss(logits, labels, part).item() == pytest.approx(expected)


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
    logits, labels = classes()
    known = torch.ones(5, dtype=torch.bool)
    part = LossPart(label_smoothing=smoothing)
    found = joint_loss(Outputs(None, logits), torch.zeros(5, 1, 1, 1), labels, known, known, part).classes
    surprise = -np.log(logits.softmax(1).numpy())
    own = surprise[np.arange(5), labels].mean()
    assert found.item() == pytest.approx((1 - smoothing) * own + smoothing * surprise.mean())


@pytest.mark.parametrize("gamma", [0.0, 0.5, 2.0])
@pytest.mark.parametrize("over", ["slice", "batch"])
def test_gradients_are_right(over, gamma):
    logits, masks = batch(count=2, side=3)
    scores, _ = classes(count=2)
    labels, known = torch.tensor([3, 1]), torch.tensor([True, True])
    focal = {"binary_focal": 0.8, "categorical_focal": 0.9, "focal_gamma": gamma}
    part = LossPart(dice_over=over, label_smoothing=0.1, mask_weight=0.7, class_weight=1.3, **focal)

    def total(mask_logits, class_logits):
        return joint_loss(Outputs(mask_logits, class_logits), masks, labels, known, known, part).total

    assert torch.autograd.gradcheck(total, (logits.requires_grad_(), scores.requires_grad_()))


@given(known=st.lists(st.tuples(st.booleans(), st.booleans()), min_size=4, max_size=4))
def test_a_slice_trains_only_what_is_known_of_it(known):
    logits, masks = batch(count=4)
    scores, _ = classes(count=4)
    logits.requires_grad_()
    scores.requires_grad_()
    mask_known, label_known = (torch.tensor(column) for column in zip(*known, strict=True))
    losses = joint_loss(Outputs(logits, scores), masks, torch.arange(4), mask_known, label_known, LossPart())
    if not losses.total.requires_grad:
        assert not (mask_known | label_known).any()
        assert losses.total.item() == 0
        return
    losses.total.backward()
    for tensor, told in ((logits, mask_known), (scores, label_known)):
        gradient = torch.zeros_like(tensor) if tensor.grad is None else tensor.grad
        assert torch.equal(gradient.flatten(1).abs().sum(1) > 0, told)
    alone = joint_loss(
        Outputs(logits[mask_known], scores[label_known]),
        masks[mask_known],
        torch.arange(4)[label_known],
        mask_known[mask_known],
        label_known[label_known],
        LossPart(),
    )
    assert losses.mask.item() == pytest.approx(alone.mask.item())
    assert losses.classes.item() == pytest.approx(alone.classes.item())


@given(known=st.lists(st.tuples(st.booleans(), st.booleans()), min_size=4, max_size=4))
def test_over_the_batch_what_is_unknown_counts_zero(known):
    """Ferreira et al. 2024: of a slice without a mask, only the first component of eq. 1."""
    logits, masks = batch(count=4)
    scores, labels = classes(count=4)
    focal = {"bce": 0, "binary_focal": 1, "cross_entropy": 0, "categorical_focal": 1}
    part = LossPart(mean_over="batch", mask_weight=0.7, class_weight=1.3, **focal)
    expected = 0.0
    for number, (masked, labelled) in enumerate(known):
        one = slice(number, number + 1)
        expected += 0.7 * masked * mask_loss(logits[one], masks[one], part).item() / 4
        expected += 1.3 * labelled * class_loss(scores[one], labels[one], part).item() / 4
    told = (torch.tensor(column) for column in zip(*known, strict=True))
    assert joint_loss(Outputs(logits, scores), masks, labels, *told, part).total.item() == pytest.approx(
        expected
    )


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


def test_coarser_steps_count_half_of_the_finer():
    chance = torch.Generator().manual_seed(3)
    fine, coarse = (torch.randn(3, depth, 8, 8, generator=chance) for depth in (1, 2))
    masks = (torch.rand(3, 1, 8, 8, generator=chance) > 0.6).float()
    known, labels = torch.tensor([True, False, True]), torch.zeros(3, dtype=torch.long)
    found = joint_loss(Outputs(fine, None, coarse), masks, labels, known, known, LossPart())
    single = [mask_loss(one[known], masks[known], LossPart()) for one in (fine, coarse[:, :1], coarse[:, 1:])]
    assert found.mask.item() == pytest.approx((4 * single[0] + 2 * single[1] + single[2]).item() / 7)


def test_the_tasks_add_up_to_the_total():
    part = LossPart(mask_weight=2, class_weight=0.5)
    known, labels = torch.ones(2, dtype=torch.bool), torch.tensor([0, 3])
    outputs = Outputs(torch.randn(2, 1, 4, 4), torch.randn(2, 4))
    found = joint_loss(outputs, torch.ones(2, 1, 4, 4), labels, known, known, part)
    assert [task.item() for task in found.tasks] == pytest.approx(
        [2 * found.mask.item(), 0.5 * found.classes.item()]
    )
    assert found.total.item() == pytest.approx(sum(task.item() for task in found.tasks))
