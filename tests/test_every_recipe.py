"""Every recipe that ships, from phantoms to a prediction; and its numbers against those of its document."""

from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

from brainmtl.data.manifest import write_manifest
from brainmtl.errors import InputError, InterruptedRun
from brainmtl.evaluation.published import published_numbers
from brainmtl.inference.package import load_package
from brainmtl.inference.predict import predict_files
from brainmtl.labels import HEALTHY
from brainmtl.models.build import build_network, parameter_counts
from brainmtl.training.checks import check_size
from brainmtl.training.evaluate import evaluate
from brainmtl.training.export import export_run
from brainmtl.training.fit import resume, train
from brainmtl.training.learner import Learner
from brainmtl.training.log import read_log
from brainmtl.training.recipe import read_recipe, recipe_names

BATCH, EPOCHS = 2, 2
NARROWER, NARROWEST = 16, 8
"""Networks of our own have one channel in so many, but not so few that no ReLU of a layer lives."""
SIDES = (32, 64, 96, 128, 224)
SIDES_OF_THE_MANIFEST = {
    "learning": ("train", False, 1, 4, 2),
    "held out": ("train", True, 1, 2, 0),
    "in fold 0": ("train", False, 0, 2, 0),
    "own test": ("test", False, 0, 1, 1),
}
"""Split, validation, fold, and how many with and without a tumour: something for each part of each protocol,
and an even number of training slices for each network, so that no batch is of one slice."""


@pytest.fixture(scope="module", autouse=True)
def _cache_home(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BRAINMTL_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="module")
def manifest(phantom, tmp_path_factory) -> Path:
    healthy = phantom["label"] == HEALTHY
    pools = {True: iter(phantom.index[~healthy]), False: iter(phantom.index[healthy])}
    rows, columns = [], {"split": [], "validation": [], "fold": []}
    for split, validation, fold, tumours, others in SIDES_OF_THE_MANIFEST.values():
        rows += [next(pools[tumour]) for tumour in [True] * tumours + [False] * others]
        for name, value in zip(columns, (split, validation, fold), strict=True):
            columns[name] += [value] * (tumours + others)
    table = phantom.loc[rows].reset_index(drop=True)
    for name, values in columns.items():
        table[name] = values
    table["group"] = [f"person-{number}" for number in range(len(table))]
    path = tmp_path_factory.mktemp("manifest") / "phantoms.parquet"
    write_manifest(table, path)
    return path


@cache
def shrunk(name):
    """A recipe at the smallest size it takes, in few and small batches, from random weights."""
    whole = read_recipe(name)
    changes = [f"data.batch_size={BATCH}", f"schedule.epochs={EPOCHS}", "network.encoder.pretrained=false"]
    if whole.goes_on_from is not None:
        changes.append("goes_on_from=null")
    if whole.fine_tuning is not None:
        changes.append("fine_tuning.after=1")
    if whole.network.encoder.name in ("plain", "pooling"):
        parts = {"encoder": whole.network.encoder, "decoder": whole.network.decoder}
        for part, settings in parts.items():
            if settings is not None:
                changes.append(
                    f"network.{part}.widths={[max(w // NARROWER, NARROWEST) for w in settings.widths]}"
                )
    for side in SIDES:
        crop = [f"augmentation.crop={side}"] if whole.augmentation.crop else []
        recipe = read_recipe(name, [*changes, f"data.size={side}", *crop])
        try:
            check_size(recipe, build_network(recipe.network))
            return recipe
        except InputError:
            continue
    raise AssertionError(f"{name} takes none of {SIDES}")


def graph(name):
    """What of a recipe decides the graph that is exported."""
    network = shrunk(name).network
    return network.model_copy(
        update={
            "encoder": network.encoder.model_copy(update={"frozen": (), "first_layer": "sum"}),
            "classifier": network.classifier and network.classifier.model_copy(update={"dropout": 0}),
        }
    )


def stop(learner):
    """Press Ctrl-C in the second epoch."""
    if learner.current_epoch == 1:
        raise KeyboardInterrupt


