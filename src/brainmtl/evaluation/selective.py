"""Knowing when not to answer: what is left wrong among the slices that are answered."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from brainmtl.evaluation.clusters import cluster_codes
from brainmtl.evaluation.weighted import Weights, once, ratio

LEAST_ANSWERED = 0.25
"""Share answered at the first threshold that is tried."""


@dataclass(frozen=True)
class RiskCoverage:
    """From answering the surest slice alone to answering all.

    Attributes:
        coverage: float64 ``(K,)``, share of slices answered, rising to 1.
        risk: float64 ``(K,)``, mean loss of those.
        threshold: float64 ``(K,)``, the least certainty that is answered.
    """

    coverage: NDArray[np.float64]
    risk: NDArray[np.float64]
    threshold: NDArray[np.float64]


@dataclass(frozen=True)
class Abstention:
    """From which certainty on to answer.

    Attributes:
        threshold: answer where the certainty is at least this; infinite where no threshold is safe.
        coverage: share of slices that are then answered.
        risk: share of those that are wrong.
        bound: the risk is at most this, with the confidence asked for.
    """

    threshold: float
    coverage: float
    risk: float
    bound: float


def risk_coverage(certainty: NDArray[np.floating], loss: NDArray[np.floating]) -> RiskCoverage:
    """The risk–coverage curve; slices of one certainty are answered together (El-Yaniv and Wiener 2010).

    Args:
        certainty: ``(N,)``, higher is surer; N ≥ 1.
        loss: ``(N,)``, e.g. whether the class is wrong, or 1 − Dice.
    """
    order = np.argsort(-np.asarray(certainty, float), kind="stable")
    sure, lost = np.asarray(certainty, float)[order], np.cumsum(np.asarray(loss, float)[order])
    last = np.flatnonzero(np.r_[sure[1:] != sure[:-1], True])
    return RiskCoverage((last + 1) / len(sure), lost[last] / (last + 1), sure[last])


def aurc(
    certainty: NDArray[np.floating], loss: NDArray[np.floating], weights: Weights | None = None
) -> NDArray[np.float64]:
    """Area under the risk–coverage curve: the risk averaged over every number of slices answered.

    Geifman, Uziel and El-Yaniv (ICLR 2019). Slices of one certainty are taken in every order, on average: w
    of mean loss t after N of summed loss L add Σ (L + jt) / (N + j), j = 1 … w, by harmonic numbers.

    Args:
        certainty: ``(N,)``, higher is surer; N ≥ 1.
        loss: ``(N,)``.
        weights: whole numbers ``(..., N)``, how often each slice counts; default: once each.

    Returns:
        ``(...)``, in the units of the loss; lower is better. Random certainty gives the mean loss. NaN
        without slices.
    """
    weights = once(weights, len(certainty))
    if not len(certainty):
        return np.full(weights.shape[:-1], np.nan)
    order = np.argsort(-np.asarray(certainty, float), kind="stable")
    sure = np.asarray(certainty, float)[order]
    starts = np.flatnonzero(np.r_[True, sure[1:] != sure[:-1]])
    slices = np.add.reduceat(weights[..., order], starts, axis=-1)
    lost = np.add.reduceat((weights * np.asarray(loss, float))[..., order], starts, axis=-1)
    before, lost_before = np.cumsum(slices, axis=-1) - slices, np.cumsum(lost, axis=-1) - lost
    harmonic = np.r_[0.0, np.cumsum(1 / np.arange(1, weights.sum(axis=-1).max() + 1))]
    steps = harmonic[np.rint(before + slices).astype(int)] - harmonic[np.rint(before).astype(int)]
    typical = np.nan_to_num(ratio(lost, slices))
    return ratio((lost + (lost_before - typical * before) * steps).sum(axis=-1), slices.sum(axis=-1))


def excess_aurc(certainty: NDArray[np.floating], loss: NDArray[np.floating]) -> float:
    """How much of :func:`aurc` the certainty is to blame for: what it exceeds the best order by.

    Args:
        certainty: ``(N,)``.
        loss: ``(N,)``.

    Returns:
        0 or more.
    """
    return float(aurc(certainty, loss) - aurc(-np.asarray(loss, float), loss))


def worst_of_each(
    certainty: NDArray[np.floating], wrong: NDArray[np.bool_], groups: NDArray[Any] | None = None
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """One row a person: the surest wrong answer where there is one, else the surest answer.

    At any threshold the persons who get a wrong answer are then those whose row is wrong and answered, so
    that :func:`abstention` bounds the share of persons who get one.

    Args:
        certainty: ``(N,)``.
        wrong: bool ``(N,)``.
        groups: ``(N,)``, the person of each slice; default: each slice stands alone.

    Returns:
        Certainty ``(G,)``, and whether it is wrong, bool ``(G,)``.
    """
    codes = cluster_codes(groups, len(certainty))
    persons = int(codes.max(initial=-1)) + 1
    surest, wrongest = np.full(persons, -np.inf), np.full(persons, -np.inf)
    np.maximum.at(surest, codes, np.asarray(certainty, float))
    np.maximum.at(wrongest, codes[wrong], np.asarray(certainty, float)[wrong])
    ever = np.isfinite(wrongest)
    return np.where(ever, wrongest, surest), ever


def abstention(
    certainty: NDArray[np.floating], wrong: NDArray[np.bool_], risk: float, confidence: float = 0.95
) -> Abstention:
    """Choose the lowest threshold whose risk is bounded, on a validation part.

    Thresholds are tried downward from the one that answers a quarter, and the search ends at the first that
    fails, so that trying many does no harm (fixed-sequence testing; Bauer 1991). Begun among a few, it would
    end at the first sure mistake; and a rule that answers fewer is of little use. The bound is Clopper and
    Pearson's, which holds for slices that stand alone: hand over one slice a person, or the worst of each,
    where persons repeat.

    Args:
        certainty: ``(N,)``, N ≥ 1.
        wrong: bool ``(N,)``.
        risk: the share of wrong answers that is tolerated, 0 to 1.
        confidence: of the bound.
    """
    curve = risk_coverage(certainty, wrong.astype(float))
    answered = np.rint(curve.coverage * len(wrong))
    errors = np.rint(curve.risk * answered)
    bound = np.where(
        errors < answered, stats.beta.ppf(confidence, errors + 1, np.maximum(answered - errors, 1)), 1.0
    )
    # A handful of slices bounds nothing, right as they may be: no sequence starts where none could succeed.
    could = stats.beta.ppf(confidence, 1, answered) <= risk
    start = np.argmax(could & (curve.coverage >= LEAST_ANSWERED))
    fails = np.flatnonzero(bound[start:] > risk)
    chosen = start + (fails[0] if len(fails) else len(bound) - start) - 1
    if chosen < start or bound[chosen] > risk:
        return Abstention(float("inf"), 0.0, float("nan"), float("nan"))
    return Abstention(
        float(curve.threshold[chosen]),
        float(curve.coverage[chosen]),
        float(curve.risk[chosen]),
        float(bound[chosen]),
    )
