"""The architectures, by the name that ``dataset.toml`` calls them.

An architecture is a function ``(n_classes, input_shape) -> nn.Module``. The module's ``forward``
takes a batch of inputs, (B, C, S, S) uint8 or float images of 0 … 255 or (B, D) float vectors, and
gives logits (B, K); its ``embed`` gives the features before the classifier (B, F); ``augment(batch,
generator)`` changes a training batch as its kind of input allows without becoming another class.
It holds its own normalisation, ``normalize.learn(inputs)``, so that a checkpoint needs nothing
beside it.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import nn

Factory = Callable[[int, tuple[int, ...]], nn.Module]

ARCHITECTURES: dict[str, Factory] = {}


def architecture(name: str) -> Callable[[Factory], Factory]:
    """Register a factory under ``name``."""

    def register(factory: Factory) -> Factory:
        ARCHITECTURES[name] = factory
        return factory

    return register


def build_model(name: str, *, n_classes: int, input_shape: tuple[int, ...], seed: int) -> nn.Module:
    """Make a network with weights drawn from ``seed`` alone; torch's global generator is not used.

    input_shape: of one input: (C, S, S) with C 1 (gray) or 3 (colour), or (D,). Raises ValueError
    for a name that is not registered and for shapes that the network can't have.
    """
    if name not in ARCHITECTURES:
        known = ", ".join(sorted(ARCHITECTURES))
        raise ValueError(f"there is no architecture {name!r}; known architectures: {known}.")
    if n_classes < 2:
        raise ValueError(f"a classifier needs at least 2 classes, got {n_classes}.")
    with torch.device("meta"):  # shapes only: torch would fill them from its global generator
        model = ARCHITECTURES[name](n_classes, tuple(input_shape))
    # model.to_empty would import sympy, for 0.4 s, to find out the strides of a fresh tensor
    model._apply(lambda tensor: torch.empty(tensor.shape, dtype=tensor.dtype))
    initialise(model, torch.Generator().manual_seed(seed))
    return model.eval()


def initialise(model: nn.Module, generator: torch.Generator) -> None:
    """Fill every weight: He's normal initialisation for layers, the identity for norms."""
    for module in model.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu", generator=generator)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
        elif hasattr(module, "reset_parameters"):
            module.reset_parameters()
