"""A small network for vectors: features of sound or text that something else has made."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from models.normalization import Center
from models.registry import architecture

WIDTH = 256
N_FEATURES = 128
DROPPED = 0.2  # share of a training input's values that are hidden from the network


class MLP(nn.Module):
    """Two layers with batch normalisation, and a classifier."""

    def __init__(self, n_classes: int, n_inputs: int) -> None:
        super().__init__()
        self.normalize = Center(n_inputs)
        self.hidden = nn.Linear(n_inputs, WIDTH, bias=False)
        self.norm = nn.BatchNorm1d(WIDTH)
        self.features = nn.Linear(WIDTH, N_FEATURES)
        self.classifier = nn.Linear(N_FEATURES, n_classes)

    def augment(self, vectors: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        """Put a fifth of the values to their mean, others each time, and scale up the rest."""
        is_kept = torch.rand(vectors.shape, generator=generator) >= DROPPED
        mean = self.normalize.mean
        return torch.where(is_kept, mean + (vectors - mean) / (1 - DROPPED), mean)

    def embed(self, vectors: torch.Tensor) -> torch.Tensor:
        """(B, D) -> features (B, 128), ≥ 0."""
        x = functional.relu(self.norm(self.hidden(self.normalize(vectors))))
        return functional.relu(self.features(x))

    def forward(self, vectors: torch.Tensor) -> torch.Tensor:
        """(B, D) -> logits (B, K)."""
        return self.classifier(self.embed(vectors))


@architecture("mlp")
def mlp(n_classes: int, input_shape: tuple[int, ...]) -> nn.Module:
    """Make the network for vectors (D,); whoever calls gives it weights."""
    if len(input_shape) != 1:
        raise ValueError(f"mlp takes vectors (D,), got inputs {input_shape}.")
    return MLP(n_classes, input_shape[0])
