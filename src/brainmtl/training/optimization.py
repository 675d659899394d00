"""Optimisers and learning-rate schedules by name."""

from typing import Any

import torch
from torch import nn
from torch.optim import Optimizer, lr_scheduler

from brainmtl.training.recipe import OptimizerPart, SchedulePart


def make_optimizer(network: nn.Module, part: OptimizerPart) -> Optimizer:
    """Build the optimiser over the parameters that train.

    Args:
        network: its ``encoder``, if it has one, may learn at another rate.
        part: name and settings.
    """
    inner = {id(p) for p in getattr(network, "encoder", nn.Identity()).parameters()}
    trains = [p for p in network.parameters() if p.requires_grad]
    groups = [
        {"params": [p for p in trains if id(p) not in inner], "lr": part.lr},
        {"params": [p for p in trains if id(p) in inner], "lr": part.lr * part.encoder_lr},
    ]
    groups = [group for group in groups if group["params"]]
    match part.name:
        case "adam":
            return torch.optim.Adam(groups, weight_decay=part.weight_decay)
        case "adamw":
            return torch.optim.AdamW(groups, weight_decay=part.weight_decay)
        case "sgd":
            return torch.optim.SGD(groups, momentum=part.momentum, weight_decay=part.weight_decay)
        case "rmsprop":
            return torch.optim.RMSprop(groups, momentum=part.momentum, weight_decay=part.weight_decay)


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
        case "plateau":
            lower = part.monitor == "validation_loss"
            plateau = lr_scheduler.ReduceLROnPlateau(
                optimizer, mode="min" if lower else "max", factor=part.factor, patience=part.patience
            )
            # Lightning steps an "epoch" schedule after it has written the checkpoint; resuming would miss it.
            return {
                "scheduler": plateau,
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
