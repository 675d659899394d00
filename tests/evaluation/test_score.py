"""Folders of mask files from any tool are scored as their arrays would be, or refused with file and mend."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from brainmtl.errors import InputError
from brainmtl.evaluation.score import score_folders
from brainmtl.evaluation.scorecard import score_slice
from brainmtl.imaging.mask import write_mask


def square(left: int, shape: tuple[int, int] = (40, 60)) -> np.ndarray:
    mask = np.zeros(shape, bool)
    mask[5:15, left : left + 10] = True
    return mask


def of(metric: dict) -> tuple:
    return metric["value"], metric["n"]


EMPTY = np.zeros((40, 60), bool)
TRUTH = {"a": square(5), "b": square(5, (30, 50)), "c": EMPTY}
PREDICTED = {"a": square(10), "b": square(5, (30, 50)), "c": square(5)}


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    for name, masks in (("predicted", PREDICTED), ("truth", TRUTH)):
        for stem, mask in masks.items():
            write_mask(tmp_path / name / f"{stem}.png", mask)
    return tmp_path / "predicted", tmp_path / "truth"


def test_rows_are_those_of_the_arrays(folders):
    calls = []
    rows, metrics = score_folders(*folders, progress=lambda *numbers: calls.append(numbers))
    assert rows["id"].tolist() == ["a", "b", "c"]
    for row in rows.to_dict("records"):
        expected = score_slice(
            truth=TRUTH[row["id"]], prediction=PREDICTED[row["id"]], label=None, probabilities=None
        )
        assert {name: None if value != value else value for name, value in row.items()} == {
            "id": row["id"],
            "label": None,
            "plane": None,
            "group": None,
        } | expected
    assert calls == [(1, 3), (2, 3), (3, 3)]
    assert of(metrics["segmentation"]["dice"]) == (0.75, 2)
    assert of(metrics["segmentation"]["false_mask_rate"]) == (1.0, 1)
    assert metrics["classification"] is None
    assert metrics["strata"] == {}
    json.dumps(metrics, allow_nan=False)


def test_a_folder_against_itself_is_perfect(folders):
    metrics = score_folders(folders[1], folders[1])[1]["segmentation"]
    assert {metrics[name]["value"] for name in ("dice", "dice_pooled", "iou", "surface_dice_2px")} == {1}
    assert {metrics[name]["value"] for name in ("hd95_px", "false_mask_rate")} == {0}


def test_soft_colour_and_other_formats(folders):
    (folders[0] / "a.png").unlink()
    soft = np.where(PREDICTED["a"], 130, 120).astype(np.uint8)
    Image.fromarray(np.repeat(soft[..., None], 3, axis=2)).save(folders[0] / "a.tiff")
    (folders[0] / "readme.txt").write_text("not a mask")
    (folders[0] / ".a.png").write_bytes(b"left by a file browser")
    rows, _ = score_folders(*folders)
    assert rows["dice"].tolist()[:2] == [0.5, 1.0]


def test_classes_beside_masks(folders, tmp_path: Path):
    labels = tmp_path / "labels.csv"
    labels.write_text(
        "id,label,plane,predicted\na,glioma,axial,glioma\nb,pituitary,axial,no_tumor\nc,no_tumor,coronal,no_tumor\n"
    )
    rows, metrics = score_folders(*folders, labels)
    assert rows["mask_right"].tolist() == [True, True, False]
    assert rows["both_right"].tolist() == [True, False, False]
    assert of(metrics["classification"]["accuracy"]) == (pytest.approx(2 / 3), 3)
    assert of(metrics["classification"]["miss_rate"]) == (0.5, 2)
    assert set(metrics["strata"]) == {"class", "tumour", "plane"}
    json.dumps(metrics, allow_nan=False)


def test_persons_beside_masks(folders, tmp_path: Path):
    """One person's two slices, one of them right, are worth one: the interval is nearly everything."""
    labels = tmp_path / "labels.csv"
    head, slices = "id,label,predicted", ["a,glioma,glioma", "b,pituitary,no_tumor", "c,no_tumor,no_tumor"]
    widths = {}
    for by, persons in (("slice", ["", "", ""]), ("group", ["P1", "P2", "P1"])):
        lines = [f"{one},{person}" for one, person in zip(slices, persons, strict=True)]
        labels.write_text("\n".join([f"{head},group", *lines]))
        _, metrics = score_folders(*folders, labels)
        assert metrics["intervals"]["by"] == by
        accuracy = metrics["classification"]["accuracy"]
        widths[by] = accuracy["high"] - accuracy["low"]
    assert widths["group"] > widths["slice"]


