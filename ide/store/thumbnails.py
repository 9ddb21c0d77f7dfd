"""Small pictures of examples, as data URLs, for a page that stands alone."""

from __future__ import annotations

import base64
import io
import warnings
from collections.abc import Iterable

import numpy as np
from PIL import Image, ImageOps

from ide.dataset.document import Look, clean
from ide.dataset.errors import UpwellError
from ide.store.payloads import PayloadReader
from ide.store.strokes import MIME, strokes_svg
from ide.store.workspace import Workspace

SIDE = 96  # pixels of the longer side; what is smaller stays as it is
MAX_PIXELS = 50_000_000  # of a source; more is not opened
MAX_BYTES = 8 << 20  # of all pictures of a page; further examples have none
MAX_TEXT = 280  # characters


def looks_of(
    workspace: Workspace, name: str, example_ids: Iterable[str], *, max_bytes: int = MAX_BYTES
) -> tuple[dict[str, Look], int]:
    """Return what a page shows of examples, by id, and how many had no room.

    In the order given, until the pictures have ``max_bytes``. An example that is not there, or
    whose payload cannot be read, has no look.
    """
    reader, looks, used, n_left = PayloadReader(workspace, name), {}, 0, 0
    modality = workspace.config(name).modality
    for example_id in dict.fromkeys(example_ids):
        if used >= max_bytes:
            n_left += 1
            continue
        try:
            payload, mime, _ = reader.get(example_id)
        except UpwellError:
            continue
        look = _look(payload, mime, modality)
        if look is not None:
            looks[example_id] = look
            used += len(look.image or look.text or "")
    return looks, n_left


def _look(payload: bytes, mime: str, modality: str) -> Look | None:
    if mime.startswith("image/"):
        url = thumbnail(payload)
        return Look(image=url) if url else None
    if mime.startswith("text/"):
        return Look(text=clean(payload.decode("utf-8", "replace"), MAX_TEXT))
    if modality == "strokes":
        return Look(image=_data_url(io.BytesIO(strokes_svg(payload, SIDE)), MIME))
    if modality == "audio":
        return Look(text=f"sound, {len(payload) / 1000:,.0f} kB")
    return None


def thumbnail(payload: bytes, side: int = SIDE) -> str | None:
    """Return a picture as a small PNG or JPEG in a data URL; None where it cannot be read.

    Drawn anew, so that nothing of the file but its pixels is passed on (no place, no comment).
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a damaged or huge picture is no news here
            with Image.open(io.BytesIO(payload)) as source:
                if source.width * source.height > MAX_PIXELS:
                    return None
                source.draft("RGB", (2 * side, 2 * side))
                image = _as_the_network_gets_it(ImageOps.exif_transpose(source))
                is_small = max(image.size) <= side
                if not is_small:
                    image.thumbnail((side, side))
    except (OSError, ValueError, SyntaxError, MemoryError, Image.DecompressionBombError):
        return None
    sink = io.BytesIO()
    if is_small or image.mode == "L":
        image.save(sink, "PNG", optimize=True)
        return _data_url(sink, "image/png")
    image.save(sink, "JPEG", quality=72, optimize=True)
    return _data_url(sink, "image/jpeg")


def _as_the_network_gets_it(image: Image.Image) -> Image.Image:
    """Return a picture in gray or RGB: transparent parts white, 16 bits scaled and not cut off."""
    if image.mode.startswith("I"):
        values = np.asarray(image, np.float32) / 257
        image = Image.fromarray(values.clip(0, 255).astype(np.uint8))
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return image.convert("L" if image.mode in ("1", "L", "LA") else "RGB")


def _data_url(sink: io.BytesIO, mime: str) -> str:
    return f"data:{mime};base64,{base64.b64encode(sink.getvalue()).decode()}"
