"""The class head on the bottleneck."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from brainmtl.labels import CLASSES, ClassName

NO_CHANCE = -1e4
"""A logit whose softmax is 0, and finite, so that no loss makes it 0 · ∞."""


class ClassHead(nn.Module):
    """Average pooling onto a grid, optional dense layers, one logit a class.

    Args:
        inputs: channels of the coarsest feature map.
        hidden: widths of dense layers (with ReLU) before the last.
        dropout: share of units dropped before every dense layer, in [0, 1).
        classes: those it knows; of the others it says nothing.
        grid: side of the grid that is flattened; 1 is global average pooling, and where it is the side of
            the feature map nothing is pooled.
        input_dropout: share dropped before the first dense layer; ``None`` for ``dropout``.
        beside: how many features from elsewhere stand beside the pooled ones.
    """

    def __init__(
        self,
        inputs: int,
        hidden: Sequence[int] = (),
        dropout: float = 0.0,
        classes: Sequence[ClassName] = CLASSES,
        grid: int = 1,
        input_dropout: float | None = None,
        beside: int = 0,
    ) -> None:
        super().__init__()
        layers: list[nn.Module] = [nn.AdaptiveAvgPool2d(grid), nn.Flatten()]
        inputs = inputs * grid * grid + beside
        share = dropout if input_dropout is None else input_dropout
        for width in hidden:
            layers += [nn.Dropout(share), nn.Linear(inputs, width), nn.ReLU(inplace=True)]
            inputs, share = width, dropout
        self.layers = nn.Sequential(*layers, nn.Dropout(share), nn.Linear(inputs, len(classes)))
        self.among = AmongClasses(classes)

    def forward(self, features: Tensor, beside: Tensor | None = None) -> Tensor:
        """Map ``(B, inputs, h, w)``, and features from elsewhere ``(B, beside)``, to logits ``(B, 4)``."""
        for number, layer in enumerate(self.layers):
            features = layer(features)
            if number == 1 and beside is not None:
                features = torch.cat((features, beside), dim=1)
        result: Tensor = self.among(features)
        return result


class AmongClasses(nn.Module):
    """Set the logits of the classes a network knows among those of all, where the others have no chance.

    Args:
        known: its classes, in the order of its logits.
    """

    def __init__(self, known: Sequence[ClassName]) -> None:
        super().__init__()
        self.places = [known.index(name) if name in known else len(known) for name in CLASSES]
        self.all = tuple(known) == CLASSES

    def forward(self, logits: Tensor) -> Tensor:
        """Map logits ``(B, known)`` to ``(B, 4)``, in the order of :data:`~brainmtl.labels.CLASSES`."""
        if self.all:
            return logits
        return functional.pad(logits, (0, 1), value=NO_CHANCE)[:, self.places]
