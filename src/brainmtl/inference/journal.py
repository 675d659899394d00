"""What a batch has done so far, so that one that was stopped goes on where it was."""

import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Self

from brainmtl.errors import InputError
from brainmtl.imaging.files import whole_file
from brainmtl.inference.result import RESULTS, TABLE, Result

JOURNAL = "unfinished.jsonl"
"""First line: what the batch is. Then a line for each scan: its number and its rows. Removed at the end."""


class Journal:
    """The journal of one output folder.

    Args:
        out: the output folder; made where it does not exist.
        batch: what tells this batch from any other, as JSON values. A journal of the same batch is taken up;
            any other is thrown away with the tables of an earlier prediction, so that these never speak of
            masks they do not belong to.

    Attributes:
        started: when the batch was begun for the first time.
        done: number of a scan → its rows.

    Raises:
        InputError: the folder cannot be written.
    """

    def __init__(self, out: Path, batch: dict[str, Any]) -> None:
        self.path = out / JOURNAL
        self.started, self.done = datetime.now().replace(microsecond=0), dict[int, list[Result]]()
        try:
            out.mkdir(parents=True, exist_ok=True)
            self._take_up(out, batch)
            for name in (RESULTS, TABLE):
                (out / name).unlink(missing_ok=True)
            with whole_file(self.path) as temporary:
                lines = [{"started": self.started.isoformat(), "batch": batch}]
                lines += [_line(number, rows) for number, rows in self.done.items()]
                temporary.write_text("".join(json.dumps(line) + "\n" for line in lines))
            self._handle = self.path.open("a")
        except OSError as error:
            raise _unwritable(error, out) from error

    def add(self, number: int, rows: Sequence[Result]) -> None:
        """Note that a scan is done: its files are written."""
        self.done[number] = list(rows)
        try:
            self._handle.write(json.dumps(_line(number, rows)) + "\n")
            self._handle.flush()
        except OSError as error:
            raise _unwritable(error, self.path) from error

    def remove(self) -> None:
        """The batch is over."""
        self.path.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        try:
            self._handle.close()
        except OSError as unwritten:
            if error[0] is None:
                raise _unwritable(unwritten, self.path) from unwritten

    def _take_up(self, out: Path, batch: dict[str, Any]) -> None:
        try:
            head, *lines = self.path.read_text().splitlines()
            began = json.loads(head)
            if began["batch"] != batch:
                return
            self.started = datetime.fromisoformat(began["started"])
            for line in lines:
                noted = json.loads(line)
                rows = [Result.from_row(row) for row in noted["rows"]]
                if all((out / file).is_file() for row in rows for file in row.files()):
                    self.done[int(noted["scan"])] = rows
        except (OSError, ValueError, KeyError, TypeError):  # none, or its last line is torn
            return


def _line(number: int, rows: Sequence[Result]) -> dict[str, Any]:
    return {"scan": number, "rows": [row.row() for row in rows]}


def _unwritable(error: OSError, where: Path) -> InputError:
    return InputError(
        f"cannot be written: {error.strerror}", where=where, mend="choose a folder you may write to"
    )
