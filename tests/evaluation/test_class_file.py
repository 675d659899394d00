"""A CSV of classes is read as it stands, or refused with the field and the mend."""

from pathlib import Path

import pytest

from brainmtl.errors import InputError
from brainmtl.evaluation.class_file import read_classes

SHARES = "p_glioma,p_meningioma,p_pituitary,p_no_tumor"


def write(folder: Path, text: str) -> Path:
    path = folder / "classes.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_all_that_a_slice_may_have(tmp_path: Path):
    text = f"id,label,plane,{SHARES}\n007,glioma,axial,0.7,0.1,0.1,0.1\nb, pituitary,,,,,\n"
    table = read_classes(write(tmp_path, text))
    assert list(table.index) == ["007", "b"]
    assert table.loc["007", ["label", "plane", "p_glioma"]].tolist() == ["glioma", "axial", 0.7]
    assert table.loc["b", "label"] == "pituitary"
    assert table.loc["b"].isna().sum() == 7


def test_a_table_from_a_spreadsheet(tmp_path: Path):
    table = read_classes(write(tmp_path, "\ufeffid,label,remark\na,no_tumor,fine\nb,,\n"))
    assert table["label"].isna().tolist() == [False, True]
    assert "remark" not in table


@pytest.mark.parametrize(
    ("text", "field", "message"),
    [
        ("name,label\na,glioma\n", "id", "column is missing"),
        ("id,class\na,glioma\n", "label", "column is missing"),
        ("id,label\n,glioma\n", "id", "a row is empty"),
        ("id,label\na,glioma\na,glioma\n", "id", "'a' occurs more than once"),
        ("id,label\na,cyst\n", "label", "'cyst' is not one of glioma, meningioma, pituitary, no_tumor"),
        ("id,label,plane\na,glioma,oblique\n", "plane", "'oblique' is not one of axial, coronal, sagittal"),
        ("id,label,predicted\na,glioma,1\n", "predicted", "'1' is not one of"),
        ("id,label,p_glioma\na,glioma,1\n", "p_meningioma", "column is missing.*all four, or none"),
        (f"id,label,{SHARES}\na,glioma,2,-1,0,0\n", "p_glioma", "2.* is not a probability"),
        (f"id,label,{SHARES}\na,glioma,much,0,0,0\n", "p_glioma", "'much' is not a probability"),
        (f"id,label,{SHARES}\na,glioma,1,,,\n", "p_*", "'a' do not sum to 1"),
        (f"id,label,{SHARES}\na,glioma,.5,.4,0,0\n", "p_*", "'a' do not sum to 1"),
        ("", None, "not a CSV table"),
    ],
)
def test_tables_that_cannot_be_used(tmp_path: Path, text, field, message):
    path = write(tmp_path, text)
    with pytest.raises(InputError, match=message) as caught:
        read_classes(path)
    assert (caught.value.where, caught.value.field) == (path, field)
    assert caught.value.mend


def test_files_that_are_not_tables(tmp_path: Path):
    with pytest.raises(InputError, match="no such file"):
        read_classes(tmp_path / "absent.csv")
    (tmp_path / "binary.csv").write_bytes(b"\x89PNG\xff\xfe\x00")
    with pytest.raises(InputError, match="not a CSV table"):
        read_classes(tmp_path / "binary.csv")
