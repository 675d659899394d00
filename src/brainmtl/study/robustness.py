"""A model tried on slices that are worse than those it was trained on.

Corruptions in five severities each, after Hendrycks and Dietterich (ICLR 2019), of slices as they lie in
their files.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pandas as pd

from brainmtl.data.manifest import content_hash, read_manifest
from brainmtl.imaging.files import whole_file
from brainmtl.imaging.threads import threads
from brainmtl.report.robustness import write_robustness
from brainmtl.study.corruptions import CORRUPTIONS, SEVERITIES, Corruption, corrupt
from brainmtl.study.degradation import degradation
from brainmtl.study.folder import begin_study
from brainmtl.study.gallery import draw_gallery
from brainmtl.study.model import Model, load_model
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
SLICES: Final = 200
CLEAN: Final = "clean"
Progress = Callable[[int, int], None]


def try_robustness(
    model: Path,
    manifest: Path,
    out: Path,
    *,
    part: Tried = "validation",
    slices: int = SLICES,
    seed: int = 0,
    ledger: Path | None = None,
    progress: Progress = lambda done, total: None,
) -> dict[str, Any]:
    """Measure a model on every corruption and severity.

    Called again with the same arguments it goes on after the last corruption that is done.

    Args:
        model: a finished run folder, or a model package.
        manifest: from ``brainmtl index``.
        out: a folder: ``plan.json``, ``slices/<corruption>.parquet``, ``robustness.json``, ``tables/``,
            ``figures/``.
        part: which slices.
        slices: how many of them, balanced by class; 0 for all.
        seed: of their choice.
        ledger: where a reading of the test part is noted; default ``test-ledger.md`` beside ``out``.
        progress: called with slices done and slices in all.

    Returns:
        The content of ``robustness.json``.

    Raises:
        InputError: something handed over cannot be used, or another trial lies in ``out``.
    """
    tried, table = load_model(model), read_manifest(manifest)
    chosen = balanced(held_out(table, [tried], part, manifest), slices, seed)
    plan = {
        "model": tried.name,
        "model_sha256": tried.sha256,
        "manifest_sha256": content_hash(table),
        "part": part,
        "slices": len(chosen),
        "seed": seed,
        "levels": {corruption.name: list(corruption.levels) for corruption in CORRUPTIONS},
    }
    begin_study(out, "study", plan)
    total, done = len(chosen) * (1 + SEVERITIES * len(CORRUPTIONS)), 0
    found: dict[str, pd.DataFrame] = {}
    for corruption in (None, *CORRUPTIONS):
        name = CLEAN if corruption is None else corruption.name
        path = out / "slices" / f"{name}.parquet"
        if not path.is_file():
            rows = []
            for some in _tried_rows(tried, chosen, corruption):
                rows += some
                progress(done + len(rows), total)
            with whole_file(path) as temporary:
                pd.DataFrame(rows).to_parquet(temporary, index=False)
        found[name] = pd.read_parquet(path)
        done += len(found[name])
        progress(done, total)
    record: dict[str, Any] = plan | degradation(found.pop(CLEAN), found)
    if part == "test" and not (out / "robustness.json").exists():
        note_trial(ledger or out.parent / "test-ledger.md", out.name, tried, record["clean"])
    write_json(out / "robustness.json", record)
    write_robustness(record, out)
    draw_gallery(out / "figures" / "corruptions.png")
    return record


def _tried_rows(
    model: Model, chosen: pd.DataFrame, corruption: Corruption | None
) -> Iterator[list[dict[str, Any]]]:
    """Rows of a batch, of one severity after another; of clean slices the severity is 0."""
    severities = [0] if corruption is None else list(range(1, SEVERITIES + 1))
    with threads() as pool:
        for start in range(0, len(chosen), BATCH):
            batch = [row for _, row in chosen.iloc[start : start + BATCH].iterrows()]
            slices = list(pool.map(read_slice, batch))
            for severity in severities:
                changed = list(pool.map(lambda one, s=severity: _corrupted(corruption, s, one), slices))
                answers = model.answer([one.pixels for one in changed])
                scored = pool.map(
                    lambda one, answer: score_answer(one.about, one.mask, answer, model.threshold),
                    changed,
                    answers,
                )
                yield [row | {"severity": severity} for row in scored]


def _corrupted(corruption: Corruption | None, severity: int, one: Slice) -> Slice:
    """The slice, corrupted; one whose tumour has left the picture has no truth any more."""
    if corruption is None:
        return one
    pixels, mask = corrupt(corruption, severity, one.pixels, one.mask, one.about["id"])
    if mask is not None and one.mask is not None and one.mask.any() and not mask.any():
        return Slice(one.about | {"label": None}, pixels, None)
    return Slice(one.about, pixels, mask)
