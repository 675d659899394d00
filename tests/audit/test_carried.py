"""What another set knows, laid beside this one's slices."""

import numpy as np
import pandas as pd
import pytest

from brainmtl.audit.carried import carry_over, count_matches


@pytest.fixture
def matched(make_table) -> tuple[pd.DataFrame, pd.DataFrame]:
    blot = np.zeros((32, 32), np.uint8)
    blot[4:12, 2:10] = 255
    table = make_table(
        [
            {"id": "one", "mask": blot, "label": "glioma"},
            {"id": "two", "mask": blot, "label": "pituitary", "split": "test"},
            {"id": "three", "label": "no_tumor"},
        ]
    )
    other = make_table(
        [
            {"id": "x", "mask": blot[:, ::-1].copy(), "label": "glioma", "patient": "P1", "group": "P"},
            {"id": "y", "mask": blot[::-1].copy(), "label": "meningioma", "patient": "P2", "group": "P"},
        ]
    )
    found = pd.DataFrame(
        {
            "id": ["one", "two", "three"],
            "other_id": ["x", "y", "y"],
            "kind": "near",
            "transform": ["mirror", "none", "none"],
            "score": 0.99,
        }
    )
    theirs = other.set_index("id").loc[found["other_id"], ["patient", "label", "mask"]].reset_index(drop=True)
    return table, carry_over(table, other, pd.concat([found, theirs], axis=1))


def test_patients_labels_and_masks_are_carried_over(matched):
    rows = matched[1].set_index("id")
    assert rows["patient"].to_dict() == {"one": "P1", "two": "P2", "three": "P2"}
    assert rows["other_group"].eq("P").all()
    assert rows["other_label"].tolist() == ["glioma", "meningioma", "meningioma"]
    assert rows["mask_dice"].to_dict() == pytest.approx({"one": 1, "two": 0, "three": np.nan}, nan_ok=True)


def test_the_counts_by_hand(matched):
    found = count_matches(*matched)
    assert (found["slices"], found["distinct"], found["turned"], found["patients"]) == (3, 2, 1, 2)
    assert found["by_split"] == {"train": 2, "test": 1}
    assert found["label_conflicts"] == {"pituitary, there meningioma": 1, "no_tumor, there meningioma": 1}
    assert found["mask_dice"]["value"] == 0.5
    assert found["masks_below_0.1"] == {"test": 1}
