"""Deaths are counted, and in the end put down to one input."""

from pathlib import Path

from brainmtl.archive.attempts import BLAME, PATIENCE, Attempts


def test_a_partition_is_read_with_care_after_some_deaths(tmp_path: Path):
    assert [Attempts(tmp_path / "notes").careful for _ in range(PATIENCE + 2)] == [False] * PATIENCE + [
        True
    ] * 2


def test_an_input_that_two_died_of_is_deadly(tmp_path: Path):
    for _ in range(BLAME):
        attempt = Attempts(tmp_path / "notes")
        assert [attempt.deadly(number) for number in range(8)] == [False] * 8  # dies of the last
    assert [Attempts(tmp_path / "notes").deadly(number) for number in (6, 7)] == [False, True]


def test_deaths_on_different_inputs_are_chance(tmp_path: Path):
    for last in (3, 5, 4):
        attempt = Attempts(tmp_path / "notes")
        assert not any(attempt.deadly(number) for number in range(last))


def test_nothing_is_left_of_a_partition_that_ended(tmp_path: Path):
    Attempts(tmp_path / "notes").ended()
    assert not list(tmp_path.iterdir())
