"""Settings of a recipe that change nothing, since what would use them was not chosen."""

from typing import Final

from brainmtl.training.recipe import Recipe

PLATEAUS: Final = ("plateau", "plateau-keras")
USED_BY: Final = {
    "data.fold": ("protocol", ("patient-5fold", "folds")),
    "balancing.temperature": ("name", ("dwa",)),
    "balancing.asymmetry": ("name", ("gradnorm",)),
    "balancing.rate": ("name", ("gradnorm",)),
    "balancing.radius": ("name", ("cagrad",)),
    "optimizer.momentum": ("name", ("sgd", "rmsprop", "rmsprop-keras")),
    "schedule.warmup": ("name", ("one-cycle",)),
    "schedule.factor": ("name", PLATEAUS),
    "schedule.patience": ("name", PLATEAUS),
}
"""Field → the field beside it that decides whether it is used, and the choices that use it."""


def idle_settings(recipe: Recipe) -> list[str]:
    """Say which settings were changed from their defaults and do nothing.

    Args:
        recipe: any; that it can be carried out is asked elsewhere.

    Returns:
        A sentence a setting.
    """
    said = []
    for path, (choice, users) in USED_BY.items():
        section, field = path.split(".")
        part = getattr(recipe, section)
        value, chosen = getattr(part, field), getattr(part, choice)
        if chosen not in users and value != type(part).model_fields[field].default:
            said.append(
                f"{path}={value} does nothing: {section}.{choice} is {chosen}, not {' or '.join(users)}"
            )
    return said
