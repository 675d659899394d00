"""What a network is trained to make small."""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from brainmtl.models.network import Outputs
from brainmtl.training.recipe import LossPart


class Losses(NamedTuple):
    """The mask loss, the class loss (zero where nothing of the batch is labelled), and their weighted sum."""

    total: Tensor
    mask: Tensor
    classes: Tensor


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


def mask_loss(logits: Tensor, masks: Tensor, part: LossPart) -> Tensor:
    """Weighted sum of binary cross-entropy and soft Dice.

    Args:
        logits: ``(B, 1, H, W)``.
        masks: ``(B, 1, H, W)`` in {0, 1}.
        part: the weights.
    """
    logits = _precise(logits)
    loss = logits.new_zeros(())
    if part.bce:
        loss = loss + part.bce * functional.binary_cross_entropy_with_logits(logits, masks)
    if part.dice:
        loss = loss + part.dice * soft_dice_loss(logits, masks, part.dice_smooth, part.dice_over)
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
        of_mask = mask_loss(outputs.mask_logits[mask_known], masks[mask_known], part)
    if outputs.class_logits is not None and label_known.any():
        of_class = functional.cross_entropy(
            _precise(outputs.class_logits[label_known]),
            labels[label_known],
            label_smoothing=part.label_smoothing,
        )
    return Losses(part.mask_weight * of_mask + part.class_weight * of_class, of_mask, of_class)
