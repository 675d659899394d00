"""Entropy and mutual information, against closed forms and scikit-learn."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import entropy as scipy_entropy
from sklearn.metrics import mutual_info_score

from brainmtl.evaluation.uncertainty import entropy, mutual_information, two_sided


def test_no_doubt_and_all_doubt():
    np.testing.assert_allclose(entropy(np.array([[1, 0, 0, 0], [0.25] * 4])), [0, np.log(4)])


def test_entropy_is_scipy_s():
    shares = np.random.default_rng(0).dirichlet(np.ones(4), 50)
    np.testing.assert_allclose(entropy(shares), scipy_entropy(shares, axis=1))


def test_voices_that_are_sure_of_different_classes_differ_by_ln_2():
    voices = np.array([[[1.0, 0, 0, 0]], [[0, 1.0, 0, 0]]])
    np.testing.assert_allclose(mutual_information(voices), np.log(2))


def test_voices_that_are_unsure_alike_do_not_differ():
    voices = np.full((3, 2, 4), 0.25)
    np.testing.assert_allclose(mutual_information(voices), 0, atol=1e-15)


def test_it_is_the_mutual_information_of_who_speaks_and_what_is_said():
    """Of a table of counts, where each voice speaks equally often, as scikit-learn has it."""
    counts = np.array([[6, 3, 1, 0], [2, 2, 2, 4]])
    spoken = [
        (voice, said) for voice, row in enumerate(counts) for said, n in enumerate(row) for _ in range(n)
    ]
    expected = mutual_info_score(*zip(*spoken, strict=True))
    assert mutual_information(counts / 10) == pytest.approx(expected)


@given(arrays(float, (3, 5), elements=st.floats(0, 1)))
def test_pixels_differ_by_at_most_the_entropy_of_their_mean(voices):
    apart = mutual_information(two_sided(voices))
    assert (apart >= 0).all()
    assert (apart <= entropy(two_sided(voices.mean(axis=0))) + 1e-12).all()
