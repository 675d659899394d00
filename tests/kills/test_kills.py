"""Work that is killed at random moments and then called again ends as work that nobody disturbed.

``BRAINMTL_KILLS=20`` kills each kind of work that often instead of a few times, and ``BRAINMTL_KILLS_RECORD``
names a Markdown file that takes where the kills fell.
"""

import os
import signal
from collections import Counter
from functools import partial
from pathlib import Path

import killing
import numpy as np
import pytest
from sameness import same_results

KILLS = int(os.environ.get("BRAINMTL_KILLS", "1"))
RECORD = os.environ.get("BRAINMTL_KILLS_RECORD")
KINDS = ("training", "cross-validation", "sweep")
RECIPE = """
name: tiny
data: {size: 32, batch_size: 8}
augmentation: {mirror: 0.5, rotation: 10, noise: 0.05}
network:
  encoder: {name: plain, widths: [4, 8]}
  decoder: {widths: [4]}
  classifier: {dropout: 0.2}
optimizer: {name: adamw, lr: 1.0e-2}
schedule: {name: one-cycle, epochs: 8, monitor: validation_loss, ema: 0.8}
precision: fp32
seed: 7
"""
MODULES = ("brainmtl.study.crossval", "brainmtl.study.sweep", "brainmtl.study.worker")
Tally = dict[str, Counter[str]]


@pytest.fixture(scope="module")
def server():
    return killing.process_server(*MODULES)


@pytest.fixture(scope="module")
def works(phantom, tmp_path_factory):
    """What to call with a folder, again and again until it ends; by kind."""
    from brainmtl.data.manifest import write_manifest

    home = tmp_path_factory.mktemp("kills")
    (home / "tiny.yaml").write_text(RECIPE)
    write_manifest(phantom, home / "phantoms.parquet")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BRAINMTL_CACHE", str(home / "cache"))
        calls = {
            "training": killing.train,
            "cross-validation": killing.cross_validate,
            "sweep": killing.sweep,
        }
        yield {
            kind: partial(call, home / "tiny.yaml", home / "phantoms.parquet") for kind, call in calls.items()
        }


@pytest.fixture(scope="module")
def undisturbed(server, works, tmp_path_factory):
    """Of a kind: the folder that nobody disturbed, and what :func:`killing.finish` says of it."""
    ended: dict[str, tuple[Path, tuple[float, float]]] = {}

    def find(kind: str) -> tuple[Path, tuple[float, float]]:
        if kind not in ended:
            out = tmp_path_factory.mktemp("undisturbed") / "out"
            ended[kind] = out, killing.finish(server, works[kind], out)
        return ended[kind]

    return find


@pytest.fixture(scope="module")
def tally() -> Tally:
    """Where the kills fell, by kind."""
    return {kind: Counter() for kind in KINDS}


@pytest.mark.parametrize("number", range(KILLS))
@pytest.mark.parametrize("kind", KINDS)
def test_killed_at_a_random_moment_and_called_again(
    server, works, undisturbed, tally, tmp_path, kind, number
):
    """Every fourth at any moment, the others once a run has begun: a tiny study's start is most of it."""
    whole, (begun, ended) = undisturbed(kind)
    chance = np.random.default_rng([KINDS.index(kind), number])
    moment, worker = chance.uniform(begun if number % 4 else 0, ended), bool(chance.integers(2))
    out = tmp_path / "out"
    at = killing.kill_at(server, works[kind], out, moment, worker)
    killing.finish(server, works[kind], out)
    same_results(out, whole)
    tally[kind][at] += 1
    if RECORD is not None:
        Path(RECORD).write_text(killing.table(tally))


@pytest.mark.parametrize(
    ("kind", "files"),
    [
        ("cross-validation", ("recipe.yaml", "plan.json", "manifest.parquet")),
        ("sweep", ("recipe.yaml", "plan.json")),
    ],
)
def test_killed_with_half_of_its_first_files_it_takes_the_folder_for_its_own(
    server, works, tmp_path, kind, files
):
    """What was half-written lies there under a name of its own; each call comes one file farther."""
    out = tmp_path / "out"
    for name in files:
        assert killing.kill_on(server, works[kind], out, "os.rename", f"out/{name}") == -signal.SIGKILL
    assert killing.kill_on(server, works[kind], out, "subprocess.Popen") == -signal.SIGKILL
    assert len([path for path in out.iterdir() if path.name.startswith(".")]) == len(files)


def test_a_reading_of_the_test_part_is_noted_before_it_counts_as_done(server, works, undisturbed, tmp_path):
    """A row too many says that the part was read again; a row too few would hide that it was read."""
    whole, _ = undisturbed("training")
    out, ledger = tmp_path / "out", tmp_path / "test-ledger.md"
    last = "evaluation/test/metrics.json"
    assert killing.kill_on(server, works["training"], out, "os.rename", last) == -signal.SIGKILL
    assert not (out / last).exists()
    assert ledger.read_text().count("| out | tiny |") == 1
    killing.finish(server, works["training"], out)
    assert ledger.read_text().count("| out | tiny |") == 2
    same_results(out, whole)
