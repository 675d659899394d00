"""Model packages that go by a name: those a user has put on a shelf, and those that come with brainmtl."""

import difflib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from brainmtl.errors import InputError
from brainmtl.imaging.files import file_sha256

PACKAGE: Final = "model.onnx"
"""What ``brainmtl export`` calls it in a run folder."""
DEFAULT: Final = "base"
"""The model that is used where none is named."""
SHIPPED: Final = Path(__file__).parents[1] / "shelf"
"""The folder of those that come with brainmtl: ``<name>.onnx``, its card ``<name>.md``, and the record."""
RECORD: Final = "models.json"
"""``{name: {"sha256": …, "bytes": …}}``; ``tools/shelve.py`` writes it."""


@dataclass(frozen=True)
class Shelved:
    """A package that goes by a name.

    Attributes:
        name: its name.
        path: its file.
        sha256: what a shipped file must have; ``None`` for a user's own.
    """

    name: str
    path: Path
    sha256: str | None = None

    @property
    def card(self) -> Path | None:
        """Its model card, where there is one."""
        card = self.path.with_suffix(".md")
        return card if card.is_file() else None

    def checked(self) -> Path:
        """Its file, once it is what it was when it was shipped.

        Raises:
            InputError: it is missing or altered.
        """
        if self.sha256 is not None and (not self.path.is_file() or file_sha256(self.path) != self.sha256):
            raise InputError(
                "missing, or not the file that was shipped", where=self.path, mend="install brainmtl again"
            )
        return self.path


def shelf() -> Path:
    """The user's folder of named packages: ``$BRAINMTL_MODELS``, or ``brainmtl/models`` in the cache."""
    if named := os.environ.get("BRAINMTL_MODELS"):
        return Path(named)
    return Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "brainmtl" / "models"


def shelved() -> dict[str, Shelved]:
    """Every package that goes by a name; a user's own stands before a shipped one of the same name.

    Raises:
        InputError: the record of what is shipped is damaged.
    """
    found = {one.name: one for one in _shipped()}
    return found | {path.stem: Shelved(path.stem, path) for path in sorted(shelf().glob("*.onnx"))}


def _shipped() -> Iterator[Shelved]:
    record = SHIPPED / RECORD
    if not record.is_file():
        return
    try:
        entries = json.loads(record.read_text(encoding="utf-8"))
        for name, entry in entries.items():
            yield Shelved(name, SHIPPED / f"{name}.onnx", entry["sha256"])
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise InputError("cannot be read", where=record, mend="install brainmtl again") from error


def find_package(model: str | Path | None = None) -> Path:
    """Find the file of a model package.

    Args:
        model: the file itself; a run folder that holds ``model.onnx``; a name of :func:`shelved`; or
            ``None`` for :data:`DEFAULT`, wherever one stands.

    Raises:
        InputError: there is no package of that name, or a shipped one is damaged. A file is not looked at.
    """
    path = Path(DEFAULT if model is None else model)
    known = shelved()
    named = len(path.parts) == 1 and path.name in known  # a folder of that name may be anything
    if model is not None:
        if path.is_dir() and not (named and not (path / PACKAGE).is_file()):
            return path / PACKAGE
        if path.suffix == ".onnx" or len(path.parts) > 1 or path.is_file():
            return path
    if named:
        return known[path.name].checked()
    if model is None:
        raise InputError(
            "no model is named, and this brainmtl comes with none",
            field="model",
            mend=f"name a package that `brainmtl export RUN` made, or put one in {shelf()} as {DEFAULT}.onnx",
        )
    near = difflib.get_close_matches(path.name, known, n=1) or list(known)
    meant = f"did you mean {' or '.join(near)}? " if near else ""
    raise InputError(
        "no model package of this name", where=path.name, mend=f"{meant}Name a file, or put it in {shelf()}"
    )


def describe(one: Shelved) -> dict[str, Any]:
    """What ``brainmtl models`` tells of a package.

    Args:
        one: of :func:`shelved`.

    Returns:
        ``{name, path, shipped, bytes, sha256, task, size, parameters, storage, licence, note, card}``.

    Raises:
        InputError: it is damaged.
    """
    from brainmtl.inference.package import load_package  # loads ONNX Runtime

    package = load_package(one.checked())
    info = package.info
    return {
        "name": one.name,
        "path": str(one.path),
        "shipped": one.sha256 is not None,
        "bytes": one.path.stat().st_size,
        "sha256": package.sha256,
        "task": info.task,
        "size": info.size,
        "parameters": info.parameters,
        "storage": info.storage,
        "licence": info.provenance.attribution,
        "note": info.provenance.note,
        "card": None if one.card is None else str(one.card),
    }
