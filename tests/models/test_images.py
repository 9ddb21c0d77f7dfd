"""Encoded images to arrays."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from models.images import decode, guess_n_channels


def encode(pixels: np.ndarray, kind: str = "PNG", mode: str | None = None) -> bytes:
    image = Image.fromarray(pixels)
    out = io.BytesIO()
    (image.convert(mode) if mode else image).save(out, kind)
    return out.getvalue()


GRAY = np.random.default_rng(0).integers(0, 256, (8, 8), dtype=np.uint8)
COLOUR = np.random.default_rng(1).integers(0, 256, (8, 8, 3), dtype=np.uint8)


def test_an_image_of_the_right_size_comes_back_bit_for_bit():
    assert np.array_equal(decode([encode(GRAY)], 8, 1)[0, 0], GRAY)
    assert np.array_equal(decode([encode(COLOUR)], 8, 3)[0].transpose(1, 2, 0), COLOUR)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
@pytest.mark.parametrize("n_channels", [1, 3])
def test_any_format_any_size_gives_the_size_asked_for(kind, n_channels):
    images = decode([encode(COLOUR, kind), encode(GRAY, kind)], 12, n_channels)
    assert images.shape == (2, n_channels, 12, 12)
    assert images.dtype == np.uint8


def test_sixteen_bits_are_scaled_and_not_clipped():
    deep = GRAY.astype(np.uint16) * 257
    assert np.array_equal(decode([encode(deep)], 8, 1)[0, 0], GRAY)


def test_what_is_transparent_is_white():
    clear = np.zeros((8, 8, 4), np.uint8)
    assert (decode([encode(clear)], 8, 3) == 255).all()


def test_channels_are_gray_only_if_all_are():
    assert guess_n_channels([encode(GRAY)]) == 1
    assert guess_n_channels([encode(GRAY), encode(COLOUR)]) == 3


@pytest.mark.parametrize("payload", [b"", b"not an image", encode(COLOUR)[:60]])
def test_an_unreadable_image_is_named_by_its_row(payload):
    with pytest.raises(ValueError, match="image 1 cannot be read"):
        decode([encode(GRAY), payload], 8, 1)
