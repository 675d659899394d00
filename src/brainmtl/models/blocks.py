"""The convolution blocks that networks of our own are built from."""

from torch import Tensor, nn


class DoubleConv(nn.Module):
    """Two 3×3 convolutions, each with batch norm and ReLU (Ronneberger 2015, padded).

    Args:
        inputs: input channels.
        outputs: output channels.
    """

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(inputs, outputs, 3, padding=1, bias=False),
            nn.BatchNorm2d(outputs),
            nn.ReLU(inplace=True),
            nn.Conv2d(outputs, outputs, 3, padding=1, bias=False),
            nn.BatchNorm2d(outputs),
            nn.ReLU(inplace=True),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(B, inputs, H, W)`` to ``(B, outputs, H, W)``."""
        result: Tensor = self.layers(x)
        return result


class SingleConv(nn.Module):
    """One 3×3 convolution with bias and ReLU, and then batch norm: the Keras idiom.

    Args:
        inputs: input channels.
        outputs: output channels.
        norm: whether there is batch norm.
    """

    def __init__(self, inputs: int, outputs: int, norm: bool = True) -> None:
        super().__init__()
        last = [nn.BatchNorm2d(outputs)] if norm else []
        self.layers = nn.Sequential(nn.Conv2d(inputs, outputs, 3, padding=1), nn.ReLU(inplace=True), *last)

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(B, inputs, H, W)`` to ``(B, outputs, H, W)``."""
        result: Tensor = self.layers(x)
        return result
