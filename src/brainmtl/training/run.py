"""The run folder: all that a run leaves, and the only thing that reports read."""

import json
import os
import platform
import re
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pandas as pd
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor, nn

import brainmtl
from brainmtl.data.manifest import content_hash, read_manifest, summary
from brainmtl.errors import InputError
from brainmtl.imaging.files import file_sha256, whole_file
from brainmtl.models.build import build_network, parameter_counts
from brainmtl.training.recipe import Recipe, read_recipe, write_recipe
from brainmtl.training.sides import sides

LAST = Path("checkpoints", "last.ckpt")
BEST = Path("checkpoints", "best.ckpt")
INITIAL = Path("checkpoints", "initial.safetensors")
"""The weights before the first step, kept until the run has finished."""
TEMPORARY = re.compile(r"\..+\.[0-9a-f]{8}\.\w+")
"""Names that :func:`~brainmtl.imaging.files.whole_file` gives to files it has not finished."""


def check_free(run: Path) -> None:
    """Make sure that a folder can become a run.

    Args:
        run: a path.

    Raises:
        InputError: something lies there.
    """
    if run.exists() and (not run.is_dir() or any(run.iterdir())):
        raise InputError("is not empty", where=run, mend="name a new folder, or pass --resume")


def start_run(
    run: Path,
    recipe: Recipe,
    table: pd.DataFrame,
    manifest: Path,
    network: nn.Module,
    init_from: Path | None = None,
    encoder_weights: Path | None = None,
) -> None:
    """Write what is known of a run before it trains, in one move.

    Args:
        run: a folder that does not exist or is empty.
        recipe: resolved.
        table: the manifest.
        manifest: where it lies.
        network: before training.
        init_from: the run whose weights it begins with.
        encoder_weights: the file that its encoder begins with, where that is not timm's.

    Raises:
        InputError: the folder holds something, or cannot be written.
    """
    check_free(run)
    part = sides(table, recipe)
    data = {
        "manifest": str(manifest),
        "manifest_sha256": content_hash(table),
        "sources": sorted(table["source"].unique()),
        "protocol": recipe.data.protocol,
        "fold": recipe.data.fold,
        "counts": summary(table.assign(split=part)),
    }
    if init_from is not None:
        weights = file_sha256(init_from / "model.safetensors")
        data["init_from"] = {"run": init_from.resolve().name, "weights_sha256": weights}
    if encoder_weights is not None:
        data["encoder_weights"] = name_weights(encoder_weights)
    size = sum(p.numel() * 4 for p in network.parameters())
    about = {"task": recipe.network.task, **parameter_counts(network), "size_mb": round(size / 1e6, 3)}
    with _whole_folder(run) as temporary:
        write_json(temporary / "environment.json", _environment())
        write_json(temporary / "data.json", data)
        write_json(temporary / "network.json", about)
        write_weights(network.state_dict(), temporary / INITIAL)
        with whole_file(temporary / "recipe.yaml") as file:
            file.write_text(write_recipe(recipe), encoding="utf-8")


def name_weights(path: Path) -> dict[str, str]:
    """How the records of a run or a study name the file that encoders begin with.

    Args:
        path: the file.
    """
    return {"file": path.name, "sha256": file_sha256(path)}


@contextmanager
def _whole_folder(folder: Path) -> Iterator[Path]:
    temporary = folder.with_name(f".{folder.name}.{uuid4().hex[:8]}")
    try:
        yield temporary
        if folder.exists():
            folder.rmdir()
        temporary.replace(folder)
    except OSError as error:
        raise InputError(
            f"cannot be made: {error.strerror or error}", where=folder, mend="name a folder you may write to"
        ) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def sweep(run: Path) -> None:
    """Remove what a kill left half-written.

    Args:
        run: a run folder, or one in it.
    """
    for path in run.rglob(".*"):
        if TEMPORARY.fullmatch(path.name) and path.is_file():
            path.unlink()


def has_finished(run: Path) -> bool:
    """Whether a run has come to its end.

    Args:
        run: a run folder.
    """
    path = run / "result.json"
    return path.is_file() and bool(read_json(path)["status"] == "finished")


def load_recipe(run: Path) -> Recipe:
    """Read the recipe of a run.

    Args:
        run: a run folder.

    Raises:
        InputError: it is not one.
    """
    if not (run / "recipe.yaml").is_file():
        raise _no_run(run)
    return read_recipe(run / "recipe.yaml")


def _no_run(folder: Path) -> InputError:
    return InputError(
        "not a run folder: no recipe.yaml", where=folder, mend="pass a folder that `brainmtl train` made"
    )


