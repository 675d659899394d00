"""How uncertain several answers are: together, and because they differ. In nats."""

import numpy as np
from numpy.typing import NDArray
from scipy.special import entr


def entropy(probabilities: NDArray[np.floating]) -> NDArray[np.float64]:
    """Shannon's entropy.

    Args:
        probabilities: ``(..., C)``, summing to 1.

    Returns:
        ``(...)``, 0 to ln C.
    """
    spread: NDArray[np.float64] = entr(np.asarray(probabilities, float)).sum(axis=-1)
    return spread


def mutual_information(voices: NDArray[np.floating]) -> NDArray[np.float64]:
    """What of the entropy of the mean comes from voices that differ (Houlsby et al. 2011, BALD).

    The entropy of the mean less the mean of the entropies: 0 where all say the same, however unsure each is.

    Args:
        voices: ``(V, ..., C)``, the probabilities of each voice.

    Returns:
        ``(...)``, 0 to ln V or ln C, whichever is smaller.
    """
    voices = np.asarray(voices, float)
    apart = entropy(voices.mean(axis=0)) - entropy(voices).mean(axis=0)
    return np.asarray(np.maximum(apart, 0.0))


def two_sided(probability: NDArray[np.floating]) -> NDArray[np.float64]:
    """The probability of a pixel to be tumour, and not to be.

    Args:
        probability: ``(...)``.

    Returns:
        ``(..., 2)``.
    """
    share = np.asarray(probability, float)
    return np.stack([share, 1 - share], axis=-1)
