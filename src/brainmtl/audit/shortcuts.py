"""How well the class can be told without looking at the head.

A network that learns such a shortcut scores well on this data set and fails on the next (Geirhos et al. 2020,
Nature Machine Intelligence 2:665). Each family of features is measured twice: learnt and tested on folds of
whole groups within the training split, and learnt there and tested on the set's own test split.
"""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import roc_auc_score

from brainmtl.audit.looks import SIDE, Looks
from brainmtl.audit.sides import Rows, Sides, across_splits, within_split
from brainmtl.evaluation.measures import metric
from brainmtl.evaluation.rates import rate_interval
from brainmtl.imaging.threads import threads
from brainmtl.labels import HEALTHY

TREES = 100
ROWS_AT_ONCE = 1024


@dataclass(frozen=True)
class Guess:
    """What a family of features says of some slices.

    Attributes:
        called: class names ``(M,)``.
        healthy: ``(M,)``, the higher the more it looks healthy.
    """

    called: NDArray[np.object_]
    healthy: NDArray[np.float64]


Guesser = Callable[[Rows, Rows], Guess]


def measure_shortcuts(
    table: pd.DataFrame, looks: Looks, progress: Callable[[int], None] = lambda done: None
) -> dict[str, Any]:
    """Measure what each family of features gives away.

    Args:
        table: a manifest; slices without a label are left out.
        looks: of the same slices.
        progress: called with the number of families done.

    Returns:
        ``{family: {features, within, across}}`` and the same of ``majority``, the most frequent class. Both
        sides are ``{accuracy, healthy_auroc}``, each ``{value, n}``; null where there is only one class, too
        few groups, or (``across``) no test split.
    """
    known = table["label"].notna().to_numpy(dtype=bool)
    labelled = table[known]
    sides = {"within": within_split(labelled), "across": across_splits(labelled)}
    families = _families(labelled, looks, known)
    found = {}
    # scikit-learn sets warning filters as it fits, and threads lose each other's: they are put back here.
    with warnings.catch_warnings(), threads() as pool:
        scores = {
            (name, side): pool.submit(_score, labelled, guess, parts)
            for name, (_, guess) in families.items()
            for side, parts in sides.items()
        }
        for done, (name, (features, _)) in enumerate(families.items(), start=1):
            found[name] = {"features": features} | {side: scores[name, side].result() for side in sides}
            progress(done)
    return found


def _families(
    table: pd.DataFrame, looks: Looks, known: NDArray[np.bool_]
) -> dict[str, tuple[list[str], Guesser]]:
    labels = table["label"].to_numpy(dtype=object)
    size = table[["width", "height"]].astype(float)
    size["aspect"] = size["width"] / size["height"]
    columns = {"metadata": looks.metadata[known], "size": size, "intensity": looks.intensity[known]}
    found = {
        name: ([str(each) for each in values], _forest(labels, values)) for name, values in columns.items()
    }
    found["thumbnail"] = ["nearest 32×32 thumbnail"], _nearest(labels, _standard(looks.thumbnails[known]))
    return found | {"majority": ([], _majority(labels))}


def _score(table: pd.DataFrame, guess: Guesser, sides: Sides) -> dict[str, Any] | None:
    """One accuracy over all folds; of the AUROC the mean, because scores of two folds do not compare."""
    labels, groups = (table[name].to_numpy(dtype=object) for name in ("label", "group"))
    right, asked, areas, healthy = [], [], [], 0
    for train, test in sides:
        if len(set(labels[train])) < 2:
            continue
        said = guess(train, test)
        right.append(said.called == labels[test])
        asked.append(groups[test])
        truth = labels[test] == HEALTHY
        healthy += int(truth.sum())
        if truth.any() and not truth.all():
            areas.append(float(roc_auc_score(truth, said.healthy)))
    if not right:
        return None
    hits = np.concatenate(right).astype(float)
    return {
        "accuracy": metric(**vars(rate_interval(hits, np.concatenate(asked))), n=hits.size),
        "healthy_auroc": metric(float(np.mean(areas)) if areas else np.nan, healthy),
    }


def _forest(labels: NDArray[np.object_], features: pd.DataFrame) -> Guesser:
    values = features.to_numpy(dtype=np.float64)

    def guess(train: Rows, test: Rows) -> Guess:
        forest = RandomForestClassifier(TREES, random_state=0)
        forest.fit(values[train], labels[train].astype(str))
        chances, names = forest.predict_proba(values[test]), forest.classes_
        healthy = chances[:, names == HEALTHY].sum(axis=1)
        return Guess(names[chances.argmax(axis=1)].astype(object), healthy)

    return guess


def _nearest(labels: NDArray[np.object_], thumbnails: NDArray[np.float32]) -> Guesser:
    def guess(train: Rows, test: Rows) -> Guess:
        called, healthy = [], []
        well = labels[train] == HEALTHY
        for start in range(0, len(test), ROWS_AT_ONCE):
            alike = thumbnails[test[start : start + ROWS_AT_ONCE]] @ thumbnails[train].T
            called.append(labels[train][alike.argmax(axis=1)])
            nearest = [alike[:, side].max(axis=1, initial=-1) for side in (well, ~well)]
            healthy.append((nearest[0] - nearest[1]).astype(np.float64))
        return Guess(np.concatenate(called), np.concatenate(healthy))

    return guess


def _majority(labels: NDArray[np.object_]) -> Guesser:
    def guess(train: Rows, test: Rows) -> Guess:
        usual = pd.Series(labels[train]).mode().iloc[0]
        return Guess(np.full(len(test), usual, object), np.zeros(len(test)))

    return guess


def _standard(thumbnails: NDArray[np.uint8]) -> NDArray[np.float32]:
    flat = thumbnails.reshape(len(thumbnails), SIDE * SIDE).astype(np.float32)
    flat -= flat.mean(axis=1, keepdims=True)
    length = np.linalg.norm(flat, axis=1, keepdims=True)
    return np.asarray(flat / np.maximum(length, 1e-6), np.float32)
