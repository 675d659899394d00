"""Tables as Markdown and CSV."""

import csv
import io
import re

from hypothesis import given
from hypothesis import strategies as st

from brainmtl.report.tables import Table, count, escape, number, text, to_csv, to_markdown

WORDS = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp"]), min_size=1, max_size=12
)
CELLS = st.one_of(
    WORDS.map(text),
    st.integers(0, 10**9).map(count),
    st.floats(0, 1).map(number),
    st.none().map(text),
)
TABLES = st.integers(1, 4).flatmap(
    lambda width: st.builds(
        lambda head, rows: Table("t", "T", tuple(head), tuple(map(tuple, rows))),
        st.lists(WORDS, min_size=width, max_size=width),
        st.lists(st.lists(CELLS, min_size=width, max_size=width), max_size=4),
    )
)


@given(TABLES)
def test_csv_gives_every_value_back(table):
    head, *rows = csv.reader(io.StringIO(to_csv(table), newline=""))
    assert tuple(head) == table.head
    for row, cells in zip(rows, table.rows, strict=True):
        for found, cell in zip(row, cells, strict=True):
            match cell.value:
                case None:
                    assert found == ""
                case str():
                    assert found == cell.value
                case _:
                    assert float(found) == cell.value


@given(TABLES)
def test_markdown_keeps_rows_and_columns_apart(table):
    lines = to_markdown(table).split("\n")[:-1]
    assert len(lines) == 2 + len(table.rows)
    for line in lines:
        assert len(re.findall(r"(?<!\\)(?:\\\\)*\|", line)) == len(table.head) + 1


def test_markdown_aligns_numbers_right():
    table = Table("t", "T", ("a", "b"), ((text("x"), number(0.5)), (text("y"), text(None))), note="A note.")
    assert to_markdown(table) == "| a | b |\n| --- | ---: |\n| x | 0.500 |\n| y | – |\n\nA note.\n"


def test_csv_may_have_other_column_names():
    table = Table("t", "T", ("n", "n"), ((count(1), count(2000)),), keys=("test_n", "validation_n"))
    assert to_csv(table) == "test_n,validation_n\n1,2000\n"
    assert table.rows[0][1].text == "2,000"


def test_escaped_text_is_no_markup():
    assert escape("<b>*a_b*|`[x]`\\\ny") == r"\<b\>\*a\_b\*\|\`\[x\]\`\\ y"
