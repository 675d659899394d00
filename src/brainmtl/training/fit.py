"""From a recipe and a manifest to a finished run folder."""

import logging
import os
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import (
    Callback,
    EMAWeightAveraging,
    ModelCheckpoint,
    RichProgressBar,
)
from pytorch_lightning.loggers import TensorBoardLogger
from torch import nn

from brainmtl.data.cache import open_cache
from brainmtl.data.manifest import read_manifest
from brainmtl.data.neighbours import beside
from brainmtl.errors import InputError, InterruptedRun
from brainmtl.models.build import build_network
from brainmtl.training import processes
from brainmtl.training.batches import Slices, loader
from brainmtl.training.checkpoints import RunCheckpoints
from brainmtl.training.checks import (
    Rows,
    check_beginning,
    check_first_leg,
    check_recipe,
    check_rows,
    check_shares,
    check_size,
)
from brainmtl.training.fine_tuning import NextPhase, PatientStopping, say_what_trains
from brainmtl.training.launch import launch
from brainmtl.training.learner import Learner
from brainmtl.training.log import EpochLog, read_log
from brainmtl.training.memory import keep_freed_memory, leave_new_memory_unfilled
from brainmtl.training.phases import phases
from brainmtl.training.precision import use_bf16
from brainmtl.training.recipe import Recipe
from brainmtl.training.run import (
    BEST,
    INITIAL,
    LAST,
    check_free,
    has_finished,
    load_initial_weights,
    load_recipe,
    load_weights,
    run_table,
    start_run,
    sweep,
    write_json,
    write_weights,
)
from brainmtl.training.sides import sides


def train(
    recipe: Recipe,
    manifest: Path,
    run: Path,
    *,
    encoder_weights: Path | None = None,
    init_from: Path | None = None,
    devices: int = 1,
    progress: Callable[[int, int], None] = lambda done, total: None,
    bar: bool = True,
) -> None:
    """Train a network; in a process that torchrun started, together with the others.

    Args:
        recipe: what to do.
        manifest: a Parquet file from ``brainmtl index``.
        run: the run folder to make.
        encoder_weights: a file with the encoder's pretrained weights; ``None`` for timm's hub.
        init_from: a finished run whose weights this one starts from.
        devices: how many share each batch; above 1 it starts a process for each.
        progress: called with slices decoded into the cache, and slices in all.
        bar: show a progress bar on stderr.

    Raises:
        InputError: something handed over cannot be used; no run folder is made.
        InterruptedRun: it was stopped; :func:`resume` goes on.
    """
    if processes.rank() == 0:
        check_free(run)
        _start(recipe, manifest, run, encoder_weights, init_from, max(devices, processes.count()), progress)
    processes.meet()
    _go_on(run, devices, progress, bar)


def resume(
    run: Path,
    *,
    devices: int = 1,
    progress: Callable[[int, int], None] = lambda done, total: None,
    bar: bool = True,
) -> None:
    """Go on with a run that was stopped or killed, from its last finished epoch, or from its start.

    Args:
        run: its folder.
        devices: see :func:`train`; they need not be as many as before.
        progress: see :func:`train`.
        bar: see :func:`train`.

    Raises:
        InputError: it is not a run folder, it has finished, or its manifest has changed.
        InterruptedRun: it was stopped again.
    """
    load_recipe(run)
    if has_finished(run):
        raise InputError("the run has finished", where=run, mend="start another with --init-from")
    processes.meet()
    if processes.rank() == 0:
        sweep(run)
    _go_on(run, devices, progress, bar)


def _start(
    recipe: Recipe,
    manifest: Path,
    run: Path,
    encoder_weights: Path | None,
    init_from: Path | None,
    devices: int,
    progress: Callable[[int, int], None],
) -> None:
    """Make the run folder, once nothing is left that could be wrong."""
    check_recipe(recipe)
    if init_from is None:
        check_first_leg(recipe)
    table = read_manifest(manifest)
    rows = _rows(recipe, table)
    check_rows(recipe, table, rows, manifest)
    _seed(recipe)
    network = build_network(
        recipe.network, encoder_weights, pretrained=False if init_from is not None else None
    )
    if init_from is not None:
        load_weights(network, init_from)
        check_beginning(recipe, table, init_from)
    check_size(recipe, network)
    slices = _slices(recipe, table, progress)
    check_shares(recipe, _teaching(recipe, slices, rows), devices)
    start_run(run, recipe, table, manifest.resolve(), network, init_from, encoder_weights)


def _go_on(run: Path, devices: int, progress: Callable[[int, int], None], bar: bool) -> None:
    """Train from where a run is: its last finished epoch, or its first weights."""
    if devices > 1:
        launch(run, devices)
        return
    recipe = load_recipe(run)
    table, _ = run_table(run)
    _seed(recipe)
    network = build_network(recipe.network, pretrained=False)
    last = run / LAST
    if not last.exists():
        load_initial_weights(network, run)
    slices = _slices(recipe, table, progress)
    rows = _teaching(recipe, slices, _rows(recipe, table))
    check_shares(recipe, rows, processes.count())
    _fit(network, recipe, slices, rows, run, last if last.exists() else None, bar)


def _seed(recipe: Recipe) -> None:
    pl.seed_everything(recipe.seed, verbose=False)


def _rows(recipe: Recipe, table: pd.DataFrame) -> Rows:
    part = sides(table, recipe)
    return {name: np.flatnonzero(part == name) for name in ("train", "validation")}


def _teaching(recipe: Recipe, slices: Slices, rows: Rows) -> Rows:
    return {name: slices.teaching(chosen, recipe.network) for name, chosen in rows.items()}


