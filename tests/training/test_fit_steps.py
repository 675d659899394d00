"""Steps of a run, against loops and sums by hand."""

import copy

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from sklearn.metrics import accuracy_score, f1_score, log_loss
from torch.nn.modules.module import register_module_forward_hook

from brainmtl.data.cache import open_cache
from brainmtl.data.manifest import read_manifest
from brainmtl.labels import CLASSES
from brainmtl.models.build import build_network
from brainmtl.training.batches import Slices, loader
from brainmtl.training.learner import Learner
from brainmtl.training.log import read_log
from brainmtl.training.run import load_network


def by_hand(recipe, manifest, steps_of_optimizer):
    """The first epoch as a plain loop; the weights after each step."""
    torch.manual_seed(recipe.seed)
    learner = Learner(build_network(recipe.network), recipe)
    table = read_manifest(manifest)
    slices = Slices(table, open_cache(table, recipe.data.size), True)
    rows = np.flatnonzero((table["split"] == "train") & ~table["validation"])
    optimizer, schedule = steps_of_optimizer(learner)
    learner.on_train_epoch_start()
    for number, batch in enumerate(loader(slices, rows, recipe.data, recipe.seed)):
        optimizer.zero_grad()
        learner.training_step(batch, number).backward()
        if recipe.optimizer.gradient_clip:
            torch.nn.utils.clip_grad_norm_(learner.parameters(), recipe.optimizer.gradient_clip)
        optimizer.step()
        schedule.step()
        yield copy.deepcopy(learner.network.state_dict())


def close(state, expected):
    assert state.keys() == expected.keys()
    for name, value in state.items():
        torch.testing.assert_close(value.contiguous(), expected[name].contiguous(), atol=1e-6, rtol=1e-5)


def test_an_epoch_is_the_loop_by_hand(run, tiny, manifest):
    overrides = (
        "schedule={name: cosine, epochs: 1}",
        "optimizer={name: adamw, lr: 0.01, weight_decay: 0.1, gradient_clip: 0.05}",
    )

    def optimizer(learner):
        made = torch.optim.AdamW(learner.parameters(), lr=0.01, weight_decay=0.1)
        return made, torch.optim.lr_scheduler.CosineAnnealingLR(made, 4)

    *_, expected = by_hand(tiny(*overrides), manifest, optimizer)
    close(load_file(run(*overrides) / "model.safetensors"), expected)
    *_, unclipped = by_hand(tiny(*overrides, "optimizer.gradient_clip=null"), manifest, optimizer)
    name = "encoder.levels.0.layers.0.weight"
    assert not torch.allclose(unclipped[name], expected[name], atol=1e-4)


def test_measuring_the_conflict_of_the_tasks_changes_no_bit(run, tiny, manifest):
    overrides = ("schedule={name: cosine, epochs: 1}", "optimizer={name: sgd, lr: 0.1}")

    def optimizer(learner):
        made = torch.optim.SGD(learner.parameters(), lr=0.1)
        return made, torch.optim.lr_scheduler.CosineAnnealingLR(made, 4)

    *_, expected = by_hand(tiny(*overrides), manifest, optimizer)
    one = run(*overrides)
    kept = load_file(one / "model.safetensors")
    assert all(torch.equal(kept[name], value) for name, value in expected.items())
    (row,) = read_log(one / "log.csv")
    assert -1 <= float(row["train_gradient_cosine"]) <= 1
    assert row["train_mask_weight"] == ""


def test_one_task_has_no_conflict(run):
    (row,) = read_log(
        run("network.classifier=null", "schedule={epochs: 1, monitor: validation_dice}") / "log.csv"
    )
    assert row["train_gradient_cosine"] == ""


