"""Who is on a slice."""

from importlib.resources import files
from pathlib import Path

import pandas as pd
import pytest

from brainmtl.data.persons import known_persons
from brainmtl.errors import InputError


@pytest.fixture(scope="module")
def shipped() -> pd.DataFrame:
    with (files("brainmtl.data") / "tables" / "brisc2025_persons.csv").open() as handle:
        return pd.read_csv(handle, dtype="string")


def _ids(*names: str) -> "pd.Series[str]":
    return pd.Series(list(names), index=range(7, 7 + len(names)), dtype="string")


def test_the_shipped_table_knows_4473_slices_of_brisc(shipped: pd.DataFrame, tmp_path: Path):
    ids = shipped["brisc_stem"].sample(frac=1, random_state=0)
    patients, persons = known_persons(ids, tmp_path)
    assert len(ids) == ids.nunique() == 4473
    expected = shipped.set_index("brisc_stem").loc[ids]
    assert patients.tolist() == expected["patient_id"].tolist()
    assert persons.tolist() == expected["person_id"].tolist()
    assert patients.index.equals(ids.index)


def test_patient_ids_that_differ_only_in_a_last_letter_are_one_person(shipped: pd.DataFrame, tmp_path: Path):
    patients, persons = known_persons(shipped["brisc_stem"], tmp_path)
    assert persons.nunique() < patients.nunique()
    for patient, person in set(zip(patients, persons, strict=True)):
        assert person in (patient, patient[:-1])
        assert person == patient or patient[-1].isalpha()


def test_strangers_are_null(shipped: pd.DataFrame, tmp_path: Path):
    patients, persons = known_persons(_ids("stranger", shipped["brisc_stem"][5]), tmp_path)
    assert patients.isna().tolist() == persons.isna().tolist() == [True, False]


def test_a_set_may_bring_its_own_persons(tmp_path: Path):
    (tmp_path / "persons.csv").write_text("person,id,patient,age\nP,a,P1,3\nP,b,P2,4\nQ,c,007,5\n")
    patients, persons = known_persons(_ids("c", "x", "a", "b"), tmp_path)
    assert persons.fillna("-").to_dict() == {7: "Q", 8: "-", 9: "P", 10: "P"}
    assert patients.fillna("-").tolist() == ["007", "-", "P1", "P2"]


@pytest.mark.parametrize(
    ("content", "field", "what"),
    [
        (b"id,person\na,P\n", "patient", "column is missing"),
        (b"id,patient,person\na,P,P\na,Q,Q\n", "id", "'a' occurs more than once"),
        (b"", None, "not a CSV table"),
        (b"id,patient,person\n\xff\xfe,P,P\n", None, "not a CSV table"),
        (b'id,patient,person\n"a,P,P\n', None, "not a CSV table"),
    ],
)
def test_a_flawed_table_is_refused(tmp_path: Path, content: bytes, field: str | None, what: str):
    (tmp_path / "persons.csv").write_bytes(content)
    with pytest.raises(InputError, match=what) as caught:
        known_persons(_ids("a"), tmp_path)
    assert (caught.value.where, caught.value.field) == (tmp_path / "persons.csv", field)
    assert caught.value.mend
