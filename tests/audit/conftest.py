"""Phantoms with planted copies, and small manifests made by hand."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from brainmtl.data.brisc import index_brisc
from brainmtl.data.manifest import check_manifest
from brainmtl.data.phantom import make_phantom


@pytest.fixture(scope="session")
def copied_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ninety-six phantoms, sixteen of them planted copies; copy the folder before changing it."""
    root = tmp_path_factory.mktemp("copies") / "set"
    make_phantom(root, slices=96, size=96, copies=True)
    return root


@pytest.fixture(scope="session")
def copied(copied_root: Path) -> pd.DataFrame:
    return index_brisc(copied_root)[0]


@pytest.fixture(scope="session")
def planted(copied_root: Path) -> pd.DataFrame:
    """The planted copies: ``a, b, kind, transform, across_splits``."""
    table = pd.read_csv(copied_root / "planted.csv")
    return table[table["kind"] != "person"].reset_index(drop=True)


@pytest.fixture
def make_table(tmp_path: Path):
    """Write pictures and masks, and give the manifest of them."""

    def make(rows: list[dict[str, Any]]) -> pd.DataFrame:
        made = []
        for number, row in enumerate(rows):
            pixels = row.pop("pixels", np.full((32, 32), 100, np.uint8))
            mask = row.pop("mask", None)
            name = row.setdefault("id", f"s{number}")
            paths = [tmp_path / f"{name}.png", tmp_path / f"{name}_mask.png"]
            Image.fromarray(pixels).save(paths[0])
            if mask is not None:
                Image.fromarray(mask).save(paths[1])
                row |= {"mask": str(paths[1]), "mask_sha256": "0"}
            made.append(
                {"source": "hand", "group": name, "split": "train", "sha256": str(number)}
                | {"width": pixels.shape[1], "height": pixels.shape[0], "image": str(paths[0])}
                | row
            )
        return check_manifest(pd.DataFrame(made), "hand")

    return make
