"""Sets of classes that hold the true one as often as promised, for each class on its own."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brainmtl.evaluation.bootstrap import Interval
from brainmtl.evaluation.clusters import cluster_codes
from brainmtl.evaluation.rates import rate_interval
from brainmtl.inference.certainty import in_class_set, leads
from brainmtl.labels import CLASSES

CONFIDENCE = 0.99


@dataclass(frozen=True)
class ClassSets:
    """What makes sets of probabilities.

    Attributes:
        lead: float64 ``(4,)``, the least lead over the likeliest other class at which each class is in the
            set; −infinity where its calibration slices are too few to leave it out of any set.
        confidence: as promised.
        n: int64 ``(4,)``, calibration slices of each class.
    """

    lead: NDArray[np.float64]
    confidence: float
    n: NDArray[np.int64]


def fit_class_sets(
    truth: NDArray[np.integer], probabilities: NDArray[np.floating], confidence: float = CONFIDENCE
) -> ClassSets:
    """Calibrate class by class: Mondrian conformal prediction (Vovk, Gammerman and Shafer 2005, § 4.5).

    Non-conformity is how far the true class is behind the likeliest other one (the margin of Johansson et
    al., IJCNN 2017): a slice that is confidently called another class then widens the sets of doubtful
    slices, and not those of all. A class of n slices takes the ⌈(n + 1) · confidence⌉-th smallest; with 99 %
    that needs 99 slices, and with fewer the class is in every set.

    Args:
        truth: int ``(N,)``, of slices that neither trained nor selected the network.
        probabilities: ``(N, 4)``.
        confidence: 0 to 1.
    """
    lead, numbers = [], []
    ahead = leads(probabilities)
    for code in range(len(CLASSES)):
        true = np.sort(ahead[truth == code, code])[::-1]
        rank = math.ceil((len(true) + 1) * confidence - 1e-9)
        lead.append(true[rank - 1] if rank <= len(true) else -math.inf)
        numbers.append(len(true))
    return ClassSets(np.array(lead), confidence, np.array(numbers))


def class_sets(fitted: ClassSets, probabilities: NDArray[np.floating]) -> NDArray[np.bool_]:
    """The classes that cannot be ruled out, as :func:`~brainmtl.inference.certainty.in_class_set` says.

    Args:
        fitted: of :func:`fit_class_sets`.
        probabilities: ``(N, 4)``.

    Returns:
        bool ``(N, 4)``.
    """
    return in_class_set(fitted.lead, probabilities)


def held_out_sets(
    truth: NDArray[np.integer],
    probabilities: NDArray[np.floating],
    groups: NDArray[Any],
    *,
    confidence: float = CONFIDENCE,
    folds: int = 10,
    seed: int = 0,
) -> NDArray[np.bool_]:
    """The set of each slice, calibrated on other persons: persons are dealt into folds.

    Args:
        truth: int ``(N,)``, of the calibration slices.
        probabilities: ``(N, 4)``.
        groups: ``(N,)``, the person of each slice.
        confidence: as will be promised.
        folds: at least 2.
        seed: of the deal.

    Returns:
        bool ``(N, 4)``.
    """
    codes = cluster_codes(groups, len(truth))
    fold = np.random.default_rng(seed).permutation(int(codes.max()) + 1)[codes] % folds
    kept = np.zeros(probabilities.shape, bool)
    for number in range(folds):
        left = fold == number
        kept[left] = class_sets(
            fit_class_sets(truth[~left], probabilities[~left], confidence), probabilities[left]
        )
    return kept


def coverage(
    truth: NDArray[np.integer], kept: NDArray[np.bool_], groups: NDArray[Any]
) -> dict[str, Interval]:
    """How often sets hold the true class.

    Args:
        truth: int ``(N,)``.
        kept: the sets, bool ``(N, 4)``.
        groups: ``(N,)``, the person of each slice.

    Returns:
        Under ``all`` and by class name: the share with its 95 % interval; NaN for a class without slices.
    """
    held = kept[np.arange(len(truth)), truth].astype(float)
    parts = {"all": truth >= 0} | {name: truth == code for code, name in enumerate(CLASSES)}
    return {name: rate_interval(held[part], groups[part]) for name, part in parts.items()}
