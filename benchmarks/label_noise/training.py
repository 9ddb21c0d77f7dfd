"""Trainings that the methods rank by: one over all examples, or five that each leave out a fifth.

Both train the same network as long, by Upwell's own ``models.fit``; the five keep no record and
make no pass but the one that the scores need. Seconds are of the processor, one thread.
"""

from __future__ import annotations

import time
import warnings
from dataclasses import asdict, dataclass

import numpy as np
import torch
from sklearn.model_selection import StratifiedKFold

from benchmarks.label_noise.cache import Arrays, Cache, code
from models import build_model
from models.fit import TrainingRecord, fit
from models.predict import predict

N_FOLDS = 5
OPTIONS = {"batch_size": 64, "learning_rate": 0.003, "weight_decay": 0.01}  # ModelConfig's
MODULES = ("adamw", "augmentation", "deterministic", "fit", "normalization", "predict", "registry")


@dataclass(frozen=True, slots=True)
class Network:
    """What is trained, the same for every method."""

    architecture: str
    n_classes: int
    epochs: int
    seed: int


@dataclass(frozen=True, slots=True)
class Training:
    """One training run over N examples."""

    record: TrainingRecord
    probs: np.ndarray  # (N, K) float32, of the final network
    embeddings: np.ndarray  # (N, F) float16
    cpu_seconds: float  # fit and predict


@dataclass(frozen=True, slots=True)
class Folds:
    """Out-of-sample probabilities of N examples, by five networks."""

    probs: np.ndarray  # (N, K) float32
    cpu_seconds: float  # five fits, five predictions


class Trainer:
    """Trains, or finds in its cache what was trained before."""

    def __init__(self, cache: Cache) -> None:
        self.cache = cache

    def once(
        self, inputs: np.ndarray, labels: np.ndarray, network: Network, *, is_train: np.ndarray
    ) -> Training:
        """Train on the examples of ``is_train`` (N,) bool, and say what is known of all."""
        key = (inputs, labels, is_train, *self.key(network))
        found = self.cache.get("once", key, lambda: _once(inputs, labels, is_train, network))
        seconds, probs, embeddings = (found.pop(k) for k in ("cpu_seconds", "probs", "embeddings"))
        return Training(TrainingRecord(**found), probs, embeddings, float(seconds))

    def five_folds(self, inputs: np.ndarray, labels: np.ndarray, network: Network) -> Folds:
        """Train five networks, stratified by the given labels."""
        key = (inputs, labels, *self.key(network))
        found = self.cache.get("folds", key, lambda: _five_folds(inputs, labels, network))
        return Folds(found["probs"], float(found["cpu_seconds"]))

    def key(self, network: Network) -> tuple[object, ...]:
        """Give what decides a training beside its data: options, and the code that trains."""
        modules = (f"models.{name}" for name in (*MODULES, network.architecture))
        return *asdict(network).values(), *OPTIONS.values(), code(*modules)


def _once(inputs: np.ndarray, labels: np.ndarray, is_train: np.ndarray, network: Network) -> Arrays:
    start = time.process_time()
    model = _model(inputs, network)
    record = fit(
        model, inputs, labels, is_train, epochs=network.epochs, seed=network.seed, **OPTIONS
    )
    predictions = predict(model, inputs)
    seconds = time.process_time() - start
    return {
        **asdict(record),
        "probs": predictions.probs,
        "embeddings": predictions.embeddings.astype(np.float16),
        "cpu_seconds": np.array(seconds),
    }


def _five_folds(inputs: np.ndarray, labels: np.ndarray, network: Network) -> Arrays:
    probs = np.zeros((len(labels), network.n_classes), np.float32)
    folds = StratifiedKFold(N_FOLDS, shuffle=True, random_state=network.seed)
    start = time.process_time()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # a class of under five examples
        splits = list(folds.split(np.zeros(len(labels)), labels))
    for train, held_out in splits:
        model = _model(inputs, network)
        fit(
            model, inputs[train], labels[train], np.ones(len(train), bool),
            epochs=network.epochs, seed=network.seed, is_recorded=False, **OPTIONS,
        )  # fmt: skip
        probs[held_out] = predict(model, inputs[held_out]).probs
    return {"probs": probs, "cpu_seconds": np.array(time.process_time() - start)}


def _model(inputs: np.ndarray, network: Network) -> torch.nn.Module:
    return build_model(
        network.architecture,
        n_classes=network.n_classes,
        input_shape=inputs.shape[1:],
        seed=network.seed,
    )


def warm_up() -> None:
    """Let torch load what it loads late, so that no method's seconds hold it."""
    inputs, labels = np.zeros((8, 1, 8, 8), np.uint8), np.arange(8) % 2
    _once(inputs, labels, np.ones(8, bool), Network("small_cnn", 2, 1, 0))
