"""Where a network looks when it names a class: Grad-CAM (Selvaraju et al., ICCV 2017), by Captum."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from brainmtl.errors import InputError
from brainmtl.models.network import Network, WholeClassifier


def class_maps(
    network: Network | WholeClassifier, squares: NDArray[np.uint8], classes: NDArray[np.int64]
) -> NDArray[np.float32]:
    """What of the coarsest feature maps speaks for a class.

    Args:
        network: in eval mode, with a class head.
        squares: uint8 ``(B, S, S)``.
        classes: int64 ``(B,)``, indices of :data:`~brainmtl.labels.CLASSES`.

    Returns:
        float32 ``(B, S, S)``, 0 or more, interpolated from the maps; its unit is the network's own.

    Raises:
        InputError: the network has no class head, or no feature maps.
    """
    from captum.attr import LayerAttribution, LayerGradCam

    if isinstance(network, Network) and network.classifier is None:
        raise InputError("has no class head", field="network.classifier", mend="choose a run that has one")
    seen, remove = watch(network)
    images = (
        torch.from_numpy(squares).unsqueeze(1) / 255.0
    ).requires_grad_()  # also where all else is frozen
    try:
        found = LayerGradCam(lambda x: network(x).class_logits, seen).attribute(
            images, target=torch.from_numpy(classes), relu_attributions=True
        )
    finally:
        remove()
    if found.ndim != 4:
        raise InputError("has no feature maps", field="network.encoder", mend="choose a convolutional one")
    maps = LayerAttribution.interpolate(found, squares.shape[1:], "bilinear")
    return np.asarray(maps.squeeze(1).detach().numpy(), np.float32)


def watch(network: Network | WholeClassifier) -> tuple[nn.Module, Callable[[], None]]:
    """Let the coarsest feature maps pass through a module of their own, where they can be watched.

    Args:
        network: it answers as before.

    Returns:
        The module, and what puts the network back as it was.
    """
    seen = nn.Identity()
    if isinstance(network, Network):

        def passed(_: nn.Module, __: Any, maps: list[Tensor]) -> list[Tensor]:
            return [*maps[:-1], seen(maps[-1])]

        return seen, network.encoder.register_forward_hook(passed).remove
    inner: Any = network.network
    forward = inner.forward_features
    inner.forward_features = lambda x: seen(forward(x))

    def remove() -> None:
        del inner.forward_features

    return seen, remove
