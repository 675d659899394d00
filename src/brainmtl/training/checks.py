"""Whether a recipe can be carried out: asked before a run folder is made."""

from pathlib import Path

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import nn

from brainmtl.data.manifest import content_hash
from brainmtl.data.neighbours import beside, has_neighbour
from brainmtl.data.overlap import may_overlap
from brainmtl.errors import InputError
from brainmtl.labels import CLASSES
from brainmtl.training.balancing.choice import make_balancing
from brainmtl.training.recipe import Recipe
from brainmtl.training.run import load_recipe, read_json, run_table
from brainmtl.training.sides import sides

Rows = dict[str, NDArray[np.int64]]
"""Row numbers of the manifest, for ``"train"`` and ``"validation"``."""
HEADS = {"mask": "decoder", "label": "classifier"}
"""What of a slice trains which part of the network."""
HEAD_LOSSES = {
    "decoder": ("mask_weight", ("bce", "binary_focal", "dice")),
    "classifier": ("class_weight", ("cross_entropy", "categorical_focal")),
}
"""Of each head: the weight of its loss, and the weights of what that loss is a sum of."""
ALIKE = 0.5
"""Where neighbours are known of one class's slices less than this as often as of another's, a network would
learn the class from whether its channels differ."""
SHARED = ("fixed", "dwa")
"""Balancings that follow the sum of what each share of a batch asks for."""


def check_rows(recipe: Recipe, table: pd.DataFrame, rows: Rows, manifest: Path) -> None:
    """Make sure that there is something to learn from, and to select by.

    Args:
        recipe: what is to be trained.
        table: the manifest.
        rows: its parts.
        manifest: named in an error.

    Raises:
        InputError: a part is empty, a head has nothing to train on, the monitor cannot be measured, or
            neighbours are asked for and none is known, or whether they are tells the class.
    """
    for name, chosen in rows.items():
        if not len(chosen) and not (name == "validation" and recipe.holds_nothing_back):
            raise InputError(
                f"no slice is for {name}", where=manifest, field="split", mend="index more slices"
            )
    if recipe.data.neighbours:
        _check_neighbours(recipe, table, rows["train"], manifest)
    table = table.assign(label=table["label"].where(table["label"].isin(recipe.network.classes)))
    for column, head in HEADS.items():
        if getattr(recipe.network, head) is not None and not _known(table, column, rows["train"]):
            raise InputError(
                f"no training slice has a {column}",
                where=manifest,
                field=column,
                mend=f"--set network.{head}=null",
            )
    if recipe.holds_nothing_back:
        return
    monitor = recipe.schedule.monitor
    needs = {"validation_dice": ["mask"], "validation_accuracy": ["label"]}.get(monitor, list(HEADS))
    if not any(
        getattr(recipe.network, HEADS[column]) is not None and _known(table, column, rows["validation"])
        for column in needs
    ):
        raise InputError(
            f"{monitor} cannot be measured by this network on these validation slices",
            where=manifest,
            field="schedule.monitor",
            mend="choose another monitor",
        )


def _check_neighbours(recipe: Recipe, table: pd.DataFrame, train: NDArray[np.int64], manifest: Path) -> None:
    known = has_neighbour(beside(table, sides(table, recipe), recipe.data.neighbours))
    if not known.any():
        raise InputError(
            "of no slice the neighbours are known",
            where=manifest,
            field="series",
            mend="index the set again, or set data.neighbours to 0",
        )
    labels = table["label"].iloc[train].fillna("").to_numpy(dtype=object)
    named = [label for label in CLASSES if (labels == label).any()]
    shares = sorted((float(known[train][labels == label].mean()), label) for label in named)
    (least, rare), (most, often) = (shares[0], shares[-1]) if shares else ((1.0, ""), (1.0, ""))
    if least < ALIKE * most:
        raise InputError(
            f"neighbours are known of {least:.0%} of the {rare} slices and {most:.0%} of the {often} ones: a "
            "network would learn the class from that",
            where=manifest,
            field="series",
            mend="set data.neighbours to 0, or leave such slices out by data.leave_out",
        )


def check_first_leg(recipe: Recipe) -> None:
    """Make sure that a recipe's training may begin with no other run's weights.

    Args:
        recipe: its ``goes_on_from``.

    Raises:
        InputError: it is a later leg of another's.
    """
    if recipe.goes_on_from is not None:
        raise InputError(
            f"{recipe.name} goes on from a finished run of {recipe.goes_on_from}, and none is given",
            field="goes_on_from",
            mend="brainmtl train … --init-from RUN; or, for a first leg, --set goes_on_from=null",
        )


def check_beginning(recipe: Recipe, table: pd.DataFrame, start: Path) -> None:
    """Make sure that what a run holds back has not taught the run it begins with.

    Only that one's own lessons are looked at: what taught a run before it was, when it began.

    Args:
        recipe: what is to be trained.
        table: the manifest.
        start: the folder of the run it begins with.

    Raises:
        InputError: a slice did, or may have under another set's name, or the other run's manifest of the
            same data set is not there any more.
    """
    before = read_json(start / "data.json")
    same = before["manifest_sha256"] == content_hash(table)
    known, sources = (
        set(before.get("sources", table["source"])),
        set(table["source"]),
    )  # older runs do not say
    if not may_overlap(known, sources):
        return
    if not same and (may_overlap(known - sources, sources) or may_overlap(known, sources - known)):
        raise InputError(
            f"it has learnt from {', '.join(sorted(known))}; "
            f"under other ids, the same slices may be in {', '.join(sorted(sources))}",
            where=start,
            field="source",
            mend="begin with a run on the same manifest; `brainmtl join` makes one of several sets",
        )
    theirs = table if same else run_table(start)[0]
    taught = _slices(theirs, sides(theirs, load_recipe(start)) == "train")
    held = _slices(table, np.isin(sides(table, recipe), ("validation", "test")))
    if both := taught & held:
        raise InputError(
            f"it has learnt from {len(both)} slices that this run is to be measured on",
            where=start,
            field="data.protocol",
            mend="begin with a run of the same protocol, fold and manifest",
        )


