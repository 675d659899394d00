"""A run that was killed or stopped, and then resumed, against one that never was."""

import functools
import json
import multiprocessing
import signal

import pytest
from sameness import same_results

from brainmtl.errors import InputError
from brainmtl.training.fit import resume
from brainmtl.training.log import read_log
from brainmtl.training.recipe import write_recipe

START = """
import os, signal, sys
from collections import Counter
from pathlib import Path
from brainmtl.errors import InterruptedRun
from brainmtl.training.fit import resume, train
from brainmtl.training.learner import Learner
from brainmtl.training.recipe import read_recipe

# A shell that starts tests in the background has them ignore Ctrl-C.
signal.signal(signal.SIGINT, signal.default_int_handler)
for stream, name in enumerate(("out", "err"), start=1):
    os.dup2(os.open(said / name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), stream)

def go():
    try:
        if run.exists():
            resume(run, bar=False)
        else:
            train(read_recipe(recipe), manifest, run, bar=False)
    except InterruptedRun as error:
        print(error, file=sys.stderr)
        sys.exit(error.exit_code)
"""
AT_FILE = """
seen = Counter()

def stop(event, arguments):
    if event == "os.rename":
        name = Path(arguments[1]).name
        seen[name] += 1
        if (name, seen[name]) == moment:
            os.kill(os.getpid(), signal.SIGKILL)

sys.addaudithook(stop)
go()
"""
AT_STEP = """
hook, epoch, number = moment
step = getattr(Learner, hook)

def stopping(self, batch, index):
    if (self.current_epoch, index) == (epoch, number):
        os.kill(os.getpid(), sent)
    return step(self, batch, index)

setattr(Learner, hook, stopping)
go()
"""


@pytest.fixture(scope="session")
def server():
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["brainmtl.training.fit"])
    return context


@pytest.fixture(scope="session")
def apart(server, manifest):
    """Run the code in a process of its own, and say how it ended; ``said`` holds ``out`` and ``err``.

    Runs that are compared are all trained so: a process in which other tests ran may round otherwise.
    """

    def start(code, recipe, run, said, **names):
        path = said / "recipe.yaml"
        path.write_text(write_recipe(recipe))
        names |= {"recipe": path, "manifest": manifest, "run": run, "said": said, "__name__": "child"}
        process = server.Process(target=exec, args=(START + code, names))
        process.start()
        process.join()
        return process.exitcode

    return start


@pytest.fixture
def child(apart, tmp_path):
    return functools.partial(apart, said=tmp_path)


@pytest.fixture(scope="module")
def undisturbed(apart, tmp_path_factory):
    """Train a recipe that nothing interrupts."""

    def start(recipe):
        folder = tmp_path_factory.mktemp("undisturbed")
        assert apart("go()", recipe, folder / "run", folder) == 0
        return folder / "run"

    return start


@pytest.fixture(scope="module")
def finished(undisturbed, tiny):
    return undisturbed(tiny())


@pytest.fixture(scope="module")
def stopped_early(undisturbed, steady):
    return undisturbed(steady)


@pytest.mark.parametrize(
    "moment",
    [
        ("recipe.yaml", 1),
        ("run", 1),
        ("log.csv", 1),
        ("best.ckpt", 1),
        ("last.ckpt", 1),
        ("log.csv", 2),
        ("best.ckpt", 2),
        ("last.ckpt", 2),
        ("last.ckpt", 3),
        ("model.safetensors", 1),
        ("result.json", 1),
    ],
    ids=str,
)
def test_killed_before_a_file_is_in_place(child, tiny, finished, tmp_path, moment):
    run = tmp_path / "run"
    assert child(AT_FILE, tiny(), run, moment=moment) == -signal.SIGKILL
    assert run.exists() == (moment[0] not in ("run", "recipe.yaml"))
    assert child("go()", tiny(), run) == 0
    same_results(run, finished)


@pytest.mark.parametrize(
    "moment", [("last.ckpt", 1), ("log.csv", 2), ("log.csv", 3), ("model.safetensors", 1)], ids=str
)
def test_plateau_and_early_stopping_remember(child, steady, stopped_early, tmp_path, moment):
    assert len(read_log(stopped_early / "log.csv")) == 4
    run = tmp_path / "run"
    assert child(AT_FILE, steady, run, moment=moment) == -signal.SIGKILL
    assert child("go()", steady, run) == 0
    same_results(run, stopped_early)


@pytest.fixture(scope="module")
def thawing(tiny):
    """Two epochs with a frozen stage, and two without."""
    return tiny(
        "network.encoder.frozen=[stage1]",
        "schedule={name: one-cycle, epochs: 4, ema: 0.8, stop_after: 3}",
        "fine_tuning={after: 2, lr: 3e-3}",
    )


