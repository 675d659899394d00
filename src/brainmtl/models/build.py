"""From the network part of a recipe to a network."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field
from torch import nn

from brainmtl.errors import InputError
from brainmtl.labels import CLASSES
from brainmtl.models.classifier import ClassHead
from brainmtl.models.decoder import UNetDecoder, Upsampling
from brainmtl.models.encoders import FirstLayer, PlainEncoder, TimmEncoder, timm_network
from brainmtl.models.network import Network, WholeClassifier

Task = Literal["segmentation", "classification", "joint"]
Width = Annotated[int, Field(ge=1)]


class Part(BaseModel):
    """A part of a recipe: frozen; an unknown field or a number that is not finite is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class EncoderPart(Part):
    """``plain`` (with ``widths``), or the name of a timm model."""

    name: str = "plain"
    widths: tuple[Width, ...] = Field(default=(64, 128, 256, 512, 1024), min_length=2)
    pretrained: bool = False
    first_layer: FirstLayer = "sum"
    options: dict[str, bool | int | float | str] = Field(default_factory=dict)


class DecoderPart(Part):
    """A U-Net decoder."""

    widths: tuple[Width, ...] = Field(default=(512, 256, 128, 64), min_length=1)
    attention: bool = False
    upsampling: Upsampling = "nearest"


class ClassifierPart(Part):
    """A class head on the bottleneck; or, ``whole``, the timm network's own."""

    hidden: tuple[Width, ...] = ()
    dropout: float = Field(default=0.0, ge=0, lt=1)
    whole: bool = False


class NetworkPart(Part):
    """An encoder, and then a decoder, a classifier, or both."""

    encoder: EncoderPart = EncoderPart()
    decoder: DecoderPart | None = None
    classifier: ClassifierPart | None = None

    @property
    def task(self) -> Task:
        """What the network does."""
        if self.decoder is not None and self.classifier is not None:
            return "joint"
        return "segmentation" if self.decoder is not None else "classification"


def build_network(
    part: NetworkPart, weights: Path | None = None, pretrained: bool | None = None
) -> Network | WholeClassifier:
    """Compose a network.

    Args:
        part: the ``network`` of a recipe.
        weights: a file with the encoder's pretrained weights; ``None`` for timm's hub.
        pretrained: overrides the recipe; ``False`` where all weights are loaded afterwards.

    Returns:
        A module from ``(B, 1, H, W)`` to :class:`~brainmtl.models.network.Outputs`.

    Raises:
        InputError: the parts do not fit together, or the pretrained weights cannot be had.
    """
    start = part.encoder.pretrained if pretrained is None else pretrained
    _check_parts(part, weights, start)
    encoder, decoder, head = part.encoder, part.decoder, part.classifier
    if head is not None and head.whole:
        options = {**encoder.options, "num_classes": len(CLASSES), "drop_rate": head.dropout}
        return WholeClassifier(timm_network(encoder.name, start, weights, encoder.first_layer, options))
    trunk = (
        PlainEncoder(encoder.widths)
        if encoder.name == "plain"
        else TimmEncoder(encoder.name, start, weights, encoder.first_layer, encoder.options)
    )
    return Network(
        trunk,
        UNetDecoder(trunk.channels, trunk.strides, decoder.widths, decoder.attention, decoder.upsampling)
        if decoder is not None
        else None,
        ClassHead(trunk.channels[-1], head.hidden, head.dropout) if head is not None else None,
    )


def _check_parts(part: NetworkPart, weights: Path | None, pretrained: bool) -> None:
    head, plain = part.classifier, part.encoder.name == "plain"
    if part.decoder is None and head is None:
        raise InputError("neither a decoder nor a classifier", field="network", mend="give one or both")
    if head is not None and head.whole and (part.decoder is not None or plain):
        raise InputError(
            "the timm network's own head",
            field="network.classifier.whole",
            mend="only for a timm encoder without a decoder",
        )
    if plain and pretrained:
        raise InputError(
            "the plain encoder has none", field="network.encoder.pretrained", mend="set it to false"
        )
    if weights is not None and not pretrained:
        raise InputError(
            "the network does not start from pretrained weights",
            where=weights,
            field="network.encoder.pretrained",
            mend="leave --encoder-weights out, or --set network.encoder.pretrained=true",
        )


def parameter_counts(network: nn.Module) -> dict[str, int]:
    """Count parameters, all and those that train.

    Args:
        network: any module.

    Returns:
        ``{"parameters": n, "trainable_parameters": n}``.
    """
    sizes = [(p.numel(), p.requires_grad) for p in network.parameters()]
    return {
        "parameters": sum(size for size, _ in sizes),
        "trainable_parameters": sum(size for size, trains in sizes if trains),
    }
