"""How numbers and names read."""

import pytest

from brainmtl.report.folder import read_run
from brainmtl.report.names import METRICS, metric_name, stratum_name, value_name, write_number


@pytest.mark.parametrize(
    ("value", "kind", "text"),
    [
        (0.8614, "ratio", "0.861"),
        (0.986, "share", "98.6\u00a0%"),
        (0.99714, "fine_share", "99.71\u00a0%"),
        (12.345, "px", "12.3\u00a0px"),
        (1, "share", "100.0\u00a0%"),
        (None, "px", "–"),
    ],
)
def test_numbers(value, kind, text):
    assert write_number(value, kind) == text


def test_every_metric_that_an_evaluation_gives_has_a_name(reported):
    metrics = read_run(reported).evaluations[0].metrics
    for section in ("segmentation", "classification", "joint", "floors"):
        assert set(metrics[section]) - {"confusion"} == set(METRICS[section])


def test_a_floor_names_a_metric_of_the_floors():
    floors = {name.floor for section in METRICS.values() for name in section.values()} - {""}
    assert floors == set(METRICS["floors"])


def test_what_nobody_named_keeps_its_name():
    assert metric_name("segmentation", "new_metric").title == "new metric"
    assert stratum_name("scanner_maker") == "By scanner maker"
    assert value_name("some_value") == "some value"
    assert value_name("no_tumor") == "no tumour"
