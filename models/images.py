"""Encoded images to one array that a network takes."""

from __future__ import annotations

import io
import struct
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageOps

# what Pillow raises for bytes that are no image, or a damaged or a monstrous one
UNREADABLE = (OSError, SyntaxError, ValueError, struct.error, Image.DecompressionBombError)


def decode(payloads: Sequence[bytes], image_size: int, n_channels: int) -> np.ndarray:
    """Decode PNG, JPEG or WebP to uint8 (N, C, S, S); resized only where the size differs.

    n_channels: 1 (gray) or 3 (colour). Raises ValueError naming the row of the first image that
    cannot be read.
    """
    images = np.empty((len(payloads), n_channels, image_size, image_size), np.uint8)
    for row, payload in enumerate(payloads):
        try:
            with Image.open(io.BytesIO(payload)) as image:
                images[row] = _pixels(image, image_size, n_channels)
        except UNREADABLE as error:
            raise ValueError(f"image {row} cannot be read: {error}.") from error
    return images


def guess_n_channels(payloads: Sequence[bytes]) -> int:
    """Give 1 if all of the images are stored as gray, else 3; reads headers only."""
    for payload in payloads:
        with Image.open(io.BytesIO(payload)) as image:
            if image.mode not in ("1", "L", "LA", "I", "I;16", "F"):
                return 3
    return 1


def _pixels(image: Image.Image, image_size: int, n_channels: int) -> np.ndarray:
    image = ImageOps.exif_transpose(image)
    if image.mode.startswith("I"):  # 16 bits of gray; a plain convert would clip them
        image = Image.fromarray((np.asarray(image, np.float32) / 257).clip(0, 255).astype(np.uint8))
    if image.has_transparency_data:
        image = image.convert("RGBA")
        page = Image.new("RGBA", image.size, "white")  # as it is shown to people
        image = Image.alpha_composite(page, image)
    image = image.convert("L" if n_channels == 1 else "RGB")
    if image.size != (image_size, image_size):
        image = image.resize((image_size, image_size), Image.Resampling.BILINEAR)
    return np.asarray(image).reshape(image_size, image_size, n_channels).transpose(2, 0, 1)
