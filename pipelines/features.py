"""Payloads decoded to the features that need no network: one row an example, rows by id."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import numpy as np
from PIL import Image, ImageOps

from ide.dataset.config import DatasetConfig
from ide.dataset.raw_features import (
    IMAGE_WIDTH,
    N_BANDS,
    N_TIMES,
    THUMBNAIL,
    audio_features,
    image_features,
    strokes_features,
    text_features,
)
from ide.dataset.schema import EXAMPLE_ID
from ide.store.examples import read_examples
from ide.store.features import read_features, write_features
from ide.store.workspace import Workspace

BATCH = 4096  # payloads decoded at once
SECONDS = 60  # of a sound that are looked at


def read_raw_features(workspace: Workspace, config: DatasetConfig) -> np.ndarray | None:
    """Return (N, D) float32, see ``raw_features``; None where the payloads lie elsewhere.

    Made once, and kept until the examples change. Rows in the order of example ids, as in
    ``targets.parquet``. What cannot be read is zeros.
    """
    known = read_features(workspace, config.name)
    if known is not None:
        return known
    column = config.payload_column
    examples = read_examples(workspace, config.name, [EXAMPLE_ID, column]).sort_by(EXAMPLE_ID)
    if column not in examples.column_names or not len(examples):
        return None
    payloads = examples[column]
    features = _FEATURES[config.modality]
    rows = [
        features(payloads.slice(start, BATCH).to_pylist())
        for start in range(0, len(payloads), BATCH)
    ]
    found = np.concatenate(rows)
    write_features(workspace, config.name, found)
    return found


def _of_images(payloads: Sequence[bytes | None]) -> np.ndarray:
    thumbnails = np.zeros((len(payloads), THUMBNAIL, THUMBNAIL, 3), np.uint8)
    for row, payload in enumerate(payloads):
        thumbnails[row] = _thumbnail(payload)
    features = image_features(thumbnails)
    assert features.shape[1] == IMAGE_WIDTH
    return features


def _thumbnail(payload: bytes | None) -> Any:
    """Return (16, 16, 3) of 0 … 255, transparent parts white; black where nothing can be read."""
    try:
        with Image.open(io.BytesIO(payload or b"")) as image:
            image.draft("RGB", (4 * THUMBNAIL, 4 * THUMBNAIL))  # a JPEG is decoded smaller at once
            upright = ImageOps.exif_transpose(image)
            if upright.mode.startswith("I"):  # 16 bits of gray
                gray = np.asarray(upright, np.float32) / 257
                upright = Image.fromarray(gray.clip(0, 255).astype(np.uint8))
            if upright.has_transparency_data:
                upright = upright.convert("RGBA")
                page = Image.new("RGBA", upright.size, "white")
                upright = Image.alpha_composite(page, upright)
            small = upright.convert("RGB").resize(
                (THUMBNAIL, THUMBNAIL), Image.Resampling.BILINEAR, reducing_gap=3.0
            )
            return np.asarray(small)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        return 0


def _of_audio(payloads: Sequence[bytes | None]) -> np.ndarray:
    rows = [_sound(payload) for payload in payloads]
    return np.stack(rows)


def _sound(payload: bytes | None) -> np.ndarray:
    import soundfile

    try:
        with soundfile.SoundFile(io.BytesIO(payload or b"")) as file:
            samples = file.read(SECONDS * file.samplerate, dtype="float32")
            return audio_features(samples, file.samplerate)
    except (OSError, RuntimeError, ValueError):  # LibsndfileError is a RuntimeError
        return np.zeros(N_BANDS * N_TIMES, np.float32)


def _of_strokes(payloads: Sequence[list[dict[str, float]] | None]) -> np.ndarray:
    drawings = [[(point["x"], point["y"]) for point in drawing or ()] for drawing in payloads]
    return np.stack([strokes_features(np.array(drawing, np.float64)) for drawing in drawings])


_FEATURES = {
    "image": _of_images,
    "text": text_features,
    "audio": _of_audio,
    "strokes": _of_strokes,
}
