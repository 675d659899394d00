"""Whether one joint network is as good as each specialist, by person, and what it saves."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from statistics import fmean
from typing import Any, Final

import numpy as np
import pandas as pd

from brainmtl.evaluation.equivalence import tost
from brainmtl.evaluation.repeats import seed_and_slice_interval
from brainmtl.imaging.files import whole_file
from brainmtl.report.equivalence import equivalence_chart
from brainmtl.report.style import LIGHT, to_png, to_svg
from brainmtl.report.tables import Cell, Table, difference, text, to_csv, to_markdown
from brainmtl.study.joint_cost import measure_cost
from brainmtl.training.evaluate import note_reading
from brainmtl.training.run import read_json, write_json

MARGIN: Final = 0.005
"""Of Dice, and of accuracy (half a point); stated before anything was trained."""
SLICES: Final = "slices.parquet"
METRICS: Final = {"dice": ("segmentation", "Dice"), "right": ("classification", "accuracy")}
"""Column of a slice → the specialist for it, and its name."""
Runs = Mapping[tuple[str, int, int], Path]


def write_summary(
    out: Path, record: str, plan: dict[str, Any], runs: Runs, ledger: Path | None
) -> dict[str, Any]:
    """Summarise finished runs, and keep what each said of each slice in ``slices.parquet``.

    Args:
        out: the study's folder.
        record: name of the JSON file to write.
        plan: what was to be done; its fields stand in the summary.
        runs: measured run folders by arm, fold and seed.
        ledger: where the reading of the test parts is noted; default ``test-ledger.md`` beside ``out``.

    Returns:
        The plan; ``encoder_weights``, as a run's ``data.json`` has them; ``margin``; ``equivalence``:
        ``{Dice | accuracy: {joint, single, by_seed, with_seeds, not_worse, value, low, high, p, margin,
        equivalent, power, n, persons}}``, joint minus specialist over the slices of all folds, each the mean
        of its seeds, and ``with_seeds`` the ends had the seeds been drawn anew, too; ``cost``:
        ``{joint | both specialists: {parameters, size_mb, ms, memory_mb}}``; ``hours``.
    """
    arms = dict.fromkeys(arm for arm, _, _ in runs)
    slices = {
        arm: _slices([(seed, run) for (one, _, seed), run in runs.items() if one == arm]) for arm in arms
    }
    with whole_file(out / SLICES) as temporary:
        pd.concat(slices, names=["arm"]).reset_index("arm").to_parquet(temporary, index=False)
    first = min((fold, seed) for _, fold, seed in runs)
    found = {
        **plan,
        "encoder_weights": read_json(runs["joint", *first] / "data.json").get("encoder_weights"),
        "margin": MARGIN,
        "equivalence": {
            name: compare_slices(slices["joint"], slices[arm], column)
            for column, (arm, name) in METRICS.items()
        },
        "cost": measure_cost({arm: runs[arm, *first] for arm in arms}, out),
        "hours": {
            arm: round(
                sum(read_json(run / "result.json")["hours"] for (one, *_), run in runs.items() if one == arm),
                4,
            )
            for arm in arms
        },
    }
    for table in (equivalence_table(found), cost_table(found)):
        for suffix, written in (("md", to_markdown(table)), ("csv", to_csv(table))):
            with whole_file(out / "tables" / f"{table.name}.{suffix}") as temporary:
                temporary.write_text(written, encoding="utf-8")
    figure = equivalence_chart(found["equivalence"], MARGIN, LIGHT)
    for suffix, drawn in (("png", to_png(figure)), ("svg", to_svg(figure))):
        with whole_file(out / "figures" / f"joint-vs-single.{suffix}") as temporary:
            temporary.write_bytes(drawn)
    for arm in arms:
        _note(arm, out, plan, [run for (one, *_), run in runs.items() if one == arm], ledger)
    write_json(out / record, found)
    return found


def compare_slices(joint: pd.DataFrame, single: pd.DataFrame, column: str) -> dict[str, Any]:
    """Test whether two arms are equal within :data:`MARGIN`, by person.

    Args:
        joint: one row a slice and seed: ``id, group, seed`` and the column; a slice is tested in one fold.
        single: the same of the specialist; slices that one of the two lacks are left out.
        column: ``dice`` or ``right``.

    Returns:
        See :func:`write_summary`.
    """
    keys = ["id", "group", "seed"]
    both = joint[[*keys, column]].merge(single[[*keys, column]], on=keys, suffixes=("_joint", "_single"))
    both = both.dropna()
    means = both.drop(columns="seed").groupby(["id", "group"], as_index=False).mean()
    a, b = (means[f"{column}_{arm}"].to_numpy(dtype=float) for arm in ("joint", "single"))
    test = tost(a, b, MARGIN, means["group"].to_numpy(dtype=object))
    both["apart"] = both[f"{column}_joint"] - both[f"{column}_single"]
    crosswise = both.pivot(index=["id", "group"], columns="seed", values="apart").dropna()
    trained = seed_and_slice_interval(
        crosswise.to_numpy().T, crosswise.index.get_level_values("group").to_numpy(dtype=object), level=0.9
    )
    return {
        "joint": float(a.mean()),
        "single": float(b.mean()),
        "by_seed": [float(value) for value in both.groupby("seed")["apart"].mean()],
        "with_seeds": [None if np.isnan(end) else end for end in (trained.low, trained.high)],
        "not_worse": bool(test.low > -MARGIN),
        **{
            name: value.item() if isinstance(value, np.generic) else value
            for name, value in asdict(test).items()
        },
    }


def equivalence_table(found: Mapping[str, Any]) -> Table:
    """Joint beside specialist, metric by metric.

    Args:
        found: of :func:`write_summary`.
    """
    rows = []
    for name, one in found["equivalence"].items():
        verdict = "equivalent" if one["equivalent"] else "not worse" if one["not_worse"] else "not shown"
        rows.append(
            (
                text(name),
                *(Cell(f"{one[arm]:.4f}", one[arm]) for arm in ("joint", "single")),
                difference(one["value"], one["low"], one["high"]),
                text(", ".join(f"{value:+.4f}" for value in one["by_seed"])),
                text(" to ".join("–" if end is None else f"{end:+.4f}" for end in one["with_seeds"])),
                Cell(f"{one['p']:.3f}", one["p"]),
                Cell(f"{one['power']:.2f}", one["power"]),
                Cell(f"{one['n']:,} of {one['persons']:,}", one["n"]),
                text(verdict),
            )
        )
    head = (
        "metric",
        "joint",
        "specialist",
        "difference",
        "by seed",
        "seeds drawn too",
        "p",
        "power",
        "slices of persons",
        "verdict",
    )
    note = (
        f"Difference with its 90 % interval, by person; two one-sided tests with a margin of {MARGIN}. "
        "Equivalent: both ends within the margin; not worse: the lower end. The test speaks of the networks "
        "that were trained; the 90 % interval with seeds drawn too of others trained alike: narrow with few. "
        "Power: the chance to find equivalence, had they been equal. Research use."
    )
    return Table("joint-vs-single", "One joint network against two specialists", head, tuple(rows), note)


def cost_table(found: Mapping[str, Any]) -> Table:
    """What running one joint network costs, and what both specialists.

    Args:
        found: of :func:`write_summary`.
    """
    rows = [
        (
            text(name),
            Cell(f"{cost['parameters']:,}", cost["parameters"]),
            *(Cell(f"{cost[key]:.1f}", cost[key]) for key in ("size_mb", "ms", "memory_mb")),
        )
        for name, cost in found["cost"].items()
    ]
    head = ("network", "parameters", "MB on disk", "ms a slice", "MB in memory")
    note = "Median time of single slices on this machine; memory beyond that of the empty runtime."
    return Table("joint-vs-single-cost", "What it saves", head, tuple(rows), note)


def _slices(runs: Sequence[tuple[int, Path]]) -> pd.DataFrame:
    """One row a slice and seed: ``id, group, seed, dice, right``; null where it does not apply."""
    tables = []
    for seed, run in runs:
        rows = pd.read_parquet(run / "evaluation" / "test" / "per_image.parquet")
        blank = pd.Series(np.nan, rows.index)
        called = rows["predicted"] if "predicted" in rows else pd.Series(pd.NA, rows.index, dtype="string")
        right = pd.Series((rows["label"] == called).fillna(False).astype(float), rows.index)
        known = rows["label"].notna() & called.notna()
        dice = rows["dice"].astype(float) if "dice" in rows else blank
        tables.append(
            pd.DataFrame(
                {
                    "id": rows["id"],
                    "group": rows["group"],
                    "seed": seed,
                    "dice": dice,
                    "right": right.where(known),
                }
            )
        )
    return pd.concat(tables, ignore_index=True)


def _note(arm: str, out: Path, plan: Mapping[str, Any], runs: Sequence[Path], ledger: Path | None) -> None:
    """One row for all folds and seeds of an arm: their means."""
    read = [read_json(run / "evaluation" / "test" / "metrics.json") for run in runs]
    means: dict[str, dict[str, Any]] = {}
    for section, name in (
        ("segmentation", "dice"),
        ("classification", "accuracy"),
        ("segmentation", "false_mask_rate"),
    ):
        values = [((one.get(section) or {}).get(name) or {}).get("value") for one in read]
        known = [float(value) for value in values if value is not None]
        if known:
            means.setdefault(section, {})[name] = {"value": fmean(known)}
    about = f"mean of {len(runs)} runs"
    note_reading(
        ledger or out.parent / "test-ledger.md",
        (f"{out.name}/{arm}", str(plan["recipe"]), f"patient-5fold, {len(plan['seeds'])} seeds", about),
        means,
    )
