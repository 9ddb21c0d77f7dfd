"""Looking at a payload before it is let in: decoded whole, or refused with its file and row."""

from __future__ import annotations

import io
import json
import struct
import zlib
from dataclasses import dataclass
from typing import Any

from PIL import Image, UnidentifiedImageError

from ide.dataset.errors import ImportRefusedError
from ide.store.importing.pictures import DeepPixelsError, stored_image

MAX_TEXT_CHARACTERS = 1_000_000
MAX_FILE_BYTES = 100 * 2**20
MAX_PIXELS = 50_000_000  # a few kilobytes can unpack to gigabytes
_FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "PPM")  # never EPS, which runs code
_DECODE_ERRORS = (
    OSError,
    ValueError,
    TypeError,
    LookupError,
    ArithmeticError,
    SyntaxError,
    EOFError,
    MemoryError,
    RuntimeError,
    AttributeError,
    struct.error,
    zlib.error,
)


@dataclass(frozen=True, slots=True)
class Payload:
    """A payload as it is stored, and the longer side of an image in pixels (text: 0)."""

    value: bytes | str
    side: int = 0
    changes: tuple[str, ...] = ()  # keys of ``pictures.CHANGES``


def check_payload(value: Any, modality: str, where: str) -> Payload:
    """Return what is stored of a payload, or raise ``ImportRefusedError`` naming the row."""
    if value is None or value != value:  # noqa: PLR0124 (NaN)
        value = b""
    if modality == "text" and isinstance(value, (int, float)) and not isinstance(value, bool):
        value = json.dumps(value)
    if not isinstance(value, (bytes, str)):
        raise ImportRefusedError(
            f"{where}: the {modality} is {_WORDS.get(type(value), type(value).__name__)} "
            f"({' '.join(str(value).split())[:40]!r}), wanted "
            f"{'text' if modality == 'text' else 'bytes'}. Name another column with "
            "--payload-column COLUMN, or take the row out. Nothing was imported."
        )
    if len(value) == 0:
        raise ImportRefusedError(
            f"{where}: there is no {modality} in it. Fill it in or take the row out. "
            "Nothing was imported."
        )
    return CHECKS[modality](value, where)


def check_image(value: bytes | str, where: str) -> Payload:
    """Decode an image whole; see ``pictures.stored_image`` for what is kept of it."""
    if isinstance(value, str):
        raise ImportRefusedError(
            f"{where}: got text ({value[:40]!r}) where an image's bytes were wanted. "
            "Nothing was imported."
        )
    if len(value) > MAX_FILE_BYTES:
        raise too_large(where, len(value))
    try:
        with Image.open(io.BytesIO(value), formats=_FORMATS) as image:
            width, height = image.size
            if width * height > MAX_PIXELS:
                raise _too_many_pixels(where)
            if image.format == "PNG":
                _verify(value)
            kept, changes = stored_image(value, image)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise _too_many_pixels(where) from None
    except DeepPixelsError as error:
        raise ImportRefusedError(f"{where}: {error}. Nothing was imported.") from None
    except _DECODE_ERRORS as error:
        raise ImportRefusedError(_not_an_image(value, where, error)) from None
    return Payload(kept, max(width, height), changes)


def check_text(value: bytes | str, where: str) -> Payload:
    """Take text of at most a million characters that UTF-8 can hold."""
    if isinstance(value, bytes):
        try:
            value = value.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise ImportRefusedError(
                f"{where}: not UTF-8 text (byte {error.start}); save it as UTF-8. "
                "Nothing was imported."
            ) from None
    if not value.strip():
        raise ImportRefusedError(
            f"{where}: the text is empty. Fill it in or take the row out. Nothing was imported."
        )
    if len(value) > MAX_TEXT_CHARACTERS:
        raise too_long(where)
    if "\0" in value or not _is_unicode(value):
        raise ImportRefusedError(
            f"{where}: the text holds a character that UTF-8 cannot, or a NUL byte; clean it. "
            "Nothing was imported."
        )
    return Payload(value)


def too_long(where: str) -> ImportRefusedError:
    """Return the refusal of a text beyond the bound."""
    return ImportRefusedError(
        f"{where}: the text is longer than {MAX_TEXT_CHARACTERS:,} characters; cut it into "
        "several examples. Nothing was imported."
    )


def too_large(where: str, n_bytes: int) -> ImportRefusedError:
    """Return the refusal of a file beyond the bound."""
    return ImportRefusedError(
        f"{where}: the file has {n_bytes:,} bytes, wanted at most {MAX_FILE_BYTES:,}; make it "
        "smaller. Nothing was imported."
    )


def _too_many_pixels(where: str) -> ImportRefusedError:
    return ImportRefusedError(
        f"{where}: the image unpacks to more than {MAX_PIXELS:,} pixels; make it smaller. "
        "Nothing was imported."
    )


def _verify(value: bytes) -> None:
    """Check a PNG's sums to its end: decoding alone passes one that is cut after its pixels."""
    with Image.open(io.BytesIO(value), formats=("PNG",)) as image:
        image.verify()


def _is_unicode(text: str) -> bool:
    return not any(0xD800 <= ord(c) < 0xE000 for c in text) if not text.isascii() else True


# how pictures begin, also those of which not enough is there for Pillow to know them
_SIGNATURES = (b"\x89PNG\r\n", b"\xff\xd8\xff", b"GIF8", b"II*\0", b"MM\0*")


def _not_an_image(value: bytes, where: str, error: BaseException) -> str:
    start = value[:16].decode("ascii", "replace").replace("\ufffd", "·")
    shown = "".join(c if c.isprintable() else "·" for c in start)
    if not isinstance(error, UnidentifiedImageError):
        what = f"the image is broken or cut short ({str(error)[:80] or type(error).__name__})"
    elif value.startswith(_SIGNATURES):
        what = f"the image is broken or cut short (it has {len(value):,} bytes)"
    else:
        what = f"not an image (it begins with {shown!r})"
    return (
        f"{where}: {what}; wanted PNG, JPEG, WebP, GIF, BMP, TIFF or PPM. Replace it or take it "
        "out. Nothing was imported."
    )


_WORDS = {list: "a list", dict: "an object", bool: "a truth value", int: "a number"}


def check_audio(value: bytes | str, where: str) -> Payload:
    """Take a WAV or FLAC by its first bytes, which is how a browser is told what it is."""
    if isinstance(value, bytes) and (
        value.startswith(b"fLaC") or (value[:4] == b"RIFF" and value[8:12] == b"WAVE")
    ):
        return Payload(value)
    raise ImportRefusedError(
        f"{where}: this is no WAV and no FLAC. Replace it or take it out. Nothing was imported."
    )


CHECKS = {"image": check_image, "text": check_text, "audio": check_audio}
