"""CLAIM's items: all of them, filled from records, blank where no record can know."""

from importlib.resources import files
from pathlib import Path

import yaml

from brainmtl.report.claim import BLANK, claim_table
from brainmtl.report.folder import read_run


def answers(run: Path) -> dict[int, str]:
    return {row[0].value: row[-1].text for row in claim_table(read_run(run)).rows}


def test_there_are_forty_four_items_in_order(reported: Path):
    assert list(answers(reported)) == list(range(1, 45))


def test_every_item_is_read_whole():
    items = yaml.safe_load(files("brainmtl.report").joinpath("claim.yaml").read_text())
    assert {frozenset(item) for item in items} == {frozenset({"number", "part", "asks"})}


def test_what_the_records_say_is_filled_in(reported: Path):
    said, run = answers(reported), read_run(reported)
    assert run.data["manifest_sha256"] in said[7]
    assert "64×64" in said[9]
    assert "person" in said[20].lower()
    assert run.environment["torch"] in said[23]
    for part in run.evaluations:
        assert f"{part.part}: Dice {part.value('segmentation', 'dice'):.3f}" in said[37]
    for numbers in run.data["counts"].values():
        for number in numbers.values():
            assert f"{number:,} " in said[35]


def test_what_no_record_knows_stays_blank_and_visible(reported: Path):
    said = answers(reported)
    assert {said[item] for item in (3, 16, 18, 34, 36, 44)} == {BLANK}
    assert said[30] == said[31] == BLANK  # neither was tried


def test_a_run_without_records_is_all_blank(tmp_path: Path):
    (tmp_path / "recipe.yaml").write_text("name: nothing\n")
    said = answers(tmp_path)
    assert {item for item, answer in said.items() if answer != BLANK} == {42}
