"""What is stored of an image: its own bytes, or a PNG that shows what people and networks see."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image, ImageOps

KEPT_FORMATS = frozenset({"PNG", "JPEG", "MPO", "WEBP"})  # what every browser shows; MPO is JPEG
_TURNING_FORMATS = frozenset({"JPEG", "MPO"})  # that browsers turn as their EXIF says
_PNG_MODES = frozenset({"1", "L", "LA", "P", "RGB", "RGBA"})
_MODES = {"PA": "RGBA", "La": "LA", "RGBa": "RGBA"}  # others become RGB
_ORIENTATION = 0x0112
_BITS, _PHOTOMETRIC, _WHITE_IS_ZERO = 258, 262, 0  # tags of TIFF

FRAMES, TURNED, DEEP_COLOUR = "frames", "turned", "deep colour"
CHANGES = {  # what a person is told, by what became of images
    FRAMES: "{n} with more than one frame or page; the first is what is seen",
    TURNED: "{n} turned upright, as their EXIF says, and kept as PNG",
    DEEP_COLOUR: "{n} with more than 8 bits a colour, kept with 8",
}


class DeepPixelsError(ValueError):
    """Pixels of which nobody can tell which is black and which is white."""


def stored_image(data: bytes, image: Image.Image) -> tuple[bytes, tuple[str, ...]]:
    """Return what is stored of an image that was opened from ``data``, and what changed.

    Its own bytes where every browser shows them as the network is given them: still, and turned
    as their EXIF says. Else a PNG of its first frame, upright.
    """
    has_frames = bool(getattr(image, "is_animated", False))
    image.load()
    is_turned = image.format != "TIFF" and _is_turned(image)  # Pillow turns a TIFF as it loads
    changes = [FRAMES] if has_frames else []
    moves = has_frames and image.format != "MPO"
    if image.format in KEPT_FORMATS and not moves and not is_turned:
        return data, tuple(changes)
    if is_turned:
        changes.append(TURNED)
    if image.mode.startswith("RGB") and _bits(image) > 8:
        changes.append(DEEP_COLOUR)
    buffer = io.BytesIO()
    picture = ImageOps.exif_transpose(_of_png_mode(image))
    transparency = image.info.get("transparency")
    picture.info = {}  # nothing of the old file is passed on but its pixels
    if transparency is not None:
        picture.info["transparency"] = transparency
    picture.save(buffer, format="PNG")
    return buffer.getvalue(), tuple(changes)


def _is_turned(image: Image.Image) -> bool:
    """Whether the network is given an image turned, and a browser shows it as it lies."""
    orientation = image.getexif().get(_ORIENTATION, 1)
    if orientation not in range(2, 9):
        return False
    if image.format not in _TURNING_FORMATS:
        return True
    exif = Image.Exif()
    exif.load(image.info.get("exif", b""))
    return bool(exif.get(_ORIENTATION, 1) != orientation)  # XMP says so, which no browser reads


def _of_png_mode(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I;16") or (image.mode == "I" and image.format == "PPM"):
        return _gray16(image)
    if image.mode in ("I", "F"):
        kind = "floats" if image.mode == "F" else "whole numbers of 32 bits or with a sign"
        raise DeepPixelsError(
            f"its pixels are {kind}, and nothing says which is black and which is white; save it "
            "with 8 or 16 bits of gray"
        )
    if image.mode in _PNG_MODES:
        return image
    return image.convert(_MODES.get(image.mode, "RGB"))


def _gray16(image: Image.Image) -> Image.Image:
    """Return gray of 16 bits, black 0 and white 65,535, of any byte order and 9 to 16 bits."""
    values = np.asarray(image).astype(np.int64)
    white = 2 ** min(_bits(image), 16) - 1
    values = (values.clip(0, white) * 65_535 + white // 2) // white
    if _tag(image, _PHOTOMETRIC) == _WHITE_IS_ZERO:
        values = 65_535 - values
    gray = Image.fromarray(values.astype("<u2"))
    gray.info = dict(image.info)
    return gray


def _bits(image: Image.Image) -> int:
    """Return how many bits a channel of a TIFF has; 16 where that is not known of gray."""
    bits = _tag(image, _BITS)
    if isinstance(bits, tuple) and bits:
        return int(max(bits))
    return int(bits) if isinstance(bits, int) else 16 if image.mode.startswith("I") else 8


def _tag(image: Image.Image, number: int) -> object:
    tags = getattr(image, "tag_v2", None)
    return None if tags is None else tags.get(number)
