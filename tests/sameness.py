"""Whether two folders that runs left hold the same results, to the last bit."""

import csv
import json
import os
from pathlib import Path
from typing import Any

import pandas as pd
import torch

MEASURED_TIME = {"seconds", "slices_per_second", "hours", "epoch_seconds", "started", "command"}
NEVER_READ = "current_score"
"""Lightning writes it into a checkpoint and does not read it back."""
OF_ITS_OWN_TIME = ("tfevents", ".lock", "study.journal", "environment.json", "/logs/", "ledger")
"""Files that say when something happened, or how often it was tried."""


def same_checkpoint(a: Any, b: Any, where: str = "checkpoint") -> None:
    """Equal to the last bit, but for the folder that paths name."""
    if where.endswith(NEVER_READ):
        return
    assert type(a) is type(b), where
    if isinstance(a, dict):
        assert len(a) == len(b), where
        for (key, left), (other, right) in zip(a.items(), b.items(), strict=True):
            same_checkpoint(key, other, where)
            same_checkpoint(left, right, f"{where}/{key}")
    elif isinstance(a, list | tuple):
        assert len(a) == len(b), where
        for number, pair in enumerate(zip(a, b, strict=True)):
            same_checkpoint(*pair, f"{where}/{number}")
    elif isinstance(a, torch.Tensor):
        assert torch.equal(a, b), where
    elif isinstance(a, str) and os.sep in a:
        assert Path(a).name == Path(b).name or where.endswith("dirpath"), where
    else:
        assert a == b, where


def same_results(folder: Path, other: Path) -> None:
    """The same files, and in each the same, but for what the clock says."""
    assert _files(folder) == _files(other)
    for name in sorted(_files(folder)):
        one, two = (_content(root / name, root) for root in (folder, other))
        if name.endswith(".ckpt"):
            same_checkpoint(one, two, name)
        elif isinstance(one, pd.DataFrame):
            pd.testing.assert_frame_equal(one, two, check_exact=True, obj=name)
        else:
            assert one == two, name


def _files(folder: Path) -> set[str]:
    files = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    return {name for name in files if not any(part in f"/{name}" for part in OF_ITS_OWN_TIME)}


def _content(path: Path, root: Path) -> Any:
    if path.suffix == ".ckpt":
        return torch.load(path, weights_only=True)
    if path.suffix == ".parquet":
        return pd.read_parquet(path)
    if path.suffix == ".json":
        return _timeless(json.loads(path.read_text().replace(str(root), "")))
    if path.suffix == ".csv":
        with path.open(newline="") as handle:
            return [_timeless(row) for row in csv.DictReader(handle)]
    return path.read_bytes()


def _timeless(content: Any) -> Any:
    if isinstance(content, dict):
        return {name: _timeless(value) for name, value in content.items() if name not in MEASURED_TIME}
    return [_timeless(value) for value in content] if isinstance(content, list) else content
