"""One training step and one validation step, in the form Lightning drives."""

import math
from typing import Any

import pytorch_lightning as pl
import torch
from torch import Tensor, nn

from brainmtl.errors import InputError
from brainmtl.models.freezing import thaw
from brainmtl.models.network import Outputs
from brainmtl.training import processes
from brainmtl.training.augmentation import augment
from brainmtl.training.balancing.balancing import Weights, known
from brainmtl.training.balancing.choice import make_balancing
from brainmtl.training.balancing.gradients import cosine, gramian, shared_weights, task_gradients
from brainmtl.training.batches import Batch
from brainmtl.training.losses import Losses, joint_loss
from brainmtl.training.optimization import make_optimizer, make_schedule
from brainmtl.training.phases import Phase, phase_at
from brainmtl.training.recipe import Recipe

MEASURED = 4
"""Batches of an epoch, evenly spread, on which the conflict between the tasks is measured; at most."""


class Learner(pl.LightningModule):
    """A network, its losses and its optimiser.

    Chance is drawn from the seed, the epoch and the step alone, so that a resumed run goes on as if it had
    never stopped.

    Args:
        network: a module that returns :class:`Outputs`.
        recipe: how it learns.
        epoch: the last epoch that is behind it, counted from 0; it tells the phase.
    """

    def __init__(self, network: nn.Module, recipe: Recipe, epoch: int = 0) -> None:
        super().__init__()
        self.network = network.to(memory_format=torch.channels_last)
        self.recipe = recipe
        self.balancing = make_balancing(recipe.balancing)
        self.tasks: tuple[Tensor, ...] = ()
        self.number = 0
        self.begin(phase_at(recipe, epoch))
        self.means: dict[str, list[tuple[Tensor, int]]] = {}

    def begin(self, phase: Phase) -> None:
        """Enter a phase.

        Args:
            phase: what trains from now on, and how.
        """
        self.phase = phase
        if not phase.frozen:
            thaw(self.network)

    def forward(self, images: Tensor) -> Outputs:
        """Map slices ``(B, C, S, S)`` in [0, 1] to outputs."""
        outputs: Outputs = self.network(images.contiguous(memory_format=torch.channels_last))
        return outputs

    def transfer_batch_to_device(self, batch: Batch, device: torch.device, dataloader_idx: int) -> Batch:
        """Move what is computed with; what is known of a slice stays on the processor."""
        images, masks, labels = (
            values.to(device, non_blocking=True) for values in (batch.images, batch.masks, batch.labels)
        )
        return batch._replace(images=images, masks=masks, labels=labels)

    def on_train_epoch_start(self) -> None:
        """Seed dropout for this epoch."""
        torch.manual_seed(self._seed() + self.current_epoch)
        self.means = {key: value for key, value in self.means.items() if not key.startswith("train")}

    def training_step(self, batch: Batch, number: int) -> Tensor | None:
        """Augment, predict, and return the loss; ``None``, and no step, if nothing of the batch is known."""
        random = torch.Generator(self.device)
        random.manual_seed(self._seed() + self.current_epoch * 10_007 + number)
        images, masks = augment(batch.images / 255.0, batch.masks / 255.0, self.recipe.augmentation, random)
        losses = self._losses("train", self(images), masks, batch)
        self.tasks, self.number = losses.tasks, number
        if losses.total.requires_grad:
            return losses.total
        # Others may know something of their shares, and all have to add up their gradients.
        return losses.total.requires_grad_() if processes.count() > 1 else None

    def backward(self, loss: Tensor, *args: Any, **kwargs: Any) -> None:
        """Leave the gradient of a step in the weights, as the balancing of the recipe has it."""
        tasks, self.tasks = self.tasks, ()
        weights = self._backward(loss, tasks) if known(tasks) else None
        processes.add_gradients(self.network.parameters())
        processes.average_statistics(self.network)
        for name, weight in zip(("mask", "class"), weights or (), strict=False):
            self._note(f"train_{name}_weight", torch.tensor(weight), 1)

    def _backward(self, loss: Tensor, tasks: tuple[Tensor, ...]) -> Weights | None:
        if self.number % self._spacing() == 0:
            self._note_conflict(tasks)
        return self.balancing.backward(loss, tasks, self.network)

    def on_train_epoch_end(self) -> None:
        """Stop a run that has lost its way.

        Where there is no validation, the balancing takes note of the epoch here, before it is saved.

        Raises:
            InputError: the mean loss of the epoch is not a finite number.
        """
        for name, value in (self.epoch_means("train") | self.epoch_means("validation")).items():
            if name.endswith("loss") and not math.isfinite(value):
                raise InputError(
                    f"{name} is {value} after epoch {self.current_epoch + 1}",
                    field="optimizer.lr",
                    mend="train again with a lower rate",
                )
        if self.recipe.holds_nothing_back:
            self._end_epoch()

    def on_validation_epoch_start(self) -> None:
        """Forget the last validation, and let the balancing take note of the epoch before it is saved."""
        self._end_epoch()
        self.means = {key: value for key, value in self.means.items() if key.startswith("train")}

    def validation_step(self, batch: Batch, number: int) -> None:
        """Predict and note losses, Dice over tumour slices (at the network's size) and accuracy."""
        masks = (batch.masks > 127).float()
        outputs: Outputs = self(batch.images / 255.0)
        self._losses("validation", outputs, masks, batch)
        if outputs.mask_logits is not None:
            tumour = batch.mask_known.to(masks.device) & (masks.sum((1, 2, 3)) > 0)
            said, true = (outputs.mask_logits > 0)[tumour], masks[tumour] > 0
            overlap, both = (said & true).sum((1, 2, 3)), said.sum((1, 2, 3)) + true.sum((1, 2, 3))
            self._note("validation_dice", (2 * overlap / both).float().mean(), int(tumour.sum()))
        if outputs.class_logits is not None:
            right = (outputs.class_logits.argmax(1) == batch.labels)[batch.label_known]
            self._note("validation_accuracy", right.float().mean(), len(right))

    def on_validation_epoch_end(self) -> None:
        """Hand the means to Lightning, which selects and stops by them.

        ``validation_score`` is the mean of Dice and accuracy.
        """
        found = self.epoch_means("validation")
        goals = [found[name] for name in ("validation_dice", "validation_accuracy") if name in found]
        if goals:
            found["validation_score"] = sum(goals) / len(goals)
        self.log_dict(found)

    def epoch_means(self, prefix: str) -> dict[str, float]:
        """Means over the slices of the epoch so far, those of all processes.

        Args:
            prefix: ``"train"`` or ``"validation"``.
        """
        sums = {
            name: (sum(float(value) * count for value, count in values), sum(count for _, count in values))
            for name, values in self.means.items()
            if name.startswith(prefix)
        }
        parts = processes.gathered(sums)
        names = dict.fromkeys(name for part in parts for name in part)
        found = {name: [part[name] for part in parts if name in part] for name in names}
        return {
            name: sum(value for value, _ in pairs) / sum(count for _, count in pairs)
            for name, pairs in found.items()
        }

    def configure_optimizers(self) -> Any:
        """Build the optimiser and the schedule of the phase."""
        part = self.phase.optimizer
        optimizer = make_optimizer(self.network, part)
        if balance := self.balancing.parameters():
            optimizer.add_param_group({"params": balance, "lr": part.lr, "weight_decay": 0.0})
        whole = int(self.trainer.estimated_stepping_batches)
        steps = whole * self.phase.schedule.epochs // self.recipe.schedule.epochs
        schedule = make_schedule(optimizer, self.phase.schedule, steps)
        return optimizer if schedule is None else {"optimizer": optimizer, "lr_scheduler": schedule}

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Keep what the balancing has learned."""
        checkpoint["balancing"] = self.balancing.memory()

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Go on with it; checkpoints of fixed weights may lack it."""
        self.balancing.recall(checkpoint.get("balancing", {}))

    def _seed(self) -> int:
        """Of the recipe; another for each process but the first."""
        return self.recipe.seed * 1_000_003 + (processes.rank() << 32)

    def _shares(self, batch: Batch) -> Tensor:
        """What this process has of what is known of the whole batch: masks, labels, slices."""
        slices = torch.ones_like(batch.rows).sum()
        masks, labels = batch.mask_known.sum(), batch.label_known.sum()
        if self.recipe.losses.mean_over != "known":
            masks = labels = slices
        return processes.shares(torch.stack([masks, labels, slices]).to(self.device))

    def _spacing(self) -> int:
        """Batches from one measurement of the conflict to the next."""
        return -(-int(self.trainer.num_training_batches) // MEASURED)

    def _end_epoch(self) -> None:
        trained = self.epoch_means("train")
        if {"train_mask_loss", "train_class_loss"} <= trained.keys():
            self.balancing.end_epoch(trained["train_mask_loss"], trained["train_class_loss"])

    def _note_conflict(self, tasks: tuple[Tensor, ...]) -> None:
        shared = shared_weights(self.network) if len(known(tasks)) == 2 else []
        found = cosine(gramian(task_gradients(tasks, shared))) if shared else None
        if found is not None:
            self._note("train_gradient_cosine", torch.tensor(found), 1)

    def _losses(self, prefix: str, outputs: Outputs, masks: Tensor, batch: Batch) -> Losses:
        losses = joint_loss(
            outputs, masks, batch.labels, batch.mask_known, batch.label_known, self.recipe.losses
        )
        total = losses.total
        if processes.count() > 1:
            mask, classes, slices = self._shares(batch)
            tasks = (losses.tasks[0] * mask, losses.tasks[1] * classes)
            losses = losses._replace(total=tasks[0] + tasks[1], tasks=tasks)
            total = losses.total / slices
        self._note(f"{prefix}_loss", total, len(masks))
        if outputs.mask_logits is not None:
            self._note(f"{prefix}_mask_loss", losses.mask, int(batch.mask_known.sum()))
        if outputs.class_logits is not None:
            self._note(f"{prefix}_class_loss", losses.classes, int(batch.label_known.sum()))
        return losses

    def _note(self, name: str, value: Tensor, count: int) -> None:
        if count:
            self.means.setdefault(name, []).append((value.detach(), count))
