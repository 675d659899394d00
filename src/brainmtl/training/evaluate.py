"""A finished run measured on one part of its manifest."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from brainmtl.data.cache import Cache, open_cache
from brainmtl.data.leaks import known_leaks
from brainmtl.data.neighbours import beside
from brainmtl.data.thumbnails import standard_thumbnails
from brainmtl.errors import InputError
from brainmtl.evaluation.floors import floors
from brainmtl.evaluation.scorecard import score_slice, summarise
from brainmtl.evaluation.slice_list import write_slice_list
from brainmtl.imaging.files import file_sha256, whole_file
from brainmtl.imaging.mask import read_mask, write_mask
from brainmtl.imaging.square import from_square
from brainmtl.imaging.threads import threads
from brainmtl.training.memory import keep_freed_memory
from brainmtl.training.recipe import Recipe
from brainmtl.training.run import load_network, load_recipe, run_table, sweep, write_json
from brainmtl.training.sides import nothing_for, sides

Measured = Literal["train", "validation", "test"]
KEPT = ["id", "label", "plane", "group", "source", "image", "mask", "width", "height"]


def evaluate(
    run: Path,
    part: Measured = "validation",
    *,
    ledger: Path | None = None,
    again: bool = False,
    note: bool = True,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> dict[str, Any]:
    """Predict every slice of a part, score it at native resolution, and write ``evaluation/<part>/``.

    Args:
        run: a finished run folder.
        part: ``"validation"``; ``"train"``, without floors; or ``"test"``, which a model reads once.
        ledger: the table in which a reading of the test part is a row; default ``test-ledger.md`` beside
            the run.
        again: read the test part once more; the ledger says so.
        note: write the row; a cross-validation writes one for all its folds.
        progress: called with slices done and slices in all.

    Returns:
        The content of ``metrics.json``.

    Raises:
        InputError: not a finished run, nothing in that part, or the test part has been read already.
    """
    recipe, folder = load_recipe(run), run / "evaluation" / part
    if part == "test" and (folder / "metrics.json").exists() and not again:
        raise InputError(
            "this model has read the test part already", where=folder, mend="pass --again to read it again"
        )
    network = load_network(run)
    sweep(folder)
    table, manifest = run_table(run)
    side = sides(table, recipe)
    chosen, train = np.flatnonzero(side == part), np.flatnonzero(side == "train")
    if not len(chosen):
        raise nothing_for(part, recipe, manifest)
    keep_freed_memory()
    cache = open_cache(table, recipe.data.size, recipe.data.fit)
    around = beside(table, side, recipe.data.neighbours)
    scores = _score(network, recipe, table, cache, around, chosen, folder, progress)
    rows = pd.concat([table.iloc[chosen][KEPT].reset_index(drop=True), pd.DataFrame(scores)], axis=1)
    if part == "test" and recipe.data.protocol.startswith("official"):  # told of the set's own split only
        rows["leaked"] = known_leaks(table).iloc[chosen].to_numpy()
    metrics = summarise(rows)
    if part != "train":
        metrics["floors"] = _floors(table, cache, train, chosen)
    with whole_file(folder / "per_image.parquet") as temporary:
        rows.to_parquet(temporary, index=False)
    write_slice_list(rows, folder)
    if part == "test" and note:
        weights = file_sha256(run / "model.safetensors")[:12]
        names = (run.name, recipe.name, recipe.data.protocol, weights)
        note_reading(ledger or run.parent / "test-ledger.md", names, metrics)
    write_json(folder / "metrics.json", metrics)  # last: a reading that counts as done has its row
    return metrics


def _score(
    network: torch.nn.Module,
    recipe: Recipe,
    table: pd.DataFrame,
    cache: Cache,
    around: NDArray[np.int64],
    chosen: NDArray[np.int64],
    folder: Path,
    progress: Callable[[int, int], None],
) -> list[dict[str, Any]]:
    def score(
        row: int, square: NDArray[np.float32] | None, chances: NDArray[np.float32] | None
    ) -> dict[str, Any]:
        slice_ = table.iloc[row]
        shape = (int(slice_["height"]), int(slice_["width"]))
        stated = None if square is None else from_square(square, *shape, recipe.data.fit)
        said = None if stated is None else stated > 0.5
        if said is not None:
            write_mask(folder / "masks" / f"{slice_['id']}.png", said)
        label = None if pd.isna(slice_["label"]) else str(slice_["label"])
        truth = read_mask(Path(slice_["mask"]), shape) if pd.notna(slice_["mask"]) else None
        if truth is None and label == "no_tumor":
            truth = np.zeros(shape, bool)
        return score_slice(
            truth=truth, prediction=said, label=label, probabilities=chances, mask_probabilities=stated
        )

    found: list[dict[str, Any]] = []
    with threads() as pool:
        for batch in np.array_split(chosen, max(1, -(-len(chosen) // recipe.data.batch_size))):
            found.extend(pool.map(lambda one: score(*one), _predict(network, cache, around[batch])))
            progress(len(found), len(chosen))
    return found


@torch.inference_mode()
def _predict(
    network: torch.nn.Module, cache: Cache, around: NDArray[np.int64]
) -> Iterator[tuple[int, NDArray[np.float32] | None, NDArray[np.float32] | None]]:
    images = torch.from_numpy(cache.images[around]) / 255.0
    outputs = network(images)
    masks = None if outputs.mask_logits is None else torch.sigmoid(outputs.mask_logits).squeeze(1).numpy()
    classes = None if outputs.class_logits is None else torch.softmax(outputs.class_logits, 1).numpy()
    for number, row in enumerate(around[:, around.shape[1] // 2]):
        yield int(row), None if masks is None else masks[number], None if classes is None else classes[number]


def _floors(
    table: pd.DataFrame, cache: Cache, train: NDArray[np.int64], chosen: NDArray[np.int64]
) -> dict[str, Any]:
    def arrays(rows: NDArray[np.int64]) -> dict[str, Any]:
        some = table.iloc[rows]
        return {
            "thumbnails": standard_thumbnails(some["image"]),
            "labels": some["label"].to_numpy(dtype=object),
            "masks": cache.masks[rows] > 127,
            "groups": some["group"].to_numpy(dtype=object),
        }

    return floors(train=arrays(train), test=arrays(chosen))


def note_reading(ledger: Path, names: tuple[str, str, str, str], metrics: dict[str, Any]) -> None:
    """Write a row about a reading of a test part.

    Args:
        ledger: the table; made where there is none.
        names: the run, its recipe, its protocol, and the SHA-256 of its weights.
        metrics: the content of ``metrics.json``.
    """

    def value(section: str, name: str) -> str:
        number = ((metrics.get(section) or {}).get(name) or {}).get("value")
        return "–" if number is None else f"{number:.4f}"

    head = (
        "# Readings of test splits\n\nA test split is read once for each model that ships or is reported.\n\n"
        "| when (UTC) | run | recipe | protocol | weights | Dice | accuracy | false masks |\n"
        "|---|---|---|---|---|---|---|---|\n"
    )
    old = ledger.read_text(encoding="utf-8") if ledger.exists() else head
    cells = [
        datetime.now(UTC).strftime("%Y-%m-%d %H:%M"),
        *names,
        value("segmentation", "dice"),
        value("classification", "accuracy"),
        value("segmentation", "false_mask_rate"),
    ]
    row = f"| {' | '.join(cells)} |\n"
    with whole_file(ledger) as temporary:
        temporary.write_text(old + row, encoding="utf-8")