@pytest.fixture(scope="module")
def thawed(undisturbed, thawing):
    return undisturbed(thawing)


@pytest.mark.parametrize("moment", [("last.ckpt", 2), ("log.csv", 3), ("log.csv", 4)], ids=str)
def test_two_phases_killed_before_at_and_after_the_boundary(child, thawing, thawed, tmp_path, moment):
    run = tmp_path / "run"
    assert child(AT_FILE, thawing, run, moment=moment) == -signal.SIGKILL
    assert child("go()", thawing, run) == 0
    same_results(run, thawed)


@pytest.mark.parametrize("name", ["uncertainty", "dwa", "gradnorm", "pcgrad"])
def test_what_a_balancing_has_learned_is_resumed(child, undisturbed, tiny, tmp_path, name):
    recipe = tiny(f"balancing.name={name}", "schedule.epochs=4")
    whole, killed = undisturbed(recipe), tmp_path / "killed"
    assert child(AT_FILE, recipe, killed, moment=("last.ckpt", 3)) == -signal.SIGKILL
    assert child("go()", recipe, killed) == 0
    same_results(killed, whole)
    weights = {row["train_mask_weight"] for row in read_log(whole / "log.csv")}
    assert len(weights) > 1


def test_killed_again_and_again(child, tiny, finished, tmp_path):
    run = tmp_path / "run"
    for moment in (("log.csv", 2), ("best.ckpt", 1), ("log.csv", 2), ("model.safetensors", 1)):
        assert child(AT_FILE, tiny(), run, moment=moment) == -signal.SIGKILL
    assert child("go()", tiny(), run) == 0
    same_results(run, finished)


@pytest.mark.parametrize(
    ("sent", "moment"),
    [
        (signal.SIGINT, ("training_step", 0, 1)),
        (signal.SIGINT, ("validation_step", 1, 0)),
        (signal.SIGTERM, ("training_step", 1, 2)),
        (signal.SIGTERM, ("validation_step", 0, 0)),
        (signal.SIGKILL, ("training_step", 1, 1)),
    ],
    ids=str,
)
def test_a_signal_in_mid_epoch(child, tiny, finished, tmp_path, sent, moment):
    run = tmp_path / "run"
    code = child(AT_STEP, tiny(), run, moment=moment, sent=sent)
    if sent == signal.SIGKILL:
        assert code == -signal.SIGKILL
    else:
        assert code == 4
        assert f"brainmtl train --resume {run}" in (tmp_path / "err").read_text()
        result = json.loads((run / "result.json").read_text())
        assert (result["status"], result["epochs"]) == ("stopped", len(read_log(run / "log.csv")))
    assert (tmp_path / "out").read_text() == ""
    assert child("go()", tiny(), run) == 0
    same_results(run, finished)


def test_a_run_folder_may_move_before_it_is_resumed(child, tiny, finished, tmp_path):
    run = tmp_path / "run"
    assert child(AT_FILE, tiny(), run, moment=("log.csv", 3)) == -signal.SIGKILL
    moved = run.rename(tmp_path / "elsewhere")
    assert child("go()", tiny(), moved) == 0
    same_results(moved, finished)
    assert not run.exists()


def test_what_cannot_be_resumed(tiny, manifest, finished, tmp_path):
    with pytest.raises(InputError, match=r"has finished.*--init-from"):
        resume(finished, bar=False)
    with pytest.raises(InputError, match="not a run folder"):
        resume(tmp_path, bar=False)


@pytest.mark.parametrize("damage", [b"", b"PK\x03\x04 not a checkpoint"])
def test_a_damaged_checkpoint(child, tiny, tmp_path, damage):
    run = tmp_path / "run"
    child(AT_FILE, tiny(), run, moment=("log.csv", 2))
    (run / "checkpoints" / "last.ckpt").write_bytes(damage)
    with pytest.raises(InputError, match=r"last\.ckpt: not a checkpoint"):
        resume(run, bar=False)


def test_a_changed_manifest(child, tiny, manifest, tmp_path):
    run = tmp_path / "run"
    child(AT_FILE, tiny(), run, moment=("log.csv", 2))
    data = json.loads((run / "data.json").read_text())
    (run / "data.json").write_text(json.dumps(data | {"manifest_sha256": "0" * 64}))
    with pytest.raises(InputError, match="not the one this run was trained on"):
        resume(run, bar=False)


def test_a_start_without_a_checkpoint_needs_its_first_weights(child, tiny, tmp_path):
    run = tmp_path / "run"
    child(AT_FILE, tiny(), run, moment=("log.csv", 1))
    (run / "checkpoints" / "initial.safetensors").unlink()
    with pytest.raises(InputError, match="train again"):
        resume(run, bar=False)
