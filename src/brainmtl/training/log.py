"""The run's log: one CSV row an epoch."""

import csv
import sys
import time
from pathlib import Path
from typing import Any

import pytorch_lightning as pl

from brainmtl.imaging.files import whole_file
from brainmtl.training.learner import Learner

COLUMNS = (
    "epoch",
    "lr",
    "seconds",
    "slices_per_second",
    "train_loss",
    "train_mask_loss",
    "train_class_loss",
    "validation_loss",
    "validation_mask_loss",
    "validation_class_loss",
    "validation_dice",
    "validation_accuracy",
    "validation_score",
    "train_gradient_cosine",
    "train_mask_weight",
    "train_class_weight",
)


class EpochLog(pl.Callback):
    """Write ``log.csv``, whole after every epoch; a resumed run keeps the rows of the epochs it keeps.

    Args:
        path: ``log.csv`` of a run folder.
        slices: training slices an epoch.
    """

    def __init__(self, path: Path, slices: int) -> None:
        self.path, self.slices = path, slices
        self.started = self.trained = 0.0
        self.rate = 0.0

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Start the clock."""
        self.started, self.trained = time.monotonic(), 0.0
        self.rate = trainer.optimizers[0].param_groups[0]["lr"]

    def on_validation_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Stop the clock of training."""
        self.trained = time.monotonic() - self.started

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Write the row of this epoch; of several processes the first does."""
        assert isinstance(pl_module, Learner)
        self.trained = self.trained or time.monotonic() - self.started
        measured = pl_module.epoch_means("train") | pl_module.epoch_means("validation")
        if "validation_score" in trainer.callback_metrics:
            measured["validation_score"] = float(trainer.callback_metrics["validation_score"])
        if not trainer.is_global_zero:
            return
        row: dict[str, Any] = {
            "epoch": trainer.current_epoch + 1,
            "lr": self.rate,
            "seconds": round(time.monotonic() - self.started, 2),
            "slices_per_second": round(self.slices / self.trained, 2),
            **measured,
        }
        rows = [old for old in read_log(self.path) if int(old["epoch"]) <= trainer.current_epoch]
        with whole_file(self.path) as temporary, temporary.open("w", newline="", encoding="utf-8") as handle:
            writer = csv.DictWriter(handle, COLUMNS)
            writer.writeheader()
            for line in [*rows, row]:
                writer.writerow({name: _short(line.get(name)) for name in COLUMNS})
        shown = ", ".join(f"{name} {_short(row[name])}" for name in COLUMNS[4:] if row.get(name) is not None)
        print(f"epoch {row['epoch']}/{trainer.max_epochs}: {shown}", file=sys.stderr, flush=True)


def read_log(path: Path) -> list[dict[str, str]]:
    """Read the rows of a ``log.csv``; none if it does not exist.

    Args:
        path: of a run folder.
    """
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as handle:
        return list(csv.DictReader(handle))


def _short(value: object) -> object:
    return f"{value:.6g}" if isinstance(value, float) else value
