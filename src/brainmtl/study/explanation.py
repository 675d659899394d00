"""Whether what a network says of the class comes from the tumour."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from brainmtl.data.manifest import content_hash, read_manifest
from brainmtl.errors import InputError
from brainmtl.evaluation.bootstrap import mean_interval
from brainmtl.evaluation.measures import metric
from brainmtl.imaging.files import file_sha256, whole_file
from brainmtl.imaging.square import to_square
from brainmtl.labels import CLASSES, TUMOURS
from brainmtl.report.explanation import Look, worst, write_explanation
from brainmtl.study.attention import class_maps
from brainmtl.study.folder import begin_study
from brainmtl.study.model import Model, load_model
from brainmtl.study.slices import balanced, held_out, read_slice
from brainmtl.training.run import load_network, load_recipe, write_json

BATCH: Final = 16
MEASURED: Final = ("energy", "area", "hit")


def explain(
    run: Path,
    manifest: Path,
    out: Path,
    *,
    slices: int = 0,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> dict[str, Any]:
    """Measure how much of a network's evidence for the true class lies within the tumour.

    Args:
        run: a finished run folder of a network with a class head.
        manifest: from ``brainmtl index``.
        out: a folder: ``explanation.json``, ``explanation.parquet``, ``tables/``, and ``figures/``, which
            show slices and stay where the data are.
        slices: how many tumour slices of the validation part, balanced by class; 0 for all.
        progress: called with slices done and slices in all.

    Returns:
        The content of ``explanation.json``: ``{model, slices, by_class: {glioma|…|all: {energy, area, hit:
        {value, low, high, n}}}}``. ``energy``: share of the map's weight within the mask (the energy-based
        pointing game; Wang et al., CVPR Workshops 2020). ``area``: the mask's share of the square, which a
        map without a meaning would have. ``hit``: the map's highest point lies within the mask (Zhang et al.,
        IJCV 2018).

    Raises:
        InputError: something handed over cannot be used, or another study lies in ``out``.
    """
    model, network, table = load_model(run), load_network(run), read_manifest(manifest)
    part = held_out(table, [model], "validation", manifest)
    chosen = balanced(part[part["label"].isin(TUMOURS) & part["mask"].notna()], slices)
    plan = {
        "model": load_recipe(run).name,
        "model_sha256": file_sha256(run / "model.safetensors"),
        "manifest_sha256": content_hash(table),
        "slices": len(chosen),
    }
    if chosen.empty:
        raise InputError(
            "no tumour slice has a mask", where=manifest, field="mask", mend="index a set that has masks"
        )
    begin_study(out, "study", plan)
    looks: list[Look] = []
    found: list[dict[str, Any]] = []
    for start in range(0, len(chosen), BATCH):
        some = _looks(network, model, chosen.iloc[start : start + BATCH])
        found += [look.about for look in some]
        looks = worst([*looks, *some])
        progress(len(found), len(chosen))
    rows = pd.DataFrame(found)
    record: dict[str, Any] = plan | {"by_class": _by_class(rows)}
    with whole_file(out / "explanation.parquet") as temporary:
        rows.to_parquet(temporary, index=False)
    write_json(out / "explanation.json", record)
    write_explanation(record, looks, out)
    return record


def _looks(network: Any, model: Model, rows: pd.DataFrame) -> list[Look]:
    batch = [read_slice(row) for _, row in rows.iterrows()]
    squares = np.stack([to_square(one.pixels, model.size, model.fit) for one in batch])
    truth = np.array([CLASSES.index(one.about["label"]) for one in batch], np.int64)
    looks = []
    for one, square, heat in zip(batch, squares, class_maps(network, squares, truth), strict=True):
        assert one.mask is not None
        mask = to_square(one.mask.astype(np.uint8) * 255, model.size, model.fit) / np.float32(255)
        looks.append(Look(one.about | pointing(heat, mask), square, mask > 0.5, heat))
    return looks


def pointing(heat: NDArray[np.floating], mask: NDArray[np.floating]) -> dict[str, float | None]:
    """How much of a map lies within a mask.

    Args:
        heat: ``(S, S)``, 0 or more.
        mask: ``(S, S)``, the share of each pixel that is tumour.

    Returns:
        ``energy``, ``area`` and ``hit``, each 0 to 1; ``energy`` and ``hit`` are null where the map is empty.
    """
    weight = float(heat.sum())
    return {
        "energy": float((heat * mask).sum()) / weight if weight > 0 else None,
        "area": float(mask.mean()),
        "hit": float(mask.flat[int(heat.argmax())] > 0.5) if weight > 0 else None,
    }


def _by_class(rows: pd.DataFrame) -> dict[str, Any]:
    """Means with their intervals, of each tumour class and of all."""
    parts = {name: rows[rows["label"] == name] for name in TUMOURS} | {"all": rows}
    return {
        name: {column: _mean(part, column) for column in MEASURED}
        for name, part in parts.items()
        if len(part)
    }


def _mean(rows: pd.DataFrame, column: str) -> dict[str, Any]:
    values = pd.to_numeric(rows[column]).to_numpy(dtype=float, na_value=np.nan)
    known = ~np.isnan(values)
    found = mean_interval(values[known], rows["group"].to_numpy(dtype=object)[known])
    return metric(**vars(found), n=int(known.sum()))
