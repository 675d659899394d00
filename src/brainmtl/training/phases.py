"""The phases of a run: one, or frozen stages first and then everything at a rate of its own."""

from typing import NamedTuple

from brainmtl.training.recipe import OptimizerPart, Recipe, SchedulePart


class Phase(NamedTuple):
    """Epochs on which the same parameters train, with an optimiser and a schedule of their own.

    Attributes:
        start: its first epoch, counted from 0.
        optimizer: its settings.
        schedule: its settings; ``epochs`` are those of the phase.
        frozen: whether frozen stages keep their weights.
    """

    start: int
    optimizer: OptimizerPart
    schedule: SchedulePart
    frozen: bool


def phases(recipe: Recipe) -> tuple[Phase, ...]:
    """List the phases of a run, in order.

    Args:
        recipe: its ``fine_tuning`` makes a second one.
    """
    optimizer, schedule, second = recipe.optimizer, recipe.schedule, recipe.fine_tuning
    if second is None:
        return (Phase(0, optimizer, schedule, frozen=True),)
    return (
        Phase(0, optimizer, schedule.model_copy(update={"epochs": second.after}), frozen=True),
        Phase(
            second.after,
            optimizer.model_copy(update={"lr": second.lr}),
            schedule.model_copy(update={"epochs": schedule.epochs - second.after}),
            frozen=False,
        ),
    )


def phase_at(recipe: Recipe, epoch: int) -> Phase:
    """The phase an epoch belongs to.

    Args:
        recipe: of the run.
        epoch: counted from 0.
    """
    return next(phase for phase in reversed(phases(recipe)) if phase.start <= epoch)
