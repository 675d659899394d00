"""Slices of one block lie in their order."""

import numpy as np
import pandas as pd
from scipy.ndimage import gaussian_filter
from scipy.stats import spearmanr

from brainmtl.data.copies.series import find_series


def _block(seed: int, slices: int) -> np.ndarray:
    """A head-like block, cut into slices that change from one to the next."""
    rng = np.random.default_rng(seed)
    block = gaussian_filter(rng.standard_normal((slices, 96, 96)), (1.2, 3, 3))
    y, x = np.mgrid[-1:1:96j, -1:1:96j]
    block = 120 + 60 * block / block.std()
    return np.clip(block * (x**2 / 0.7 + y**2 / 0.8 < 1), 0, 255).astype(np.uint8)


def test_a_shuffled_block_is_one_series_in_order(manifest):
    first, second = _block(0, 9), _block(1, 7)
    pictures = np.concatenate([first, second, first[2:3, :, ::-1]])
    place = [*range(9), *range(7), 2]
    order = np.random.default_rng(0).permutation(len(pictures))
    table = manifest([pictures[number] for number in order])
    found = find_series(table).set_index("id").loc[table["id"]]
    block = np.repeat([0, 1, 0], [9, 7, 1])[order]
    for number in (0, 1):
        rows = found[block == number]
        assert rows["series"].nunique() == 1
        assert (rows["position"].min(), rows["position"].max()) == (0, 1)
        truth = np.array(place)[order][block == number]
        assert abs(spearmanr(rows["position"], truth).statistic) > 0.99
    copies = found["position"].to_numpy()[np.isin(order, [2, 16])]
    assert copies[0] == copies[1]
    assert found["series"].nunique() == 2


def test_unlike_slices_are_no_series(manifest):
    table = manifest([_block(seed, 1)[0] for seed in range(5)])
    found = find_series(table)
    assert found.empty
    assert list(found.columns) == ["id", "series", "position"]
    assert isinstance(found, pd.DataFrame)
