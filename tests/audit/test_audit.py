"""The whole audit on phantoms: planted copies and conflicts are found, and nothing else."""

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from brainmtl.audit.audit import Audit, audit_set, write_audit
from brainmtl.data.brisc import index_brisc
from brainmtl.evaluation.segmentation import dice
from brainmtl.imaging.mask import read_mask

CONTRACT = (
    "byte_duplicates",
    "pixel_duplicates",
    "near_duplicates",
    "series",
    "shortcuts",
    "masks",
    "floors",
)


@pytest.fixture(scope="module")
def spoilt(copied_root: Path, planted: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory):
    """The phantoms with one copy relabelled, one of another plane, and one mask moved; and which."""
    root = Path(shutil.copytree(copied_root, tmp_path_factory.mktemp("spoilt") / "set"))
    for name in ("manifest.csv", "manifest.csv.sha256"):
        (root / name).unlink()
    table = index_brisc(root)[0]
    masked = planted[planted["a"].isin(table["id"][table["mask"].notna()])].reset_index(drop=True)
    label, plane, mask = masked["a"][:3]
    by_id = table.set_index("id")
    other = {"glioma": "meningioma", "meningioma": "pituitary", "pituitary": "glioma"}
    table.loc[table["id"] == label, "label"] = other[by_id["label"][label]]
    turned = {"axial": "coronal", "coronal": "sagittal", "sagittal": "axial"}
    table.loc[table["id"] == plane, "plane"] = turned[by_id["plane"][plane]]
    path = Path(by_id["mask"][mask])
    Image.fromarray(np.roll(np.asarray(Image.open(path)), 2, axis=1)).save(path)
    return table, {"label": label, "plane": plane, "mask": mask}


@pytest.fixture(scope="module")
def audit(spoilt) -> Audit:
    return audit_set(spoilt[0])


def pairs_of(table: pd.DataFrame) -> dict[frozenset[str], tuple[str, str, bool]]:
    return {
        frozenset((row.a, row.b)): (row.kind, row.transform, bool(row.across_splits))
        for row in table.itertuples()
    }


def test_every_planted_copy_is_found_and_no_other(audit, planted):
    assert pairs_of(audit.pairs) == pairs_of(planted)


def test_the_counts_are_the_planted_ones(audit, planted):
    across = planted["across_splits"].astype(bool)
    for key, kinds in {
        "byte_duplicates": ["bytes"],
        "pixel_duplicates": ["bytes", "pixels"],
        "near_duplicates": ["near"],
    }.items():
        chosen = planted["kind"].isin(kinds)
        assert audit.record[key]["within"]["pairs"] == (chosen & ~across).sum()
        assert audit.record[key]["across"]["pairs"] == (chosen & across).sum()


def test_planted_conflicts_are_found_and_no_other(audit, spoilt):
    for field in ("label", "plane"):
        odd = audit.pairs[audit.pairs["conflict"].str.contains(field)]
        assert len(odd) == 1
        assert spoilt[1][field] in set(odd[["a", "b"]].iloc[0])
    unlike = audit.pairs[audit.pairs["mask_dice"] < 0.999]
    assert len(unlike) == 1
    assert spoilt[1]["mask"] in set(unlike[["a", "b"]].iloc[0])


def test_the_moved_mask_agrees_as_far_as_its_pixels_do(audit, spoilt):
    moved = audit.pairs[audit.pairs["mask_dice"] < 0.999].iloc[0]
    masks = spoilt[0].set_index("id")["mask"]
    one, other = (read_mask(Path(masks[moved[side]])) for side in ("a", "b"))
    other = other[:, ::-1] if moved["transform"] == "mirror" else other
    assert moved["mask_dice"] == pytest.approx(dice(one, other))


def test_what_contradicts_a_copy_is_suspected(audit, spoilt):
    labels = audit.suspects[audit.suspects["what"] == "label"]
    assert spoilt[1]["label"] in set(labels["id"])
    assert len(labels) == 2


def test_the_contract(audit, tmp_path):
    write_audit(audit, tmp_path / "out")
    found = json.loads((tmp_path / "out/audit.json").read_text())
    assert found == audit.record
    assert set(found) >= set(CONTRACT)
    for key in CONTRACT:
        sides = found[key].values() if key == "shortcuts" else [found[key]]
        assert all({"within", "across"} <= set(each) for each in sides)
    pairs = pd.read_csv(tmp_path / "out/pairs.csv")
    assert list(pairs)[:6] == ["a", "b", "kind", "transform", "score", "across_splits"]
    assert len(pairs) == len(audit.pairs)
    groups = pd.read_csv(tmp_path / "out/groups.csv")
    assert list(groups) == ["id", "group"]
    assert groups["id"].tolist() == audit.table["id"].tolist()
    assert not list((tmp_path / "out").glob("matches.csv"))


def test_copies_share_a_group(audit):
    group = audit.groups.set_index("id")["group"]
    assert (audit.pairs["a"].map(group) == audit.pairs["b"].map(group)).all()


def test_findings_name_what_was_planted(audit, planted):
    said = " ".join(audit.record["findings"])
    test = int(planted["across_splits"].astype(bool).sum())
    assert f"{test} of the {audit.record['by_split']['test']} test slices" in said
    assert "1 pairs of copies contradict one another in their class" in said
    assert "not binary" in said


def test_a_set_matched_with_a_part_of_itself_turned(copied, make_table):
    some = copied[copied["mask"].notna()].iloc[:3]
    rows = [
        {"id": f"other{number}", "label": row["label"], "patient": f"P{number}"}
        | {
            name: np.ascontiguousarray(np.asarray(Image.open(row[key]).convert("L"))[:, ::-1])
            for name, key in (("pixels", "image"), ("mask", "mask"))
        }
        for number, (_, row) in enumerate(some.iterrows())
    ]
    found = audit_set(some.reset_index(drop=True), other=make_table(rows))
    assert found.matches is not None
    assert dict(zip(found.matches["id"], found.matches["patient"], strict=True)) == dict(
        zip(some["id"], ("P0", "P1", "P2"), strict=True)
    )
    assert set(found.matches["transform"]) == {"mirror"}
    assert found.matches["mask_dice"].tolist() == [1, 1, 1]
    assert found.record["match"]["slices"] == 3


def test_a_set_with_one_split_no_labels_and_no_masks(make_table):
    random = np.random.default_rng(1)
    found = audit_set(
        make_table([{"pixels": random.integers(0, 255, (96, 96)).astype(np.uint8)} for _ in range(4)])
    )
    assert found.record["copies"]["within"]["pairs"] == 0
    assert found.record["floors"]["across"] is None
    assert found.record["findings"] == []
    json.dumps(found.record, allow_nan=False)


def test_stages_are_shown(make_table):
    from contextlib import contextmanager

    shown: list[str] = []

    @contextmanager
    def bar(text: str, total: int | None):
        shown.append(text)
        yield lambda *done: None

    audit_set(make_table([{}, {}]), bar=bar)
    assert shown[:2] == ["reading slices", "reading masks"]
