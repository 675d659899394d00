"""What of a run may be shown to anybody: no slice of a data set, no path of a machine."""

import json
import shutil
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from brainmtl.errors import InputError
from brainmtl.imaging.files import whole_file
from brainmtl.report.card import write_card
from brainmtl.report.trials import TABLES

WHOLE = ("recipe.yaml", "log.csv", "network.json", "result.json")
PRIVATE = {"data.json": ("manifest",), "environment.json": ("command",)}
"""File → fields that hold paths."""
SHOWN = (
    "figures/*.png",
    "tables/*.md",
    "tables/*.csv",
    "tables/numbers.tex",
    "tables/*-failures.json",
)
"""Tables have other forms too, which say the same; a card names failing slices from theirs in JSON."""
PANELS = "*panels*"


def share_run(run: Path, out: Path) -> list[Path]:
    """Copy the records, charts and tables of a run, so that they can be published, with its card.

    Args:
        run: a run folder with a report.
        out: a folder; files of the same names in it are replaced.

    Returns:
        The files written.

    Raises:
        InputError: there is no report yet, or the folder cannot be written.
    """
    if not (run / "report.html").is_file():
        raise InputError("has no report yet", where=run, mend=f"brainmtl report {run}")
    trials = [name for name in TABLES if (run / name / f"{name}.json").is_file()]
    shown = [run / name / f"{name}.json" for name in trials]
    for part in ("", *trials):
        shown += [path for form in SHOWN for path in (run / part).glob(form) if not path.match(PANELS)]
    written = [*share_records(run, out), *_copy(run, out, shown)]
    written.append(write_card(out, out / "CARD.md"))
    return sorted(written)


def share_records(run: Path, out: Path) -> list[Path]:
    """Copy the records of a run alone: its recipe, log, network, machine, counts and metrics.

    Args:
        run: a run folder.
        out: a folder; files of the same names in it are replaced.

    Returns:
        The files written.

    Raises:
        InputError: the folder cannot be written.
    """
    whole = [run / name for name in WHOLE if (run / name).is_file()]
    written = _copy(run, out, [*whole, *run.glob("evaluation/*/metrics.json")])
    for name, fields in PRIVATE.items():
        content = json.loads((run / name).read_text(encoding="utf-8"))
        kept = {field: value for field, value in content.items() if field not in fields}
        written.append(out / name)
        with whole_file(out / name) as temporary:
            temporary.write_text(json.dumps(kept, indent=2) + "\n", encoding="utf-8")
    return sorted(written)


def share_weights(run: Path, out: Path) -> Path:
    """Write the weights of a run at half precision, so that others can go on from it, or export it.

    Vectors (biases, statistics of norms) stay float32: they weigh nothing, and some do not fit float16.

    Args:
        run: a finished run folder.
        out: a folder; ``model.safetensors`` in it is replaced.

    Returns:
        The file.

    Raises:
        InputError: the run has not finished, or the file cannot be written.
    """
    from safetensors.numpy import load_file, save

    path = run / "model.safetensors"
    if not path.is_file():
        raise InputError("has no weights yet", where=run, mend=f"brainmtl train --resume {run}")
    state = load_file(path)
    content = save(
        {name: value.astype(np.float16) if value.ndim > 1 else value for name, value in state.items()}
    )
    with whole_file(out / path.name) as temporary:
        temporary.write_bytes(content)
    return out / path.name


def _copy(run: Path, out: Path, paths: Iterable[Path]) -> list[Path]:
    written = []
    for path in paths:
        written.append(out / path.relative_to(run))
        with whole_file(written[-1]) as temporary:
            shutil.copyfile(path, temporary)
    return written