def test_probabilities_beside_masks(folders, tmp_path: Path):
    labels = tmp_path / "labels.csv"
    labels.write_text(
        "id,label,p_glioma,p_meningioma,p_pituitary,p_no_tumor\na,glioma,.7,.1,.1,.1\nb,,,,,\nc,no_tumor,.1,.1,.1,.7\n"
    )
    rows, metrics = score_folders(*folders, labels)
    assert rows["predicted"].tolist()[::2] == ["glioma", "no_tumor"]
    assert of(metrics["classification"]["nll"]) == (pytest.approx(-np.log(0.7)), 2)


def test_a_slice_known_to_be_healthy_needs_no_true_mask(folders, tmp_path: Path):
    (folders[1] / "c.png").unlink()
    labels = tmp_path / "labels.csv"
    labels.write_text(
        "id,label,predicted\na,glioma,glioma\nb,glioma,glioma\nc,no_tumor,glioma\nd,no_tumor,no_tumor\n"
    )
    _, metrics = score_folders(*folders, labels)
    assert of(metrics["segmentation"]["false_mask_rate"]) == (1.0, 1)
    assert of(metrics["classification"]["accuracy"]) == (0.75, 4)
    with pytest.raises(InputError, match=r"1 predictions have no true mask, the first c\.png"):
        score_folders(*folders)


def test_a_true_mask_without_a_prediction(folders):
    for stem in ("b", "c"):
        (folders[0] / f"{stem}.png").unlink()
    with pytest.raises(InputError, match=r"2 true masks have no prediction, the first b\.png") as caught:
        score_folders(*folders)
    assert caught.value.where == folders[0]


def test_a_true_mask_without_a_label(folders, tmp_path: Path):
    labels = tmp_path / "labels.csv"
    labels.write_text("id,label\na.png,glioma\nb.png,glioma\nc.png,no_tumor\n")
    with pytest.raises(
        InputError, match=r"3 true masks have no row, the first a\.png.*without its suffix"
    ) as caught:
        score_folders(*folders, labels)
    assert caught.value.where == labels


def test_sizes_that_differ(folders):
    write_mask(folders[0] / "b.png", square(5))
    with pytest.raises(InputError, match="60×40, its slice 50×30") as caught:
        score_folders(*folders)
    assert caught.value.where == folders[0] / "b.png"


def test_a_mask_on_a_slice_labelled_healthy(folders, tmp_path: Path):
    labels = tmp_path / "labels.csv"
    labels.write_text("id,label\na,no_tumor\nb,glioma\nc,no_tumor\n")
    with pytest.raises(InputError, match="a healthy slice has a mask") as caught:
        score_folders(*folders, labels)
    assert caught.value.where == folders[1] / "a.png"


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"", "the file is empty"), (b"not a picture", "not a picture"), (None, "cannot be decoded")],
)
def test_a_broken_file(folders, content, message):
    path = folders[0] / "b.png"
    path.write_bytes(path.read_bytes()[:60] if content is None else content)
    with pytest.raises(InputError, match=message) as caught:
        score_folders(*folders)
    assert caught.value.where == path


def test_two_files_of_one_name(folders):
    Image.fromarray(np.zeros((40, 60), np.uint8)).save(folders[0] / "a.bmp")
    with pytest.raises(InputError, match=r"same name as a\.bmp") as caught:
        score_folders(*folders)
    assert caught.value.where == folders[0] / "a.png"


def test_folders_that_hold_nothing(folders, tmp_path: Path):
    with pytest.raises(InputError, match="no such folder"):
        score_folders(tmp_path / "absent", folders[1])
    (tmp_path / "bare").mkdir()
    with pytest.raises(InputError, match="no picture in it"):
        score_folders(folders[0], tmp_path / "bare")
