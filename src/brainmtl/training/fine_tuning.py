"""From one phase of a run to the next, and how many parameters train in each."""

import sys

import pytorch_lightning as pl
from pytorch_lightning.callbacks import Callback, EarlyStopping
from torch import nn

from brainmtl.models.build import parameter_counts
from brainmtl.training import processes
from brainmtl.training.learner import Learner
from brainmtl.training.phases import phase_at


class NextPhase(Callback):
    """Begin a phase before its first epoch: thaw, and build its optimiser and its schedule.

    It stands before callbacks that read the rate.
    """

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Begin the phase that this epoch begins, if it does."""
        assert isinstance(pl_module, Learner)
        phase = phase_at(pl_module.recipe, trainer.current_epoch)
        if phase != pl_module.phase:
            pl_module.begin(phase)
            trainer.strategy.setup_optimizers(trainer)
            say_what_trains(pl_module.network)


class PatientStopping(EarlyStopping):
    """Early stopping in the last phase, which stands by its decision when a run killed after it is resumed.

    Args:
        monitor: what should get better.
        mode: ``"min"`` or ``"max"``.
        patience: epochs without progress.
        start: the first epoch that counts, counted from 0.
    """

    def __init__(self, monitor: str, mode: str, patience: int, start: int = 0) -> None:
        super().__init__(monitor, mode=mode, patience=patience)
        self.start = start

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Stop again if it had been decided."""
        trainer.should_stop = trainer.should_stop or self.wait_count >= self.patience

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Count the epoch, if it counts."""
        if trainer.current_epoch >= self.start:
            super().on_train_epoch_end(trainer, pl_module)


def say_what_trains(network: nn.Module) -> None:
    """Print to stderr how many parameters train; of several processes the first does.

    Args:
        network: as frozen as it is.
    """
    if processes.rank() > 0:
        return
    counts = parameter_counts(network)
    said = f"{counts['trainable_parameters']:,} of {counts['parameters']:,} parameters train"
    print(said, file=sys.stderr, flush=True)
