"""A comparison as files."""

import csv
import shutil
import subprocess

import pytest

from brainmtl.study.paper import write_comparison
from brainmtl.study.records import read_record

ENGINE = next((name for name in ("tectonic", "pdflatex") if shutil.which(name)), None)


def test_the_files_agree(unet, crossval, tmp_path):
    out = tmp_path / "compared"
    written = {path.name for path in write_comparison([read_record(unet), read_record(crossval)], out)}
    assert {"compare.json", "compare.md", "tables.tex", "macros.tex", "paper.tex"} <= written
    with (out / "compare-bin-jalal-2025.csv").open() as handle:
        first = next(csv.DictReader(handle))
    assert (float(first["published"]), float(first["ours"])) == (0.8614, 0.9)
    macros = (out / "macros.tex").read_text()
    assert r"\newcommand{\MyUnetTestDice}{0.9000 [0.8800, 0.9200] (n = 860)}" in macros
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


def test_runs_with_masks_are_drawn_side_by_side(unet, tmp_path):
    written = {str(path.relative_to(tmp_path)) for path in write_comparison([read_record(unet)], tmp_path)}
    assert "figures/bars-bin-jalal-2025-test-segmentation.png" in written
    assert not any("panels" in name for name in written)  # one run, and none of its masks
