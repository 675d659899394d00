"""Sets that are made of the same slices, by name."""

import pytest

from brainmtl.data.overlap import may_overlap


@pytest.mark.parametrize(
    ("some", "others", "overlap"),
    [
        (["brisc2025"], ["brisc2025"], True),
        (["mine", "yours"], ["theirs", "yours"], True),
        (["brisc2025"], ["figshare2017_128"], True),
        (["sartaj"], ["mine", "Figshare2017"], True),
        (["brisc2025"], ["mine"], False),
        (["mine"], ["yours"], False),
        ([], ["mine"], False),
        (["phantom"], ["sartaj"], False),
    ],
)
def test_overlap(some, others, overlap):
    assert may_overlap(some, others) is overlap
    assert may_overlap(others, some) is overlap
