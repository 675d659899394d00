"""From the network part of a recipe to a network."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field
from torch import nn

from brainmtl.errors import InputError
from brainmtl.labels import CLASSES, HEALTHY, ClassName
from brainmtl.models.classifier import ClassHead
from brainmtl.models.decoder import SkiplessDecoder, UNetDecoder, Upsampling
from brainmtl.models.encoders import (
    OWN,
    FirstLayer,
    PlainEncoder,
    PoolingEncoder,
    TimmEncoder,
    timm_network,
)
from brainmtl.models.freezing import freeze
from brainmtl.models.keras import follow_keras
from brainmtl.models.network import Network, WholeClassifier

Task = Literal["segmentation", "classification", "joint"]
Width = Annotated[int, Field(ge=1)]


class Part(BaseModel):
    """A part of a recipe: frozen; an unknown field or a number that is not finite is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class EncoderPart(Part):
    """``plain`` or ``pooling`` (with ``widths``), or the name of a timm model."""

    name: str = "plain"
    widths: tuple[Width, ...] = Field(default=(64, 128, 256, 512, 1024), min_length=2)
    norm: Literal["batch", "none"] = "batch"
    """After the convolutions of ``pooling``."""
    pretrained: bool = False
    first_layer: FirstLayer = "sum"
    options: dict[str, bool | int | float | str] = Field(default_factory=dict)
    frozen: tuple[str, ...] = ()
    """Stages that keep their weights: ``stem``, ``stage1`` …, ``stage1.1`` …, ``head``."""


class DecoderPart(Part):
    """A U-Net decoder, or one without skips (and so without attention)."""

    name: Literal["unet", "skipless"] = "unet"
    widths: tuple[Width, ...] = Field(default=(512, 256, 128, 64), min_length=1)
    attention: bool = False
    upsampling: Upsampling = "nearest"
    stride: Literal[1, 2, 4] = 1
    """Of the finest step; its logits are interpolated to the slice."""
    deep_supervision: bool = False
    """In training every step of a U-Net's decoder says a mask."""


class ClassifierPart(Part):
    """A class head on the bottleneck; or, ``whole``, the timm network's own."""

    hidden: tuple[Width, ...] = ()
    dropout: float = Field(default=0.0, ge=0, lt=1)
    input_dropout: Annotated[float, Field(ge=0, lt=1)] | None = None
    """Before the first dense layer; ``null`` for ``dropout``."""
    grid: Annotated[int, Field(ge=1, le=64)] = 1
    """Side of the grid onto which features are averaged before they are flattened."""
    whole: bool = False
    lesion: bool = False
    """It also sees every feature map of the encoder pooled under the predicted mask."""
    classes: tuple[ClassName, ...] = Field(default=CLASSES, min_length=2)
    """Those it can name; the others get a probability of 0."""


class NetworkPart(Part):
    """An encoder, and then a decoder, a classifier, or both."""

    channels: int = Field(default=1, ge=1)
    """Of its input: the slice, and with ``data.neighbours`` those around it."""
    encoder: EncoderPart = EncoderPart()
    decoder: DecoderPart | None = None
    classifier: ClassifierPart | None = None
    gated: bool = False
    """Outside of training, a slice that is called no_tumor has no mask."""
    conventions: Literal["torch", "keras"] = "torch"
    """How weights begin and batch norm averages, see :func:`~brainmtl.models.keras.follow_keras`."""

    @property
    def task(self) -> Task:
        """What the network does."""
        if self.decoder is not None and self.classifier is not None:
            return "joint"
        return "segmentation" if self.decoder is not None else "classification"

    @property
    def classes(self) -> tuple[ClassName, ...]:
        """Those it can name; all where it names none."""
        return CLASSES if self.classifier is None else self.classifier.classes


def build_network(
    part: NetworkPart, weights: Path | None = None, pretrained: bool | None = None
) -> Network | WholeClassifier:
    """Compose a network.

    Args:
        part: the ``network`` of a recipe.
        weights: a file with the encoder's pretrained weights; ``None`` for timm's hub.
        pretrained: overrides the recipe; ``False`` where all weights are loaded afterwards.

    Returns:
        A module from ``(B, channels, H, W)`` to :class:`~brainmtl.models.network.Outputs`.

    Raises:
        InputError: the parts do not fit together, or the pretrained weights cannot be had.
    """
    start = part.encoder.pretrained if pretrained is None else pretrained
    _check_parts(part, weights, start)
    network = _whole(part, start, weights) or _composed(part, start, weights)
    if part.conventions == "keras":
        follow_keras(network)
    freeze(network, part.encoder.frozen)
    return network


def _whole(part: NetworkPart, pretrained: bool, weights: Path | None) -> WholeClassifier | None:
    encoder, head = part.encoder, part.classifier
    if head is None or not head.whole:
        return None
    options = {**encoder.options, "num_classes": len(head.classes), "drop_rate": head.dropout}
    network = timm_network(encoder.name, pretrained, weights, encoder.first_layer, options, part.channels)
    return WholeClassifier(network, head.classes, part.channels)


