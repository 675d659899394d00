"""What of a run may be shown to anybody: no slice of a data set, no path of a machine."""

import json
import shutil
from pathlib import Path

import numpy as np

from brainmtl.errors import InputError
from brainmtl.imaging.files import whole_file
from brainmtl.report.card import write_card
from brainmtl.report.trials import TABLES

WHOLE = ("recipe.yaml", "log.csv", "network.json", "result.json")
PRIVATE = {"data.json": ("manifest",), "environment.json": ("command",)}
"""File → fields that hold paths."""
PANELS = "*panels*"


def share_run(run: Path, out: Path) -> list[Path]:
    """Copy the records, metrics, charts and tables of a run, so that they can be published, with its card.

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
    tables = [path for part in ("", *trials) for path in (run / part).glob("tables/*") if path.is_file()]
    tables += [run / name / f"{name}.json" for name in trials]
    drawn = [path for part in ("", *trials) for path in (run / part).glob("figures/*.png")]
    charts = [path for path in drawn if not path.match(PANELS)]
    copied = [run / name for name in WHOLE if (run / name).is_file()]
    written = []
    for path in [*copied, *run.glob("evaluation/*/metrics.json"), *charts, *tables]:
        written.append(out / path.relative_to(run))
        with whole_file(written[-1]) as temporary:
            shutil.copyfile(path, temporary)
    for name, fields in PRIVATE.items():
        content = json.loads((run / name).read_text(encoding="utf-8"))
        kept = {field: value for field, value in content.items() if field not in fields}
        written.append(out / name)
        with whole_file(out / name) as temporary:
            temporary.write_text(json.dumps(kept, indent=2) + "\n", encoding="utf-8")
    written.append(write_card(out, out / "CARD.md"))
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
