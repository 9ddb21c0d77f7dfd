"""The architectures, by the name that ``dataset.toml`` calls them.

An architecture is a function ``(n_classes, image_size, n_channels) -> nn.Module``. The module's
``forward`` takes uint8 or float images (B, C, H, W) of 0 … 255 and gives logits (B, K); its
``embed`` gives the features before the classifier (B, D). It holds its own normalisation, so that
a checkpoint needs nothing beside it.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import nn

Factory = Callable[[int, int, int], nn.Module]

ARCHITECTURES: dict[str, Factory] = {}

MIN_IMAGE_SIZE = 4


def architecture(name: str) -> Callable[[Factory], Factory]:
    """Register a factory under ``name``."""

    def register(factory: Factory) -> Factory:
        ARCHITECTURES[name] = factory
        return factory

    return register


def build_model(
    name: str, *, n_classes: int, image_size: int, n_channels: int, seed: int
) -> nn.Module:
    """Make a network with weights drawn from ``seed`` alone; torch's global generator is not used.

    n_channels: 1 (gray) or 3 (colour). Raises ValueError for a name that is not registered and for
    shapes that no network can have.
    """
    if name not in ARCHITECTURES:
        known = ", ".join(sorted(ARCHITECTURES))
        raise ValueError(f"there is no architecture {name!r}; known architectures: {known}.")
    if n_classes < 2:
        raise ValueError(f"a classifier needs at least 2 classes, got {n_classes}.")
    if image_size < MIN_IMAGE_SIZE:
        raise ValueError(f"image_size must be at least {MIN_IMAGE_SIZE}, got {image_size}.")
    if n_channels not in (1, 3):
        raise ValueError(f"n_channels must be 1 (gray) or 3 (colour), got {n_channels}.")
    with torch.device("meta"):  # shapes only: torch would fill them from its global generator
        model = ARCHITECTURES[name](n_classes, image_size, n_channels)
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


class Normalize(nn.Module):
    """Scale images by the mean and standard deviation of each channel of the training images."""

    mean: torch.Tensor
    std: torch.Tensor

    def __init__(self, n_channels: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.empty(n_channels))
        self.register_buffer("std", torch.empty(n_channels))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Start as the map of 0 … 255 to −1 … 1."""
        self.mean.fill_(127.5)
        self.std.fill_(127.5)

    def learn(self, images: torch.Tensor) -> None:
        """Take mean and deviation from uint8 images (N, C, H, W), exactly, by their histogram."""
        values = torch.arange(256, dtype=torch.float64)
        for channel in range(images.shape[1]):
            counts = torch.bincount(images[:, channel].flatten(), minlength=256).double()
            mean = (counts @ values) / counts.sum()
            variance = (counts @ (values - mean) ** 2) / counts.sum()
            self.mean[channel] = mean
            self.std[channel] = variance.sqrt().clamp_min(1.0)  # a constant channel stays finite

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """(B, C, H, W) of 0 … 255 -> the same, centred and scaled, float32."""
        return (images.float() - self.mean[:, None, None]) / self.std[:, None, None]
