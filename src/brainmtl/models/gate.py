"""A gate from the class to the mask."""

import torch
from torch import Tensor

from brainmtl.labels import CLASSES, HEALTHY

NO_MASK = -20.0
"""A logit whose sigmoid is 2e-9, and which a loss still bears."""


def close_when_healthy(mask_logits: Tensor, class_logits: Tensor) -> Tensor:
    """Empty the mask of each slice that is called ``no_tumor``; other masks stay as they are.

    Args:
        mask_logits: ``(B, 1, H, W)``.
        class_logits: ``(B, 4)``, in the order of :data:`~brainmtl.labels.CLASSES`.
    """
    place = CLASSES.index(HEALTHY)
    tumour = torch.cat((class_logits[:, :place], class_logits[:, place + 1 :]), dim=1).amax(dim=1)
    healthy = (class_logits[:, place] > tumour)[:, None, None, None]
    return torch.where(healthy, NO_MASK, mask_logits)
