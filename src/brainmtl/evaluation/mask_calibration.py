"""Whether the probability of a pixel means what it says, from counts that fit in a row of numbers a slice."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from brainmtl.evaluation.calibration import BINS, SMALLEST, equal_width
from brainmtl.evaluation.weighted import Weights, once, ratio


@dataclass(frozen=True)
class PixelCounts:
    """What must be kept of the pixel probabilities of N slices: 3 × 15 + 2 numbers a slice.

    Attributes:
        pixels: ``(N, B)``, how many in each bin.
        tumour: ``(N, B)``, how many of them are tumour.
        stated: ``(N, B)``, the sum of their probabilities.
        squares: ``(N,)``, the sum of (p − y)² over all pixels.
        nats: ``(N,)``, the sum of −ln of the probability of what is true.
    """

    pixels: NDArray[np.float64]
    tumour: NDArray[np.float64]
    stated: NDArray[np.float64]
    squares: NDArray[np.float64]
    nats: NDArray[np.float64]


def count_pixels(
    truth: NDArray[np.bool_], probabilities: NDArray[np.floating], bins: int = BINS
) -> PixelCounts:
    """Count the pixels of one slice by their probability of being tumour.

    Args:
        truth: bool ``(H, W)``.
        probabilities: ``(H, W)``, 0 to 1, at the same size.
        bins: of equal width, open below and closed above.

    Raises:
        ValueError: the two differ in shape.
    """
    if truth.shape != probabilities.shape:
        raise ValueError(f"probabilities are {probabilities.shape}, truth {truth.shape}: they must agree")
    stated, tumour = probabilities.ravel().astype(float), truth.ravel().astype(float)
    number = equal_width(stated, bins)
    given = np.clip(np.where(tumour > 0, stated, 1 - stated), SMALLEST, 1)

    def summed(values: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.bincount(number, values, bins)[None].astype(float)

    return PixelCounts(
        pixels=summed(np.ones(stated.size)),
        tumour=summed(tumour),
        stated=summed(stated),
        squares=np.array([np.sum((stated - tumour) ** 2)]),
        nats=np.array([-np.log(given).sum()]),
    )


def join_counts(parts: list[PixelCounts]) -> PixelCounts:
    """Put slices beneath each other.

    Args:
        parts: of one slice or several each, with the same bins; at least one.
    """
    names = ("pixels", "tumour", "stated", "squares", "nats")
    return PixelCounts(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in names})


def mask_ece(counts: PixelCounts, weights: Weights | None = None) -> NDArray[np.float64]:
    """Expected calibration error of tumour pixels: the gap in each bin, averaged over all pixels together.

    Background that is rightly called so fills the lowest bin and makes this small; beside it belongs
    :func:`mask_ece_uncertain`.

    Args:
        counts: of N slices.
        weights: ``(..., N)``, how often each slice counts; default: once each.

    Returns:
        0 to 1.
    """
    weights = once(weights, len(counts.squares))
    gaps = np.abs(weights @ (counts.stated - counts.tumour))
    return ratio(gaps.sum(axis=-1), (weights @ counts.pixels).sum(axis=-1))


def mask_ece_uncertain(counts: PixelCounts, weights: Weights | None = None) -> NDArray[np.float64]:
    """The same without the lowest bin: of the pixels that might be tumour.

    Args:
        counts: of N slices.
        weights: ``(..., N)``, how often each slice counts; default: once each.

    Returns:
        0 to 1; NaN where every pixel lies in the lowest bin.
    """
    upper = PixelCounts(
        counts.pixels[:, 1:], counts.tumour[:, 1:], counts.stated[:, 1:], counts.squares, counts.nats
    )
    return mask_ece(upper, weights)


def mask_brier(counts: PixelCounts, weights: Weights | None = None) -> NDArray[np.float64]:
    """Brier score of pixels, in the two-class form.

    Args:
        counts: of N slices.
        weights: ``(..., N)``, how often each slice counts; default: once each.

    Returns:
        0 to 1, a pixel.
    """
    return _a_pixel(counts.squares, counts, weights)


def mask_nll(counts: PixelCounts, weights: Weights | None = None) -> NDArray[np.float64]:
    """Negative log-likelihood of pixels.

    Args:
        counts: of N slices.
        weights: ``(..., N)``, how often each slice counts; default: once each.

    Returns:
        Nats a pixel.
    """
    return _a_pixel(counts.nats, counts, weights)


def _a_pixel(sums: NDArray[np.float64], counts: PixelCounts, weights: Weights | None) -> NDArray[np.float64]:
    weights = once(weights, len(sums))
    return ratio(weights @ sums, weights @ counts.pixels.sum(axis=1))
