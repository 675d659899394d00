"""Whole runs on the tiny manifest, against loops and sums by hand."""

import copy
import json

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import load_file
from sklearn.metrics import accuracy_score, f1_score, log_loss
from torch.nn.modules.module import register_module_forward_hook

from brainmtl.data.cache import open_cache
from brainmtl.data.manifest import read_manifest, write_manifest
from brainmtl.errors import InputError
from brainmtl.labels import CLASSES
from brainmtl.models.build import build_network
from brainmtl.training.batches import Slices, loader
from brainmtl.training.fit import train, use_bf16
from brainmtl.training.learner import Learner
from brainmtl.training.log import read_log
from brainmtl.training.run import load_network

FILES = {
    "recipe.yaml",
    "environment.json",
    "data.json",
    "network.json",
    "log.csv",
    "checkpoints/last.ckpt",
    "checkpoints/best.ckpt",
    "model.safetensors",
    "result.json",
}
"""What docs/architecture.md says a run leaves, before it is evaluated."""


@pytest.fixture
def run(tiny, manifest, tmp_path):
    """Train the tiny recipe with overrides; the run folder."""

    def start(*overrides, manifest=manifest, name="run", **options):
        train(tiny(*overrides), manifest, tmp_path / name, bar=False, **options)
        return tmp_path / name

    return start


def read(run, name):
    return json.loads((run / name).read_text())


def column(run, name):
    return [float(row[name]) for row in read_log(run / "log.csv")]


def test_a_run_folder_holds_what_it_should(finished):
    found = {str(path.relative_to(finished)) for path in finished.rglob("*") if path.is_file()}
    assert {name for name in found if not name.startswith("tensorboard/")} == FILES
    assert [name for name in found if "tfevents" in name]


def test_what_is_known_of_the_data(finished, manifest):
    data = read(finished, "data.json")
    table = pd.read_parquet(manifest)
    train_rows = table[(table["split"] == "train") & ~table["validation"]]
    expected = {name: int((train_rows["label"] == name).sum()) for name in CLASSES}
    assert data["counts"]["train"] == expected | {"masks": int(train_rows["mask"].notna().sum())}
    assert data["manifest"] == str(manifest)
    assert (data["protocol"], data["fold"]) == ("official", 0)


def test_what_is_known_of_the_network_and_the_place(finished):
    state = load_file(finished / "model.safetensors")
    counted = sum(
        value.numel() for name, value in state.items() if "running" not in name and "tracked" not in name
    )
    about = read(finished, "network.json")
    assert about["task"] == "joint"
    assert about["parameters"] == about["trainable_parameters"] == counted
    assert about["size_mb"] == round(counted * 4 / 1e6, 3)
    environment = read(finished, "environment.json")
    assert {"brainmtl", "python", "torch", "platform", "processor", "cores", "started", "command"} <= set(
        environment
    )


def test_one_row_an_epoch(finished):
    rows = read_log(finished / "log.csv")
    assert [row["epoch"] for row in rows] == ["1", "2", "3"]
    assert all(value for row in rows for value in row.values())
    result = read(finished, "result.json")
    assert (result["status"], result["epochs"], result["monitor"]) == ("finished", 3, "validation_loss")


def test_the_same_seed_gives_the_same_weights(run, finished):
    again, other = run(name="again"), run("seed=8", name="other")
    weights = [(one / "model.safetensors").read_bytes() for one in (finished, again, other)]
    assert weights[0] == weights[1] != weights[2]


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
    row = {name: float(value) for name, value in read_log(one / "log.csv")[0].items()}
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
        "optimizer={name: adamw, lr: 2e-2}",
        "schedule={name: one-cycle, epochs: 30, monitor: validation_score}",
    )
    assert read(one, "result.json")["best_score"] > 0.95
    table = read_manifest(manifest)
    rows, cache = np.flatnonzero(table["split"] == "test"), open_cache(table, 32)
    with torch.inference_mode():
        outputs = load_network(one)(torch.from_numpy(cache.images[rows])[:, None] / 255)
    assert [CLASSES[label] for label in outputs.class_logits.argmax(1)] == table["label"].iloc[rows].tolist()
    said, truth = (outputs.mask_logits[:, 0].numpy() > 0), cache.masks[rows] > 127
    assert f1_score(truth.ravel(), said.ravel()) > 0.9


