"""One measurement: a task, its trainings, and the figures of every method on it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.label_noise.cache import code
from benchmarks.label_noise.figures import calibration_error, figures
from benchmarks.label_noise.peers import SELF_CONFIDENCE, cleanlab_scores, one_run_scores
from benchmarks.label_noise.training import Network, Trainer
from benchmarks.label_noise.upwell_method import upwell

UPWELL = "Upwell"


@dataclass(frozen=True, slots=True)
class Task:
    """N labels, some wrong, and what is trained on them."""

    name: str  # of the row: data, then errors
    inputs: np.ndarray  # (N, …)
    labels: np.ndarray  # (N,) int64, as given
    truth: np.ndarray  # (N,) int64
    network: Network
    is_train: np.ndarray | None = None  # (N,) bool; None = all


def measure(task: Task, trainer: Trainer) -> dict[str, Any]:
    """Give the figures of each method: a dict that JSON can hold."""
    is_wrong = task.labels != task.truth
    ours = upwell(task.inputs, task.labels, task.network, trainer=trainer, is_train=task.is_train)
    folds = trainer.five_folds(task.inputs, task.labels, task.network)
    scores = {UPWELL: ours.scores, **_peers(task, trainer)}
    methods = {name: figures(of_method, is_wrong) for name, of_method in scores.items()}
    methods[UPWELL]["ece"] = calibration_error(ours.p_mislabeled, is_wrong)
    methods[SELF_CONFIDENCE]["ece"] = calibration_error(scores[SELF_CONFIDENCE], is_wrong)
    return {
        "row": task.name,
        "seed": task.network.seed,
        "n": len(is_wrong),
        "n_wrong": int(is_wrong.sum()),
        "n_wrong_said": float(ours.p_mislabeled.sum()),
        "cpu_seconds": {"Upwell": ours.cpu_seconds, "five folds": folds.cpu_seconds},
        "methods": methods,
    }


def _peers(task: Task, trainer: Trainer) -> dict[str, np.ndarray]:
    """Score by cleanlab on five folds, and by what one run over all examples records."""
    everyone = np.ones(len(task.labels), bool)

    def compute() -> dict[str, np.ndarray]:
        folds = trainer.five_folds(task.inputs, task.labels, task.network)
        training = trainer.once(task.inputs, task.labels, task.network, is_train=everyone)
        of_one_run = one_run_scores(task.labels, training, task.network.n_classes)
        return {**cleanlab_scores(task.labels, folds), **of_one_run}

    key = (
        task.inputs,
        task.labels,
        trainer.key(task.network),
        code("benchmarks.label_noise.peers"),
    )
    return trainer.cache.get("peers", key, compute)
