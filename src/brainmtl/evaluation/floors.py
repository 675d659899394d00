"""What a lookup of the most similar training slice scores: the floor under every result."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brainmtl.evaluation.bootstrap import mean_interval
from brainmtl.evaluation.measures import metric
from brainmtl.evaluation.rates import rate_interval
from brainmtl.evaluation.segmentation import dice


def floors(
    *, train: Mapping[str, NDArray[Any]], test: Mapping[str, NDArray[Any]]
) -> dict[str, dict[str, Any]]:
    """Give each test slice the class of its nearest training slice, and the mask of its nearest tumour slice.

    Args:
        train: ``thumbnails`` ``(N, S, S)``; ``labels`` ``(N,)``, class names, null where unknown; ``masks``,
            bool ``(N, H, W)`` on one grid for all slices, empty where there is none.
        test: the same of the slices to score, and their ``groups`` ``(N,)``, where known, for the intervals.

    Returns:
        ``nearest_neighbour_accuracy``, over labelled slices, and ``nearest_mask_dice``, over tumour slices.
    """
    return {
        "nearest_neighbour_accuracy": _class_floor(train, test),
        "nearest_mask_dice": _mask_floor(train, test),
    }


def nearest(train_thumbnails: NDArray[np.generic], test_thumbnails: NDArray[np.generic]) -> NDArray[np.int64]:
    """Find the training slice whose thumbnail correlates best with each test slice's, never mirrored.

    Args:
        train_thumbnails: ``(N, S, S)``, N ≥ 1.
        test_thumbnails: ``(M, S, S)``.

    Returns:
        int64 ``(M,)``, rows of ``train_thumbnails``.

    Raises:
        ValueError: there is no training slice.
    """
    if not len(train_thumbnails):
        raise ValueError("train_thumbnails is empty: there is no nearest slice")
    found: NDArray[np.int64] = (_standard(test_thumbnails) @ _standard(train_thumbnails).T).argmax(axis=1)
    return found


def _class_floor(train: Mapping[str, NDArray[Any]], test: Mapping[str, NDArray[Any]]) -> dict[str, Any]:
    known, asked = (
        np.flatnonzero([isinstance(name, str) for name in part["labels"]]) for part in (train, test)
    )
    if not len(known) or not len(asked):
        return metric(float("nan"), 0)
    like = known[nearest(train["thumbnails"][known], test["thumbnails"][asked])]
    right = (train["labels"][like] == test["labels"][asked]).astype(float)
    return metric(**vars(rate_interval(right, _persons(test, asked))), n=len(asked))


def _mask_floor(train: Mapping[str, NDArray[Any]], test: Mapping[str, NDArray[Any]]) -> dict[str, Any]:
    known, asked = (np.flatnonzero(part["masks"].any(axis=(1, 2))) for part in (train, test))
    if not len(known) or not len(asked):
        return metric(float("nan"), 0)
    like = known[nearest(train["thumbnails"][known], test["thumbnails"][asked])]
    pairs = zip(asked, like, strict=True)
    scores = np.array([dice(test["masks"][mine], train["masks"][theirs]) for mine, theirs in pairs])
    return metric(**vars(mean_interval(scores, _persons(test, asked))), n=len(asked))


def _persons(test: Mapping[str, NDArray[Any]], asked: NDArray[np.int64]) -> NDArray[Any] | None:
    return test["groups"][asked] if "groups" in test else None


def _standard(thumbnails: NDArray[np.generic]) -> NDArray[np.float32]:
    flat = thumbnails.reshape(len(thumbnails), -1).astype(np.float32)
    flat -= flat.mean(axis=1, keepdims=True)
    standard: NDArray[np.float32] = flat / np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-6)
    return standard
