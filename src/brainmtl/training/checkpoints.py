"""Checkpoints: written whole, and good wherever the run folder lies now."""

import io
from pathlib import Path
from typing import Any

import torch
from pytorch_lightning.plugins.io import TorchCheckpointIO

from brainmtl.errors import InputError
from brainmtl.imaging.files import whole_file


class RunCheckpoints(TorchCheckpointIO):
    """Lightning's checkpoints, each replaced in one move: a kill leaves the old one or the new one."""

    def save_checkpoint(
        self, checkpoint: dict[str, Any], path: str | Path, storage_options: Any | None = None
    ) -> None:
        """Write a checkpoint.

        Args:
            checkpoint: what Lightning keeps of a run.
            path: where to.
            storage_options: of no use here.

        Raises:
            InputError: the file cannot be written; the one before stays.
        """
        content = io.BytesIO()
        torch.save(checkpoint, content)
        with whole_file(Path(path)) as temporary:
            temporary.write_bytes(content.getbuffer())

    def load_checkpoint(
        self, path: str | Path, map_location: Any | None = None, weights_only: bool | None = True
    ) -> dict[str, Any]:
        """Read a checkpoint without unpickling code.

        Args:
            path: where from.
            map_location: the device for its tensors; the processor by default.
            weights_only: nothing but ``True`` is heeded.

        Raises:
            InputError: it is missing or damaged.
        """
        try:
            checkpoint: dict[str, Any] = torch.load(
                path, map_location=map_location or "cpu", weights_only=True
            )
        except Exception as error:  # torch raises anything on broken bytes
            raise InputError("not a checkpoint", where=path, mend="train again in a new folder") from error
        _move(checkpoint, Path(path).resolve().parent)
        return checkpoint


def _move(checkpoint: dict[str, Any], folder: Path) -> None:
    """Point the record of the best checkpoint to the folder it lies in."""
    for state in checkpoint.get("callbacks", {}).values():
        if isinstance(state, dict) and "dirpath" in state:
            state["dirpath"] = str(folder)
            for name in ("best_model_path", "kth_best_model_path", "last_model_path"):
                state[name] = _moved(state[name], folder)
            state["best_k_models"] = {
                _moved(path, folder): score for path, score in state["best_k_models"].items()
            }


def _moved(path: str, folder: Path) -> str:
    return str(folder / Path(path).name) if path else path
