"""Batches straight from the cache: whole rows of an array on the device; no decoding, no workers."""

import warnings
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

from brainmtl.data.cache import Cache
from brainmtl.labels import CLASSES, HEALTHY, ClassName
from brainmtl.models.build import NetworkPart
from brainmtl.training import processes
from brainmtl.training.recipe import DataPart


class Batch(NamedTuple):
    """Slices and what is known of them.

    Attributes:
        images: uint8 ``(B, C, S, S)``, each with the slices before it and after it.
        masks: uint8 ``(B, 1, S, S)``, share of each pixel × 255.
        labels: int64 ``(B,)``; 0 where unknown.
        mask_known: bool ``(B,)``, on the processor, as are the two below: what is known decides what a step
            computes, and would have to be waited for elsewhere.
        label_known: bool ``(B,)``.
        rows: int64 ``(B,)``, rows of the manifest.
    """

    images: Tensor
    masks: Tensor
    labels: Tensor
    mask_known: Tensor
    label_known: Tensor
    rows: Tensor


class Slices(Dataset[Batch]):
    """The slices of a manifest, read a batch at a time.

    Args:
        table: a manifest.
        cache: its cache.
        healthy_masks: whether a healthy slice counts as having an empty mask.
        classes: those the network knows; a label of another counts as unknown.
        around: rows of what is seen with each slice, ``(N, C)``, of :func:`~brainmtl.data.neighbours.beside`;
            ``None`` for the slice alone.
    """

    def __init__(
        self,
        table: pd.DataFrame,
        cache: Cache,
        healthy_masks: bool,
        classes: Sequence[ClassName] = CLASSES,
        around: NDArray[np.int64] | None = None,
    ) -> None:
        self.around = torch.from_numpy(np.arange(len(table))[:, None] if around is None else around)
        self.images, self.masks = (_tensor(values) for values in (cache.images, cache.masks))
        healthy = (table["label"] == HEALTHY).fillna(False).to_numpy(dtype=bool)
        self.mask_known = table["mask"].notna().to_numpy(dtype=bool) | (healthy & healthy_masks)
        self.label_known = table["label"].isin(classes).to_numpy(dtype=bool)
        numbers = {name: number for number, name in enumerate(CLASSES)}
        self.labels = torch.from_numpy(table["label"].map(numbers).fillna(0).to_numpy(dtype=np.int64))

    def to(self, device: torch.device) -> "Slices":
        """Move all slices to an accelerator at once, where they fit into half of its free memory.

        Args:
            device: where batches are used.
        """
        size = self.images.nbytes + self.masks.nbytes
        if device.type == "cuda" and size <= torch.cuda.mem_get_info(device)[0] // 2:
            self.images, self.masks, self.labels = (
                values.to(device) for values in (self.images, self.masks, self.labels)
            )
        return self

    def teaching(self, rows: NDArray[np.int64], part: NetworkPart) -> NDArray[np.int64]:
        """Keep the rows that tell a network something.

        Args:
            rows: row numbers of the manifest.
            part: a network with a decoder learns from masks, one with a classifier from labels.
        """
        masks = self.mask_known[rows] & (part.decoder is not None)
        labels = self.label_known[rows] & (part.classifier is not None)
        return rows[masks | labels]

    def __getitem__(self, rows: NDArray[np.int64]) -> Batch:
        """Read a batch.

        Args:
            rows: row numbers of the manifest.
        """
        chosen = torch.from_numpy(rows)
        there = chosen.to(self.images.device, non_blocking=True)
        return Batch(
            self.images[self.around[chosen].to(self.images.device, non_blocking=True)],
            self.masks[there].unsqueeze(1),
            self.labels[there],
            torch.from_numpy(self.mask_known[rows]),
            torch.from_numpy(self.label_known[rows]),
            chosen,
        )


def _tensor(values: NDArray[np.uint8]) -> Tensor:
    """The array itself, not a copy of it."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="The given NumPy array is not writable")
        return torch.from_numpy(values)


class EpochBatches(Sampler[NDArray[np.int64]]):
    """Row numbers of each batch, of nearly equal size, none left out; shuffled anew each epoch by a seed.

    Of several processes each gets its share of every batch.

    Args:
        rows: row numbers of the manifest.
        batch_size: the most slices of a batch.
        seed: with the epoch's number, the only source of the order; ``None`` keeps the manifest's.
        epoch: the number of the first epoch.
    """

    def __init__(self, rows: NDArray[np.int64], batch_size: int, seed: int | None, epoch: int = 0) -> None:
        self.rows, self.seed, self.epoch = rows, seed, epoch
        self.count = max(1, -(-len(rows) // batch_size))

    def set_epoch(self, epoch: int) -> None:
        """Name the epoch; Lightning calls this."""
        self.epoch = epoch

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[NDArray[np.int64]]:
        rows = self.rows
        if self.seed is not None:
            rows = np.random.default_rng((self.seed, self.epoch)).permutation(rows)
        yield from map(processes.own, np.array_split(rows, self.count))


def loader(
    slices: Slices, rows: NDArray[np.int64], part: DataPart, seed: int | None = None, epoch: int = 0
) -> "DataLoader[Batch]":
    """Batches of some rows.

    Args:
        slices: all slices of the manifest.
        rows: which of them.
        part: the batch size.
        seed: shuffles; ``None`` keeps the order.
        epoch: the number of the first epoch, which Lightning does not name to a resumed run in time.
    """
    batches = EpochBatches(rows, part.batch_size, seed, epoch)
    # A generator of its own: how often Lightning begins to iterate is nothing that dropout should feel.
    return DataLoader(slices, batch_size=None, sampler=batches, generator=torch.Generator())
