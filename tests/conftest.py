"""What the tests share: where the real data lie, and a small phantom set."""

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def brisc_root() -> Path:
    folder = os.environ.get("BRAINMTL_DATA")
    if folder is None:
        pytest.skip("BRAINMTL_DATA is not set; it names the folder that holds brisc2025/")
    root = Path(folder) / "brisc2025"
    if not root.is_dir():
        pytest.skip(f"BRAINMTL_DATA={folder} holds no brisc2025/")
    return root


@pytest.fixture(scope="session")
def brisc(brisc_root: Path):
    from brainmtl.data.brisc import index_brisc

    return index_brisc(brisc_root)[0]
