"""Optimisers and learning-rate schedules by name."""

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer, lr_scheduler

from brainmtl.models.network import WholeClassifier
from brainmtl.training.recipe import OptimizerPart, SchedulePart


class KerasRMSprop(Optimizer):
    """RMSprop as Keras has it: ``v ← ρ·v + (1 - ρ)·g²``, ``w ← w - lr·g / √(v + ε)``.

    Torch's has ε outside the root, and other defaults; with small gradients that is another optimiser.

    Args:
        params: as every optimiser takes them.
        lr: learning rate.
        rho: ρ in [0, 1).
        epsilon: ε above 0.
        momentum: of the step itself, in [0, 1).
        weight_decay: share of ``lr`` by which weights shrink at each step, apart from the gradient.
    """

    def __init__(
        self,
        params: Any,
        lr: float = 1e-3,
        rho: float = 0.9,
        epsilon: float = 1e-7,
        momentum: float = 0.0,
        weight_decay: float = 0.0,
    ) -> None:
        settings = {
            "lr": lr,
            "rho": rho,
            "epsilon": epsilon,
            "momentum": momentum,
            "weight_decay": weight_decay,
        }
        super().__init__(params, settings)

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # type: ignore[override]
        """Move every weight that has a gradient.

        Args:
            closure: computes the loss anew.
        """
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.grad is not None:
                    self._move(weight, weight.grad, group)
        return loss

    def _move(self, weight: Tensor, gradient: Tensor, group: dict[str, Any]) -> None:
        state = self.state[weight]
        if not state:
            state["velocity"] = torch.zeros_like(weight)
            state["momentum"] = torch.zeros_like(weight)
        weight.mul_(1 - group["lr"] * group["weight_decay"])
        velocity = state["velocity"]
        velocity.lerp_(gradient.square(), 1 - group["rho"])
        step = group["lr"] * gradient / (velocity + group["epsilon"]).sqrt()
        if group["momentum"]:
            step = state["momentum"].mul_(group["momentum"]).add_(step)
        weight.sub_(step)


def make_optimizer(network: nn.Module, part: OptimizerPart) -> Optimizer:
    """Build the optimiser over the parameters that train.

    Args:
        network: its encoder, or all of a whole classifier but its last layer, may learn at another rate.
        part: name and settings.
    """
    inner = {id(p) for p in _encoder(network)}
    trains = [p for p in network.parameters() if p.requires_grad]
    groups = [
        {"params": [p for p in trains if id(p) not in inner], "lr": part.lr},
        {"params": [p for p in trains if id(p) in inner], "lr": part.lr * part.encoder_lr},
    ]
    groups = [group for group in groups if group["params"]]
    match part.name:
        case "adam":
            return torch.optim.Adam(groups, weight_decay=part.decay)
        case "adamw":
            return torch.optim.AdamW(groups, weight_decay=part.decay)
        case "sgd":
            return torch.optim.SGD(groups, momentum=part.momentum, weight_decay=part.decay)
        case "rmsprop":
            return torch.optim.RMSprop(groups, momentum=part.momentum, weight_decay=part.decay)
        case "rmsprop-keras":
            return KerasRMSprop(groups, momentum=part.momentum, weight_decay=part.decay)


def make_schedule(optimizer: Optimizer, part: SchedulePart, steps: int) -> dict[str, Any] | None:
    """Build the schedule in the form Lightning takes.

    Args:
        optimizer: what it drives.
        part: name and settings.
        steps: optimiser steps of the whole run.

    Returns:
        Lightning's ``lr_scheduler`` entry; ``None`` for a constant rate.
    """
    match part.name:
        case "constant":
            return None
        case "plateau" | "plateau-keras":
            # Lightning steps an "epoch" schedule after it has written the checkpoint; resuming would miss it.
            return {
                "scheduler": _plateau(optimizer, part),
                "interval": "step",
                "frequency": max(1, steps // part.epochs),
                "monitor": part.monitor,
            }
        case "cosine":
            return {"scheduler": lr_scheduler.CosineAnnealingLR(optimizer, steps), "interval": "step"}
        case "one-cycle":
            peaks = [group["lr"] for group in optimizer.param_groups]
            total = max(steps, 2)
            rise = min(part.warmup, 1 - 1 / total)
            if rise * total <= 1:
                rise = 0.0  # torch divides by the length of a phase less one step
            cycle = lr_scheduler.OneCycleLR(
                optimizer, peaks, total_steps=total, pct_start=rise, cycle_momentum=False
            )
            return {"scheduler": cycle, "interval": "step"}


def _plateau(optimizer: Optimizer, part: SchedulePart) -> lr_scheduler.ReduceLROnPlateau:
    """Torch's, which lowers the rate after more than ``patience`` epochs; Keras does at as many.

    Keras calls 1e-4 progress, torch a share of 1e-4.
    """
    keras = part.name == "plateau-keras"
    return lr_scheduler.ReduceLROnPlateau(
        optimizer,
        mode="min" if part.monitor == "validation_loss" else "max",
        factor=part.factor,
        patience=max(part.patience - 1, 0) if keras else part.patience,
        threshold_mode="abs" if keras else "rel",
    )


def _encoder(network: nn.Module) -> Iterator[nn.Parameter]:
    if isinstance(network, WholeClassifier):
        last = {id(p) for p in network.last_layer.parameters()}
        return (p for p in network.parameters() if id(p) not in last)
    return iter(getattr(network, "encoder", nn.Identity()).parameters())
