"""Whether a run's probabilities can be trusted on persons that calibrated nothing, as a table."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from brainmtl.evaluation.bootstrap import Interval, bootstrap, mean_interval
from brainmtl.evaluation.calibration import ece, ece_adaptive, nll
from brainmtl.evaluation.classification import PROBABILITIES
from brainmtl.evaluation.conformal import CONFIDENCE, class_sets, coverage, fit_class_sets, held_out_sets
from brainmtl.evaluation.temperature import best_temperature, held_out_scaled, scale
from brainmtl.evaluation.weighted import Weights
from brainmtl.labels import CLASSES
from brainmtl.report.folder import Evaluation
from brainmtl.report.names import Kind, value_name
from brainmtl.report.tables import Cell, Table, measured, text

Said = tuple[NDArray[np.int64], NDArray[np.float64], NDArray[Any]]
"""True classes ``(N,)``, probabilities ``(N, 4)``, persons ``(N,)``."""


def certainty_table(evaluation: Evaluation, validation: pd.DataFrame | None = None) -> Table | None:
    """Calibration before and after temperature scaling, and what conformal class sets hold.

    Args:
        evaluation: of one part.
        validation: ``per_image.parquet`` of the part that calibrates; ``None`` where the part is that one
            itself: each slice is then calibrated on other persons.

    Returns:
        ``None`` without class probabilities, or where fewer than two persons calibrate.
    """
    said = _said(evaluation.slices)
    taught = said if validation is None else _said(validation)
    if said is None or taught is None or len(set(taught[2])) < 2:
        return None
    truth, stated, groups = said
    if validation is None:
        scaled = held_out_scaled(truth, stated, groups)
        kept = held_out_sets(truth, scaled, groups)
    else:
        temperature = best_temperature(*taught[:2])
        scaled = scale(stated, temperature)
        kept = class_sets(fit_class_sets(taught[0], scale(taught[1], temperature)), scaled)
    rows = [*_calibration(truth, stated, scaled, groups), *_sets(truth, kept, groups)]
    how = "on other persons of this part" if validation is None else "on the validation part"
    note = (
        f"Temperature and sets are calibrated {how}. In brackets 95 % intervals over persons. The promise is "
        f"{CONFIDENCE:.0%} for each class."
    )
    return Table(f"{evaluation.part}-certainty", "Certainty", ("what", "value"), tuple(rows), note)


def _said(slices: pd.DataFrame | None) -> Said | None:
    if slices is None:
        return None
    known = slices[slices["label"].notna() & slices[PROBABILITIES[0]].notna()]
    if known.empty:
        return None
    truth = np.array([CLASSES.index(name) for name in known["label"]], np.int64)
    return truth, known[list(PROBABILITIES)].to_numpy(dtype=float), known["group"].to_numpy(dtype=object)


def _calibration(
    truth: NDArray[np.int64], stated: NDArray[np.float64], scaled: NDArray[np.float64], groups: NDArray[Any]
) -> list[tuple[Cell, Cell]]:
    measures = {"ECE": ece, "ECE, adaptive": ece_adaptive, "NLL, nats": nll}
    ways = {"as stated": stated, "after temperature scaling": scaled}

    def all_of_them(weights: Weights) -> NDArray[np.float64]:
        return np.stack([m(truth, p, weights) for m in measures.values() for p in ways.values()], -1)

    titles = [f"{measure}, {way}" for measure in measures for way in ways]
    found = bootstrap(all_of_them, len(truth), groups)
    return [(text(title), _cell(one, len(truth))) for title, one in zip(titles, found, strict=True)]


def _sets(truth: NDArray[np.int64], kept: NDArray[np.bool_], groups: NDArray[Any]) -> list[tuple[Cell, Cell]]:
    slices = {"all": len(truth)} | {name: int((truth == code).sum()) for code, name in enumerate(CLASSES)}
    rows = [
        (
            text("class sets hold the class" if name == "all" else f"… of {value_name(name)}"),
            _cell(found, slices[name], "share"),
        )
        for name, found in coverage(truth, kept, groups).items()
        if slices[name]
    ]
    sizes = mean_interval(kept.sum(axis=1).astype(float), groups)
    return [*rows, (text("classes in a set, mean"), _cell(sizes, len(truth)))]


def _cell(found: Interval, n: int, kind: Kind = "ratio") -> Cell:
    ends = {"low": found.low, "high": found.high}
    known = {name: None if np.isnan(end) else end for name, end in ends.items()}
    return measured({"value": found.value, "n": n} | known, kind)