def test_the_best_epoch_by_the_monitor_is_kept(run):
    swaying = run("schedule={name: constant, epochs: 5}", "optimizer={name: sgd, lr: 1, momentum: 0.9}")
    losses = column(swaying, "validation_loss")
    best = int(np.argmin(losses))
    assert best < 4, "the run should get worse at its end"
    result = read(swaying, "result.json")
    assert result["best_epoch"] == best + 1
    assert result["best_score"] == pytest.approx(losses[best], rel=1e-5)
    kept = torch.load(swaying / "checkpoints" / "best.ckpt", weights_only=True)
    close(
        load_file(swaying / "model.safetensors"),
        {name.removeprefix("network."): value for name, value in kept["state_dict"].items()},
    )
    last = torch.load(swaying / "checkpoints" / "last.ckpt", weights_only=True)
    assert (kept["epoch"], last["epoch"]) == (best, 4)


def test_early_stopping_stops(stopped_early, steady):
    accuracy = column(stopped_early, "validation_accuracy")
    assert len(set(accuracy)) == 1
    assert len(accuracy) == 1 + steady.schedule.stop_after < steady.schedule.epochs
    assert read(stopped_early, "result.json")["epochs"] == 4


def test_plateau_lowers_the_rate_as_torch_does(stopped_early):
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1e-6)
    plateau = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, mode="max", factor=0.5, patience=0)
    expected = []
    for accuracy in column(stopped_early, "validation_accuracy"):
        expected.append(optimizer.param_groups[0]["lr"])
        plateau.step(accuracy)
    assert column(stopped_early, "lr") == pytest.approx(expected)
    assert expected[-1] < expected[0]


def test_init_from_starts_from_the_weights(run, finished):
    barely = "optimizer={name: sgd, lr: 1e-12}"
    larger = run(barely, "data.size=48", "schedule={name: constant, epochs: 1}", init_from=finished)
    start, end = (load_file(one / "model.safetensors") for one in (finished, larger))
    parameters = [name for name in start if name.endswith(("weight", "bias"))]
    close({name: end[name] for name in parameters}, {name: start[name] for name in parameters})


def test_init_from_another_network_or_an_unfinished_run(run, finished, tmp_path):
    with pytest.raises(InputError, match="do not fit the network"):
        run("network.encoder.widths=[8, 8]", init_from=finished)
    with pytest.raises(InputError, match="not finished"):
        run(init_from=tmp_path)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("network", "absent"),
    [
        ("network={encoder: {widths: [4, 8]}, decoder: {widths: [4]}}", "class_loss"),
        ("network={encoder: {widths: [4, 8]}, classifier: {}}", "mask_loss"),
    ],
)
def test_one_head_alone(run, network, absent):
    one = run(network, "schedule.epochs=1", "schedule.monitor=validation_score")
    row = read_log(one / "log.csv")[0]
    assert row[f"validation_{absent}"] == row[f"train_{absent}"] == ""
    assert float(row["validation_score"]) == float(
        row["validation_dice" if absent == "class_loss" else "validation_accuracy"]
    )


def test_batches_of_which_nothing_is_known(run):
    one = run(
        "network={encoder: {widths: [4, 8]}, decoder: {widths: [4]}}",
        "data={size: 32, batch_size: 2, healthy_masks: false}",
        "schedule={epochs: 1, monitor: validation_dice}",
    )
    assert read(one, "result.json")["status"] == "finished"


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


def test_bf16_only_where_it_is_asked_for_or_quick(tiny):
    assert use_bf16(tiny("precision=bf16"))
    assert not use_bf16(tiny("precision=fp32"))
    flags = {"amx_bf16", "avx512_bf16"}
    try:
        with open("/proc/cpuinfo") as information:  # noqa: PTH123
            quick = any(flags & set(line.split()) for line in information if line.startswith("flags"))
    except OSError:
        pytest.skip("this system does not tell what its processor can")
    if not torch.cuda.is_available():
        assert use_bf16(tiny("precision=auto")) == quick


def test_a_crop_the_network_cannot_take(run):
    with pytest.raises(InputError, match=r"augmentation\.crop: slices of 33×33 pixels"):
        run("data.size=34", "augmentation.crop=33")


def test_training_on_crops(run):
    one = run("data.size=40", "augmentation.crop=32", "schedule.epochs=1")
    assert read(one, "result.json")["status"] == "finished"


