"""Published numbers: counted by document, and read again from the printed tables by hand."""

from collections import Counter

import pytest
from pydantic import ValidationError

from brainmtl.evaluation.published import (
    ELSEWHERE,
    Entry,
    Measure,
    Published,
    numbers_of,
    published_for,
    published_numbers,
    read_published,
)

# Counted in the documents: cells of their tables and numbers in their text, without what is derived.
RESULTS = {
    "bin-jalal-2025": 9 + 6,
    "portfolio-2026": 9,
    "gil-cifuentes-2025": 5 * 3 + 2,
    "ferreira-2024": 3 * 3 + 3 * 4 + 1 + 3 * 3,
    "kotob-2024": 2 + 2 + 1,
    ELSEWHERE: 23,
}
DATA = {
    "bin-jalal-2025": 8,
    "portfolio-2026": 9,
    "gil-cifuentes-2025": 7,
    "ferreira-2024": 12,
    "kotob-2024": 7,
}


def test_every_document_has_all_its_results():
    found = Counter(
        number.document for number in published_numbers() if number.kind == "results" and not number.derived
    )
    assert found == RESULTS


def test_every_document_has_all_its_counts():
    assert Counter(number.document for number in published_numbers() if number.kind == "data") == DATA


@pytest.mark.parametrize(
    ("recipe", "name", "value", "sd", "n"),
    [
        ("jalal2025-unet", "dice", 0.8614, 0.1908, 860),
        ("jalal2025-attention-unet", "iou", 0.7924, 0.2092, 860),
        ("jalal2025-joint-unet", "dice", 0.8231, None, 860),
        ("jalal2025-joint-unet", "accuracy", 0.9693, None, 848),
        ("jalal2025-classifier", "accuracy", 0.9919, None, 992),
        ("portfolio2026-unet", "miou", 0.7974, None, 860),
        ("portfolio2026-densenet121", "f1", 0.9748, None, None),
        ("portfolio2026-joint", "dice_difference", -0.0491, None, None),
        ("gil2025-mobilenetv2", "recall", 0.9658, None, None),
        ("gil2025-resnet34", "parameters", 4_100_000, None, None),
        ("ferreira2024-mtl", "iou", 0.4609, 0.0103, None),
        ("ferreira2024-mtl", "train_iou", 0.7541, 0.0285, None),
        ("ferreira2024-st", "validation_accuracy", 0.9572, 0.0084, None),
        ("ferreira2024-mtl", "parameters", 608_645, None, None),
        ("kotob2024-attention-unet-resnet50", "dice", 0.7495, None, None),
    ],
)
def test_a_number_is_the_printed_one(recipe, name, value, sd, n):
    found = published_for(recipe)[name]
    assert (found["value"], found.get("sd"), found.get("n")) == (value, sd, n)


def test_what_is_only_said_in_words_is_kept():
    assert "below U-Net" in published_for("portfolio2026-attention-unet")["dice"]["words"]
    assert "value" not in published_for("gil2025-baseline")["parameters"]


def test_our_own_recipe_has_nothing_published():
    assert published_for("base-128") == {}


def test_no_number_of_a_recipe_hides_another():
    for recipe in {number.recipe for number in published_numbers()} - {None}:
        assert len(published_for(recipe)) == len(numbers_of(recipe)), recipe


def test_dice_and_iou_of_one_mask_fit_each_other():
    """Mean IoU lies between Dice / (2 - Dice), by Jensen's inequality, and Dice."""
    for recipe in ("jalal2025-unet", "jalal2025-attention-unet", "jalal2025-joint-unet"):
        dice, iou = (published_for(recipe)[name]["value"] for name in ("dice", "iou"))
        assert dice / (2 - dice) <= iou <= dice


def test_slices_add_up():
    counts = {
        (number.document, number.metric): number.value
        for number in published_numbers()
        if number.kind == "data"
    }

    def count(document: str, *names: str) -> float:
        return sum(counts[document, name] for name in names)

    jalal = [f"test {name}" for name in ("glioma", "meningioma", "no_tumor", "pituitary")]
    assert count("bin-jalal-2025", *jalal) == 992
    gil = [f"{task} {part}" for task in ("classification", "segmentation") for part in ("train", "test")]
    assert count("gil-cifuentes-2025", *gil) == 6000 + 4793
    figshare = [f"Figshare {name}" for name in ("meningioma", "pituitary", "glioma")]
    sartaj = [f"SARTAJ {name}" for name in ("meningioma", "pituitary", "no tumour")]
    assert count("ferreira-2024", *figshare, *sartaj) == 5402
    share = count("ferreira-2024", *figshare) / 5402
    assert round(share, 4) == counts["ferreira-2024", "slices with a mask"]
    assert count("kotob-2024", "meningioma", "glioma", "pituitary") == counts["kotob-2024", "slices"]


def test_every_metric_of_ours_exists():
    import numpy as np
    import pandas as pd

    from brainmtl.evaluation.scorecard import score_slice, summarise
    from brainmtl.labels import HEALTHY

    mask = np.ones((4, 4), bool)
    rows = [
        {"label": label} | score_slice(truth=mask, prediction=mask, label=label, probabilities=(1, 0, 0, 0))
        for label in ("glioma", HEALTHY)
    ]
    ours = summarise(pd.DataFrame(rows), strata=())
    for number in published_numbers():
        section, _, metric = (number.ours or "").partition(".")
        if section and section != "cost":
            assert metric in ours[section]


def test_an_entry_says_something_about_one_system():
    with pytest.raises(ValidationError, match="neither a value nor words"):
        Entry(at="Table 1", metric="dice")
    with pytest.raises(ValidationError, match="both a recipe and a system"):
        Entry(at="Table 1", metric="dice", value=1, recipe="a", system="b")
    with pytest.raises(ValidationError):
        Measure(unit="ratio", ours="dice", definition="")


def test_the_file_holds_the_five_documents():
    read = read_published()
    assert isinstance(read, Published)
    assert set(read.documents) == set(RESULTS) - {ELSEWHERE}
