"""Where model packages lie that go by a name."""

import difflib
import os
from pathlib import Path

from brainmtl.errors import InputError

PACKAGE = "model.onnx"
"""What ``brainmtl export`` calls it in a run folder."""


def shelf() -> Path:
    """The folder of named packages: ``$BRAINMTL_MODELS``, or ``brainmtl/models`` in the user's cache."""
    if named := os.environ.get("BRAINMTL_MODELS"):
        return Path(named)
    return Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "brainmtl" / "models"


def find_package(model: str | Path) -> Path:
    """Find the file of a model package.

    Args:
        model: the file itself; a run folder that holds ``model.onnx``; or a name: ``base`` is
            ``base.onnx`` on the :func:`shelf`.

    Raises:
        InputError: there is no package of that name. A file is not looked at.
    """
    path = Path(model)
    if path.is_dir():
        return path / PACKAGE
    if path.suffix == ".onnx" or len(path.parts) > 1 or path.exists():
        return path
    found = shelf() / f"{path.name}.onnx"
    if not found.is_file():
        names = sorted(one.stem for one in shelf().glob("*.onnx"))
        near = difflib.get_close_matches(path.name, names, n=1) or names
        known = f"did you mean {' or '.join(near)}? " if near else ""
        raise InputError(
            "no model package of this name",
            where=path.name,
            mend=f"{known}Name a file, or put it in {shelf()}",
        )
    return found
