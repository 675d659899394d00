"""What corruptions cost: each metric, and the share of the clean score that is kept."""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from brainmtl.evaluation import weighted
from brainmtl.evaluation.bootstrap import bootstrap
from brainmtl.evaluation.measures import (
    Measure,
    classification_measures,
    estimate,
    metric,
    segmentation_measures,
)
from brainmtl.evaluation.weighted import Weights
from brainmtl.study.corruptions import CORRUPTIONS

SHOWN: Final = {
    "segmentation": ("dice", "false_mask_rate"),
    "classification": ("accuracy", "miss_rate", "ece"),
}
Columns = list[NDArray[np.float64]]


def degradation(clean: pd.DataFrame, corrupted: Mapping[str, pd.DataFrame]) -> dict[str, Any]:
    """Compare corrupted slices with the clean ones.

    ``kept`` is the mean, over Dice and accuracy, of the metric on corrupted slices divided by the metric on
    the same slices clean; 1 where nothing is lost. Over severities and corruptions it is averaged, each
    counting alike.

    Args:
        clean: rows of ``score_slice`` with ``id``, ``label`` and ``group``.
        corrupted: by a corruption's name, rows of the same slices, severity after severity.

    Returns:
        ``{clean: {section: {metric: {value, low, high, n}}}, kept: {value, low, high, n}, kept_by_kind,
        corruptions: [{name, title, kind, unit, kept, severities: [{severity, level, kept, segmentation,
        classification}]}]}``; a section is null where the model has no such head.
    """
    ids, groups = clean["id"], clean["group"].to_numpy(dtype=object)
    tables = {
        corruption: [
            rows.set_index("id").loc[ids].reset_index()
            for _, rows in corrupted[corruption.name].groupby("severity")
        ]
        for corruption in CORRUPTIONS
        if corruption.name in corrupted
    }
    base = _goals(clean)
    goals = {corruption: [_goals(rows) for rows in some] for corruption, some in tables.items()}

    def kept(weights: Weights) -> NDArray[np.float64]:
        """``(..., corruptions, severities)``."""
        return np.stack(
            [np.stack([_kept(one, base, weights) for one in some], -1) for some in goals.values()], -2
        )

    kinds = np.array([corruption.kind for corruption in tables])

    def summary(weights: Weights) -> NDArray[np.float64]:
        by_corruption = kept(weights).mean(-1)
        parts = [by_corruption, *(by_corruption[..., kinds == kind] for kind in ("scanner", "picture"))]
        return np.stack([_mean(part) for part in parts], -1)

    shares = kept(np.ones(len(clean)))
    overall, *by_kind = (metric(**vars(one), n=len(clean)) for one in bootstrap(summary, len(clean), groups))
    return {
        "clean": _metrics(clean),
        "kept": overall,
        "kept_by_kind": dict(zip(("scanner", "picture"), by_kind, strict=True)),
        "corruptions": [
            {
                "name": corruption.name,
                "title": corruption.title,
                "kind": corruption.kind,
                "unit": corruption.unit,
                "kept": _known(shares[number].mean()),
                "severities": [
                    {"severity": severity + 1, "level": corruption.levels[severity]}
                    | {"kept": _known(shares[number, severity])}
                    | _metrics(rows)
                    for severity, rows in enumerate(some)
                ],
            }
            for number, (corruption, some) in enumerate(tables.items())
        ],
    }


def _goals(rows: pd.DataFrame) -> Columns:
    """Dice and whether the class is right, of each slice, as far as the model says either."""
    columns = [pd.to_numeric(rows[name]).to_numpy(dtype=float, na_value=np.nan) for name in ("dice", "right")]
    said = (rows["predicted_px"].notna().any(), rows["predicted"].notna().any())
    return [column for column, known in zip(columns, said, strict=True) if known]


def _kept(columns: Columns, clean: Columns, weights: Weights) -> NDArray[np.float64]:
    shares = [
        weighted.ratio(
            weighted.mean(column, weights),
            weighted.mean(np.where(np.isnan(column), np.nan, before), weights),
        )
        for column, before in zip(columns, clean, strict=True)
    ]
    return np.asarray(np.mean(shares, axis=0))


def _metrics(rows: pd.DataFrame) -> dict[str, Any]:
    called = rows[rows["label"].notna() & rows["predicted"].notna()]
    found: dict[str, Any] = {}
    measured: tuple[tuple[str, dict[str, Measure], pd.DataFrame], ...] = (
        ("segmentation", segmentation_measures(rows), rows),
        ("classification", classification_measures(called), called),
    )
    for section, measures, some in measured:
        chosen = {name: measures[name] for name in SHOWN[section] if name in measures}
        found[section] = estimate(chosen, some["group"].to_numpy(dtype=object)) if chosen else None
    return found


def _known(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _mean(shares: NDArray[np.float64]) -> NDArray[np.float64]:
    """Over the corruptions; NaN where there is none."""
    return shares.mean(-1) if shares.shape[-1] else np.full(shares.shape[:-1], np.nan)
