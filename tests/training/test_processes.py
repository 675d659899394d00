"""Two processes do what one does: the same loss curve, and the same run when one of them is killed."""

import multiprocessing
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load_file

from brainmtl.data.manifest import read_manifest, write_manifest
from brainmtl.errors import BrainmtlError, InputError, InterruptedRun, UsageError
from brainmtl.training.batches import EpochBatches
from brainmtl.training.fit import train
from brainmtl.training.launch import _explained, launch
from brainmtl.training.log import COLUMNS, read_log
from brainmtl.training.recipe import write_recipe

CODE = """
import os, signal
from pathlib import Path
os.environ.update(surroundings)

from functools import partial
from torch import nn
from brainmtl.training.fit import resume, train
from brainmtl.training.learner import Learner
from brainmtl.training.recipe import read_recipe

os.dup2(os.open(said, os.O_WRONLY | os.O_CREAT | os.O_APPEND), 2)
if grouped:  # a norm that knows one slice only
    nn.BatchNorm2d = partial(nn.GroupNorm, 1)
if moment is not None:
    step = Learner.training_step

    def killing(self, batch, index):
        if (os.environ["RANK"], self.current_epoch, index) == moment:
            os.kill(os.getpid(), signal.SIGKILL)
        return step(self, batch, index)

    Learner.training_step = killing
if run.exists():
    resume(run, bar=False)
else:
    train(read_recipe(recipe), manifest, run, bar=False)
"""
MEASURED_TIME = ("seconds", "slices_per_second")
OF_A_SHARE = ("train_gradient_cosine",)


@pytest.fixture(scope="module")
def server():
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["brainmtl.training.fit"])
    return context


@pytest.fixture(scope="module")
def together(server, manifest, tmp_path_factory):
    """Train, or go on, in several processes as torchrun starts them; their exit codes."""
    folder = tmp_path_factory.mktemp("together")

    def start(recipe, run, count, manifest=manifest, moment=None, grouped=False):
        (folder / "recipe.yaml").write_text(write_recipe(recipe))
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        started = []
        for rank in range(count):
            names = {
                "surroundings": surroundings(rank, count) | {"MASTER_PORT": str(port)},
                "recipe": folder / "recipe.yaml",
                "manifest": manifest,
                "run": run,
                "said": run.with_name(f"{run.name}-{rank}.err"),
                "moment": moment,
                "grouped": grouped,
                "__name__": "child",
            }
            started.append(server.Process(target=exec, args=(CODE, names)))
            started[-1].start()
        for process in started:
            process.join()
        return [process.exitcode for process in started]

    return start


def surroundings(rank: int, count: int) -> dict[str, str]:
    """What torchrun tells a process."""
    return {
        "TORCHELASTIC_RUN_ID": "test",
        "RANK": str(rank),
        "LOCAL_RANK": str(rank),
        "WORLD_SIZE": str(count),
        "LOCAL_WORLD_SIZE": str(count),
        "GROUP_RANK": "0",
        "GROUP_WORLD_SIZE": "1",
        "MASTER_ADDR": "127.0.0.1",
    }


@pytest.fixture(scope="module")
def partial(manifest, tmp_path_factory):
    """Slices of which every third has no mask and every fourth no label."""
    table = read_manifest(manifest)
    number = np.arange(len(table))
    path = tmp_path_factory.mktemp("partial") / "manifest.parquet"
    write_manifest(
        table.assign(mask=table["mask"].where(number % 3 > 0), label=table["label"].where(number % 4 > 1)),
        path,
    )
    return path


@pytest.mark.parametrize("mean_over", ["known", "batch"])
def test_two_take_the_steps_of_one(together, tiny, partial, tmp_path, mean_over):
    recipe = tiny(
        "augmentation={}",
        "network.classifier.dropout=0",
        "data={size: 32, batch_size: 9, healthy_masks: false}",
        f"losses.mean_over={mean_over}",
    )
    for count in (1, 2):
        assert together(recipe, tmp_path / f"{count}", count, partial, grouped=True) == [0] * count
    one, two = (read_log(tmp_path / name / "log.csv") for name in ("1", "2"))
    assert len(one) == len(two) == 3
    for name in set(COLUMNS) - {*MEASURED_TIME, *OF_A_SHARE}:
        values = [[float(row[name] or "nan") for row in rows] for rows in (one, two)]
        np.testing.assert_allclose(*values, rtol=1e-4, atol=1e-5, err_msg=name)
    losses = [float(row["train_loss"]) for row in one]
    assert losses[0] - losses[-1] > 0.01
    weights, others = (load_file(tmp_path / name / "model.safetensors") for name in ("1", "2"))
    torch.testing.assert_close(others, weights, atol=1e-4, rtol=1e-3)


