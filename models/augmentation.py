"""Change a training image a little, so that no pixel is learnt by heart."""

from __future__ import annotations

import torch
from torch.nn import functional

MAX_TURN, MAX_SCALE = 0.17, 0.1  # radians; share of the size


def jiggle(images: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Turn, scale and move each image a little; uint8 (B, C, S, S) -> float of 0 … 255.

    Up to 10°, 10 % and half a pixel in eight: small enough that no class becomes another, with no
    mirror (a mirrored 2 is none). The edge's pixels fill in.
    """
    n, size = len(images), images.shape[-1]
    turn, scale, right, down = torch.rand(4, n, generator=generator) * 2 - 1  # each −1 … 1
    turn, scale, reach = turn * MAX_TURN, 1 + scale * MAX_SCALE, max(0.5, size / 16) * 2 / size
    cos, sin = scale * turn.cos(), scale * turn.sin()
    maps = torch.stack([cos, -sin, right * reach, sin, cos, down * reach], 1).view(n, 2, 3)
    grid = functional.affine_grid(maps, list(images.shape), align_corners=False)  # (B, S, S, 2)
    return functional.grid_sample(images.float(), grid, padding_mode="border", align_corners=False)
