"""Published beside measured, on records written by hand."""

import csv
import json
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from brainmtl.errors import InputError
from brainmtl.evaluation.published import published_numbers
from brainmtl.study.compare import compare, cost_table, document_table, elsewhere, row_json
from brainmtl.study.paper import write_comparison
from brainmtl.study.records import read_record
from brainmtl.study.reproduction import read_records, status, write_page
from brainmtl.study.steadiness import contrasts

ENGINE = next((name for name in ("tectonic", "pdflatex") if shutil.which(name)), None)


def write(path: Path, content: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(content) if path.suffix == ".yaml" else json.dumps(content))


@pytest.fixture
def unet(tmp_path) -> Path:
    """A run of jalal2025-unet on BRISC's official test, with intervals."""
    run = tmp_path / "my-unet"
    write(run / "recipe.yaml", {"name": "jalal2025-unet", "data": {"size": 128}})
    write(run / "data.json", {"sources": ["brisc2025"], "protocol": "official", "fold": 0})
    write(run / "network.json", {"task": "segmentation", "parameters": 31037633, "size_mb": 124.2})
    write(run / "result.json", {"status": "finished", "hours": 2.5, "epochs": 10})
    (run / "log.csv").write_text("epoch,seconds\n1,10\n2,20\n")
    dice = {"value": 0.9, "low": 0.88, "high": 0.92, "n": 860}
    iou = {"value": 0.75, "low": None, "high": None, "n": 860}
    write(run / "evaluation/test/metrics.json", {"segmentation": {"dice": dice, "iou": iou}})
    return run


@pytest.fixture
def crossval(tmp_path) -> Path:
    """A cross-validation of ferreira2024-mtl."""
    out = tmp_path / "cv-mtl"

    def spread(mean: float, sd: float) -> dict[str, object]:
        return {"mean": mean, "sd": sd, "n": 5, "values": [mean, mean + sd, mean - sd, mean, mean]}

    parts = {
        "train": {"classification": {"accuracy": spread(0.99, 0.003)}},
        "test": {
            "classification": {"accuracy": spread(0.9, 0.01)},
            "segmentation": {"iou": spread(0.5, 0.02)},
        },
    }
    found = {
        "recipe": "ferreira2024-mtl",
        "by": "person",
        "folds": 5,
        "test_share": 0.2,
        "sources": ["figshare2017", "sartaj"],
        "manifest_sha256": "a" * 64,
        "parts": parts,
        "cost": {"parameters_keras": 608645, "epoch_seconds": 7.0, "hours": 1.0, "epochs": spread(40, 2)},
    }
    write(out / "crossval.json", found)
    write(out / "plan.json", {})
    return out


def test_a_run_stands_beside_its_document(unet):
    rows = {row.published.metric: row for row in compare([read_record(unet)])}
    assert set(rows) == {"dice", "iou", "pixel_accuracy"}
    assert rows["dice"].difference == pytest.approx(0.9 - 0.8614)
    assert rows["iou"].difference == pytest.approx(0.75 - 0.7910)
    assert rows["pixel_accuracy"].measured is None
    assert rows["pixel_accuracy"].difference is None


def test_intervals_and_sds_are_shown(unet, crossval):
    rows = compare([read_record(unet), read_record(crossval)])
    jalal = document_table("bin-jalal-2025", rows)
    assert jalal.rows[0][3].text == "0.8614 ± 0.1908 (n = 860)"
    assert jalal.rows[0][4].text == "0.9000 [0.8800, 0.9200]"
    assert jalal.rows[0][5].text == "+0.0386"
    ferreira = {(row[1].text, row[2].text): row for row in document_table("ferreira-2024", rows).rows}
    assert ferreira["test", "Accuracy"][3].text == "95.99 ± 0.69\u00a0%"
    assert ferreira["test", "Accuracy"][4].text == "90.00 ± 1.00\u00a0%"
    assert ferreira["train", "Accuracy"][5].value == pytest.approx(0.99 - 0.9954)
    assert ferreira["–", "Parameters, Keras's count"][5].value == 0


def test_others_on_brisc_stand_beside_its_official_test_only(unet, crossval):
    rows = elsewhere([read_record(unet), read_record(crossval)])
    assert {row.record.name for row in rows} == {"my-unet"}
    highest = next(row for row in rows if "MiT-B5" in row.published.system and row.published.metric == "dice")
    assert highest.difference == pytest.approx(0.9 - 0.9033)