def test_one_is_killed_and_both_go_on(together, tiny, tmp_path):
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    assert together(tiny(), whole, 2) == [0, 0]
    codes = together(tiny(), killed, 2, moment=("1", 1, 2))
    assert codes[1] == -signal.SIGKILL
    assert codes[0] not in (0, -signal.SIGKILL)
    assert "InterruptedRun: another process is gone" in (tmp_path / "killed-0.err").read_text()
    assert len(read_log(killed / "log.csv")) == 1
    assert together(tiny(), killed, 2) == [0, 0]
    assert (whole / "model.safetensors").read_bytes() == (killed / "model.safetensors").read_bytes()
    logs = [
        [{name: row[name] for name in row.keys() - set(MEASURED_TIME)} for row in read_log(run / "log.csv")]
        for run in (whole, killed)
    ]
    assert logs[0] == logs[1]
    assert {path.name for path in killed.iterdir()} == {path.name for path in whole.iterdir()}


def test_the_command_line_starts_them(tiny, manifest, tmp_path):
    (tmp_path / "tiny.yaml").write_text(write_recipe(tiny("schedule.epochs=1")))
    words = ["train", tmp_path / "tiny.yaml", "-m", manifest, "-o", tmp_path / "run", "--devices", "2"]
    done = subprocess.run(
        [sys.executable, "-m", "brainmtl.cli", *map(str, words)],
        capture_output=True,
        text=True,
        env={name: value for name, value in os.environ.items() if name != "OMP_NUM_THREADS"},
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"{tmp_path / 'run'}\n"
    assert [line.split(":")[0] for line in done.stderr.splitlines() if "epoch" in line] == ["epoch 1/1"]
    assert (tmp_path / "run" / "result.json").exists()


@given(
    slices=st.integers(1, 60), size=st.integers(1, 20), count=st.integers(2, 4), seed=st.none() | st.just(3)
)
def test_the_shares_of_a_batch_are_the_batch(slices, size, count, seed):
    rows = np.arange(slices)
    whole = list(EpochBatches(rows, size, seed))
    parts = []
    for rank in range(count):
        with pytest.MonkeyPatch.context() as patch:
            for name, value in surroundings(rank, count).items():
                patch.setenv(name, value)
            parts.append(list(EpochBatches(rows, size, seed)))
    assert len({len(part) for part in parts}) == 1
    for batch, *shares in zip(whole, *parts, strict=True):
        assert np.concatenate(shares).tolist() == batch.tolist()
        assert max(map(len, shares)) - min(map(len, shares)) <= 1


@pytest.mark.parametrize(
    ("override", "field"),
    [("balancing.name=pcgrad", "balancing.name"), ("data.batch_size=1", "data.batch_size")],
)
def test_what_cannot_be_shared_out_leaves_no_folder(tiny, manifest, tmp_path, override, field):
    with pytest.raises(InputError) as caught:
        train(tiny(override), manifest, tmp_path / "run", devices=2, bar=False)
    assert caught.value.field == field
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("codes", "error", "exit_code"),
    [
        ([-signal.SIGKILL, 1], InterruptedRun, 4),
        ([4, 4], InterruptedRun, 4),
        ([3], InputError, 3),
        ([1], BrainmtlError, 1),
    ],
)
def test_what_became_of_them_is_said(codes, error, exit_code):
    said = _explained(codes, Path("run"), "go on")
    assert (type(said), said.exit_code) == (error, exit_code)


def test_torchrun_and_devices_do_not_mix(monkeypatch, tmp_path):
    for name, value in surroundings(0, 2).items():
        monkeypatch.setenv(name, value)
    with pytest.raises(UsageError, match="--devices"):
        launch(tmp_path, 2)
