"""What the tests share: where the real data lie, and a small phantom set."""

import os
from pathlib import Path

import pytest

# Each test process has a core of its own; threads that wait for one another there only spin.
os.environ.setdefault("OMP_NUM_THREADS", "1")


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


@pytest.fixture(scope="session")
def keras(tmp_path_factory: pytest.TempPathFactory):
    """Keras on torch, told to leave the home folder alone."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KERAS_BACKEND", "torch")
        patch.setenv("KERAS_HOME", str(tmp_path_factory.mktemp("keras")))
        import keras

        yield keras


@pytest.fixture(scope="session")
def phantom_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sixty small phantom slices in BRISC's layout; copy the folder before changing it."""
    from brainmtl.data.phantom import make_phantom

    root = tmp_path_factory.mktemp("phantoms") / "phantom"
    make_phantom(root, slices=60, size=96)
    return root


@pytest.fixture(scope="session")
def phantom(phantom_root: Path):
    from brainmtl.data.brisc import index_brisc

    return index_brisc(phantom_root)[0]
