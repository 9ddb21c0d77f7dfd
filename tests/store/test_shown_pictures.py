"""What a person sees is what the network gets: upright, on white, 16 bits scaled alike."""

from __future__ import annotations

import base64
import io

import numpy as np
import pytest
from PIL import Image

from ide.store.thumbnails import SIDE, thumbnail
from ide.store.upright import upright
from models.images import decode


def encoded(image: Image.Image, format: str, **options) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()


def turned(format: str, orientation: int = 6) -> bytes:
    image = Image.new("RGB", (60, 40), "gray")
    image.paste("red", (0, 0, 30, 10))
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"lossless": True} if format == "WEBP" else {}
    return encoded(image, format, exif=exif, **options)


@pytest.mark.parametrize(("format", "mime"), [("WEBP", "image/webp"), ("PNG", "image/png")])
def test_a_picture_that_only_says_that_it_is_turned_is_served_turned(format, mime):
    body, kind = upright(turned(format), mime)
    assert kind == "image/png"
    with Image.open(io.BytesIO(body)) as image:
        assert image.size == (40, 60) and image.getexif().get(0x0112, 1) == 1
        assert image.convert("RGB").getpixel((35, 5)) == (255, 0, 0)


def test_all_other_pictures_are_served_as_they_are():
    others = [
        (turned("JPEG"), "image/jpeg"),  # which a browser turns itself
        (turned("WEBP", 1), "image/webp"),
        (encoded(Image.new("RGB", (4, 4)), "PNG"), "image/png"),
        (b"RIFF0000WEBPVP8X\x0a\0\0\0\x08 broken", "image/webp"),
        (b"\x89PNG\r\n\x1a\n eXIf broken", "image/png"),
        (b"<svg/>", "application/octet-stream"),
    ]
    for payload, mime in others:
        assert upright(payload, mime) == (payload, mime)


@pytest.mark.parametrize("side", [20, 2 * SIDE])
@pytest.mark.parametrize("kind", ["see-through", "palette", "16 bits", "gray"])
def test_a_thumbnail_has_the_shades_that_the_network_gets(kind, side):
    if kind == "16 bits":
        image = Image.fromarray(np.full((side, side), 12_850, np.uint16))
    elif kind == "gray":
        image = Image.new("LA", (side, side), (0, 0))
    else:
        image = Image.new("RGBA", (side, side), (0, 0, 0, 0))
        image = image.quantize(4) if kind == "palette" else image
    payload = encoded(image, "PNG")
    url = thumbnail(payload)
    assert url is not None
    with Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2]))) as shown:
        assert shown.mode in ("L", "RGB")
        shades = np.asarray(shown.convert("L"))
    wanted = decode([payload], 8, 1)
    assert abs(int(shades.mean()) - int(wanted.mean())) <= 1
    assert int(wanted.mean()) == (50 if kind == "16 bits" else 255)
