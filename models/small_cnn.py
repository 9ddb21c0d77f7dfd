"""A small convolutional network for small images: digits in seconds on one core."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F

from models.registry import Normalize, architecture

N_FEATURES = 64


class SmallCNN(nn.Module):
    """Convolutions of 3×3 with batch normalisation, halving the image to 4×4 or less; two layers.

    The last convolution's 2×2 averages feed a layer of 64 features, which ``embed`` gives.
    """

    def __init__(self, n_classes: int, image_size: int, n_channels: int) -> None:
        super().__init__()
        self.normalize = Normalize(n_channels)
        layers: list[nn.Module] = []
        width_in, size = n_channels, image_size
        for width in (32, 64, 128):
            layers += [
                nn.Conv2d(width_in, width, 3, padding=1, bias=False),
                nn.BatchNorm2d(width),
                nn.ReLU(inplace=True),
            ]
            if size >= 4:
                layers.append(nn.MaxPool2d(2))
                size //= 2
            width_in = width
        self.convolutions = nn.Sequential(*layers)
        self.features = nn.Linear(width_in * 4, N_FEATURES)
        self.classifier = nn.Linear(N_FEATURES, n_classes)

    def embed(self, images: torch.Tensor) -> torch.Tensor:
        """(B, C, H, W) of 0 … 255 -> features (B, 64), ≥ 0."""
        x = self.convolutions(self.normalize(images))
        x = F.adaptive_avg_pool2d(x, 2).flatten(1)  # (B, 128 · 4)
        return F.relu(self.features(x))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """(B, C, H, W) of 0 … 255 -> logits (B, K)."""
        return self.classifier(self.embed(images))


@architecture("small_cnn")
def small_cnn(n_classes: int, image_size: int, n_channels: int) -> nn.Module:
    """Make the network without weights."""
    return SmallCNN(n_classes, image_size, n_channels)
