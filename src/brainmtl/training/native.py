"""A trained network as TorchScript that takes slices as they are and answers at their own size."""

import io
import warnings
import zipfile
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from brainmtl.inference.info import CLASS, FEATURES, MASK, PackageInfo

TRACES = ".debug_pkl"
"""Where TorchScript keeps which line of which file an operation came from; nothing runs on it."""


class _Named(nn.Module):
    """The mask and class probabilities of a network by name, the classes tempered.

    Args:
        network: gives the outputs of a model package in their order.
        info: the package's metadata.
    """

    def __init__(self, network: nn.Module, info: PackageInfo) -> None:
        super().__init__()
        self.network, self.names, self.temperature = network, info.outputs, info.temperature

    def forward(self, squares: Tensor) -> dict[str, Tensor]:
        said: dict[str, Tensor] = dict(zip(self.names, self.network(squares), strict=True))
        said.pop(FEATURES, None)
        if CLASS in said:
            powers = said[CLASS] ** (1 / self.temperature)
            said[CLASS] = powers / powers.sum(dim=1, keepdim=True)
        return said


class NativeNetwork(nn.Module):
    """A network between the two resamplings of :mod:`brainmtl.imaging.square`, in torch.

    Args:
        network: TorchScript, squares ``(B, 1, S, S)`` in [0, 1] to mask and class probabilities by name.
        size: S.
        pad: slices are centred on black, instead of stretched.
    """

    def __init__(self, network: nn.Module, size: int, pad: bool) -> None:
        super().__init__()
        self.network, self.size, self.pad, self.mask = network, size, pad, str(MASK)

    def forward(self, image: Tensor) -> dict[str, Tensor]:
        """Answer on slices of one size.

        Args:
            image: grey values, 0 to 255, ``(B, 1, H, W)``.

        Returns:
            ``mask_probability`` ``(B, 1, H, W)`` and ``class_probability`` ``(B, 4)``, those that there are.
        """
        height, width = image.shape[2], image.shape[3]
        top, left, tall, wide = 0, 0, height, width
        if self.pad:
            tall = wide = max(height, width)
            top, left = (tall - height) // 2, (wide - width) // 2
            image = functional.pad(image, [left, wide - width - left, top, tall - height - top])
        square = self.resample(self.resample(image).transpose(2, 3)).transpose(2, 3)
        said: dict[str, Tensor] = self.network(square.float() / 255)
        if self.mask in said:
            whole = functional.interpolate(
                said[self.mask], [tall, wide], mode="bilinear", align_corners=False, antialias=True
            )
            said[self.mask] = whole[:, :, top : top + height, left : left + width]
        return said

    def resample(self, image: Tensor) -> Tensor:
        """Bring the last axis to the network's size as Pillow does.

        A triangle as wide as two pixels of the coarser side, its weights of fixed point, and whole grey
        values after each direction (Pillow's Resample.c). Squares come out the same to the bit; of other
        shapes Pillow at times goes down before it goes across, which a grey level tells apart.
        """
        length, one = image.shape[3], 2.0**22
        scale = length / self.size
        places = torch.arange(length, dtype=torch.float64, device=image.device) + 0.5
        middles = (torch.arange(self.size, dtype=torch.float64, device=image.device) + 0.5) * scale
        weights = torch.clamp(1 - torch.abs(places[:, None] - middles[None]) / max(scale, 1.0), min=0)
        whole = torch.floor(weights / weights.sum(dim=0) * one + 0.5)
        return torch.floor(image.double() @ whole / one + 0.5)


def native_script(network: nn.Module, info: PackageInfo) -> bytes:
    """Make the TorchScript of a network that takes slices as they are.

    Args:
        network: in eval mode; gives the outputs of a model package in their order.
        info: the package's metadata.

    Returns:
        A file that ``torch.jit.load`` reads, and that names no file of this machine.
    """
    with warnings.catch_warnings():  # TorchScript is what bundles are made of, though torch has a successor
        warnings.simplefilter("ignore")
        squares = torch.zeros(2, 1, info.size, info.size)
        traced = torch.jit.trace(_Named(network, info).eval(), squares, strict=False, check_trace=False)
        script = torch.jit.script(NativeNetwork(traced, info.size, info.fit == "pad").eval())
        content = io.BytesIO()
        torch.jit.save(script, content)
    return _without_traces(content.getvalue())


def load_script(content: bytes) -> nn.Module:
    """Load what :func:`native_script` made."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return cast(nn.Module, torch.jit.load(io.BytesIO(content), map_location="cpu"))


def _without_traces(content: bytes) -> bytes:
    kept = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as source, zipfile.ZipFile(kept, "w") as target:
        for entry in source.infolist():
            if not entry.filename.endswith(TRACES):
                target.writestr(zipfile.ZipInfo(entry.filename), source.read(entry))
    return kept.getvalue()
