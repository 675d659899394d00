"""Distances agree with scikit-learn's and SciPy's; their numbers travel as text, and damage is noticed."""

import base64
import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import mahalanobis
from sklearn.decomposition import PCA

from brainmtl.inference.familiarity import FeatureSpace, distance, pack, unpack

RANDOM = np.random.default_rng(0)
SLICES = RANDOM.normal(size=(60, 9)) @ RANDOM.normal(size=(9, 9)) + 5


def space_of(found: PCA, mean: np.ndarray, scale: np.ndarray) -> FeatureSpace:
    numbers = (mean, scale, found.components_, found.explained_variance_, found.noise_variance_)
    return FeatureSpace(*(np.asarray(number, np.float32) for number in numbers))


@pytest.mark.parametrize("axes", [1, 3, 8])
def test_agrees_with_the_covariance_that_scikit_learn_inverts(axes):
    mean, scale = SLICES.mean(axis=0), SLICES.std(axis=0)
    found = PCA(axes, svd_solver="full").fit((SLICES - mean) / scale)
    inverse = found.get_precision()
    new = RANDOM.normal(5, 8, (20, 9))
    expected = [mahalanobis((one - mean) / scale, np.zeros(9), inverse) ** 2 for one in new]
    assert distance(space_of(found, mean, scale), new) == pytest.approx(expected, rel=1e-3)


@settings(deadline=None)
@given(st.integers(1, 5), st.integers(0, 4), st.integers(0, 10**6))
def test_text_holds_every_number(features, axes, seed):
    random = np.random.default_rng(seed)
    space = FeatureSpace(
        random.normal(size=features).astype(np.float32),
        random.uniform(0.1, 2, features).astype(np.float32),
        random.normal(size=(axes, features)).astype(np.float32),
        random.uniform(0.1, 2, axes).astype(np.float32),
        np.asarray(random.uniform(0.1, 2), np.float32),
    )
    again = unpack(pack(space))
    for name, numbers in vars(space).items():
        assert np.array_equal(getattr(again, name), numbers)


def text_of(**changes: np.ndarray) -> str:
    numbers = {
        "mean": np.zeros(2, np.float32),
        "scale": np.ones(2, np.float32),
        "axes": np.eye(1, 2, dtype=np.float32),
        "variances": np.ones(1, np.float32),
        "rest": np.float32(1),
    }
    content = io.BytesIO()
    np.savez(content, **(numbers | changes))
    return base64.b64encode(content.getvalue()).decode()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no base64!",
        "AAAA",
        text_of()[:200],
        text_of(mean=np.zeros(3, np.float32)),
        text_of(rest=np.float32(0)),
        text_of(scale=np.array([1, np.nan], np.float32)),
        text_of(mean=np.zeros(2)),
        text_of(mean=np.array([None, None])),
    ],
)
def test_damage_is_noticed(text):
    assert distance(unpack(text_of()), np.array([[3.0, 4.0]])) == pytest.approx([25])
    with pytest.raises(ValueError):  # noqa: PT011 (of many kinds, all of them ValueErrors)
        unpack(text)
