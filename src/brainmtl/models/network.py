"""The network: an encoder, and then a decoder, a classifier, or both."""

from collections.abc import Sequence
from typing import Any, NamedTuple, cast

import torch
from torch import Tensor, nn

from brainmtl.errors import InputError
from brainmtl.labels import CLASSES, ClassName
from brainmtl.models.classifier import AmongClasses, ClassHead
from brainmtl.models.decoder import SkiplessDecoder, UNetDecoder
from brainmtl.models.encoders import GREY_MEAN, GREY_SD, PlainEncoder, PoolingEncoder, TimmEncoder
from brainmtl.models.freezing import Freezable
from brainmtl.models.gate import close_when_healthy
from brainmtl.models.lesion import pool_under_mask


class Outputs(NamedTuple):
    """What a network says of a batch; ``None`` where it has no such head.

    Attributes:
        mask_logits: ``(B, 1, H, W)``.
        class_logits: ``(B, 4)``, in the order of :data:`~brainmtl.labels.CLASSES`.
        coarse_logits: ``(B, L, H, W)``, masks that the decoder's coarser steps say, fine to coarse; only in
            training, and only of a decoder that is deep.
    """

    mask_logits: Tensor | None
    class_logits: Tensor | None
    coarse_logits: Tensor | None = None


class Network(Freezable):
    """One encoder shared by a decoder, a class head, or both.

    Args:
        encoder: gives ``channels``, ``strides`` and a list of feature maps.
        decoder: feature maps to mask logits.
        classifier: the coarsest feature map to class logits.
        lesion: the classifier also sees every feature map pooled under the predicted mask.
        gated: outside of training, a slice that is called ``no_tumor`` has no mask.
    """

    def __init__(
        self,
        encoder: PlainEncoder | PoolingEncoder | TimmEncoder,
        decoder: UNetDecoder | SkiplessDecoder | None,
        classifier: ClassHead | None,
        lesion: bool = False,
        gated: bool = False,
    ) -> None:
        super().__init__()
        self.encoder, self.decoder, self.classifier = encoder, decoder, classifier
        self.stride, self.channels = encoder.strides[-1], encoder.inputs
        self.lesion, self.gated = lesion, gated

    def forward(self, x: Tensor) -> Outputs:
        """Map slices with their neighbours, ``(B, channels, H, W)`` in [0, 1], to :class:`Outputs`.

        A slice alone, ``(B, 1, H, W)``, stands for its neighbours.

        Raises:
            InputError: height or width is not a multiple of the coarsest stride.
        """
        return self._answer(self.encoder(checked(x, self.channels, self.stride)))

    def describe(self, x: Tensor) -> tuple[Outputs, Tensor]:
        """:meth:`forward`, and the mean of each of the encoder's feature maps, ``(B, sum(channels))``."""
        features = self.encoder(checked(x, self.channels, self.stride))
        return self._answer(features), torch.cat([maps.mean(dim=(2, 3)) for maps in features], dim=1)

    def _answer(self, features: list[Tensor]) -> Outputs:
        masks = self.decoder(features) if self.decoder is not None else None
        coarse = None
        if masks is not None and masks.shape[1] > 1:
            masks, coarse = masks[:, :1], masks[:, 1:]
        classes = self._classify(features, masks)
        if self.gated and not self.training and masks is not None and classes is not None:
            masks = close_when_healthy(masks, classes)
        return Outputs(masks, classes, coarse)

    def _classify(self, features: list[Tensor], masks: Tensor | None) -> Tensor | None:
        if self.classifier is None:
            return None
        if not self.lesion or masks is None:
            return cast(Tensor, self.classifier(features[-1]))
        beside = pool_under_mask(masks, features, self.encoder.strides)
        return cast(Tensor, self.classifier(features[-1], beside))


class WholeClassifier(Freezable):
    """A timm network as it is, its own last layer giving the class logits.

    Args:
        network: created with ``num_classes`` set.
        classes: those it knows, in the order of its logits.
        channels: its input channels.
    """

    def __init__(self, network: nn.Module, classes: Sequence[ClassName] = CLASSES, channels: int = 1) -> None:
        super().__init__()
        self.network, self.channels = network, channels
        self.among = AmongClasses(classes)

    @property
    def last_layer(self) -> nn.Module:
        """What gives the class logits; it is never pretrained."""
        return cast(nn.Module, cast(Any, self.network).get_classifier())

    def forward(self, x: Tensor) -> Outputs:
        """Map slices, as :meth:`Network.forward`, to :class:`Outputs` without a mask."""
        slices = checked(x, self.channels, 1)
        return Outputs(None, self.among(self.network((slices - GREY_MEAN) / GREY_SD)))

    def describe(self, x: Tensor) -> tuple[Outputs, Tensor]:
        """:meth:`forward`, and what its last layer saw, ``(B, D)``."""
        network, slices = cast(Any, self.network), checked(x, self.channels, 1)
        features = network.forward_features((slices - GREY_MEAN) / GREY_SD)
        answer = Outputs(None, self.among(network.forward_head(features)))
        return answer, network.forward_head(features, pre_logits=True)


def checked(x: Tensor, channels: int, stride: int) -> Tensor:
    """A batch as the network takes it: where slices come alone, each repeated in place of its neighbours.

    Args:
        x: a batch.
        channels: the network's.
        stride: what height and width must be multiples of.

    Returns:
        ``(B, channels, H, W)``.

    Raises:
        InputError: the shape is not that, nor ``(B, 1, H, W)``, with H and W multiples of the stride.
    """
    if x.ndim != 4 or x.shape[1] not in (1, channels):
        asked = "one grey channel" if channels == 1 else f"one grey channel or {channels}"
        raise InputError(f"a batch of shape {tuple(x.shape)}", field="image", mend=f"(B, 1, H, W), {asked}")
    if x.shape[2] % stride or x.shape[3] % stride:
        raise InputError(
            f"slices of {x.shape[3]}×{x.shape[2]} pixels", field="data.size", mend=f"a multiple of {stride}"
        )
    return x if x.shape[1] == channels else x.expand(-1, channels, -1, -1)
