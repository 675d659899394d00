"""Slices that must stay on one side of a split: a person's, or look-alikes where the person is unknown.

A first version: look-alikes are slices whose 32×32 thumbnails correlate, as they are or mirrored left-right.
"""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from brainmtl.imaging.picture import read_picture
from brainmtl.imaging.square import to_square

SIDE = 32
SAME_PERSON = 0.97
ALIKE = 0.95
LARGEST_SHARE = 0.01
LARGEST = 10


def group_slices(table: pd.DataFrame, persons: "pd.Series[str]") -> "pd.Series[str]":
    """Name the group of every slice.

    A slice of a known person is that person's. A slice that correlates with one of theirs by
    :data:`SAME_PERSON` joins the best of them. The rest are joined where they correlate by :data:`ALIKE`; a
    group above :data:`LARGEST_SHARE` of the set (and :data:`LARGEST` slices) has chained, and is cut again at
    a stricter correlation.

    Args:
        table: a manifest; its image files are read.
        persons: person ids aligned with the table, null where unknown.

    Returns:
        Group names: the person id, or ``look-<id of the first slice>``.
    """
    thumbnails = standard_thumbnails(table["image"])
    group = persons.copy()
    known = np.flatnonzero(persons.notna().to_numpy())
    unknown = np.flatnonzero(persons.isna().to_numpy())
    if known.size and unknown.size:
        score = correlation(thumbnails[unknown], thumbnails[known])
        best = score.argmax(axis=1)
        close = score[np.arange(len(unknown)), best] >= SAME_PERSON
        group.iloc[unknown[close]] = persons.iloc[known[best[close]]].to_numpy()
        unknown = unknown[~close]
    largest = max(LARGEST, int(LARGEST_SHARE * len(table)))
    for members in _components(thumbnails, unknown, ALIKE, largest):
        group.iloc[members] = f"look-{table['id'].iloc[members[0]]}"
    return group


def standard_thumbnails(images: "pd.Series[str]") -> NDArray[np.float32]:
    """Thumbnails of mean 0 and length 1, so that a dot product is a correlation.

    Args:
        images: paths.

    Returns:
        float32 ``(N, 32, 32)``.
    """

    def thumbnail(path: str) -> NDArray[np.uint8]:
        # As stored: the splits frozen in tables/ were drawn so, and stay reproducible.
        return to_square(read_picture(Path(path), as_stored=True).pixels, SIDE, "stretch")

    with ThreadPoolExecutor() as pool:
        small = np.stack(list(pool.map(thumbnail, images))).astype(np.float32)
    small -= small.mean(axis=(1, 2), keepdims=True)
    length = np.linalg.norm(small, axis=(1, 2), keepdims=True)
    return np.asarray(small / np.maximum(length, 1e-6), np.float32)


def correlation(a: NDArray[np.float32], b: NDArray[np.float32]) -> NDArray[np.float32]:
    """Correlation of every thumbnail of ``a`` with every one of ``b``, the better of as-is and mirrored.

    Args:
        a: float32 ``(N, 32, 32)`` from :func:`standard_thumbnails`.
        b: float32 ``(M, 32, 32)``.

    Returns:
        float32 ``(N, M)``.
    """
    flat = b.reshape(len(b), -1).T
    upright, mirrored = a.reshape(len(a), -1) @ flat, a[:, :, ::-1].reshape(len(a), -1) @ flat
    return np.asarray(np.maximum(upright, mirrored), np.float32)


def _components(
    thumbnails: NDArray[np.float32], members: NDArray[np.int64], threshold: float, largest: int
) -> list[NDArray[np.int64]]:
    if members.size == 0:
        return []
    close = coo_array(correlation(thumbnails[members], thumbnails[members]) >= threshold)
    _, names = connected_components(close, directed=False)
    found = []
    for name in np.unique(names):
        part = members[names == name]
        stricter = threshold + (1 - threshold) / 4
        if len(part) > largest and stricter < 0.9999:
            found.extend(_components(thumbnails, part, stricter, largest))
        else:
            found.append(part)
    return found
