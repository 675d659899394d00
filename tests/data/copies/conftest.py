"""Pictures to copy, and tables of pictures."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from brainmtl.imaging.files import file_sha256
from brainmtl.imaging.picture import read_picture


@pytest.fixture(scope="session")
def originals(tmp_path_factory: pytest.TempPathFactory) -> list[np.ndarray]:
    """Forty phantom slices, each of another person."""
    from brainmtl.data.phantom import make_phantom

    root = tmp_path_factory.mktemp("originals") / "set"
    make_phantom(root, slices=160, size=160, seed=7)
    persons = pd.read_csv(root / "persons.csv").drop_duplicates("person")["id"].iloc[:40]
    paths = {path.stem: path for path in root.glob("classification_task/*/*/*.jpg")}
    return [read_picture(paths[name]).pixels for name in persons]


@pytest.fixture
def manifest(tmp_path: Path) -> Callable[[list[np.ndarray]], pd.DataFrame]:
    """Save pictures, and give a table of them; their ids are their numbers."""

    def save(pictures: list[np.ndarray]) -> pd.DataFrame:
        folder = tmp_path / str(len(list(tmp_path.iterdir())))
        folder.mkdir()
        paths = [folder / f"{number:04}.png" for number in range(len(pictures))]
        for path, pixels in zip(paths, pictures, strict=True):
            Image.fromarray(np.ascontiguousarray(pixels)).save(path, compress_level=1)
        rows = {"id": [path.stem for path in paths], "image": [str(path) for path in paths], "split": "train"}
        return pd.DataFrame({**rows, "sha256": [file_sha256(path) for path in paths]}).astype("string")

    return save
