"""Pictures whose turn stands beside their pixels, turned: browsers mind that of JPEG alone."""

from __future__ import annotations

import io

from PIL import Image, ImageOps

_ORIENTATION = 0x0112  # of EXIF; 1 = as it is
_HEAD_BYTES = 64 * 1024


def upright(payload: bytes, mime: str) -> tuple[bytes, str]:
    """Return a picture as the network is given it, and its MIME type: turned, no pixel changed.

    Only of a WebP or PNG that says that it lies on its side; all others are as they are.
    """
    if not _may_be_turned(payload, mime):
        return payload, mime
    try:
        with Image.open(io.BytesIO(payload), formats=("WEBP", "PNG")) as image:
            if image.getexif().get(_ORIENTATION, 1) == 1:
                return payload, mime
            turned = ImageOps.exif_transpose(image)
    except (OSError, ValueError, SyntaxError, MemoryError, Image.DecompressionBombError):
        return payload, mime  # the browser says that it cannot be shown
    sink = io.BytesIO()
    turned.save(sink, "PNG")
    return sink.getvalue(), "image/png"


def _may_be_turned(payload: bytes, mime: str) -> bool:
    """Whether there is EXIF at all: a look at a few bytes, as most pictures have none."""
    if mime == "image/webp":
        return payload[12:16] == b"VP8X" and bool(payload[20] & 0x08)
    return mime == "image/png" and (
        b"eXIf" in payload[:_HEAD_BYTES] or b"eXIf" in payload[-_HEAD_BYTES:]
    )
