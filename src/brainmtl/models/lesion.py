"""What an encoder sees where the mask is."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional


def pool_under_mask(mask_logits: Tensor, features: Sequence[Tensor], strides: Sequence[int]) -> Tensor:
    """The mean of each feature map over the predicted mask, ``Σ p·f / (Σ p + 1)`` over the pixels of a slice.

    An empty mask gives 0. No gradient goes into the mask: the classifier does not move it.

    Args:
        mask_logits: ``(B, 1, H, W)``.
        features: ``(B, C, H / stride, W / stride)`` each.
        strides: of the feature maps.

    Returns:
        ``(B, ΣC)``.
    """
    share = torch.sigmoid(mask_logits.detach())
    pixels = share.sum(dim=(2, 3)) + 1
    found = []
    for maps, stride in zip(features, strides, strict=True):
        coarse = functional.avg_pool2d(share, stride) * stride**2
        found.append((coarse * maps).sum(dim=(2, 3)) / pixels)
    return torch.cat(found, dim=1)
