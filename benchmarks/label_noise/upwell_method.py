"""Upwell's own ranking, as compile and rank make it."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

import numpy as np

from benchmarks.label_noise.training import Network, Trainer, Training
from ide.dataset.neighbors import nearest
from ide.dataset.second_look import plan_second_look, second_epochs, second_seed
from ide.dataset.signals import N_NEIGHBORS
from ide.dataset.signals import Training as Record
from ide.dataset.suspects import Labelled, rank


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
    """Rank (N,) labels; all examples are trained on unless ``is_train`` (N,) says otherwise.

    Raw features are the inputs themselves, centred: what the network is given is all there is.
    """
    is_train = np.ones(len(labels), bool) if is_train is None else is_train
    training = trainer.once(inputs, labels, network, is_train=is_train)
    start = time.process_time()
    first, examples = _record(training), _examples(labels, network.n_classes, is_train)
    everyone = np.arange(len(labels))
    raw_features = inputs.reshape(len(inputs), -1).astype(np.float32)
    raw_features -= raw_features.mean(0)
    run = first.of(
        everyone,
        labels,
        is_candidate=examples.is_candidate,
        raw_neighbors=nearest(raw_features, N_NEIGHBORS)[0],
    )
    look = plan_second_look(run, rows=everyone, labels=labels, is_train=is_train, seed=network.seed)
    planning = time.process_time() - start
    shorter = replace(network, epochs=second_epochs(network.epochs), seed=second_seed(network.seed))
    again = trainer.once(inputs, look.labels, shorter, is_train=look.is_train)
    start = time.process_time()
    table = rank(examples, first, second=_record(again), look=look, raw_features=raw_features)
    ranking = time.process_time() - start
    order = np.array([int(example_id) for example_id in table["example_id"].to_pylist()])
    p_mislabeled = np.empty(len(labels))
    p_mislabeled[order] = table["p_mislabeled"].to_numpy()
    seconds = training.cpu_seconds + planning + again.cpu_seconds + ranking
    return Ranking(p_mislabeled, order, seconds)


def _record(training: Training) -> Record:
    record = training.record
    return Record(
        probs=training.probs,
        mean_probs=record.mean_probs,
        losses=record.losses,
        margins=record.margins,
        el2n=record.el2n,
        embeddings=training.embeddings,
    )


def _examples(labels: np.ndarray, n_classes: int, is_train: np.ndarray) -> Labelled:
    nobody = np.zeros(len(labels), bool)
    return Labelled(
        example_ids=[f"{row:06d}" for row in range(len(labels))],
        labels=labels,
        splits=np.where(is_train, "train", "test").tolist(),
        classes=[str(k) for k in range(n_classes)],
        is_train=is_train,
        is_excluded=nobody,
        is_conflict=nobody,
    )
