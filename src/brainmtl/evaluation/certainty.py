"""What slices that nobody learnt from teach of how sure a model may be: every promise, fitted here."""

import math
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from brainmtl.evaluation.class_answers import ClassAnswers
from brainmtl.evaluation.clusters import cluster_codes
from brainmtl.evaluation.conformal import class_sets, coverage, fit_class_sets, held_out_sets
from brainmtl.evaluation.mask_conformal import COVERED, fit_margin, held_out_margin
from brainmtl.evaluation.out_of_fold import PART
from brainmtl.evaluation.outlier import alarm_threshold, fit_features, held_out_distance
from brainmtl.evaluation.selective import abstention, worst_of_each
from brainmtl.evaluation.temperature import fit_temperature, scale
from brainmtl.inference.certainty import Abstention, Certainty, ClassSets, Familiarity, Margin
from brainmtl.inference.familiarity import pack
from brainmtl.labels import CLASSES

RISK = 0.05
"""Share of persons that may get a wrong class among the answers."""
BOUND = 0.95
"""Confidence that no more of them do."""
MARGIN = 0.9
"""Share of persons whose tumours the margin covers."""
ALARMS = 0.01
"""Share of familiar slices that may be called strange."""

Known = TypeVar("Known")


@dataclass(frozen=True)
class HeldOut:
    """What was said of slices by one whom they had not taught, nor chosen beyond an epoch; what is true.

    Attributes:
        groups: ``(N,)``, the person of each slice.
        truth: int ``(N,)``, indices of :data:`~brainmtl.labels.CLASSES`; −1 where unknown.
        probabilities: ``(N, 4)``, not tempered; ``None`` without a class head.
        needed: ``(N,)``, the margin each slice needs, as a share of its longer side; NaN where no tumour is
            known; ``None`` without a mask head.
        features: ``(N, D)``, the model's own; ``None`` where it gives none.
        part: what they are of the run: ``"validation"``; or ``"out-of-fold"``, where each was answered by a
            network of the same recipe that had not learnt from its person, since the model itself has.
    """

    groups: NDArray[Any]
    truth: NDArray[np.int64]
    probabilities: NDArray[np.floating] | None
    needed: NDArray[np.floating] | None
    features: NDArray[np.floating] | None
    part: str = "validation"


def fit_certainty(said: HeldOut, siblings: ClassAnswers | None = None) -> tuple[float, Certainty]:
    """Fit the temperature, and with it the class sets, the abstention, the margin and what is familiar.

    Args:
        said: of slices whose persons taught nobody who answers there.
        siblings: beside a validation part, what networks of the same recipe said out of fold of the model's
            own training slices. They are many more: the temperature, the sets and the abstention are then
            learnt from them, and validation verifies what the sets hold and how much is answered.

    Returns:
        The temperature (1 where none helps), and the rest; its notes say what the part was too small for.
    """
    notes: list[str] = []

    def known(one: Known | str) -> Known | None:
        if isinstance(one, str):
            notes.append(one)
            return None
        return one

    temperature, sets, rule, margin, familiar = 1.0, None, None, None, None
    named = said.truth >= 0
    if said.probabilities is not None and named.any():
        own = ClassAnswers(said.truth[named], said.probabilities[named], said.groups[named])
        taught = own if siblings is None else siblings
        temperature = known(_temperature(taught)) or 1.0
        own, taught = _tempered(own, temperature), _tempered(taught, temperature)
        sets = _class_sets(own, None if siblings is None else taught)
        notes += _always_in(sets)
        rule = known(_abstention(own, taught))
        if siblings is not None:
            notes.append(_learnt_from(siblings))
    if said.part == PART:
        notes.append(_learnt_out_of_fold(said))
    if said.needed is not None:
        margin = known(_margin(said))
    if said.features is not None:
        familiar = known(_familiarity(said.features, said.groups, said.part))
    return temperature, Certainty(
        part=said.part,
        slices=len(said.truth),
        persons=_persons(said),
        class_sets=sets,
        abstention=rule,
        margin=margin,
        familiarity=familiar,
        notes=tuple(notes),
    )


def _persons(said: HeldOut) -> int:
    return int(cluster_codes(said.groups, len(said.truth)).max(initial=-1)) + 1


def _tempered(answers: ClassAnswers, temperature: float) -> ClassAnswers:
    return answers._replace(probabilities=scale(answers.probabilities, temperature))


def _learnt_from(siblings: ClassAnswers) -> str:
    persons = len(set(siblings.groups.tolist()))
    return (
        f"temperature, class sets and abstention are learnt from {len(siblings.truth):,} training slices of "
        f"{persons:,} persons or look-alikes, answered out of fold by networks of the same recipe; "
        "validation verifies them"
    )


