"""Ask a network about examples."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from models.deterministic import deterministic

BATCH_SIZE = 256


@dataclass(frozen=True, slots=True)
class Predictions:
    """What a network says of N examples."""

    probs: np.ndarray  # (N, K) float32, rows sum to 1
    embeddings: np.ndarray  # (N, D) float32, the features before the classifier


def predict(model: nn.Module, inputs: np.ndarray) -> Predictions:
    """Give probabilities and features of inputs (N, …); the model is not changed."""
    was_training = model.training
    model.eval()
    probs, embeddings = [], []
    with deterministic(), torch.inference_mode():
        # An empty set still makes one pass, so that the result has the right shape.
        for start in range(0, max(len(inputs), 1), BATCH_SIZE):
            features = model.embed(torch.from_numpy(inputs[start : start + BATCH_SIZE]))
            embeddings.append(features)
            probs.append(model.classifier(features).softmax(1))
    model.train(was_training)
    return Predictions(torch.cat(probs).numpy(), torch.cat(embeddings).numpy())
