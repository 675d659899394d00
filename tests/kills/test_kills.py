"""Work that is killed at random moments and then called again ends as work that nobody disturbed.

``BRAINMTL_KILLS=20`` kills each kind of work that often instead of a few times, and ``BRAINMTL_KILLS_RECORD``
names a Markdown file that takes where the kills fell.
"""

import os
from collections import Counter
from functools import partial
from pathlib import Path

import killing
import numpy as np
import pytest
from sameness import same_results

KILLS = int(os.environ.get("BRAINMTL_KILLS", "3"))
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
    """Of a kind: the folder that nobody disturbed, and the processor's seconds that it took."""
    ended: dict[str, tuple[Path, float]] = {}

    def find(kind: str) -> tuple[Path, float]:
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
    whole, seconds = undisturbed(kind)
    chance = np.random.default_rng([KINDS.index(kind), number])
    moment, worker = chance.uniform(0, seconds), bool(chance.integers(2))
    out = tmp_path / "out"
    at = killing.kill_at(server, works[kind], out, moment, worker)
    killing.finish(server, works[kind], out)
    same_results(out, whole)
    tally[kind][at] += 1
    if RECORD is not None:
        Path(RECORD).write_text(killing.table(tally))