@pytest.mark.parametrize("name", recipe_names())
def test_from_phantoms_to_a_prediction(name, manifest, tmp_path, monkeypatch):
    """Of recipes with the same graph, only the first is exported, which takes nearly all of the time."""
    recipe, run = shrunk(name), tmp_path / "run"
    whole = recipe.holds_nothing_back
    with monkeypatch.context() as patch:
        patch.setattr(Learner, "on_train_epoch_end" if whole else "on_validation_epoch_start", stop)
        with pytest.raises(InterruptedRun):
            train(recipe, manifest, run, bar=False)
    start = load_file(run / "checkpoints/initial.safetensors")
    resume(run, bar=False)
    log = read_log(run / "log.csv")
    assert [row["epoch"] for row in log] == ["1", "2"]
    state = load_file(run / "model.safetensors")
    trains = {
        label for label, weight in build_network(recipe.network).named_parameters() if weight.requires_grad
    }
    assert all(torch.isfinite(value).all() for value in state.values())
    moved = {label for label in trains if not torch.equal(start[label], state[label])}
    assert len(moved) > 0.9 * len(trains)

    metrics = evaluate(run, "test" if whole else "validation")
    task, classes = recipe.network.task, recipe.network.classes
    assert (metrics["segmentation"] is not None) == (task != "classification")
    assert (metrics["classification"] is not None) == (task != "segmentation")

    if name != next(other for other in recipe_names() if graph(other) == graph(name)):
        return
    package = load_package(export_run(run))
    assert (package.info.task, package.info.size) == (task, recipe.data.size)
    picture = Path(pd.read_parquet(manifest)["image"].iloc[0])
    (found,) = predict_files(package, [picture], tmp_path / "predicted")
    assert found.status == "ok"
    with Image.open(picture) as image:
        size = image.size
    if task != "classification":
        with Image.open(tmp_path / "predicted" / found.mask) as mask:
            assert mask.size == size
            assert set(np.unique(mask)) <= {0, 255}
    if task != "segmentation":
        assert found.class_name in classes
        assert sum(found.probabilities.values()) == pytest.approx(1, abs=4e-6)  # six digits of each
        assert all(found.probabilities[other] == 0 for other in found.probabilities if other not in classes)


UNLIKE = {"gil2025-baseline": {"augmentation.flip", "augmentation.mirror"}}
"""Settings of a document that one of its systems does without, as the recipe's comment says."""


def settings_of(name):
    """The settings that the document behind a recipe prints, by the field that holds them."""
    documents = {number.document for number in published_numbers() if number.recipe == name}
    return {
        number.field: number.value
        for number in published_numbers()
        if number.document in documents and number.field and number.recipe in (None, name)
        if number.field not in UNLIKE.get(name, ())
    }


@pytest.mark.parametrize("name", [name for name in recipe_names() if settings_of(name)])
def test_a_recipe_says_what_its_document_says(name):
    recipe, found, expected = read_recipe(name), {}, {}
    for field, value in settings_of(name).items():
        at = recipe
        for step in field.split("."):
            at = getattr(at, step, None)
        if at is not None:
            found[field], expected[field] = at, value
    assert found == pytest.approx(expected)
    assert "data.size" in found


def counts_of(name):
    with torch.device("meta"):
        return parameter_counts(build_network(read_recipe(name).network, pretrained=False))


@pytest.mark.parametrize(
    ("name", "parameters", "as_keras_counts"),
    [
        # What the widespread PyTorch U-Net with batch norm and transposed convolutions has.
        ("jalal2025-unet", 31_036_481, None),
        ("portfolio2026-unet", 31_036_481, None),
        ("ferreira2024-mtl", 608_645 - 2 * 496, 608_645),
        ("ferreira2024-st", 362_020 - 2 * 248, 362_020),
    ],
)
def test_published_counts(name, parameters, as_keras_counts):
    """8 + 16 + 32 + 64 + 128 = 248 channels are normalised on each way, with a mean and a variance each."""
    counts = counts_of(name)
    assert counts["parameters"] == counts["trainable_parameters"] == parameters
    assert as_keras_counts in (None, counts["parameters_keras"])


def test_joint_and_single_networks_differ_by_a_head():
    """A joint network is the segmentation network with the class head of the classifier, 1024 → 256 → 4."""

    def count(name):
        return counts_of(name)["parameters"]

    head = 1025 * 256 + 257 * 4
    assert count("jalal2025-joint-unet") == count("jalal2025-unet") + head == count("portfolio2026-joint")
    encoder = count("jalal2025-classifier") - head
    assert encoder == sum(9 * a * b + 9 * b * b + 4 * b for a, b in pairwise([1, 64, 128, 256, 512, 1024]))
    gates = sum(skip // 2 * (2 * skip + 1) + 4 * (skip // 2) + 2 for skip in (64, 128, 256, 512))
    assert count("jalal2025-attention-unet") == count("jalal2025-unet") + gates
