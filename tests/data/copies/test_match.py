"""Slices that two sets share."""

import io

import numpy as np
import pandas as pd
from PIL import Image

from brainmtl.data.copies.match import match_sets
from brainmtl.data.copies.orientation import ORIENTATIONS
from brainmtl.data.copies.thumbnails import read_thumbnails


def _jpeg(pixels: np.ndarray) -> np.ndarray:
    buffer = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(buffer, "JPEG", quality=60)
    return np.asarray(Image.open(buffer))


def _half(pixels: np.ndarray) -> np.ndarray:
    return np.asarray(Image.fromarray(np.ascontiguousarray(pixels)).reduce(2))


def test_what_the_other_set_knows_is_carried_over(originals: list[np.ndarray], manifest):
    turns = {each.name: each for each in ORIENTATIONS}
    ours = manifest(
        [
            originals[0],
            _jpeg(np.fliplr(originals[1])),
            _half(turns["rot90"].turn(originals[2])),
            originals[3],
            originals[4],
        ]
    )
    theirs = manifest([originals[2], originals[1], originals[0], *originals[10:20]])
    theirs = theirs.assign(patient=[f"P{number}" for number in range(len(theirs))], mask=theirs["image"])
    found = match_sets(ours, theirs)
    assert found[["id", "other_id", "kind", "transform", "patient"]].to_numpy().tolist() == [
        ["0000", "0002", "bytes", "none", "P2"],
        ["0001", "0001", "near", "mirror", "P1"],
        ["0002", "0000", "near", "rot90", "P0"],  # theirs, turned so, is ours
    ]
    assert found["mask"].tolist() == theirs["image"].iloc[[2, 1, 0]].tolist()
    assert found["label"].isna().all()
    assert found["score"].min() > 0.97


def test_sets_that_share_nothing(originals: list[np.ndarray], manifest):
    found = match_sets(manifest(originals[:5]), manifest(originals[5:10]))
    assert found.empty
    assert isinstance(found, pd.DataFrame)


def test_progress_counts_both_sets(originals: list[np.ndarray], manifest):
    seen: list[tuple[int, int]] = []
    match_sets(
        manifest(originals[:3]),
        manifest(originals[:4]),
        progress=lambda done, total: seen.append((done, total)),
    )
    assert seen == [(done, 7) for done in range(1, 8)]


def test_slices_already_decoded_are_not_read_again(originals: list[np.ndarray], manifest):
    ours, theirs = manifest(originals[:3]), manifest([originals[2], originals[5]])
    seen: list[tuple[int, int]] = []
    found = match_sets(
        ours.assign(image="nowhere"),
        theirs,
        thumbnails=read_thumbnails(ours["image"]),
        progress=lambda done, total: seen.append((done, total)),
    )
    assert found["other_id"].tolist() == ["0000"]
    assert seen == [(1, 2), (2, 2)]
