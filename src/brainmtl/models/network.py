"""The network: an encoder, and then a decoder, a classifier, or both."""

from collections.abc import Sequence
from typing import NamedTuple

from torch import Tensor, nn

from brainmtl.errors import InputError
from brainmtl.labels import CLASSES, ClassName
from brainmtl.models.classifier import AmongClasses, ClassHead
from brainmtl.models.decoder import SkiplessDecoder, UNetDecoder
from brainmtl.models.encoders import GREY_MEAN, GREY_SD, PlainEncoder, PoolingEncoder, TimmEncoder
from brainmtl.models.freezing import Freezable


class Outputs(NamedTuple):
    """What a network says of a batch; ``None`` where it has no such head.

    Attributes:
        mask_logits: ``(B, 1, H, W)``.
        class_logits: ``(B, 4)``, in the order of :data:`~brainmtl.labels.CLASSES`.
    """

    mask_logits: Tensor | None
    class_logits: Tensor | None


class Network(Freezable):
    """One encoder shared by a decoder, a class head, or both.

    Args:
        encoder: gives ``channels``, ``strides`` and a list of feature maps.
        decoder: feature maps to mask logits.
        classifier: the coarsest feature map to class logits.
    """

    def __init__(
        self,
        encoder: PlainEncoder | PoolingEncoder | TimmEncoder,
        decoder: UNetDecoder | SkiplessDecoder | None,
        classifier: ClassHead | None,
    ) -> None:
        super().__init__()
        self.encoder, self.decoder, self.classifier = encoder, decoder, classifier
        self.stride = encoder.strides[-1]

    def forward(self, x: Tensor) -> Outputs:
        """Map slices ``(B, 1, H, W)`` in [0, 1] to :class:`Outputs`.

        Raises:
            InputError: height or width is not a multiple of the coarsest stride.
        """
        check_input(x, self.stride)
        features = self.encoder(x)
        return Outputs(
            self.decoder(features) if self.decoder is not None else None,
            self.classifier(features[-1]) if self.classifier is not None else None,
        )


class WholeClassifier(Freezable):
    """A timm network as it is, its own last layer giving the class logits.

    Args:
        network: created with ``num_classes`` set.
        classes: those it knows, in the order of its logits.
    """

    def __init__(self, network: nn.Module, classes: Sequence[ClassName] = CLASSES) -> None:
        super().__init__()
        self.network = network
        self.among = AmongClasses(classes)

    def forward(self, x: Tensor) -> Outputs:
        """Map slices ``(B, 1, H, W)`` in [0, 1] to :class:`Outputs` without a mask."""
        check_input(x, 1)
        return Outputs(None, self.among(self.network((x - GREY_MEAN) / GREY_SD)))


def check_input(x: Tensor, stride: int) -> None:
    """Refuse a batch the network cannot take.

    Args:
        x: a batch.
        stride: what height and width must be multiples of.

    Raises:
        InputError: the shape is not ``(B, 1, H, W)`` with H and W multiples of the stride.
    """
    if x.ndim != 4 or x.shape[1] != 1:
        raise InputError(
            f"a batch of shape {tuple(x.shape)}", field="image", mend="(B, 1, H, W), one grey channel"
        )
    if x.shape[2] % stride or x.shape[3] % stride:
        raise InputError(
            f"slices of {x.shape[3]}×{x.shape[2]} pixels", field="data.size", mend=f"a multiple of {stride}"
        )
