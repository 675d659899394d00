"""What a network is trained to make small."""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from brainmtl.models.network import Outputs
from brainmtl.training.recipe import LossPart


class Losses(NamedTuple):
    """The mask loss and the class loss, means over what is known (zero where nothing is), and their sum.

    Attributes:
        total: the sum of ``tasks``.
        mask: as it is.
        classes: as it is.
        tasks: the mask loss and the class loss, each times its weight; without a gradient where nothing of
            the batch is known.
    """

    total: Tensor
    mask: Tensor
    classes: Tensor
    tasks: tuple[Tensor, Tensor]


def soft_dice_loss(logits: Tensor, masks: Tensor, smooth: float, over: str = "slice") -> Tensor:
    """One minus the soft Dice, ``1 - (2·Σpm + s) / (Σp + Σm + s)``.

    Args:
        logits: ``(B, 1, H, W)``.
        masks: ``(B, 1, H, W)`` in {0, 1}.
        smooth: ``s``; with ``s > 0`` an empty mask asks for an empty answer.
        over: ``"slice"``, the mean over slices; or ``"batch"``, all pixels as one.

    Returns:
        A scalar in [0, 1].
    """
    share = torch.sigmoid(_precise(logits))
    dims = (1, 2, 3) if over == "slice" else (0, 1, 2, 3)
    overlap = (share * masks).sum(dims)
    return (1 - (2 * overlap + smooth) / (share.sum(dims) + masks.sum(dims) + smooth)).mean()


def binary_focal_loss(logits: Tensor, masks: Tensor, alpha: float = 0.25, gamma: float = 2.0) -> Tensor:
    """Focal loss ``-α·m·(1 - p)^γ·log p - α·(1 - m)·p^γ·log(1 - p)``, the mean over all pixels.

    Ferreira et al. 2024, eq. 4: α weighs both sides alike; Lin et al. 2017 weigh one against the other.

    Args:
        logits: ``(B, 1, H, W)``.
        masks: ``(B, 1, H, W)`` in {0, 1}.
        alpha: α, 0 or more.
        gamma: γ, 0 or more.

    Returns:
        A scalar, 0 or more.
    """
    logits = _precise(logits)
    log_p, log_q = functional.logsigmoid(logits), functional.logsigmoid(-logits)
    tumour, healthy = torch.exp(gamma * log_q) * log_p, torch.exp(gamma * log_p) * log_q
    return -alpha * (masks * tumour + (1 - masks) * healthy).mean()


def categorical_focal_loss(logits: Tensor, labels: Tensor, alpha: float = 0.25, gamma: float = 2.0) -> Tensor:
    """Focal loss ``-α·(1 - p)^γ·log p`` of the right class's probability, the mean over slices.

    Ferreira et al. 2024, eq. 2.

    Args:
        logits: ``(B, C)``.
        labels: class numbers ``(B,)``.
        alpha: α, 0 or more.
        gamma: γ, 0 or more.

    Returns:
        A scalar, 0 or more.
    """
    log_p = -functional.cross_entropy(_precise(logits), labels, reduction="none")
    # Not 0, where a power has no slope.
    others = (-torch.expm1(log_p)).clamp(min=torch.finfo(log_p.dtype).tiny)
    return -alpha * (others**gamma * log_p).mean()


def mask_loss(logits: Tensor, masks: Tensor, part: LossPart) -> Tensor:
    """Weighted sum of binary cross-entropy, focal loss and soft Dice.

    Args:
        logits: ``(B, 1, H, W)``.
        masks: ``(B, 1, H, W)`` in {0, 1}.
        part: the weights.
    """
    logits = _precise(logits)
    loss = logits.new_zeros(())
    if part.bce:
        loss = loss + part.bce * functional.binary_cross_entropy_with_logits(logits, masks)
    if part.binary_focal:
        focal = binary_focal_loss(logits, masks, part.focal_alpha, part.focal_gamma)
        loss = loss + part.binary_focal * focal
    if part.dice:
        loss = loss + part.dice * soft_dice_loss(logits, masks, part.dice_smooth, part.dice_over)
    return loss


def class_loss(logits: Tensor, labels: Tensor, part: LossPart) -> Tensor:
    """Weighted sum of cross-entropy and focal loss.

    Args:
        logits: ``(B, C)``.
        labels: class numbers ``(B,)``.
        part: the weights.
    """
    logits = _precise(logits)
    loss = logits.new_zeros(())
    if part.cross_entropy:
        entropy = functional.cross_entropy(logits, labels, label_smoothing=part.label_smoothing)
        loss = loss + part.cross_entropy * entropy
    if part.categorical_focal:
        focal = categorical_focal_loss(logits, labels, part.focal_alpha, part.focal_gamma)
        loss = loss + part.categorical_focal * focal
    return loss


def _precise(logits: Tensor) -> Tensor:
    """At least float32: sums over a slice's pixels are beyond bf16."""
    return logits.to(torch.promote_types(logits.dtype, torch.float32))


def joint_loss(
    outputs: Outputs, masks: Tensor, labels: Tensor, mask_known: Tensor, label_known: Tensor, part: LossPart
) -> Losses:
    """The loss of a batch in which masks and labels may be partly unknown.

    Args:
        outputs: of the network.
        masks: ``(B, 1, H, W)`` in {0, 1}.
        labels: class numbers ``(B,)``.
        mask_known: bool ``(B,)``; other slices leave the decoder alone.
        label_known: bool ``(B,)``; other slices leave the classifier alone.
        part: weights and settings.
    """
    zero = torch.zeros((), device=masks.device)
    of_mask = of_class = zero
    if outputs.mask_logits is not None and mask_known.any():
        of_mask = _mask_losses(outputs.mask_logits, outputs.coarse_logits, masks, mask_known, part)
    if outputs.class_logits is not None and label_known.any():
        of_class = class_loss(outputs.class_logits[label_known], labels[label_known], part)
    masked, labelled = (
        (1.0, 1.0) if part.mean_over == "known" else (mask_known.float().mean(), label_known.float().mean())
    )
    tasks = (part.mask_weight * masked * of_mask, part.class_weight * labelled * of_class)
    return Losses(tasks[0] + tasks[1], of_mask, of_class, tasks)


def _mask_losses(
    logits: Tensor, coarse: Tensor | None, masks: Tensor, mask_known: Tensor, part: LossPart
) -> Tensor:
    """The mask loss; where coarser steps are supervised the mean over steps, each counting half of the finer
    one (Isensee et al., nnU-Net, Nature Methods 18:203, 2021)."""
    truth = masks[mask_known]
    fine = mask_loss(logits[mask_known], truth, part)
    if coarse is None:
        return fine
    losses = [fine, *(mask_loss(level[:, None], truth, part) for level in coarse[mask_known].unbind(1))]
    shares = torch.tensor([0.5**number for number in range(len(losses))], device=fine.device)
    return (torch.stack(losses) * shares / shares.sum()).sum()