def test_two_cross_validations_on_the_same_folds_are_set_beside_each_other(crossval, tmp_path):
    shutil.copytree(crossval, tmp_path / "cv-st")
    found = json.loads((crossval / "crossval.json").read_text())
    values = found["parts"]["test"]["classification"]["accuracy"]["values"]
    wider = [3 * (value - 0.9) + 0.91 for value in reversed(values)]
    found["recipe"] = "ferreira2024-st"
    found["parts"]["test"]["classification"]["accuracy"]["values"] = wider
    write(tmp_path / "cv-st/crossval.json", found)
    records = [read_record(crossval), read_record(tmp_path / "cv-st")]
    (contrast,) = [one for one in contrasts(records) if one.part == "test" and "accuracy" in one.metric]
    assert contrast.difference.value == pytest.approx(-0.01)
    assert contrast.spread.ratio == pytest.approx(1 / 9)
    assert "ferreira2024-mtl − ferreira2024-st" in write_page(records)
    write(tmp_path / "cv-st/crossval.json", found | {"manifest_sha256": "b" * 64})
    assert contrasts([records[0], read_record(tmp_path / "cv-st")]) == []


def test_cost_is_the_records(unet):
    (row,) = cost_table([read_record(unet)]).rows
    assert [cell.value for cell in row[2:8]] == [31037633, None, 124.2, 15.0, 10, 2.5]


def test_a_row_in_json_is_enough_to_write_it_again(unet):
    row = row_json(compare([read_record(unet)])[0])
    assert (row["published"]["value"], row["measured"]["low"], row["run"]) == (0.8614, 0.88, "my-unet")


def test_the_files_agree(unet, crossval, tmp_path):
    out = tmp_path / "compared"
    written = {path.name for path in write_comparison([read_record(unet), read_record(crossval)], out)}
    assert {"compare.json", "compare.md", "tables.tex", "macros.tex", "paper.tex"} <= written
    with (out / "compare-bin-jalal-2025.csv").open() as handle:
        first = next(csv.DictReader(handle))
    assert (float(first["published"]), float(first["ours"])) == (0.8614, 0.9)
    macros = (out / "macros.tex").read_text()
    assert r"\newcommand{\MyUnetTestDice}{0.9000 [0.8800, 0.9200]}" in macros
    assert "0.8614 $\\pm$ 0.1908" in macros
    assert (out / "tables.tex").read_text().count(r"\toprule") == 4


@pytest.mark.skipif(ENGINE is None, reason="no TeX engine is installed (tectonic or pdflatex)")
def test_an_engine_takes_the_paper(unet, crossval, tmp_path):
    write_comparison([read_record(unet), read_record(crossval)], tmp_path / "compared")
    words = (
        [ENGINE, "paper.tex"] if ENGINE == "tectonic" else [ENGINE, "-interaction=nonstopmode", "paper.tex"]
    )
    subprocess.run(words, cwd=tmp_path / "compared", check=True, capture_output=True)
    assert (tmp_path / "compared" / "paper.pdf").read_bytes().startswith(b"%PDF")


def test_a_folder_that_is_no_record_is_named(tmp_path):
    with pytest.raises(InputError, match="not a run folder"):
        read_record(tmp_path)
    with pytest.raises(InputError, match="no record"):
        read_records([tmp_path])
    write(tmp_path / "plan.json", {})
    with pytest.raises(InputError, match="has not finished"):
        read_record(tmp_path)


def test_the_page_has_every_system_run_or_not(unet):
    page = write_page([read_record(unet)])
    systems = {number.recipe for number in published_numbers()} - {None}
    assert len(systems) == 4 + 7 + 9 + 2 + 2
    assert all(f"| {recipe} |" in page for recipe in systems)
    assert "not run yet" in page
    assert "0.9000 \\[0.8800, 0.9200\\]" in page


def test_the_status_names_what_differs_from_the_recipe(tmp_path):
    from brainmtl.training.recipe import read_recipe, write_recipe

    shipped = read_recipe("demo-joint")
    write(tmp_path / "as/data.json", {"sources": ["phantom"], "protocol": "official"})
    write(tmp_path / "as/result.json", {"status": "finished"})
    (tmp_path / "as/recipe.yaml").write_text(write_recipe(shipped))
    shutil.copytree(tmp_path / "as", tmp_path / "short")
    short = read_recipe("demo-joint", ["schedule.epochs=2", "data.fold=3"])
    (tmp_path / "short/recipe.yaml").write_text(write_recipe(short))
    assert status(read_record(tmp_path / "as")) == "as the recipe"
    assert status(read_record(tmp_path / "short")) == "with schedule.epochs 2 for 16"


def test_the_committed_page_is_what_the_committed_records_give():
    docs = Path(__file__).parents[2] / "docs"
    records = read_records(sorted(path for path in (docs / "results").iterdir() if path.is_dir()))
    assert (docs / "reproduction.md").read_text(encoding="utf-8") == write_page(records), (
        "run: brainmtl compare docs/results/* --page docs/reproduction.md"
    )