@pytest.mark.parametrize("bar", [False, True])
def test_stdout_is_for_results(tiny, manifest, tmp_path, capfd, monkeypatch, bar):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    train(tiny("schedule.epochs=1"), manifest, tmp_path / "run", bar=bar)
    said = capfd.readouterr()
    assert said.out == ""
    if not bar:
        assert [line.split(":")[0] for line in said.err.splitlines()] == [
            "1,725 of 1,725 parameters train",
            "epoch 1/1",
        ]
    assert list((tmp_path / "here").iterdir()) == []


def test_progress_counts_decoded_slices(run, tiny, manifest, tmp_path, monkeypatch):
    monkeypatch.setenv("BRAINMTL_CACHE", str(tmp_path / "cache"))
    told = []
    run("schedule.epochs=1", progress=lambda done, total: told.append((done, total)))
    assert told == [(done, 44) for done in range(1, 45)]


def test_a_full_folder_is_left_alone(run, tiny, manifest, tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "mine.txt").write_text("mine")
    with pytest.raises(InputError, match=r"run: is not empty .*--resume"):
        run()
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["mine.txt"]


def test_an_empty_folder_is_taken(run, tmp_path):
    (tmp_path / "run").mkdir()
    assert (run("schedule.epochs=1") / "result.json").exists()


def test_a_folder_that_cannot_be_made(tiny, manifest, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="file"):
        train(tiny(), manifest, tmp_path / "file" / "run", bar=False)


def test_a_rate_far_too_high(run):
    with pytest.raises(InputError, match=r"optimizer\.lr: train_loss is (nan|inf).*lower rate"):
        run("optimizer={name: sgd, lr: 1e30}", "augmentation={}")


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("data.size=33", r"data\.size: slices of 33×33 pixels \(a multiple of 2\)"),
        ("augmentation.crop=33", r"augmentation\.crop: 33, more than data\.size \(at most 32\)"),
        (
            "network={encoder: {name: vit_tiny_patch16_224}, classifier: {whole: true}}",
            r"data\.size: the network cannot take 32×32 pixels",
        ),
        ("data={protocol: patient-5fold, fold: 9, size: 32}", r"data\.fold: there is no fold 9"),
        ("network.decoder.widths=[4, 4]", r"network\.decoder\.widths: 2 widths, this encoder needs 1"),
    ],
)
def test_what_cannot_work_is_said_before_a_folder_is_made(run, tmp_path, override, message):
    with pytest.raises(InputError, match=message):
        run(override)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("change", "overrides", "message"),
    [
        (lambda t: t.assign(validation=False), (), "no slice is for validation"),
        (lambda t: t.assign(validation=True), (), "no slice is for train"),
        (lambda t: t.assign(mask=None), (), r"mask: no training slice has a mask"),
        (lambda t: t.assign(label=None), (), r"label: no training slice has a label"),
        (
            lambda t: t.assign(mask=t["mask"].where(~t["validation"])),
            ("schedule.monitor=validation_dice",),
            r"schedule\.monitor: validation_dice cannot be measured",
        ),
        (
            lambda t: t,
            ("network.classifier=null", "schedule.monitor=validation_accuracy"),
            r"schedule\.monitor: validation_accuracy cannot be measured",
        ),
    ],
)
def test_nothing_to_learn_from_or_select_by(run, manifest, tmp_path, change, overrides, message):
    path = tmp_path / "changed.parquet"
    write_manifest(change(read_manifest(manifest)), path)
    with pytest.raises(InputError, match=message):
        run(*overrides, manifest=path)
    assert list(tmp_path.iterdir()) == [path]


def test_partial_labels_are_normal(run, manifest, tmp_path):
    table = read_manifest(manifest)
    odd = np.arange(len(table)) % 2 == 1
    path = tmp_path / "partial.parquet"
    write_manifest(table.assign(mask=table["mask"].where(odd), label=table["label"].where(~odd)), path)
    one = run("schedule.epochs=1", manifest=path)
    assert all(read_log(one / "log.csv")[0].values())


def test_an_unreadable_slice_leaves_no_folder(run, manifest, tmp_path, monkeypatch):
    monkeypatch.setenv("BRAINMTL_CACHE", str(tmp_path / "cache"))
    table = read_manifest(manifest)
    (tmp_path / "cut.png").write_bytes((tmp_path / table["image"][0]).read_bytes()[:100])
    table.loc[0, ["image", "sha256"]] = [str(tmp_path / "cut.png"), "0" * 64]
    write_manifest(table, tmp_path / "changed.parquet")
    with pytest.raises(InputError, match=r"cut\.png"):
        run(manifest=tmp_path / "changed.parquet")
    assert not (tmp_path / "run").exists()
