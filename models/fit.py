"""Train a network, and keep what training already knows of every example.

The training record costs no extra pass: the logits that the loss is computed from are kept for an
epoch, and loss, margin, probabilities and EL2N of all examples are taken from them at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from models.adamw import AdamW
from models.deterministic import deterministic

HELD_OUT_BATCH_SIZE = 256
WARM_UP = 0.2  # share of the steps in which the learning rate rises


@dataclass(frozen=True, slots=True)
class TrainingRecord:
    """Loss and margin of N examples in E epochs, and two averages over the epochs.

    Training examples: from the forward pass that trains on them. Held-out examples: from one pass
    at the end of each epoch. Without a label, losses, margins and el2n are NaN.
    """

    losses: np.ndarray  # (E, N) float32, cross-entropy of the given label, ≥ 0, higher = worse
    margins: np.ndarray  # (E, N) float32, p(given) − p(best other), −1 … 1, lower = worse
    mean_probs: np.ndarray  # (N, K) float32, probabilities averaged over epochs, rows sum to 1
    el2n: np.ndarray  # (N,) float32, mean ‖probs − one-hot(label)‖₂, 0 … √2, higher = worse


@dataclass(frozen=True, slots=True)
class Epoch:
    """How far training is; NaN where there is nothing to measure."""

    number: int  # 1 … n_epochs
    n_epochs: int
    loss: float  # mean over the training examples
    accuracy: float
    held_out_loss: float  # mean over the labelled examples that are not trained on
    held_out_accuracy: float


def fit(
    model: nn.Module,
    inputs: np.ndarray,
    labels: np.ndarray,
    is_train: np.ndarray,
    *,
    epochs: int,
    batch_size: int,
    learning_rate: float,
    weight_decay: float,
    seed: int,
    on_epoch: Callable[[Epoch], None] | None = None,
    is_recorded: bool = True,
) -> TrainingRecord | None:
    """Train ``model`` in place on the examples of ``is_train`` and return the training record.

    inputs: (N, C, S, S) uint8 or (N, D) float32. labels: (N,) int64, −1 = none. is_train: (N,)
    bool. Same inputs, same seed: the same weights and the same record, byte for byte.
    ``is_recorded`` False keeps no record and returns None, to measure what the record costs.
    Raises ValueError if there is nothing to learn from, or if the weights become no numbers.
    """
    _validate(inputs, labels, is_train)
    examples, targets = torch.from_numpy(inputs), torch.from_numpy(labels.astype(np.int64))
    train = torch.from_numpy(np.flatnonzero(is_train))
    held_out = torch.from_numpy(np.flatnonzero(~is_train))
    generator = torch.Generator().manual_seed(seed)
    with deterministic():
        model.normalize.learn(examples[train])
        step = _Step(
            model,
            n_steps=epochs * n_batches(len(train), batch_size),
            learning_rate=learning_rate,
            weight_decay=weight_decay,
        )
        recorder = _Recorder(targets, epochs) if is_recorded else None
        logits = torch.zeros(len(labels), model.classifier.out_features)  # this epoch's, (N, K)
        for number in range(1, epochs + 1):
            model.train()
            for batch in shuffled_batches(train, batch_size, generator):
                augmented = model.augment(examples[batch], generator)
                logits[batch] = step(augmented, targets[batch])
            model.eval()
            with torch.inference_mode():
                for batch in held_out.split(HELD_OUT_BATCH_SIZE):
                    logits[batch] = model(examples[batch])
            if not torch.isfinite(logits).all():
                raise ValueError(
                    f"training diverged in epoch {number} of {epochs}; "
                    f"a learning_rate below {learning_rate:g} may help."
                )
            if recorder is not None:
                recorder.add(number, logits)
            if on_epoch is not None:
                on_epoch(_summary(number, epochs, logits, targets, train))
    return recorder.record() if recorder is not None else None


def _validate(inputs: np.ndarray, labels: np.ndarray, is_train: np.ndarray) -> None:
    if not len(inputs) == len(labels) == len(is_train):
        raise ValueError(
            f"inputs, labels and is_train differ in length: "
            f"{len(inputs)}, {len(labels)}, {len(is_train)}."
        )
    if not is_train.any():
        raise ValueError("there is no training example: no labelled example is in split 'train'.")
    if (labels[is_train] < 0).any():
        raise ValueError("a training example has no label.")


class _Step:
    """One step of AdamW, its learning rate raised and then lowered once over all steps."""

    def __init__(
        self, model: nn.Module, *, n_steps: int, learning_rate: float, weight_decay: float
    ) -> None:
        self.model = model
        self.optimizer = AdamW(model.parameters(), weight_decay=weight_decay)
        self.learning_rate, self.n_steps, self.n_done = learning_rate, n_steps, 0

    def __call__(self, inputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        """Learn from a batch; give its logits (B, K) from before the step."""
        logits = self.model(inputs)
        loss = functional.cross_entropy(logits, targets)
        loss.backward()
        self.optimizer.step(self.learning_rate * one_cycle(self.n_done / self.n_steps))
        self.n_done += 1
        return logits.detach()


class _Recorder:
    """Collects an epoch at a time; all examples of an epoch in a few vectorised operations."""

    def __init__(self, targets: torch.Tensor, epochs: int) -> None:
        self.targets, self.has_label = targets.clamp_min(0), targets >= 0
        self.losses = torch.full((epochs, len(targets)), torch.nan)
        self.margins = torch.full((epochs, len(targets)), torch.nan)
        self.sum_probs: torch.Tensor | None = None
        self.sum_el2n = torch.zeros(len(targets))
        self.n_epochs = 0

    def add(self, number: int, logits: torch.Tensor) -> None:
        """Take the logits (N, K) of epoch ``number`` (1 …)."""
        given = self.targets[:, None]
        log_probs = logits.log_softmax(1)
        probs = log_probs.exp()
        p_given = probs.gather(1, given).squeeze(1)
        p_other = probs.scatter(1, given, -1.0).amax(1)
        # ‖probs − one-hot‖² = ‖probs‖² − 2 p_given + 1
        el2n = (probs.square().sum(1) - 2 * p_given + 1).clamp_min(0).sqrt()
        self.losses[number - 1] = -log_probs.gather(1, given).squeeze(1)
        self.margins[number - 1] = p_given - p_other
        self.sum_probs = probs if self.sum_probs is None else self.sum_probs + probs
        self.sum_el2n += el2n
        self.n_epochs += 1

    def record(self) -> TrainingRecord:
        """Finish the averages and blank what has no label."""
        self.losses[:, ~self.has_label] = torch.nan
        self.margins[:, ~self.has_label] = torch.nan
        el2n = torch.where(self.has_label, self.sum_el2n / self.n_epochs, torch.nan)
        return TrainingRecord(
            losses=self.losses.clamp_min(0).numpy(),
            margins=self.margins.numpy(),
            mean_probs=(self.sum_probs / self.n_epochs).numpy(),
            el2n=el2n.numpy(),
        )


def n_batches(n: int, batch_size: int) -> int:
    """Give how many batches of about ``batch_size`` n examples make."""
    return -(-n // batch_size)


def shuffled_batches(
    indices: torch.Tensor, batch_size: int, generator: torch.Generator
) -> Iterator[torch.Tensor]:
    """Deal shuffled indices into batches of nearly equal size, so that none is a lonely one."""
    order = indices[torch.randperm(len(indices), generator=generator)]
    yield from order.tensor_split(n_batches(len(indices), batch_size))


def one_cycle(progress: float) -> float:
    """Give the share of the learning rate, 0 … 1, when ``progress`` 0 … 1 of the steps are done."""
    if progress < WARM_UP:
        return 0.05 + 0.95 * progress / WARM_UP
    return 0.5 * (1 + float(np.cos(np.pi * (progress - WARM_UP) / (1 - WARM_UP))))


def _summary(
    number: int, n_epochs: int, logits: torch.Tensor, targets: torch.Tensor, train: torch.Tensor
) -> Epoch:
    is_held_out = targets >= 0
    is_held_out[train] = False
    loss, accuracy = _loss_and_accuracy(logits[train], targets[train])
    held_out = _loss_and_accuracy(logits[is_held_out], targets[is_held_out])
    return Epoch(number, n_epochs, loss, accuracy, *held_out)


def _loss_and_accuracy(logits: torch.Tensor, targets: torch.Tensor) -> tuple[float, float]:
    if not len(targets):
        return float("nan"), float("nan")
    accuracy = (logits.argmax(1) == targets).float().mean()
    return float(functional.cross_entropy(logits, targets)), float(accuracy)
