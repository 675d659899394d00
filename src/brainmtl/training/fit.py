"""From a recipe and a manifest to a finished run folder."""

import logging
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import Callback, EarlyStopping, EMAWeightAveraging, ModelCheckpoint, RichProgressBar
from pytorch_lightning.loggers import TensorBoardLogger

from brainmtl.data.cache import open_cache
from brainmtl.data.manifest import content_hash, read_manifest
from brainmtl.data.splits import parts
from brainmtl.errors import InputError, InterruptedRun
from brainmtl.models.build import build_network
from brainmtl.training.batches import Slices, loader
from brainmtl.training.learner import Learner
from brainmtl.training.log import EpochLog
from brainmtl.training.recipe import Recipe
from brainmtl.training.run import load_recipe, load_weights, read_json, save_weights, start_run, write_json


def train(
    recipe: Recipe,
    manifest: Path,
    run: Path,
    *,
    encoder_weights: Path | None = None,
    init_from: Path | None = None,
    progress: Callable[[int], None] = lambda done: None,
    bar: bool = True,
) -> None:
    """Train a network.

    Args:
        recipe: what to do.
        manifest: a Parquet file from ``brainmtl index``.
        run: the run folder to make.
        encoder_weights: a file with the encoder's pretrained weights; ``None`` for timm's hub.
        init_from: a finished run whose weights this one starts from.
        progress: called with the number of slices decoded into the cache.
        bar: show a progress bar on stderr.

    Raises:
        InputError: something handed over cannot be used.
        InterruptedRun: it was stopped; :func:`resume` goes on.
    """
    table = read_manifest(manifest)
    _seed(recipe)
    network = build_network(recipe.network, encoder_weights, pretrained=False if init_from is not None else None)
    if init_from is not None:
        load_weights(network, init_from)
    _check_parts(recipe, manifest)
    start_run(run, recipe, table, manifest.resolve(), network)
    _fit(Learner(network, recipe), manifest, run, None, progress, bar)


def resume(run: Path, *, progress: Callable[[int], None] = lambda done: None, bar: bool = True) -> None:
    """Go on with a run that was stopped, from its last finished epoch.

    Args:
        run: its folder.
        progress: see :func:`train`.
        bar: see :func:`train`.

    Raises:
        InputError: it is not a run folder, its manifest has changed, or it stopped before its first epoch ended.
        InterruptedRun: it was stopped again.
    """
    recipe = load_recipe(run)
    last = run / "checkpoints" / "last.ckpt"
    if (run / "model.safetensors").exists():
        raise InputError("the run has finished", where=run, mend="start another with --init-from")
    if not last.exists():
        raise InputError("it stopped before its first epoch ended", where=run, mend="remove the folder and train again")
    data = read_json(run / "data.json")
    manifest = Path(data["manifest"])
    if content_hash(read_manifest(manifest)) != data["manifest_sha256"]:
        raise InputError("the manifest is not the one this run started with", where=manifest, mend="restore it")
    _seed(recipe)
    network = build_network(recipe.network, pretrained=False)
    _fit(Learner(network, recipe), manifest, run, last, progress, bar)


def _check_parts(recipe: Recipe, manifest: Path) -> None:
    if recipe.schedule.monitor == "validation_dice" and recipe.network.decoder is None:
        raise InputError("there is no decoder", where=manifest, field="schedule.monitor", mend="validation_accuracy")
    if recipe.schedule.monitor == "validation_accuracy" and recipe.network.classifier is None:
        raise InputError("there is no classifier", where=manifest, field="schedule.monitor", mend="validation_dice")


def _seed(recipe: Recipe) -> None:
    pl.seed_everything(recipe.seed, verbose=False)


def _fit(
    learner: Learner, manifest: Path, run: Path, checkpoint: Path | None, progress: Callable[[int], None], bar: bool
) -> None:
    recipe = learner.recipe
    table = read_manifest(manifest)
    part = parts(table, recipe.data.protocol, recipe.data.fold).to_numpy(dtype=object)
    slices = Slices(table, open_cache(table, recipe.data.size, recipe.data.fit, progress=progress), recipe.data.healthy_masks)
    rows = {name: np.flatnonzero(part == name) for name in ("train", "validation")}
    best = _checkpoints(recipe, run)
    trainer = _trainer(recipe, run, [best, *_callbacks(recipe, run, len(rows["train"]), bar)], bar)
    started = time.monotonic()
    try:
        trainer.fit(
            learner,
            loader(slices, rows["train"], recipe.data, recipe.seed),
            loader(slices, rows["validation"], recipe.data),
            ckpt_path=checkpoint,
            weights_only=True if checkpoint is not None else None,
        )
    except KeyboardInterrupt:
        trainer.interrupted = True
    if trainer.interrupted:
        raise InterruptedRun("stopped", where=run, mend=f"go on with `brainmtl train --resume {run}`")
    _finish(learner, best, trainer, run, time.monotonic() - started)


def _finish(learner: Learner, best: ModelCheckpoint, trainer: pl.Trainer, run: Path, seconds: float) -> None:
    kept = torch.load(best.best_model_path, map_location="cpu", weights_only=True)
    learner.load_state_dict(kept["state_dict"])
    save_weights(learner.network, run / "model.safetensors")
    assert best.best_model_score is not None
    result = {
        "status": "finished",
        "monitor": best.monitor,
        "best_epoch": int(kept["epoch"]) + 1,
        "best_score": float(best.best_model_score),
        "epochs": trainer.current_epoch,
        "hours": round(seconds / 3600, 4),
    }
    write_json(run / "result.json", result)


def _checkpoints(recipe: Recipe, run: Path) -> ModelCheckpoint:
    return ModelCheckpoint(
        run / "checkpoints",
        filename="best",
        monitor=recipe.schedule.monitor,
        mode=_mode(recipe),
        save_last=True,
        enable_version_counter=False,
    )


def _mode(recipe: Recipe) -> str:
    return "min" if recipe.schedule.monitor == "validation_loss" else "max"


def _callbacks(recipe: Recipe, run: Path, slices: int, bar: bool) -> list[Callback]:
    callbacks: list[Callback] = [EpochLog(run / "log.csv", slices)]
    if recipe.schedule.ema is not None:
        callbacks.append(EMAWeightAveraging(decay=recipe.schedule.ema))
    if recipe.schedule.stop_after is not None:
        callbacks.append(EarlyStopping(recipe.schedule.monitor, patience=recipe.schedule.stop_after, mode=_mode(recipe)))
    if bar:
        callbacks.append(RichProgressBar(console_kwargs={"stderr": True}))
    return callbacks


def _trainer(recipe: Recipe, run: Path, callbacks: list[Callback], bar: bool) -> pl.Trainer:
    logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", module="pytorch_lightning")
    return pl.Trainer(
        max_epochs=recipe.schedule.epochs,
        precision="bf16-mixed" if use_bf16(recipe) else "32-true",
        gradient_clip_val=recipe.optimizer.gradient_clip,
        logger=TensorBoardLogger(run, name="tensorboard", version=""),
        callbacks=callbacks,
        enable_progress_bar=bar,
        enable_model_summary=False,
        num_sanity_val_steps=0,
        devices=1,
        deterministic="warn",
    )


def use_bf16(recipe: Recipe) -> bool:
    """Whether a run computes in bf16: as its recipe says, or where the processor is quick at it.

    Args:
        recipe: its ``precision``.
    """
    if recipe.precision != "auto":
        return recipe.precision == "bf16"
    if torch.cuda.is_available():
        return torch.cuda.is_bf16_supported()
    return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())
