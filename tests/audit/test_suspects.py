"""Confident learning by hand, and witnesses that were planted."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brainmtl.audit.suspects import label_issues, rank_suspects, read_runs
from brainmtl.errors import InputError
from brainmtl.evaluation.classification import PROBABILITIES
from brainmtl.labels import CLASSES


def test_the_confident_joint_by_hand():
    """Thresholds: class 0 (.9 + .6 + .1) / 3, class 1 (.8 + .7) / 2; only the third reaches the other's."""
    labels = np.array([0, 0, 0, 1, 1])
    first = np.array([0.9, 0.6, 0.1, 0.2, 0.3])
    quality, off = label_issues(labels, np.stack([first, 1 - first], axis=1))
    assert quality == pytest.approx([0.9, 0.6, 0.1, 0.8, 0.7])
    assert off.tolist() == [False, False, True, False, False]


def test_a_class_that_nobody_bears_is_never_suspected():
    quality, off = label_issues(np.array([0, 0]), np.array([[0.1, 0.0, 0.9], [0.2, 0.0, 0.8]]))
    assert not off.any()
    assert quality == pytest.approx([0.1, 0.2])


@given(st.integers(0, 2**31), st.integers(5, 60))
@settings(max_examples=300, deadline=None)
def test_slices_far_off_their_label_are_found_and_rank_first(seed, count):
    random = np.random.default_rng(seed)
    true = np.concatenate([np.arange(4), random.integers(0, 4, count)])
    chances = np.full((len(true), 4), 0.02)
    chances[np.arange(len(true)), true] = 0.94
    labels = true.copy()
    labels[-1] = (true[-1] + 1) % 4
    quality, off = label_issues(labels, chances)
    assert np.flatnonzero(off).tolist() == [len(true) - 1]
    assert quality.argmin() == len(true) - 1
    assert ((quality >= 0) & (quality <= 1)).all()


def write_run(run: Path, rows: pd.DataFrame, part: str = "validation") -> Path:
    folder = run / "evaluation" / part
    (folder / "masks").mkdir(parents=True)
    rows.to_parquet(folder / "per_image.parquet")
    return run


@pytest.fixture
def table() -> pd.DataFrame:
    labels = np.array(CLASSES)[np.arange(12) % 4]
    return pd.DataFrame({"id": [f"s{n}" for n in range(12)], "label": labels, "mask": None}, dtype="string")


def judgements(table: pd.DataFrame, sure: float) -> pd.DataFrame:
    chances = np.full((len(table), 4), (1 - sure) / 3)
    chances[np.arange(len(table)), [CLASSES.index(name) for name in table["label"]]] = sure
    rows = pd.DataFrame(chances, columns=list(PROBABILITIES)).assign(id=table["id"], dice=0.9)
    return rows.assign(extra="not read")


def test_runs_are_averaged_and_their_masks_found(table, tmp_path):
    runs = [write_run(tmp_path / str(n), judgements(table, sure)) for n, sure in enumerate((0.9, 0.7))]
    mask = runs[1] / "evaluation/validation/masks/s4.png"
    mask.write_bytes(b"")
    judged = read_runs(runs, table).set_index("id")
    assert judged["p_glioma"]["s0"] == pytest.approx(0.8)
    assert judged["mask"].dropna().to_dict() == {"s4": str(mask)}


def test_a_network_does_not_judge_what_taught_it(table, tmp_path):
    run = write_run(tmp_path / "run", judgements(table[:4], 0.7))
    write_run(run, judgements(table, 0.9), "train")
    judged = read_runs([run], table)
    assert judged["id"].tolist() == ["s0", "s1", "s2", "s3"]
    assert judged["p_glioma"][0] == pytest.approx(0.7)
    with pytest.raises(InputError, match="beyond those it has learnt from"):
        read_runs([write_run(tmp_path / "other", judgements(table, 0.9), "train")], table)


def test_networks_copies_and_another_set_bear_witness(table, tmp_path):
    said = judgements(table, 0.91)
    said.loc[5, list(PROBABILITIES)] = [0.97, 0.01, 0.01, 0.01]  # s5 is called a meningioma
    said.loc[8, "dice"] = 0.1
    judged = read_runs([write_run(tmp_path / "run", said)], table)
    pairs = pd.DataFrame(
        [
            ("s0", "s1", "none", "label", np.nan),
            ("s2", "s6", "mirror", "", 0.25),
            ("s3", "s7", "none", "", 1.0),
        ],
        columns=["a", "b", "transform", "conflict", "mask_dice"],
    )
    matches = pd.DataFrame(
        {
            "id": ["s9", "s10"],
            "other_id": ["x", "y"],
            "label": ["meningioma", "pituitary"],
            "other_label": ["glioma", "pituitary"],
            "mask_dice": [0.8, 0.5],
            "other_mask": ["x.png", "y.png"],
            "transform": ["none", "mirror"],
        }
    )
    found = rank_suspects(table, pairs, judged=judged, matches=matches)
    assert set(zip(found["id"], found["what"], found["seen"], found["witness"], strict=True)) == {
        ("s0", "label", "meningioma", "copy s1"),
        ("s1", "label", "glioma", "copy s0"),
        ("s2", "mask", "Dice 0.250", "copy s6"),
        ("s6", "mask", "Dice 0.250", "copy s2"),
        ("s5", "label", "glioma", "network"),
        ("s8", "mask", "Dice 0.100", "network"),
        ("s9", "label", "glioma", "other set x"),
        ("s10", "mask", "Dice 0.500", "other set y"),
    }
    assert found["score"].is_monotonic_decreasing
    assert found["score"].between(0, 1).all()


def test_nothing_contradicted_is_suspected(table, tmp_path):
    judged = read_runs([write_run(tmp_path / "run", judgements(table, 0.9))], table)
    none = pd.DataFrame(columns=["a", "b", "transform", "conflict", "mask_dice"])
    assert rank_suspects(table, none, judged=judged).empty


def test_a_network_without_class_head_judges_masks_only(table, tmp_path):
    said = judgements(table, 0.9).assign(**dict.fromkeys(PROBABILITIES, None))
    said.loc[3, "dice"] = 0.2
    judged = read_runs([write_run(tmp_path / "run", said)], table)
    none = pd.DataFrame(columns=["a", "b", "transform", "conflict", "mask_dice"])
    assert rank_suspects(table, none, judged=judged)["id"].tolist() == ["s3"]


@pytest.mark.parametrize("what", ["nothing", "not a table", "other slices", "other columns"])
def test_a_run_that_says_nothing_of_this_set_is_named(table, tmp_path, what):
    run = tmp_path / "a-run"
    if what == "not a table":
        (run / "evaluation/test").mkdir(parents=True)
        (run / "evaluation/test/per_image.parquet").write_text("no")
    elif what != "nothing":
        rows = judgements(table, 0.9)
        rows = rows.assign(id="t" + rows["id"]) if what == "other slices" else rows.drop(columns="p_glioma")
        write_run(run, rows)
    with pytest.raises(InputError, match="a-run"):
        read_runs([run], table)
