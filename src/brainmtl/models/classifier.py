"""The class head on the bottleneck."""

from collections.abc import Sequence

from torch import Tensor, nn

from brainmtl.labels import CLASSES


class ClassHead(nn.Module):
    """Average pooling onto a grid, optional dense layers, one logit a class.

    Args:
        inputs: channels of the coarsest feature map.
        hidden: widths of dense layers (with ReLU) before the last.
        dropout: share of units dropped before every dense layer, in [0, 1).
        classes: number of classes.
        grid: side of the grid that is flattened; 1 is global average pooling, and where it is the side of
            the feature map nothing is pooled.
        input_dropout: share dropped before the first dense layer; ``None`` for ``dropout``.
    """

    def __init__(
        self,
        inputs: int,
        hidden: Sequence[int] = (),
        dropout: float = 0.0,
        classes: int = len(CLASSES),
        grid: int = 1,
        input_dropout: float | None = None,
    ) -> None:
        super().__init__()
        layers: list[nn.Module] = [nn.AdaptiveAvgPool2d(grid), nn.Flatten()]
        inputs *= grid * grid
        share = dropout if input_dropout is None else input_dropout
        for width in hidden:
            layers += [nn.Dropout(share), nn.Linear(inputs, width), nn.ReLU(inplace=True)]
            inputs, share = width, dropout
        self.layers = nn.Sequential(*layers, nn.Dropout(share), nn.Linear(inputs, classes))

    def forward(self, features: Tensor) -> Tensor:
        """Map ``(B, inputs, h, w)`` to class logits ``(B, classes)``."""
        result: Tensor = self.layers(features)
        return result
