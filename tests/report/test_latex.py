"""LaTeX: letter by letter, macros of letters only, and a paper that an engine takes where there is one."""

import re
import shutil
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brainmtl.report.latex import escape_latex, macro_name, to_latex, to_macros
from brainmtl.report.tables import Cell, Table, number, text

TABLE = Table(
    "t",
    "50 % & more_of #1",
    ("metric", "ours"),
    ((text("Dice_a"), number(0.5)), (text("±–×"), Cell("1 %", 0.01))),
    "m̂ ≥ ε",
)
ENGINE = next((name for name in ("tectonic", "pdflatex") if shutil.which(name)), None)


def test_a_table_is_a_booktabs_tabular_with_numbers_to_the_right():
    written = to_latex(TABLE)
    assert r"\begin{tabular}{lr}" in written
    assert [line for line in written.splitlines() if line.endswith(r"\\")] == [
        r"metric & ours \\",
        r"Dice\_a & 0.500 \\",
        r"$\pm$--$\times$ & 1 \% \\",
    ]
    rules = re.findall(r"\\(?:top|mid|bottom)rule", written)
    assert rules == [r"\toprule", r"\midrule", r"\bottomrule"]


@given(st.text(alphabet=r"ab&%$#_{}~^\1", max_size=20))
def test_no_special_letter_is_left_bare(words):
    bare = re.sub(r"\\text\w+\{\}|\\[&%$#_{}]", "", escape_latex(words))
    assert not set(bare) & set(r"&%$#_{}~^" + "\\")


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("jalal2025-unet test dice", "JalalTwoZeroTwoFiveUnetTestDice"),
        ("f1_macro", "FOneMacro"),
        ("", ""),
    ],
)
def test_a_macro_s_name_has_letters_only(words, name):
    assert macro_name(words) == name


def test_a_macro_holds_the_number():
    assert to_macros({"unet dice": "0.8614 ± 0.19"}) == "\\newcommand{\\UnetDice}{0.8614 $\\pm$ 0.19}\n"


def test_two_names_that_are_one_to_latex_are_refused():
    with pytest.raises(ValueError, match="UnetDice"):
        to_macros({"unet dice": "1", "unet-dice": "2"})


@pytest.mark.skipif(ENGINE is None, reason="no TeX engine is installed (tectonic or pdflatex)")
def test_an_engine_takes_it(tmp_path):
    from brainmtl.study.paper import PAPER

    (tmp_path / "tables.tex").write_text(to_latex(TABLE))
    (tmp_path / "macros.tex").write_text(to_macros({"unet dice": "0.8614 ± 0.19"}))
    (tmp_path / "paper.tex").write_text(PAPER)
    words = (
        [ENGINE, "paper.tex"] if ENGINE == "tectonic" else [ENGINE, "-interaction=nonstopmode", "paper.tex"]
    )
    subprocess.run(words, cwd=tmp_path, check=True, capture_output=True)
    assert (tmp_path / "paper.pdf").read_bytes().startswith(b"%PDF")
