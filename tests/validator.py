"""An independent judge of DICOM objects."""

import shutil
import subprocess
from pathlib import Path

import pytest


def validated(path: Path) -> None:
    """dicom3tools' validator finds no error."""
    if shutil.which("dciodvfy") is None:
        pytest.skip("dciodvfy is not installed (Debian: dicom3tools)")
    done = subprocess.run(["dciodvfy", str(path)], capture_output=True, text=True, check=False)
    assert not [line for line in done.stderr.splitlines() if line.startswith("Error")], done.stderr
    assert done.returncode == 0
