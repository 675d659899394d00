"""A study's folder: begun with a plan, and gone on with under the same plan alone."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

from brainmtl.errors import InputError
from brainmtl.imaging.files import whole_file
from brainmtl.models.weights import read_weights
from brainmtl.training.checks import check_first_leg
from brainmtl.training.recipe import Recipe, read_recipe, write_recipe
from brainmtl.training.run import TEMPORARY, name_weights, read_json, write_json

PLAN: Final = "plan.json"
RECIPE: Final = "recipe.yaml"
LOGS: Final = "logs"
WEIGHTS: Final = "encoder_weights"
BEGUN: Final = {PLAN, RECIPE, LOGS}
"""What a beginning leaves that was killed, or that goes on in another process."""


def begin_study(
    out: Path,
    kind: str,
    plan: dict[str, Any],
    recipe: Recipe | None = None,
    overrides: Iterable[Sequence[str]] = (),
    encoder_weights: Path | None = None,
) -> None:
    """Make a folder with its ``plan.json`` and ``recipe.yaml``, or make sure that it is the same study's.

    Args:
        out: the folder.
        kind: of study, as an error names it: "sweep".
        plan: what the study is, as JSON holds it.
        recipe: what its runs are trained from, if it trains.
        overrides: of the recipe, a list a run; each is read before anything is kept.
        encoder_weights: the file that its encoders begin with; read too, so that no worker finds it amiss.

    Raises:
        InputError: another study lies there, or something else, an override does not fit the recipe, the
            recipe goes on from another's run, or the weights cannot be read.
    """
    if recipe is not None:
        check_first_leg(recipe)
    if encoder_weights is not None:
        read_weights(encoder_weights)
    if recipe is not None:
        plan = plan | {WEIGHTS: None if encoder_weights is None else name_weights(encoder_weights)}
    if (out / PLAN).is_file():
        _check_same(out, kind, plan, recipe)
        return
    _check_free(out)
    if recipe is not None:
        with whole_file(out / RECIPE) as temporary:
            temporary.write_text(write_recipe(recipe), encoding="utf-8")
            for changes in overrides:
                read_recipe(temporary, changes)
    write_json(out / PLAN, plan)


def _check_same(out: Path, kind: str, plan: dict[str, Any], recipe: Recipe | None) -> None:
    before = read_json(out / PLAN)
    for field, value in plan.items():
        if before.get(field) != value and (field in before or field != WEIGHTS):  # older plans lack those
            raise InputError(
                f"another {kind} lies there: {before.get(field)!r}, not {value!r}",
                where=out,
                field=field,
                mend="name a new folder, or call as before",
            )
    if recipe is not None and read_recipe(out / RECIPE) != recipe:
        raise InputError(
            f"the recipe is not the one the {kind} started with",
            where=out / RECIPE,
            mend="name a new folder, or call as before",
        )


def _check_free(out: Path) -> None:
    if not out.exists():
        return
    if (
        not out.is_dir()
        or {path.name for path in out.iterdir() if not TEMPORARY.fullmatch(path.name)} - BEGUN
    ):
        raise InputError("is not empty", where=out, mend="name a new folder")
