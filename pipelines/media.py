"""Payloads decoded once, and what was measured of each kept until the examples change."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
from PIL import Image, ImageOps

from ide.dataset.ids import content_id
from ide.dataset.media_facts import Facts, audio_facts, image_facts, strokes_facts, text_facts
from ide.dataset.schema import EXAMPLE_ID, MEDIA
from ide.store.examples import read_examples
from ide.store.media import read_measured, write_measured
from ide.store.payloads import payload_bytes
from ide.store.progress import report_progress
from ide.store.workspace import Workspace

# what Pillow raises for bytes that are no image, or a damaged or a monstrous one; the list of
# models/images.py, which is not imported, for torch comes with it and takes longer than the checks
UNREADABLE = (OSError, SyntaxError, ValueError, struct.error, Image.DecompressionBombError)
MAX_SIDE = 256  # pixels; a larger image is measured by a smaller copy of it
STEP = 2000  # examples between two reports


def measure_media(workspace: Workspace, name: str) -> pa.Table:
    """Return ``schema.MEDIA`` of all examples, rows by id; measured only where it is not known."""
    known = read_measured(workspace, name)
    if known is not None:
        return known
    config = workspace.config(name)
    columns = [EXAMPLE_ID, config.payload_column]
    examples = read_examples(workspace, name, columns).sort_by(EXAMPLE_ID)
    if config.payload_column not in examples.column_names:  # media that lie elsewhere
        rows = [{EXAMPLE_ID: i} for i in examples[EXAMPLE_ID].to_pylist()]
        table = pa.Table.from_pylist(rows, schema=MEDIA)
    else:
        table = _measured(examples, config.payload_column, _MEASURES[config.modality], name)
    write_measured(workspace, name, table)
    return table


def _measured(
    examples: pa.Table, column: str, measure: Callable[[Any], Facts], name: str
) -> pa.Table:
    tables, n = [], len(examples)
    for start in range(0, n, STEP):
        if n > STEP:
            report_progress("check", dataset=name, step=start, n_steps=n, message="measuring")
        part = examples.slice(start, STEP)
        rows = [
            {EXAMPLE_ID: i, **_facts(payload.as_py(), measure)}
            for i, payload in zip(part[EXAMPLE_ID].to_pylist(), part[column], strict=True)
        ]
        tables.append(pa.Table.from_pylist(rows, schema=MEDIA))
    return pa.concat_tables(tables) if tables else MEDIA.empty_table()


def _facts(payload: Any, measure: Callable[[Any], Facts]) -> Facts:
    """Return the facts of one payload; where it cannot be used, why."""
    if payload is None:
        return {"problem": "there is no payload"}
    data = payload_bytes(payload)
    known = {"content_hash": content_id(data), "n_bytes": len(data)}
    is_empty = not (payload.strip() if isinstance(payload, str) else len(payload))
    return {**known, **({"problem": "it is empty"} if is_empty else measure(payload))}


def _image(payload: bytes) -> Facts:
    try:
        with Image.open(io.BytesIO(payload)) as image:
            width, height = image.size
            if image.getexif().get(0x0112, 1) >= 5:  # shown turned by a quarter
                width, height = height, width
            image.draft("RGB", (MAX_SIDE, MAX_SIDE))  # a JPEG is decoded smaller at once
            image.load()
            return image_facts(_luminance(image), width=width, height=height)
    except UNREADABLE as error:
        return {"problem": f"no image can be read from it ({_first_line(error)})"}


def _luminance(image: Image.Image) -> np.ndarray:
    """Return (H, W) of 0 … 255, transparent parts white as they are shown to people."""
    if image.mode.startswith("I"):  # 16 bits of gray
        image = Image.fromarray((np.asarray(image, np.float32) / 257).clip(0, 255).astype(np.uint8))
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    gray = ImageOps.grayscale(image)
    if max(gray.size) > MAX_SIDE:
        gray.thumbnail((MAX_SIDE, MAX_SIDE), Image.Resampling.BOX)
    return np.asarray(gray)


def _audio(payload: bytes) -> Facts:
    import soundfile

    try:
        samples, sample_rate = soundfile.read(io.BytesIO(payload), dtype="float32")
    except (OSError, RuntimeError, ValueError) as error:  # LibsndfileError is a RuntimeError
        return {"problem": f"no sound can be read from it ({_first_line(error)})"}
    if not len(samples):
        return {"problem": "it is empty"}
    return audio_facts(samples, sample_rate)


def _first_line(error: Exception) -> str:
    """Say what a decoder said, less the address of a buffer, which is another each time."""
    said = next(iter(str(error).splitlines()), "") or type(error).__name__
    return said.split(" <_io.")[0].split(": ")[-1][:120].rstrip(". ")


_MEASURES: dict[str, Callable[[Any], Facts]] = {
    "image": _image,
    "audio": _audio,
    "text": text_facts,
    "strokes": strokes_facts,
}