def _learnt_out_of_fold(said: HeldOut) -> str:
    return (
        f"all of this is learnt from {len(said.truth):,} training slices of {_persons(said):,} persons or "
        "look-alikes, answered out of fold by networks of the same recipe; what looks strange, from this "
        "network's own features of them"
    )


def _temperature(taught: ClassAnswers) -> float | str:
    try:
        found = fit_temperature(taught.truth, taught.probabilities, taught.groups)
    except ValueError as error:
        return f"probabilities are as the network states them: {error}"
    if found.nll_after >= found.nll_before:
        return "probabilities are as the network states them: no temperature helps persons left out"
    return found.value


def _class_sets(own: ClassAnswers, siblings: ClassAnswers | None) -> ClassSets:
    taught = own if siblings is None else siblings
    found = fit_class_sets(taught.truth, taught.probabilities)
    kept = held_out_sets(*own) if siblings is None else class_sets(found, own.probabilities)
    held = coverage(own.truth, kept, own.groups)
    return ClassSets(
        confidence=found.confidence,
        lead={name: _below(one) for name, one in zip(CLASSES, found.lead, strict=True)},
        slices={name: int(one) for name, one in zip(CLASSES, found.n, strict=True)},
        held={name: _measured(held[name].value) for name in CLASSES},
    )


def _always_in(sets: ClassSets) -> list[str]:
    needed = math.ceil(sets.confidence / (1 - sets.confidence) - 1e-9)
    return [
        f"{name} is in every class set: {sets.slices[name]} slices to learn from, and {sets.confidence:.0%} "
        f"needs {needed}"
        for name in CLASSES
        if sets.lead[name] is None
    ]


def _abstention(own: ClassAnswers, taught: ClassAnswers) -> Abstention | str:
    rows = worst_of_each(*_certain(taught), taught.groups)
    least = _below(abstention(*rows, RISK, BOUND).threshold)
    if least is None:
        return (
            f"no class is withheld as unsure: {len(rows[0])} persons, {int(rows[1].sum())} of them answered "
            f"wrongly, bound no threshold's risk by {RISK:.0%}"
        )
    certainty, wrong = _certain(own)
    answered = certainty >= least
    return Abstention(
        least=least,
        risk=RISK,
        confidence=BOUND,
        answered=_rounded(answered.mean()),
        wrong=_rounded(wrong[answered].mean()),
    )


def _certain(answers: ClassAnswers) -> tuple[NDArray[np.floating], NDArray[np.bool_]]:
    """The probability of the class called, and whether it is wrong."""
    shares = answers.probabilities
    return shares.max(axis=1), shares.argmax(axis=1) != answers.truth


def _margin(said: HeldOut) -> Margin | str:
    assert said.needed is not None
    needed, groups = said.needed, said.groups
    tumour = ~np.isnan(needed)
    if not tumour.any():
        return f"no margin around masks: no tumour is masked in {said.part}"
    found = fit_margin(needed[tumour], groups[tumour], MARGIN)
    if math.isinf(found.pixels):
        missed = int(np.unique(cluster_codes(groups, len(needed))[np.isinf(needed)]).size)
        return (
            f"no margin around masks: of {found.persons} persons with a tumour, {missed} have a slice on "
            f"which it got no mask at all, and {MARGIN:.0%} are to be covered"
        )
    held = held_out_margin(needed[tumour], groups[tumour], confidence=MARGIN)
    return Margin(
        share=found.pixels,
        confidence=MARGIN,
        covered=COVERED,
        persons=found.persons,
        held=_measured(held.value),
    )


def _familiarity(features: NDArray[np.floating], groups: NDArray[Any], part: str) -> Familiarity | str:
    try:
        farthest = alarm_threshold(held_out_distance(features, groups), ALARMS)
    except ValueError as error:
        return f"nothing counts as strange: {error}"
    if math.isinf(farthest):
        return f"nothing counts as strange: {len(features)} {part} slices, too few for {ALARMS:.0%} alarms"
    space = pack(fit_features(features))
    return Familiarity(space=space, farthest=farthest, alarms=ALARMS, slices=len(features))


def _below(limit: float) -> float | None:
    """A limit as results are rounded, never higher; none where it is infinite."""
    return math.floor(limit * 1e6) / 1e6 if math.isfinite(limit) else None


def _measured(rate: float) -> float | None:
    return None if math.isnan(rate) else _rounded(rate)


def _rounded(rate: float | np.floating) -> float:
    return round(float(rate), 4)
