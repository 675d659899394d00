"""The additive attention gate (Oktay et al. 2018, eq. 1)."""

import torch
from torch import Tensor, nn
from torch.nn import functional


class AttentionGate(nn.Module):
    """Weigh a skip connection by what the decoder already knows.

    Args:
        skip: channels of the skip connection.
        gate: channels of the decoder's signal, at the skip's resolution.
    """

    def __init__(self, skip: int, gate: int) -> None:
        super().__init__()
        inner = max(skip // 2, 1)
        self.of_skip = nn.Sequential(nn.Conv2d(skip, inner, 1, bias=False), nn.BatchNorm2d(inner))
        self.of_gate = nn.Sequential(nn.Conv2d(gate, inner, 1, bias=False), nn.BatchNorm2d(inner))
        self.weight = nn.Sequential(nn.Conv2d(inner, 1, 1, bias=False), nn.BatchNorm2d(1))

    def forward(self, skip: Tensor, gate: Tensor) -> Tensor:
        """Scale ``skip (B, skip, H, W)`` by a map in (0, 1) made of it and of ``gate (B, gate, H, W)``."""
        return skip * torch.sigmoid(self.weight(functional.relu(self.of_skip(skip) + self.of_gate(gate))))
