"""Requests share batches, and each gets its own answer."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from brainmtl.inference.info import CLASS, MASK
from brainmtl.server.batching import Batcher, Expired

NAMES = (MASK, CLASS)
SOON = 30.0


def images(count: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).random((count, 1, 64, 64), np.float32)


@pytest.fixture
def runtime(package):
    return package.runtime


def test_many_requests_get_what_each_would_alone_in_batches_of_at_most_so_many(runtime):
    batcher = Batcher(runtime, most=8, wait_s=0.05)
    asked = [images(1 + seed % 3, seed) for seed in range(24)]
    with ThreadPoolExecutor(24) as pool:
        found = list(pool.map(lambda one: batcher.share(time.monotonic() + SOON).run(NAMES, one), asked))
    batcher.close()
    assert sum(runtime.sizes) == sum(map(len, asked))
    assert max(runtime.sizes) <= 8
    assert len(runtime.sizes) < len(asked)
    for one, answer in zip(asked, found, strict=True):
        for ours, alone in zip(answer, runtime.run(NAMES, one), strict=True):
            assert np.array_equal(ours, alone)


def test_what_waits_behind_a_batch_goes_together(runtime):
    runtime.gate.clear()
    batcher = Batcher(runtime, most=8, wait_s=0.05)
    with ThreadPoolExecutor(5) as pool:
        share = batcher.share(time.monotonic() + SOON)
        first = pool.submit(share.run, NAMES, images(8, 0))
        runtime.busy.wait(SOON)
        others = [pool.submit(share.run, NAMES, images(2, seed)) for seed in range(1, 5)]
        while batcher._waiting.qsize() < 4:
            threading.Event().wait(0.001)
        runtime.gate.set()
        assert all(len(job.result()[0]) for job in [first, *others])
    batcher.close()
    assert runtime.sizes == [8, 8]


def test_a_request_whose_time_is_over_is_told_and_not_run(runtime):
    runtime.gate.clear()
    batcher = Batcher(runtime, most=1, wait_s=0)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(batcher.share(time.monotonic() + SOON).run, NAMES, images(1, 0))
        runtime.busy.wait(SOON)
        with pytest.raises(Expired):
            batcher.share(time.monotonic() + 0.01).run(NAMES, images(1, 1))
        runtime.gate.set()
        first.result()
    batcher.close()
    assert runtime.sizes == [1]


def test_a_fault_reaches_whoever_waits_and_the_next_batch_runs(runtime):
    batcher = Batcher(runtime, most=4, wait_s=0)
    share = batcher.share(time.monotonic() + SOON)
    with pytest.raises(KeyError):
        share.run(("no such output",), images(1, 0))
    assert len(share.run(NAMES, images(2, 1))[0]) == 2
    batcher.close()
    assert not batcher.alive