def _composed(part: NetworkPart, pretrained: bool, weights: Path | None) -> Network:
    encoder, decoder, head = part.encoder, part.decoder, part.classifier
    trunk = _encoder(encoder, part.channels, pretrained, weights)
    return Network(
        trunk,
        _decoder(decoder, trunk.channels, trunk.strides) if decoder is not None else None,
        _classifier(head, trunk.channels) if head is not None else None,
        head is not None and head.lesion,
        part.gated,
    )


def _classifier(part: ClassifierPart, channels: tuple[int, ...]) -> ClassHead:
    beside = sum(channels) if part.lesion else 0
    shape = (part.hidden, part.dropout, part.classes, part.grid, part.input_dropout)
    return ClassHead(channels[-1], *shape, beside)


def _encoder(
    part: EncoderPart, inputs: int, pretrained: bool, weights: Path | None
) -> PlainEncoder | PoolingEncoder | TimmEncoder:
    if part.name == "pooling":
        return PoolingEncoder(part.widths, inputs, part.norm == "batch")
    if part.name == "plain":
        return PlainEncoder(part.widths, inputs)
    return TimmEncoder(part.name, pretrained, weights, part.first_layer, part.options, inputs)


def _decoder(
    part: DecoderPart, channels: tuple[int, ...], strides: tuple[int, ...]
) -> UNetDecoder | SkiplessDecoder:
    if part.name == "skipless":
        return SkiplessDecoder(channels, strides, part.widths)
    return UNetDecoder(
        channels, strides, part.widths, part.attention, part.upsampling, part.stride, part.deep_supervision
    )


def _check_parts(part: NetworkPart, weights: Path | None, pretrained: bool) -> None:
    decoder, head, own = part.decoder, part.classifier, part.encoder.name in OWN
    if decoder is None and head is None:
        raise InputError("neither a decoder nor a classifier", field="network", mend="give one or both")
    if decoder is not None and decoder.name == "skipless" and decoder.attention:
        raise InputError(
            "there are no skips to gate", field="network.decoder.attention", mend="set it to false"
        )
    if decoder is not None and decoder.name == "skipless" and decoder.stride > 1:
        raise InputError("goes up to the slice", field="network.decoder.stride", mend="set it to 1")
    _check_options(part)
    if len(set(part.classes)) < len(part.classes):
        raise InputError("a class is named twice", field="network.classifier.classes", mend="name it once")
    if part.encoder.norm == "none" and part.encoder.name != "pooling":
        raise InputError(
            f"the {part.encoder.name} encoder has its norms",
            field="network.encoder.norm",
            mend="set it to batch",
        )
    if part.conventions == "keras" and not own:
        raise InputError(
            "a timm network follows its own conventions",
            field="network.conventions",
            mend="set it to torch",
        )
    if head is not None and head.whole and (decoder is not None or own):
        raise InputError(
            "the timm network's own head",
            field="network.classifier.whole",
            mend="only for a timm encoder without a decoder",
        )
    if own and pretrained:
        raise InputError(
            f"the {part.encoder.name} encoder has none",
            field="network.encoder.pretrained",
            mend="set it to false",
        )
    if weights is not None and not pretrained:
        raise InputError(
            "the network does not start from pretrained weights",
            where=weights,
            field="network.encoder.pretrained",
            mend="leave --encoder-weights out, or --set network.encoder.pretrained=true",
        )


def _check_options(part: NetworkPart) -> None:
    """What one part of a network asks of another."""
    decoder, head = part.decoder, part.classifier
    if decoder is not None and decoder.deep_supervision and decoder.name == "skipless":
        raise InputError(
            "says a mask at its last step alone",
            field="network.decoder.deep_supervision",
            mend="set it to false",
        )
    if head is not None and head.lesion and decoder is None:
        raise InputError(
            "there is no mask to look under", field="network.classifier.lesion", mend="set it to false"
        )
    if part.gated and (part.task != "joint" or HEALTHY not in part.classes):
        raise InputError(
            "a gate takes a mask and the class no_tumor", field="network.gated", mend="set it to false"
        )


def parameter_counts(network: nn.Module) -> dict[str, int]:
    """Count parameters: all, those that train, and all as Keras counts, with batch norm's running statistics.

    Args:
        network: any module.

    Returns:
        ``{"parameters": n, "trainable_parameters": n, "parameters_keras": n}``.
    """
    sizes = [(p.numel(), p.requires_grad) for p in network.parameters()]
    total = sum(size for size, _ in sizes)
    statistics = sum(
        value.numel()
        for name, value in network.named_buffers()
        if name.endswith(("running_mean", "running_var"))
    )
    return {
        "parameters": total,
        "trainable_parameters": sum(size for size, trains in sizes if trains),
        "parameters_keras": total + statistics,
    }
