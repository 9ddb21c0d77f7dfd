"""Scale what a network is given by what the training examples are like."""

from __future__ import annotations

import torch
from torch import nn


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


class Center(nn.Module):
    """Take the mean of each value away, and scale all by one deviation: small values stay small."""

    mean: torch.Tensor
    std: torch.Tensor

    def __init__(self, n_inputs: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.empty(n_inputs))
        self.register_buffer("std", torch.empty(()))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Start as the identity."""
        self.mean.zero_()
        self.std.fill_(1.0)

    def learn(self, vectors: torch.Tensor) -> None:
        """Take the mean and the root mean square deviation of float vectors (N, D)."""
        self.mean.copy_(vectors.double().mean(0))
        self.std.copy_((vectors - self.mean).double().square().mean().sqrt().clamp_min(1e-6))

    def forward(self, vectors: torch.Tensor) -> torch.Tensor:
        """(B, D) -> the same, centred and scaled, float32."""
        return (vectors - self.mean) / self.std