def load_network(run: Path) -> nn.Module:
    """Build the network of a run with its chosen weights, in eval mode.

    Args:
        run: a run folder.

    Raises:
        InputError: it is not one, has not finished, or its weights are not its recipe's.
    """
    network = build_network(load_recipe(run).network, pretrained=False)
    load_weights(network, run)
    return network.eval()


def run_manifest(run: Path) -> Path:
    """Where the manifest lies that a run was trained on.

    Args:
        run: a run folder.

    Raises:
        InputError: it is a shared copy, which does not say.
    """
    data = read_json(run / "data.json")
    if "manifest" not in data:
        raise InputError(
            "a shared copy names no manifest",
            where=run / "data.json",
            field="manifest",
            mend="add the path of the one whose SHA-256 it has",
        )
    return Path(data["manifest"])


def run_table(run: Path) -> tuple[pd.DataFrame, Path]:
    """Read the manifest that a run was trained on.

    Args:
        run: a run folder.

    Returns:
        The manifest, and where it lies.

    Raises:
        InputError: it is gone, or other than it was: who is in which part may be others too.
    """
    manifest = run_manifest(run)
    table = read_manifest(manifest)
    if content_hash(table) != read_json(run / "data.json")["manifest_sha256"]:
        raise InputError(
            "the manifest is not the one this run was trained on", where=manifest, mend="restore it"
        )
    return table, manifest


def load_weights(network: nn.Module, run: Path) -> None:
    """Put the chosen weights of a run into a network.

    Args:
        network: of the same recipe.
        run: a run folder.

    Raises:
        InputError: there are none, or they do not fit.
    """
    path = run / "model.safetensors"
    if not path.is_file():
        raise _without_weights(run)
    _load(network, path)


def _without_weights(run: Path) -> InputError:
    if not run.is_dir():
        return InputError("no such run folder", where=run, mend="check the path")
    if not (run / "recipe.yaml").is_file():
        return _no_run(run)
    if not (run / "checkpoints").is_dir():
        return InputError(
            "no model.safetensors: these are the records of a run, not the run",
            where=run,
            mend="name the folder that `brainmtl train` wrote",
        )
    return InputError(
        "no model.safetensors: the run has not finished",
        where=run,
        mend=f"go on with `brainmtl train --resume {run}`",
    )


def load_initial_weights(network: nn.Module, run: Path) -> None:
    """Put the weights a run started with into a network.

    Args:
        network: of the same recipe.
        run: a run folder that has not finished.

    Raises:
        InputError: there are none, or they do not fit.
    """
    path = run / INITIAL
    if not path.is_file():
        raise InputError(
            "neither a checkpoint nor its first weights are there",
            where=run,
            mend="remove the folder and train again",
        )
    _load(network, path)


def _load(network: nn.Module, path: Path) -> None:
    try:
        network.load_state_dict(load_file(path))
    except SafetensorError as error:
        raise InputError("damaged", where=path, mend="copy it again, or train again") from error
    except RuntimeError as error:
        raise InputError(
            "the weights do not fit the network", where=path, mend="use the run's own recipe"
        ) from error


def write_weights(state: dict[str, Tensor], path: Path) -> None:
    """Write a state dict as safetensors.

    Args:
        state: tensors by name.
        path: where to.

    Raises:
        InputError: the file cannot be written.
    """
    content = save({name: value.contiguous() for name, value in state.items()})
    with whole_file(path) as temporary:
        temporary.write_bytes(content)


def write_json(path: Path, content: object) -> None:
    """Write JSON whole or not at all.

    Args:
        path: where to.
        content: plain values.
    """
    with whole_file(path) as temporary:
        temporary.write_text(
            json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8"
        )


def read_json(path: Path) -> Any:
    """Read JSON.

    Args:
        path: where from.

    Raises:
        InputError: missing or damaged.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"cannot be read: {error}", where=path, mend="train again") from error


def _environment() -> dict[str, object]:
    return {
        "brainmtl": brainmtl.__version__,
        "python": platform.python_version(),
        "torch": torch.__version__,
        "platform": platform.system(),
        "processor": processor_name(),
        "cpu_capability": torch.backends.cpu.get_cpu_capability(),
        "cuda": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
        "cores": os.cpu_count(),
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": " ".join([Path(sys.argv[0]).name, *sys.argv[1:]]),
    }


def processor_name() -> str:
    """The processor's name, as its maker gives it where the system tells."""
    information = Path("/proc/cpuinfo")
    if information.exists():
        for line in information.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