def test_the_moving_average_is_what_is_kept(run, tiny, manifest):
    overrides = (
        "schedule={name: cosine, epochs: 1, ema: 0.7}",
        "optimizer={name: sgd, lr: 0.5, momentum: 0.9}",
    )

    def optimizer(learner):
        made = torch.optim.SGD(learner.parameters(), lr=0.5, momentum=0.9)
        return made, torch.optim.lr_scheduler.CosineAnnealingLR(made, 4)

    average, *rest = by_hand(tiny(*overrides), manifest, optimizer)
    for state in rest:
        average = {name: 0.7 * value + 0.3 * state[name] for name, value in average.items()}
    kept = load_file(run(*overrides) / "model.safetensors")
    counters = [name for name in kept if name.endswith("num_batches_tracked")]
    close(*({k: v for k, v in one.items() if k not in counters} for one in (kept, average)))


def test_the_log_is_what_the_kept_network_does(run, manifest):
    one = run("schedule.epochs=1")
    network, table = load_network(one), read_manifest(manifest)
    rows = np.flatnonzero(table["validation"])
    cache = open_cache(table, 32)
    with torch.inference_mode():
        outputs = network(torch.from_numpy(cache.images[rows])[:, None] / 255)
    truth = cache.masks[rows] > 127
    said = outputs.mask_logits[:, 0].numpy() > 0
    tumour = truth.any(axis=(1, 2))
    dice = [f1_score(t.ravel(), s.ravel(), zero_division=0) for t, s in zip(truth, said, strict=True)]
    labels = [CLASSES.index(label) for label in table["label"].iloc[rows]]
    chances = outputs.class_logits.double().softmax(1).numpy()
    row = {name: float(value) for name, value in read_log(one / "log.csv")[0].items() if value}
    assert row["validation_dice"] == pytest.approx(np.mean(np.array(dice)[tumour]), rel=1e-4)
    assert row["validation_accuracy"] == pytest.approx(accuracy_score(labels, chances.argmax(1)), rel=1e-4)
    assert row["validation_class_loss"] == pytest.approx(log_loss(labels, chances, labels=range(4)), rel=1e-4)
    assert row["validation_loss"] == pytest.approx(
        row["validation_mask_loss"] + row["validation_class_loss"], rel=1e-4
    )
    assert row["validation_score"] == pytest.approx(
        (row["validation_dice"] + row["validation_accuracy"]) / 2, rel=1e-4
    )


def test_a_small_network_learns_what_it_has_not_seen(run, manifest):
    one = run(
        "augmentation={rotation: 10, scale: [0.9, 1.1], shift: 0.02, brightness: 0.1, noise: 0.03}",
        "data.batch_size=7",
        "network.encoder.widths=[8, 16, 32, 32]",
        "network.decoder.widths=[32, 16, 8]",
        "network.classifier={hidden: [32]}",
        "optimizer={name: adamw, lr: 6e-3}",
        "schedule={name: one-cycle, epochs: 40, monitor: validation_score}",
    )
    assert max(float(row["validation_score"]) for row in read_log(one / "log.csv")) > 0.95
    table = read_manifest(manifest)
    rows, cache = np.flatnonzero(table["split"] == "test"), open_cache(table, 32)
    with torch.inference_mode():
        outputs = load_network(one)(torch.from_numpy(cache.images[rows])[:, None] / 255)
    assert [CLASSES[label] for label in outputs.class_logits.argmax(1)] == table["label"].iloc[rows].tolist()
    said, truth = (outputs.mask_logits[:, 0].numpy() > 0), cache.masks[rows] > 127
    assert f1_score(truth.ravel(), said.ravel()) > 0.9


@pytest.mark.parametrize("precision", ["bf16", "fp32"])
def test_precision_is_what_the_recipe_says(run, precision):
    seen = set()

    def note(module, inputs, output):
        if isinstance(module, torch.nn.Conv2d):
            seen.add(output.dtype)

    hook = register_module_forward_hook(note)
    try:
        one = run(f"precision={precision}", "schedule.epochs=1")
    finally:
        hook.remove()
    # The one network handed a slice to see whether it takes its size does so in float32.
    assert seen == {torch.float32, torch.bfloat16 if precision == "bf16" else torch.float32}
    assert {value.dtype for value in load_file(one / "model.safetensors").values()} <= {
        torch.float32,
        torch.int64,
    }
