"""Two runs on the same slices: the differences and the tests of the rows themselves."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from brainmtl.report.folder import read_run
from brainmtl.report.versus import versus_table


@pytest.fixture
def worse(reported: Path, tmp_path: Path) -> Path:
    """The same run with less Dice on every slice, some class wrong, and without one slice."""
    other = tmp_path / "worse-run"
    shutil.copytree(reported, other)
    path = other / "evaluation" / "test" / "per_image.parquet"
    rows = pd.read_parquet(path).iloc[1:].reset_index(drop=True)
    rows["dice"] = rows["dice"] * np.linspace(0.2, 0.9, len(rows))
    rows.loc[rows.index % 3 == 0, "right"] = False
    rows.to_parquet(path)
    return other


def test_differences_are_those_of_the_shared_slices(reported: Path, worse: Path):
    table = versus_table(read_run(reported), [read_run(worse)], "test")
    here, there = (
        pd.read_parquet(run / "evaluation/test/per_image.parquet").set_index("id")
        for run in (reported, worse)
    )
    shared = here.loc[there.index]
    dice = (shared["dice"] - there["dice"]).dropna()
    right = (shared["right"].astype(float) - there["right"].astype(float)).dropna()
    found = {row[1].text: row for row in table.rows}
    assert found["Dice"][4].value == pytest.approx(dice.mean())
    assert found["Accuracy"][4].value == pytest.approx(right.mean())
    assert found["Dice"][8].value == len(dice)
    persons = dice.groupby(shared.loc[dice.index, "group"]).mean()
    assert found["Dice"][7].value == pytest.approx(stats.wilcoxon(persons, zero_method="pratt").pvalue)


def test_holm_over_two_lines_is_at_least_p_and_at_most_twice(reported: Path, worse: Path):
    table = versus_table(read_run(reported), [read_run(worse)], "test")
    raw, fair = (np.array([row[column].value for row in table.rows]) for column in (5, 6))
    assert (fair >= raw - 1e-12).all()
    assert fair.min() == pytest.approx(min(1, 2 * raw.min()))


def test_a_run_against_itself_differs_in_nothing(reported: Path):
    table = versus_table(read_run(reported), [read_run(reported)], "test")
    assert {row[4].value for row in table.rows} == {0.0}
    assert {row[7].value for row in table.rows} == {1.0}


def test_without_a_shared_part_there_is_no_table(reported: Path, tmp_path: Path):
    (tmp_path / "recipe.yaml").write_text("name: nothing\n")
    assert versus_table(read_run(reported), [read_run(tmp_path)], "test") is None