def _slices(table: pd.DataFrame, chosen: NDArray[np.bool_]) -> set[tuple[str, str]]:
    return set(zip(table["source"][chosen], table["id"][chosen], strict=True))


def check_recipe(recipe: Recipe) -> None:
    """Make sure that fields which bear on one another fit.

    Args:
        recipe: its ``data``, ``fine_tuning``, ``network``, ``losses`` and ``balancing``.

    Raises:
        InputError: the first phase leaves no epochs to the second or freezes nothing, a head has no loss,
            label smoothing would ask for classes that the network does not know, there are no two tasks to
            balance, the schedule follows a validation part that the protocol has not, or the network has
            other channels than a slice and its neighbours make.
        UsageError: the balancing needs what is not installed.
    """
    make_balancing(recipe.balancing)
    needed = 2 * recipe.data.neighbours + 1
    if recipe.network.channels != needed:
        raise InputError(
            f"{recipe.network.channels}, and a slice with its neighbours makes {needed}",
            field="network.channels",
            mend=f"set it to {needed}, or change data.neighbours",
        )
    for head, (weight, parts) in HEAD_LOSSES.items():
        weights = {name: getattr(recipe.losses, name) for name in (weight, *parts)}
        if getattr(recipe.network, head) is not None and not (
            weights[weight] and any(weights[name] for name in parts)
        ):
            raise InputError(
                f"nothing teaches the {head}: its losses weigh 0",
                field=f"losses.{weight}" if not weights[weight] else f"losses.{parts[0]}",
                mend=f"raise one, or --set network.{head}=null",
            )
    second, epochs = recipe.fine_tuning, recipe.schedule.epochs
    if second is not None and second.after >= epochs:
        raise InputError(
            f"{second.after} epochs of {epochs} leave none to the second phase",
            field="fine_tuning.after",
            mend="lower it, or raise schedule.epochs",
        )
    if second is not None and not recipe.network.encoder.frozen:
        raise InputError(
            "nothing is frozen in the first phase",
            field="network.encoder.frozen",
            mend="name stages, or --set fine_tuning=null",
        )
    if recipe.network.classes != CLASSES and recipe.losses.label_smoothing:
        raise InputError(
            "smoothing spreads over classes that the network does not know",
            field="losses.label_smoothing",
            mend="set it to 0",
        )
    schedule = recipe.schedule
    if recipe.holds_nothing_back and (schedule.name.startswith("plateau") or schedule.stop_after is not None):
        raise InputError(
            f"follows validation, which {recipe.data.protocol} has not",
            field="schedule.stop_after" if schedule.stop_after is not None else "schedule.name",
            mend="a schedule of fixed length, chosen under the protocol official",
        )
    if recipe.balancing.name != "fixed" and recipe.network.task != "joint":
        raise InputError("one task has nothing to balance", field="balancing.name", mend="set it to fixed")


def check_shares(recipe: Recipe, rows: Rows, processes: int) -> None:
    """Make sure that a recipe can be shared out.

    Args:
        recipe: its ``data.batch_size`` and ``balancing``.
        rows: of each part, those that teach.
        processes: how many will share.

    Raises:
        InputError: a batch has fewer slices than there are processes, or the balancing works on the gradients
            of whole batches.
    """
    if processes == 1:
        return
    for name, slices in ((name, len(chosen)) for name, chosen in rows.items()):
        smallest = slices // max(1, -(-slices // recipe.data.batch_size))
        if slices and smallest < processes:
            raise InputError(
                f"a batch for {name} has {smallest} slices, fewer than the {processes} processes",
                field="data.batch_size",
                mend="raise it, or train on fewer devices",
            )
    if recipe.balancing.name not in SHARED:
        raise InputError(
            f"{recipe.balancing.name} needs the gradients of whole batches",
            field="balancing.name",
            mend=f"train on one device, or choose {' or '.join(SHARED)}",
        )


def check_size(recipe: Recipe, network: nn.Module) -> None:
    """Make sure that the network takes slices of the recipe's size, by handing it one.

    Args:
        recipe: its ``data.size`` and ``augmentation.crop``.
        network: left in training mode.

    Raises:
        InputError: it does not, or the crop is larger than the slices.
    """
    sides = {"data.size": recipe.data.size, "augmentation.crop": recipe.augmentation.crop or recipe.data.size}
    if sides["augmentation.crop"] > recipe.data.size:
        raise InputError(
            f"{recipe.augmentation.crop}, more than data.size",
            field="augmentation.crop",
            mend=f"at most {recipe.data.size}",
        )
    for field, side in sides.items():
        try:
            with torch.inference_mode():
                network.eval()(torch.zeros(1, recipe.network.channels, side, side))
        except InputError as error:
            raise InputError(error.what, field=field, mend=error.mend) from error
        except Exception as error:  # each timm network has its own way to refuse a size
            raise InputError(
                f"the network cannot take {side}×{side} pixels: {error}",
                field=field,
                mend="choose another size",
            ) from error
    network.train()


def _known(table: pd.DataFrame, column: str, rows: NDArray[np.int64]) -> bool:
    return bool(table[column].iloc[rows].notna().any())
