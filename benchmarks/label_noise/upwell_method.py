"""Upwell's own ranking, as compile and rank make it."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from benchmarks.label_noise.training import Network, Trainer
from ide.dataset.suspects import rank


@dataclass(frozen=True, slots=True)
class Ranking:
    """What Upwell says of N labels."""

    p_mislabeled: np.ndarray  # (N,) float64, 0 … 1
    order: np.ndarray  # (N,) int64, most suspect first
    cpu_seconds: float  # training, prediction and ranking

    @property
    def scores(self) -> np.ndarray:
        """(N,) float64, higher = earlier in the order."""
        return -self.order.argsort().astype(np.float64)


def upwell(
    inputs: np.ndarray,
    labels: np.ndarray,
    network: Network,
    *,
    trainer: Trainer,
    is_train: np.ndarray | None = None,
) -> Ranking:
    """Rank (N,) labels; all examples are trained on unless ``is_train`` (N,) says otherwise."""
    is_train = np.ones(len(labels), bool) if is_train is None else is_train
    training = trainer.once(inputs, labels, network, is_train=is_train)
    start = time.process_time()
    nobody = np.zeros(len(labels), bool)
    table = rank(
        example_ids=[f"{row:06d}" for row in range(len(labels))],
        labels=labels,
        splits=np.where(is_train, "train", "test").tolist(),
        classes=[str(k) for k in range(network.n_classes)],
        probs=training.probs,
        mean_probs=training.record.mean_probs,
        margins=training.record.margins,
        el2n=training.record.el2n,
        embeddings=training.embeddings,
        is_train=is_train,
        is_excluded=nobody,
        is_conflict=nobody,
    )
    seconds = training.cpu_seconds + time.process_time() - start
    order = np.array([int(example_id) for example_id in table["example_id"].to_pylist()])
    p_mislabeled = np.empty(len(labels))
    p_mislabeled[order] = table["p_mislabeled"].to_numpy()
    return Ranking(p_mislabeled, order, seconds)
