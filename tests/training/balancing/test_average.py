"""Dynamic weight average, against a written history of losses."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import softmax

from brainmtl.training.balancing.average import DynamicWeightAverage

losses = st.tuples(st.floats(0.01, 50), st.floats(0.01, 50))


def lived(*epochs, temperature=2.0):
    balancing = DynamicWeightAverage(temperature)
    for epoch in epochs:
        balancing.end_epoch(*epoch)
    return balancing


def test_equal_until_there_are_two_epochs():
    assert lived().weights == lived((3.0, 1.0)).weights == (1.0, 1.0)


@pytest.mark.parametrize("temperature", [0.5, 2.0])
def test_a_written_history(step, temperature):
    """The mask loss halves, the class loss falls to nine tenths: r = 0.5, 0.9; older epochs do not count."""
    balancing = lived((9.0, 9.0), (4.0, 1.0), (2.0, 0.9), temperature=temperature)
    expected = 2 * softmax([0.5 / temperature, 0.9 / temperature])
    assert balancing.weights == pytest.approx(tuple(expected))
    encoder, heads, _ = step(balancing, (1.0, 0.0), (0.0, 1.0))
    assert encoder == pytest.approx(expected, rel=1e-6)
    assert heads == pytest.approx(expected, rel=1e-6)


@given(losses, losses, st.floats(0.1, 10))
def test_weights_sum_to_two_and_do_not_care_for_the_unit_of_a_loss(before, last, unit):
    weights = lived(before, last).weights
    assert sum(weights) == pytest.approx(2)
    scaled = lived((before[0] * unit, before[1]), (last[0] * unit, last[1])).weights
    assert scaled == pytest.approx(weights)


def test_an_epoch_that_measured_nothing_is_passed_over():
    assert lived((4.0, 1.0), (0.0, 1.0), (2.0, 0.9)).weights == lived((4.0, 1.0), (2.0, 0.9)).weights
