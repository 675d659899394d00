"""What a mirrored view and further runs gain, and what they cost."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from brainmtl.data.manifest import content_hash, read_manifest
from brainmtl.errors import InputError
from brainmtl.evaluation.paired import paired_difference
from brainmtl.evaluation.scorecard import summarise
from brainmtl.evaluation.uncertainty import entropy, mutual_information, two_sided
from brainmtl.imaging.files import whole_file
from brainmtl.imaging.threads import threads
from brainmtl.report.ensemble import write_ensemble
from brainmtl.study.folder import begin_study
from brainmtl.study.model import Answer, Model, load_model
from brainmtl.study.slices import (
    Slice,
    Tried,
    balanced,
    held_out,
    note_trial,
    read_slice,
    score_answer,
)
from brainmtl.training.run import write_json

BATCH: Final = 16
GAINS: Final = {"dice": "dice", "accuracy": "right"}
"""Metric → the column whose mean it is."""
Voice = tuple[int, bool]
"""The number of a model, and whether it sees the slice mirrored."""


@dataclass(frozen=True)
class Way:
    """A way to answer: the mean of the probabilities of some voices."""

    name: str
    voices: tuple[Voice, ...]


def ways(names: Sequence[str]) -> list[Way]:
    """Each model alone, with its mirrored view; and all of them, without and with.

    Args:
        names: of the models.
    """
    found = []
    for number, name in enumerate(names):
        found.append(Way(name, ((number, False),)))
        found.append(Way(f"{name}, mirrored too", ((number, False), (number, True))))
    if len(names) > 1:
        plain = tuple((number, False) for number in range(len(names)))
        found.append(Way("all", plain))
        found.append(Way("all, mirrored too", plain + tuple((number, True) for number in range(len(names)))))
    return found


def try_ensemble(
    models: Sequence[Path],
    manifest: Path,
    out: Path,
    *,
    part: Tried = "validation",
    slices: int = 0,
    ledger: Path | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> dict[str, Any]:
    """Measure every way on the same slices, and its gain over the first model alone.

    Args:
        models: finished run folders or model packages, all of one task; their squares may differ in size.
        manifest: from ``brainmtl index``.
        out: a folder: ``ensemble.json``, ``slices/<number>.parquet``, ``tables/``.
        part: which slices.
        slices: how many of them, balanced by class; 0 for all.
        ledger: where a reading of the test part is noted; default ``test-ledger.md`` beside ``out``.
        progress: called with slices done and slices in all.

    Returns:
        The content of ``ensemble.json``: ``{models, part, slices, ways: [{name, voices, ms_per_slice,
        segmentation, classification, joint, gain: {dice|accuracy: {value, low, high, p, n}}}]}``.

    Raises:
        InputError: something handed over cannot be used, the models have different tasks or have learnt from
            different slices, or another study lies in ``out``.
    """
    tried, table = [load_model(path) for path in models], read_manifest(manifest)
    chosen = balanced(held_out(table, tried, part, manifest), slices)
    names = model_names(models)
    plan = {
        "models": [{"name": name, "sha256": model.sha256} for name, model in zip(names, tried, strict=True)],
        "manifest_sha256": content_hash(table),
        "part": part,
        "slices": len(chosen),
    }
    begin_study(out, "study", plan)
    asked = ways(names)
    rows, seconds = _answers(tried, asked, chosen, progress)
    record: dict[str, Any] = plan | {
        "ways": [_measured(way, rows, asked[0], seconds, len(chosen)) for way in asked]
    }
    for number, way in enumerate(asked):
        with whole_file(out / "slices" / f"{number}.parquet") as temporary:
            rows[way.name].to_parquet(temporary, index=False)
    if part == "test" and not (out / "ensemble.json").exists():
        for model, way in zip(tried, record["ways"][::2], strict=False):
            note_trial(ledger or out.parent / "test-ledger.md", f"{out.name}: {way['name']}", model, way)
    write_json(out / "ensemble.json", record)
    write_ensemble(record, out)
    return record


def model_names(models: Sequence[Path]) -> list[str]:
    """What to call models: their folders, with those above where that is not enough.

    Args:
        models: run folders or package files.

    Raises:
        InputError: one is named twice.
    """
    paths = [path.with_suffix("") if path.is_file() else path for path in map(Path.resolve, models)]
    for parts in (1, 2):
        names = ["/".join(path.parts[-parts:]) for path in paths]
        if len(set(names)) == len(names):
            return names
    raise InputError("a model is named twice", field="models", mend="name each once")


def _answers(
    models: Sequence[Model],
    asked: Sequence[Way],
    chosen: pd.DataFrame,
    progress: Callable[[int, int], None],
) -> tuple[dict[str, pd.DataFrame], dict[Voice, float]]:
    """Rows of each way, and the seconds that each voice took."""
    voices = sorted({voice for way in asked for voice in way.voices})
    seconds = dict.fromkeys(voices, 0.0)
    rows: dict[str, list[dict[str, Any]]] = {way.name: [] for way in asked}
    with threads() as pool:
        for start in range(0, len(chosen), BATCH):
            batch = list(
                pool.map(read_slice, (row for _, row in chosen.iloc[start : start + BATCH].iterrows()))
            )
            said: dict[Voice, list[Answer]] = {}
            for number, mirrored in voices:
                began = time.perf_counter()
                said[number, mirrored] = models[number].answer(
                    [one.pixels for one in batch], mirrored=mirrored
                )
                seconds[number, mirrored] += time.perf_counter() - began
            for way in asked:
                threshold = float(np.mean([models[number].threshold for number, _ in way.voices]))
                together = zip(*(said[voice] for voice in way.voices), strict=True)
                rows[way.name] += pool.map(partial(_row, threshold=threshold), batch, together)
            progress(start + len(batch), len(chosen))
    return {name: pd.DataFrame(some) for name, some in rows.items()}, seconds


def _row(one: Slice, answers: Sequence[Answer], threshold: float) -> dict[str, Any]:
    """Score the mean of some answers, and say how far they differ."""
    mean, unsure = combine(answers)
    return score_answer(one.about, one.mask, mean, threshold) | unsure


def combine(answers: Sequence[Answer]) -> tuple[Answer, dict[str, float]]:
    """The mean of several answers about one slice, and how uncertain they are.

    Args:
        answers: of one task, and so with the same heads; masks at the slice's own size.

    Returns:
        The mean; and, as far as there are heads, ``class_entropy``, ``class_mutual_information``,
        ``mask_entropy`` and ``mask_mutual_information`` in nats, of masks summed over the pixels.

    Raises:
        InputError: the answers are of different tasks.
    """
    masks = [answer.mask for answer in answers if answer.mask is not None]
    classes = [answer.classes for answer in answers if answer.classes is not None]
    if {len(masks), len(classes)} - {0, len(answers)}:
        raise InputError("the models have different tasks", field="models", mend="name runs of one task")
    unsure: dict[str, float] = {}
    mean = Answer(
        np.mean(masks, axis=0, dtype=np.float32) if masks else None,
        np.mean(classes, axis=0, dtype=np.float32) if classes else None,
    )
    if classes:
        unsure["class_entropy"] = float(entropy(np.mean(classes, axis=0)))
        unsure["class_mutual_information"] = float(mutual_information(np.stack(classes)))
    if masks:
        unsure["mask_entropy"] = float(entropy(two_sided(np.mean(masks, axis=0))).sum())
        unsure["mask_mutual_information"] = float(mutual_information(two_sided(np.stack(masks))).sum())
    return mean, unsure


def _measured(
    way: Way, rows: dict[str, pd.DataFrame], base: Way, seconds: dict[Voice, float], slices: int
) -> dict[str, Any]:
    found = summarise(rows[way.name], strata=())
    cost = sum(seconds[voice] for voice in way.voices) * 1000 / slices
    gain = (
        {}
        if way is base
        else {metric: _gain(rows[way.name], rows[base.name], of) for metric, of in GAINS.items()}
    )
    sections = {name: found[name] for name in ("segmentation", "classification", "joint")}
    return (
        {"name": way.name, "voices": len(way.voices), "ms_per_slice": round(cost, 2)}
        | sections
        | {"gain": gain}
    )


def _gain(rows: pd.DataFrame, base: pd.DataFrame, column: str) -> dict[str, Any] | None:
    """The paired difference of a column's means; null where the models do not say it."""
    ours, theirs = (
        pd.to_numeric(some[column]).to_numpy(dtype=float, na_value=np.nan) for some in (rows, base)
    )
    both = ~np.isnan(ours) & ~np.isnan(theirs)
    if not both.any():
        return None
    found = paired_difference(ours[both], theirs[both], rows["group"].to_numpy(dtype=object)[both])
    ends = {name: getattr(found, name) for name in ("value", "low", "high", "p")}
    return {name: float(end) if np.isfinite(end) else None for name, end in ends.items()} | {"n": found.n}
