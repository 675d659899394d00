"""The README's results."""

import json

import pytest

from brainmtl.errors import InputError
from brainmtl.report.readme import BEGIN, END, readme_table, refresh_readme


def rows(table):
    lines = [line for line in table.splitlines() if line.startswith("| ")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return cells[0], {row[0]: row[1:] for row in cells[2:]}


def number(text):
    text = text.partition(" (")[0]
    value = float(text.rstrip(" %px\u00a0"))
    return value / 100 if text.endswith("%") else value


def test_every_number_is_a_measured_one(reported):
    head, table = rows(readme_table(reported))
    assert head == ["", "validation", "test", "test, slices not in train", "test, slices also in train"]
    measured = {
        part: json.loads((reported / f"evaluation/{part}/metrics.json").read_text())
        for part in ("validation", "test")
    }
    leaked = measured["test"]["strata"]["leaked"]
    columns = [measured["validation"], measured["test"], leaked["false"], leaked["true"]]
    for title, section, metric in (
        ("Dice", "segmentation", "dice"),
        ("IoU", "segmentation", "iou"),
        ("False masks", "segmentation", "false_mask_rate"),
        ("Accuracy", "classification", "accuracy"),
        ("AUROC", "classification", "auroc"),
        ("Both right", "joint", "both_right"),
    ):
        for shown, metrics in zip(table[title], columns, strict=True):
            assert number(shown) == pytest.approx(metrics[section][metric]["value"], abs=0.000501)
    glioma = measured["test"]["strata"]["class"]["glioma"]["segmentation"]["dice"]["value"]
    assert number(table["Dice, glioma"][1]) == pytest.approx(glioma, abs=0.000501)
    assert table["Dice, glioma"][2:] == ["–", "–"]
    assert int(table["slices"][1]) == int(table["slices"][2]) + int(table["slices"][3])


def test_an_interval_stands_beside_its_metric(reported):
    text = readme_table(reported)
    metrics = json.loads((reported / "evaluation/test/metrics.json").read_text())
    dice = metrics["segmentation"]["dice"]
    assert rows(text)[1]["Dice"][1] == f"{dice['value']:.3f} ({dice['low']:.3f}–{dice['high']:.3f})"
    assert "In brackets: 95 % intervals; 2,000 bootstrap samples of whole persons" in text


def test_a_segmentation_run_has_no_class_rows(make_run):
    _, table = rows(readme_table(make_run(task="segmentation", measured=("validation",))))
    assert "Dice" in table
    assert not {"Accuracy", "Both right", "AUROC"} & set(table)


def test_only_what_stands_between_the_markers_changes(reported, make_run, tmp_path):
    readme = tmp_path / "README.md"
    readme.write_text(f"# Über\n\n{BEGIN}\nold\n{END}\n\nthe end\n", encoding="utf-8")
    other = make_run("other", measured=("validation",))
    refresh_readme(readme, [reported, other])
    once = readme.read_text(encoding="utf-8")
    assert once.startswith(f"# Über\n\n{BEGIN}\n**joint-run**")
    assert once.endswith(f"{END}\n\nthe end\n")
    assert "**other**" in once
    assert "old" not in once
    refresh_readme(readme, [reported, other])
    assert readme.read_text(encoding="utf-8") == once


@pytest.mark.parametrize("content", ["no markers", f"{END}\n{BEGIN}", f"only {BEGIN}"])
def test_a_readme_without_markers_stays(reported, tmp_path, content):
    readme = tmp_path / "README.md"
    readme.write_text(content)
    with pytest.raises(InputError, match="results:begin"):
        refresh_readme(readme, [reported])
    assert readme.read_text() == content


def test_a_run_that_was_not_evaluated_changes_nothing(make_run, tmp_path):
    readme = tmp_path / "README.md"
    readme.write_text(f"{BEGIN}\n{END}\n")
    with pytest.raises(InputError, match="not been evaluated"):
        refresh_readme(readme, [make_run(measured=())])
    assert readme.read_text() == f"{BEGIN}\n{END}\n"


def test_a_readme_that_is_not_there(reported, tmp_path):
    with pytest.raises(InputError) as caught:
        refresh_readme(tmp_path / "README.md", [reported])
    assert caught.value.where == tmp_path / "README.md"
    assert list(tmp_path.iterdir()) == []
