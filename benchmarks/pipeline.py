"""Slices a second into a training loop: our cache and batched augmentation; DataLoader + albumentations."""

import tempfile
import time
from pathlib import Path

import albumentations
import numpy as np
import pandas as pd
import torch
from PIL import Image
from torch.utils.data import DataLoader, Dataset

from brainmtl.data.cache import open_cache
from brainmtl.training.augmentation import augment
from brainmtl.training.batches import Slices, loader
from brainmtl.training.recipe import read_recipe


class Pictures(Dataset):
    """What most projects write: decode, resize, augment, one slice at a time."""

    def __init__(self, table: pd.DataFrame, size: int, cached: bool) -> None:
        self.paths = [(row.image, None if pd.isna(row.mask) else row.mask) for row in table.itertuples()]
        self.size, self.kept = size, {}
        self.change = albumentations.Compose(
            [
                albumentations.HorizontalFlip(p=0.5),
                albumentations.Affine(
                    rotate=(-15, 15), scale=(0.85, 1.2), translate_percent=(-0.06, 0.06), shear=(-6, 6), p=1
                ),
                albumentations.RandomBrightnessContrast(0.1, 0.2, p=1),
                albumentations.RandomGamma((80, 125), p=1),
                albumentations.GaussNoise(std_range=(0, 0.03), p=1),
            ]
        )
        if cached:
            self.kept = {number: self._decode(number) for number in range(len(self.paths))}

    def _decode(self, number: int) -> tuple[np.ndarray, np.ndarray]:
        image, mask = self.paths[number]
        pixels = np.asarray(Image.open(image).convert("L").resize((self.size, self.size)))
        if mask is None:
            return pixels, np.zeros_like(pixels)
        return pixels, np.asarray(Image.open(mask).convert("L").resize((self.size, self.size)))

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, number: int) -> tuple[torch.Tensor, torch.Tensor]:
        pixels, mask = self.kept.get(number) or self._decode(number)
        changed = self.change(image=pixels, mask=mask)
        return torch.from_numpy(changed["image"])[None] / 255.0, torch.from_numpy(changed["mask"] > 127)[None]


def measure(table: pd.DataFrame, size: int = 192, batch: int = 16) -> dict[str, float]:
    """Slices a second of ours and theirs."""
    recipe = read_recipe("base-128", [f"data.size={size}", f"data.batch_size={batch}"])
    with tempfile.TemporaryDirectory() as home:
        slices = Slices(table, open_cache(table, size, home=Path(home)), True)
        rows = np.arange(len(table))
        random = torch.Generator()

        def ours() -> None:
            for chosen in loader(slices, rows, recipe.data, seed=0):
                augment(chosen.images / 255.0, chosen.masks / 255.0, recipe.augmentation, random)

        found = {"ours": _rate(ours, len(table))}
    for name, cached in (("albumentations, uncached", False), ("albumentations, cached", True)):
        batches = DataLoader(
            Pictures(table, size, cached), batch, shuffle=True, num_workers=2, persistent_workers=True
        )
        found[name] = _rate(lambda batches=batches: [None for _ in batches], len(table))
    return found


def _rate(run, slices: int, repeats: int = 3) -> float:
    run()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return slices / min(times)
