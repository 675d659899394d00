"""Encoders: a slice to feature maps, from fine to coarse."""

import difflib
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any, Literal, cast

import timm
from timm.models import FeatureInfo
from torch import Tensor, nn
from torch.nn import functional

from brainmtl.errors import InputError
from brainmtl.models.blocks import DoubleConv, SingleConv
from brainmtl.models.weights import check_weights, hub_error, reach_hub, read_weights

GREY_MEAN = 0.449
GREY_SD = 0.226
"""ImageNet's mean and SD, averaged over the colours."""
FirstLayer = Literal["sum", "mean"]
TESTED = (
    "plain",
    "pooling",
    "mobilenetv2_100",
    "efficientnet_b0",
    "tf_efficientnet_lite0",
    "resnet34",
    "resnet50",
    "densenet121",
)
"""Encoders that every test of a network runs on."""
BUILD_ERRORS = (RuntimeError, TypeError, ValueError, AttributeError, AssertionError, LookupError)


class PlainEncoder(nn.Module):
    """The U-Net's own encoder: double convolutions with max pooling between them.

    Args:
        widths: channels of each level; level ``i`` has stride ``2**i``.
        inputs: input channels.
    """

    def __init__(self, widths: tuple[int, ...] = (64, 128, 256, 512, 1024), inputs: int = 1) -> None:
        super().__init__()
        self.inputs, self.channels = inputs, widths
        self.strides = tuple(2**level for level in range(len(widths)))
        self.levels = nn.ModuleList(
            DoubleConv(before, after) for before, after in zip((inputs, *widths[:-1]), widths, strict=True)
        )

    def forward(self, x: Tensor) -> list[Tensor]:
        """Map ``(B, inputs, H, W)`` in [0, 1] to one feature map a level."""
        features = []
        for number, level in enumerate(self.levels):
            x = level(functional.max_pool2d(x, 2) if number else x)
            features.append(x)
        return features


class PoolingEncoder(nn.Module):
    """Single convolutions, each followed by max pooling, so that the last feature map is pooled too.

    Ferreira et al. 2024, "ST and MTL architectures".

    Args:
        widths: channels of each level; level ``i`` has stride ``2**(i + 1)``.
        inputs: input channels.
        norm: whether each convolution has batch norm.
    """

    def __init__(
        self, widths: tuple[int, ...] = (8, 16, 32, 64, 128), inputs: int = 1, norm: bool = True
    ) -> None:
        super().__init__()
        self.inputs, self.channels = inputs, widths
        self.strides = tuple(2 ** (level + 1) for level in range(len(widths)))
        self.levels = nn.ModuleList(
            SingleConv(before, after, norm)
            for before, after in zip((inputs, *widths[:-1]), widths, strict=True)
        )

    def forward(self, x: Tensor) -> list[Tensor]:
        """Map ``(B, inputs, H, W)`` in [0, 1] to one feature map a level."""
        features = []
        for level in self.levels:
            x = functional.max_pool2d(level(x), 2)
            features.append(x)
        return features


OWN: dict[str, type[PlainEncoder] | type[PoolingEncoder]] = {"plain": PlainEncoder, "pooling": PoolingEncoder}
"""Encoders that are not timm's; they have ``widths`` and no pretrained weights."""


class TimmEncoder(nn.Module):
    """A timm network cut into feature maps.

    Args:
        name: any timm model that supports ``features_only``.
        pretrained: load timm's weights from its hub.
        weights: a file to read them from instead.
        first_layer: how RGB weights become single-channel ones: ``"sum"`` (what repeating the grey would
            give) or ``"mean"``.
        options: passed to ``timm.create_model``, e.g. ``{"pad_type": "same"}``.
        inputs: input channels; three take the RGB weights as they are.

    Raises:
        InputError: timm has no such model, it gives no feature maps, or its weights cannot be had.
    """

    def __init__(
        self,
        name: str,
        pretrained: bool = True,
        weights: Path | None = None,
        first_layer: FirstLayer = "sum",
        options: Mapping[str, Any] | None = None,
        inputs: int = 1,
    ) -> None:
        super().__init__()
        self.inputs = inputs
        self.network = timm_network(
            name, pretrained, weights, first_layer, {**(options or {}), "features_only": True}, inputs
        )
        info = cast(FeatureInfo, self.network.feature_info)
        self.channels = tuple(cast(list[int], info.channels()))
        self.strides = tuple(cast(list[int], info.reduction()))

    def forward(self, x: Tensor) -> list[Tensor]:
        """Map ``(B, inputs, H, W)`` in [0, 1] to feature maps at :attr:`strides`."""
        return cast(list[Tensor], self.network((x - GREY_MEAN) / GREY_SD))


def timm_network(
    name: str,
    pretrained: bool,
    weights: Path | None,
    first_layer: FirstLayer,
    options: Mapping[str, Any],
    inputs: int = 1,
) -> nn.Module:
    """Create a timm network for grey slices, with pretrained weights from the hub, from a file, or none.

    Args:
        name: timm's name.
        pretrained: whether it starts from pretrained weights.
        weights: a file to read them from; ``None`` for timm's hub.
        first_layer: see :class:`TimmEncoder`.
        options: passed to ``timm.create_model``.
        inputs: see :class:`TimmEncoder`.

    Raises:
        InputError: as :class:`TimmEncoder`.
    """
    if not timm.is_model(name):
        near = difflib.get_close_matches(name, TESTED, n=1) or difflib.get_close_matches(
            name, timm.list_models(), n=3, cutoff=0.0
        )
        raise InputError(
            f"timm has no model {name!r}",
            field="network.encoder.name",
            mend=f"did you mean {' or '.join(near)}?",
        )
    try:
        overlay = _overlay(name, weights, options) if pretrained else {}
        with _cut_keys_expected() if options.get("features_only") else nullcontext():
            network = timm.create_model(name, pretrained=pretrained, in_chans=inputs, **overlay, **options)
    except InputError:
        raise
    except BUILD_ERRORS as error:
        raise InputError(
            f"timm cannot build {name}: {error}", field="network.encoder", mend="choose another"
        ) from error
    except Exception as error:  # the hub's client changes its errors with its releases
        raise hub_error(name, error) from error
    if pretrained and inputs == 1 and first_layer == "mean":
        first = next(module for module in network.modules() if isinstance(module, nn.Conv2d))
        first.weight.data /= 3
    return network


def _overlay(name: str, weights: Path | None, options: Mapping[str, Any]) -> dict[str, Any]:
    if weights is None:
        reach_hub(name)
        return {}
    state = read_weights(weights)
    whole = {key: value for key, value in options.items() if key not in ("features_only", "out_indices")}
    check_weights(state, name, whole, weights)
    return {"pretrained_cfg_overlay": {"state_dict": state}}


@contextmanager
def _cut_keys_expected() -> Iterator[None]:
    """An encoder leaves the weights above its last features unused; timm need not warn of that."""
    logger = logging.getLogger("timm.models._builder")

    def other(record: logging.LogRecord) -> bool:
        return not record.getMessage().startswith("Unexpected keys (")

    logger.addFilter(other)
    try:
        yield
    finally:
        logger.removeFilter(other)
