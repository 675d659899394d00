"""The runs of a recipe's folds, put together as one more measured part of a run."""

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from brainmtl.errors import InputError
from brainmtl.evaluation.out_of_fold import PART, SIDE
from brainmtl.evaluation.scorecard import summarise
from brainmtl.evaluation.slice_list import write_slice_list
from brainmtl.imaging.files import file_sha256, whole_file
from brainmtl.training.recipe import Recipe
from brainmtl.training.run import load_recipe, read_json, run_table, sweep, write_json
from brainmtl.training.sides import sides

PROTOCOL = "patient-5fold"
ROWS = Path("evaluation", "test", "per_image.parquet")


def pool_folds(run: Path, folds: Sequence[Path]) -> dict[str, Any]:
    """Write ``evaluation/out-of-fold/``: every slice as the run of the fold it was left to predicted it.

    The folds' runs are of the run's recipe, but for protocol, fold and seed, and measured on their test part.

    Args:
        run: whose recipe it is.
        folds: run folders, one for each fold of the manifest.

    Returns:
        The content of its ``metrics.json``; ``folds`` are the runs: ``[{run, fold, seed, weights_sha256}]``.

    Raises:
        InputError: a fold is missing or there twice, has not been measured, or was trained otherwise.
    """
    recipe, (table, _) = load_recipe(run), run_table(run)
    by_fold: dict[int, Path] = {}
    for path in folds:
        number = _fold_of(path, run, recipe)
        if number in by_fold:
            raise InputError(f"two runs of fold {number}", where=path, mend=f"leave out {by_fold[number]}")
        by_fold[number] = path
    asked = {int(fold) for fold in table["fold"].dropna().unique()}
    if missing := sorted(asked - set(by_fold)):
        raise InputError(
            f"no run of fold {missing[0]}",
            where=run,
            mend=f"--set data.protocol={PROTOCOL} --set data.fold={missing[0]}",
        )
    found = {number: by_fold[number] for number in sorted(asked)}
    parts = [pd.read_parquet(path / ROWS).assign(fold=number) for number, path in found.items()]
    side = dict(zip(table["id"], sides(table, recipe), strict=True))
    rows = pd.concat(parts, ignore_index=True)
    rows[SIDE] = rows["id"].map(side)
    metrics = summarise(rows) | {"folds": [_named(path, number) for number, path in found.items()]}
    folder = run / "evaluation" / PART
    shutil.rmtree(folder, ignore_errors=True)
    for path in found.values():
        _copy_masks(path / ROWS.parent / "masks", folder / "masks")
    with whole_file(folder / ROWS.name) as temporary:
        rows.to_parquet(temporary, index=False)
    write_slice_list(rows, folder)
    write_json(folder / "metrics.json", metrics)
    sweep(folder)
    return metrics


def _fold_of(path: Path, run: Path, recipe: Recipe) -> int:
    """The number of the fold that a run was tested on, once it is known to belong to the run."""
    theirs, data = load_recipe(path), read_json(path / "data.json")
    if theirs.data.protocol != PROTOCOL:
        raise InputError(
            f"its protocol is {theirs.data.protocol}", where=path, field="data.protocol", mend=PROTOCOL
        )
    kept = {"protocol": recipe.data.protocol, "fold": recipe.data.fold}
    alike = theirs.model_copy(update={"data": theirs.data.model_copy(update=kept), "seed": recipe.seed})
    if alike != recipe:
        ours, other = recipe.model_dump(), alike.model_dump()
        field = next(name for name in ours if ours[name] != other[name])
        raise InputError(
            f"its recipe is not that of {run.name}", where=path, field=field, mend="train both alike"
        )
    own = read_json(run / "data.json")
    began, theirs_began = _beginning(own, "init_from"), _beginning(data, "init_from")
    if began is not None and began == theirs_began:
        raise InputError(
            f"it began with the weights that {run.name} began with, which may have learnt from its fold",
            where=path,
            field="init_from",
            mend="train a first leg of its own on its fold",
        )
    differing = [
        *(["init_from"] if (began is None) != (theirs_began is None) else []),
        *(
            ["encoder_weights"]
            if _beginning(own, "encoder_weights") != _beginning(data, "encoder_weights")
            else []
        ),
        *(["manifest_sha256"] if own["manifest_sha256"] != data["manifest_sha256"] else []),
    ]
    if differing:
        raise InputError(
            f"it was not trained as {run.name} was", where=path, field=differing[0], mend="train both alike"
        )
    if not (path / ROWS).is_file():
        raise InputError(
            "has not been measured on its fold", where=path, mend=f"brainmtl evaluate {path} --part test"
        )
    return theirs.data.fold


def _beginning(data: dict[str, Any], kind: str) -> str | None:
    """SHA-256 of the weights that a run began with."""
    given = data.get(kind) or {}
    return given.get("weights_sha256") or given.get("sha256")


def _named(path: Path, fold: int) -> dict[str, Any]:
    recipe = load_recipe(path)
    return {
        "run": path.resolve().name,
        "fold": fold,
        "seed": recipe.seed,
        "weights_sha256": file_sha256(path / "model.safetensors"),
    }


def _copy_masks(source: Path, out: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, out, dirs_exist_ok=True)
