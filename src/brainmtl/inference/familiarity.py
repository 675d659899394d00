"""How far a slice lies from those a model knows: the distance, and the numbers it is measured with."""

import base64
import io
import zipfile
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class FeatureSpace:
    """Where familiar slices lie: a normal distribution with ``K`` long axes, of one width beside them.

    Attributes:
        mean: float32 ``(D,)``, of the features.
        scale: float32 ``(D,)``, what each feature is divided by, once the mean is taken off.
        axes: float32 ``(K, D)``, orthonormal.
        variances: float32 ``(K,)``, along the axes.
        rest: float32 ``()``, the variance in every other direction.
    """

    mean: NDArray[np.float32]
    scale: NDArray[np.float32]
    axes: NDArray[np.float32]
    variances: NDArray[np.float32]
    rest: NDArray[np.float32]

    def __post_init__(self) -> None:
        features, axes = self.mean.shape, self.variances.shape
        shapes = (features, features, (*axes, *features), axes, ())
        told = [getattr(self, one.name) for one in fields(self)]
        if len(features) != 1 or [one.shape for one in told] != list(shapes):
            raise ValueError("the numbers of a feature space do not belong together")
        if not all(one.dtype == np.float32 and np.isfinite(one).all() for one in told):
            raise ValueError("the numbers of a feature space are finite and of float32")
        if min(self.scale.min(), self.variances.min(initial=1), self.rest) <= 0:
            raise ValueError("the scales and variances of a feature space are above 0")


def distance(space: FeatureSpace, features: NDArray[np.floating]) -> NDArray[np.float64]:
    """Squared Mahalanobis distance from the familiar slices.

    The covariance is that of probabilistic principal components (Tipping and Bishop, J R Stat Soc B 61:611,
    1999): its inverse needs the long axes alone.

    Args:
        space: of :func:`brainmtl.evaluation.outlier.fit_features`.
        features: ``(N, D)``.

    Returns:
        ``(N,)``, 0 or more.
    """
    away = (np.asarray(features, float) - space.mean) / space.scale
    along = away @ space.axes.T.astype(float)
    rest = np.maximum((away**2).sum(axis=1) - (along**2).sum(axis=1), 0)
    squared: NDArray[np.float64] = (along**2 / space.variances).sum(axis=1) + rest / float(space.rest)
    return squared


def pack(space: FeatureSpace) -> str:
    """Write a feature space as text: an ``.npz`` file in base64."""
    content = io.BytesIO()
    np.savez_compressed(content, **vars(space))
    return base64.b64encode(content.getvalue()).decode("ascii")


def unpack(text: str) -> FeatureSpace:
    """Undo :func:`pack`.

    Raises:
        ValueError: it is damaged.
    """
    try:
        with np.load(io.BytesIO(base64.b64decode(text, validate=True)), allow_pickle=False) as content:
            return FeatureSpace(**{one.name: content[one.name] for one in fields(FeatureSpace)})
    except (KeyError, EOFError, OSError, AttributeError, zipfile.BadZipFile) as error:
        raise ValueError("a feature space that cannot be read") from error
