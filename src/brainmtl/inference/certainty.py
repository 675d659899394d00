"""How sure a model is: what slices held out taught, as a package holds it, and the formulas for it."""

from functools import cached_property
from typing import Annotated, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, model_validator

from brainmtl.inference.familiarity import FeatureSpace, distance, unpack
from brainmtl.labels import CLASSES, ClassName

SMALLEST = float(np.finfo(float).eps)
"""What a probability of 0 counts as."""

Share = Annotated[float, Field(ge=0, le=1)]
Lead = Annotated[float, Field(ge=-1, le=1)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True)


class ClassSets(_Part):
    """Which classes cannot be ruled out.

    Attributes:
        confidence: how often the set of a new slice holds its class, whichever class that is.
        lead: the least lead over the likeliest other class, in tempered probability, at which a class is in
            the set; ``None`` where its held-out slices were too few to leave it out of any set.
        slices: of each class, that it was learnt from.
        held: how often the sets of persons left out held the class, measured; ``None`` where unknown.
    """

    confidence: Share
    lead: dict[ClassName, Lead | None]
    slices: dict[ClassName, int]
    held: dict[ClassName, Share | None]

    @model_validator(mode="after")
    def _knows_every_class(self) -> Self:
        if any(set(one) != set(CLASSES) for one in (self.lead, self.slices, self.held)):
            raise ValueError(f"class sets are of {', '.join(CLASSES)}")
        return self

    def of(self, probabilities: dict[ClassName, float]) -> tuple[ClassName, ...]:
        """The set of one slice, of tempered probabilities, the likeliest class first."""
        least = [self.lead[name] for name in CLASSES]
        limits = np.array([-np.inf if limit is None else limit for limit in least])
        shares = np.array([probabilities[name] for name in CLASSES])
        kept = in_class_set(limits, shares[None])[0]
        return tuple(CLASSES[code] for code in np.argsort(-shares, kind="stable") if kept[code])


class Margin(_Part):
    """By how much the true outline may lie outside the mask.

    Attributes:
        share: of the slice's longer side.
        confidence: share of new persons whose tumours are covered on every slice.
        covered: share of a tumour's pixels that counts as covered.
        persons: it was calibrated on.
        held: share of persons left out that were covered, measured.
    """

    share: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    confidence: Share
    covered: Share
    persons: int
    held: Share | None


class Familiarity(_Part):
    """What slices like those of training look like to the encoder.

    Attributes:
        space: a :class:`~brainmtl.inference.familiarity.FeatureSpace` as text.
        farthest: squared distance at which a score is 1, beyond which a slice counts as strange.
        alarms: share of familiar slices that are called strange.
        slices: it was calibrated on.
    """

    space: str
    farthest: Positive
    alarms: Share
    slices: int

    @cached_property
    def numbers(self) -> FeatureSpace:
        """The feature space."""
        return unpack(self.space)

    @model_validator(mode="after")
    def _can_be_read(self) -> Self:
        _ = self.numbers
        return self

    def score(self, features: NDArray[np.floating]) -> NDArray[np.float64]:
        """How strange slices are, ``(N,)``, from features ``(N, D)``: above 1, stranger than is familiar."""
        return distance(self.numbers, features) / self.farthest


class Abstention(_Part):
    """From which certainty on a class is an answer.

    Attributes:
        least: the tempered probability of the likeliest class below which the model abstains.
        risk: share of persons that may get a wrong answer.
        confidence: of that bound.
        answered: share of the held-out slices that were answered.
        wrong: share of those whose class was wrong.
    """

    least: Share
    risk: Share
    confidence: Share
    answered: Share
    wrong: Share


class Certainty(_Part):
    """All that slices held out taught; what they were too few for is ``None``, and a note says so.

    Attributes:
        part: of the run, that they are: ``"validation"``, or ``"out-of-fold"``, answered there by networks of
            the same recipe.
        slices: in it.
        persons: of whom they are, or groups of look-alikes where persons are unknown.
        notes: what the package cannot promise, and why.
    """

    part: str = "validation"
    slices: int
    persons: int
    class_sets: ClassSets | None = None
    abstention: Abstention | None = None
    margin: Margin | None = None
    familiarity: Familiarity | None = None
    notes: tuple[str, ...] = ()


def temper(probabilities: NDArray[np.floating], temperature: float) -> NDArray[np.float64]:
    """Divide the logits by a temperature; logits are log-probabilities but for a constant that cancels.

    Args:
        probabilities: ``(N, C)``; 0 stays 0: a class that the network cannot name.
        temperature: above 0.

    Returns:
        ``(N, C)``, each row summing to 1; the order of the classes stays.
    """
    chances = np.asarray(probabilities, float)
    logits = np.log(np.maximum(chances, SMALLEST)) / temperature
    powers = np.where(chances > 0, np.exp(logits - logits.max(axis=1, keepdims=True)), 0.0)
    tempered: NDArray[np.float64] = powers / powers.sum(axis=1, keepdims=True)
    return tempered


def leads(probabilities: NDArray[np.floating]) -> NDArray[np.float64]:
    """By how much each class is ahead of the likeliest other one; below 0, how far it is behind.

    Args:
        probabilities: ``(N, C)``.

    Returns:
        ``(N, C)``, −1 to 1.
    """
    shares = np.asarray(probabilities, float)
    second, first = np.sort(shares, axis=1)[:, -2:].T
    likeliest = np.arange(shares.shape[1]) == shares.argmax(axis=1)[:, None]
    ahead: NDArray[np.float64] = shares - np.where(likeliest, second[:, None], first[:, None])
    return ahead


def in_class_set(lead: NDArray[np.float64], probabilities: NDArray[np.floating]) -> NDArray[np.bool_]:
    """The classes that cannot be ruled out; the most probable one always is among them.

    Keeping it makes no set empty and can only raise the coverage.

    Args:
        lead: ``(C,)``, the least lead over the likeliest other class at which each class is in the set.
        probabilities: ``(N, C)``.

    Returns:
        bool ``(N, C)``.
    """
    kept: NDArray[np.bool_] = leads(probabilities) >= lead
    kept[np.arange(len(kept)), probabilities.argmax(axis=1)] = True
    return kept