def _slices(recipe: Recipe, table: pd.DataFrame, progress: Callable[[int, int], None]) -> Slices:
    def decoded(done: int) -> None:
        progress(done, len(table))

    cache = open_cache(table, recipe.data.size, recipe.data.fit, progress=decoded)
    around = beside(table, sides(table, recipe), recipe.data.neighbours)
    return Slices(table, cache, recipe.data.healthy_masks, recipe.network.classes, around)


def _fit(
    network: nn.Module,
    recipe: Recipe,
    slices: Slices,
    rows: Rows,
    run: Path,
    checkpoint: Path | None,
    bar: bool,
) -> None:
    keep_freed_memory()
    leave_new_memory_unfilled()
    done = 0 if checkpoint is None else int(RunCheckpoints().load_checkpoint(checkpoint)["epoch"]) + 1
    learner = Learner(network, recipe, max(done - 1, 0))
    say_what_trains(network)
    with _quiet():
        trainer = _trainer(network, recipe, run, len(rows["train"]), bar)
        slices.to(trainer.strategy.root_device)
        try:
            trainer.fit(
                learner,
                loader(slices, rows["train"], recipe.data, recipe.seed, done),
                None if recipe.holds_nothing_back else loader(slices, rows["validation"], recipe.data),
                ckpt_path=checkpoint,
                weights_only=True if checkpoint is not None else None,
            )
        except (KeyboardInterrupt, SystemExit) as stop:  # Lightning turns both signals into an exit
            if processes.rank() == 0:
                _write_result(run, recipe, "stopped")
            raise InterruptedRun(
                "stopped", where=run, mend=f"go on with `brainmtl train --resume {run}`"
            ) from stop
    if processes.rank() == 0:
        _finish(run, recipe)
    processes.meet()


def _finish(run: Path, recipe: Recipe) -> None:
    kept = run / (LAST if recipe.holds_nothing_back else BEST)
    chosen = RunCheckpoints().load_checkpoint(kept)["state_dict"]
    write_weights(
        {name.removeprefix("network."): value for name, value in chosen.items()}, run / "model.safetensors"
    )
    (run / INITIAL).unlink(missing_ok=True)
    _write_result(run, recipe, "finished")


def _write_result(run: Path, recipe: Recipe, status: Literal["finished", "stopped"]) -> None:
    epoch = score = None
    if (run / BEST).exists():
        best = RunCheckpoints().load_checkpoint(run / BEST)
        epoch = int(best["epoch"]) + 1
        score = next(
            float(state["best_model_score"])
            for state in best["callbacks"].values()
            if state.get("monitor") == recipe.schedule.monitor
        )
    log = read_log(run / "log.csv")
    result = {
        "status": status,
        "monitor": None if recipe.holds_nothing_back else recipe.schedule.monitor,
        "best_epoch": epoch,
        "best_score": score,
        "epochs": len(log),
        "hours": round(sum(float(row["seconds"]) for row in log) / 3600, 4),
    }
    write_json(run / "result.json", result)


def _callbacks(recipe: Recipe, run: Path, slices: int, bar: bool) -> list[Callback]:
    monitor = recipe.schedule.monitor
    mode = "min" if monitor == "validation_loss" else "max"
    best, last = run / BEST, run / LAST
    callbacks: list[Callback] = [NextPhase(), EpochLog(run / "log.csv", slices)]
    if not recipe.holds_nothing_back:
        callbacks.append(
            ModelCheckpoint(best.parent, best.stem, monitor, mode=mode, enable_version_counter=False)
        )
    # Not ``save_last`` of the above, which waits for an epoch that is better.
    callbacks.append(ModelCheckpoint(last.parent, last.stem, enable_version_counter=False))
    if recipe.schedule.ema is not None:
        callbacks.append(EMAWeightAveraging(decay=recipe.schedule.ema))
    if recipe.schedule.stop_after is not None:
        last_phase = phases(recipe)[-1]
        callbacks.append(PatientStopping(monitor, mode, recipe.schedule.stop_after, last_phase.start))
    if bar:
        callbacks.append(RichProgressBar(console_kwargs={"stderr": True}))
    return callbacks


def _trainer(network: nn.Module, recipe: Recipe, run: Path, slices: int, bar: bool) -> pl.Trainer:
    return pl.Trainer(
        max_epochs=recipe.schedule.epochs,
        precision="bf16-mixed" if use_bf16(recipe, network) else "32-true",
        gradient_clip_val=recipe.optimizer.gradient_clip,
        logger=TensorBoardLogger(run, name="tensorboard", version=""),
        callbacks=_callbacks(recipe, run, slices, bar),
        plugins=[RunCheckpoints()],
        enable_progress_bar=bar,
        enable_model_summary=False,
        num_sanity_val_steps=0,
        strategy=processes.strategy(),
        devices=int(os.environ["LOCAL_WORLD_SIZE"]) if processes.count() > 1 else 1,
        num_nodes=int(os.environ["GROUP_WORLD_SIZE"]) if processes.count() > 1 else 1,
        # Off an accelerator torch has no batch norm over several processes.
        sync_batchnorm=processes.count() > 1 and torch.cuda.is_available(),
        use_distributed_sampler=False,
        deterministic="warn",
    )


@contextmanager
def _quiet() -> Iterator[None]:
    """Lightning's advice is not for the user of a recipe."""
    logger = logging.getLogger("pytorch_lightning")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", module="pytorch_lightning")
            yield
    finally:
        logger.setLevel(level)
