"""The class head on the bottleneck."""

from collections.abc import Sequence

from torch import Tensor, nn

from brainmtl.labels import CLASSES


class ClassHead(nn.Module):
    """Global average pooling, optional dense layers, one logit a class.

    Args:
        inputs: channels of the coarsest feature map.
        hidden: widths of dense layers (with ReLU) before the last.
        dropout: share of units dropped before every dense layer, in [0, 1).
        classes: number of classes.
    """

    def __init__(
        self, inputs: int, hidden: Sequence[int] = (), dropout: float = 0.0, classes: int = len(CLASSES)
    ) -> None:
        super().__init__()
        layers: list[nn.Module] = [nn.AdaptiveAvgPool2d(1), nn.Flatten()]
        for width in hidden:
            layers += [nn.Dropout(dropout), nn.Linear(inputs, width), nn.ReLU(inplace=True)]
            inputs = width
        self.layers = nn.Sequential(*layers, nn.Dropout(dropout), nn.Linear(inputs, classes))

    def forward(self, features: Tensor) -> Tensor:
        """Map ``(B, inputs, h, w)`` to class logits ``(B, classes)``."""
        result: Tensor = self.layers(features)
        return result
