"""What of a study may be shown to anybody: no slice of a set, no path of a machine."""

import json
import shutil
from pathlib import Path

from brainmtl.errors import InputError
from brainmtl.imaging.files import whole_file
from brainmtl.study.joint_summary import SLICES
from brainmtl.training.run import read_json

RECORDS = ("crossval.json", "sweep.json", "joint-vs-single.json")


def share_study(study: Path, out: Path) -> list[Path]:
    """Copy the record, the recipe, the tables, the charts, the log of each run, and scores of slices by name.

    Args:
        study: a folder that ``brainmtl crossval``, ``sweep`` or ``joint-vs-single`` has finished.
        out: a folder; files of the same names in it are replaced.

    Returns:
        The files written.

    Raises:
        InputError: it has not finished, or the folder cannot be written.
    """
    records = [study / name for name in RECORDS if (study / name).is_file()]
    if not records:
        raise InputError("has not finished", where=study, mend="call it again to go on")
    written = []
    found = [
        path
        for form in ("tables/*", "figures/*.png", "*/log.csv", "*/*/log.csv", SLICES)
        for path in study.glob(form)
    ]
    for path in [study / "recipe.yaml", *found]:
        written.append(out / path.relative_to(study))
        with whole_file(written[-1]) as temporary:
            shutil.copyfile(path, temporary)
    for record in records:
        written.append(out / record.name)
        with whole_file(written[-1]) as temporary:
            temporary.write_text(json.dumps(_clean(read_json(record)), indent=2) + "\n", encoding="utf-8")
    return sorted(written)


def _clean(content: dict[str, object]) -> dict[str, object]:
    """Why a trial failed may name a file."""
    trials = content.get("trials")
    if isinstance(trials, list):
        content["trials"] = [
            {name: value for name, value in trial.items() if name != "reason"} for trial in trials
        ]
    return content
