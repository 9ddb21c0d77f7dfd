"""``sklearn:digits``: real handwriting that comes with scikit-learn, so needs no network."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

import numpy as np

from ide.dataset.errors import ImportRefusedError
from ide.store.importing.source import Source, SourceRow


def open_sklearn(reference: str) -> Source:
    """Open ``sklearn:NAME``; raises ``ImportRefusedError`` for an unknown name."""
    name = reference.partition(":")[2]
    opener = DATASETS.get(name)
    if opener is None:
        known = ", ".join(f"sklearn:{n}" for n in DATASETS)
        raise ImportRefusedError(
            f"{reference[:80]!r} is not a source that Upwell knows; it has {known}. For other "
            "data name a folder of images by class, or a .csv, .jsonl or .parquet table."
        )
    return opener()


def _open_digits() -> Source:
    from sklearn.datasets import load_digits

    bunch = load_digits()
    return Source(
        name="sklearn:digits",
        modality="image",
        rows=_digit_rows(bunch.images, bunch.target),
        n_rows=len(bunch.target),
        title="Handwritten digits",
        description="1,797 digits of 8×8 pixels and 17 shades of gray, written by 43 people.",
        licence=(
            "CC BY 4.0 (E. Alpaydin, C. Kaynak: Optical Recognition of Handwritten Digits, UCI "
            "Machine Learning Repository, 1998, doi:10.24432/C50P49)"
        ),
    )


def _digit_rows(images: np.ndarray, targets: np.ndarray) -> Iterator[SourceRow]:
    """images: (N, 8, 8) of 0 … 16, high = ink; targets: (N,) of 0 … 9."""
    shades = (images.astype(np.int64) * 255 + 8) // 16  # 0 … 255, rounded without floats
    for row, (image, target) in enumerate(zip(shades.astype(np.uint8), targets, strict=True), 1):
        yield SourceRow(f"sklearn:digits, row {row}", encode_gray_png(image), str(int(target)))


def encode_gray_png(image: np.ndarray) -> bytes:
    """Return a PNG whose bytes are the same wherever it is made, so that ids by content are too.

    image: (H, W) uint8, less than 64 KB. It is stored, not compressed, since what a compressor
    makes of it differs between versions of zlib.
    """
    height, width = image.shape
    raw = b"".join(b"\0" + row.tobytes() for row in image)  # filter 0 before each line
    stored = b"\x01" + struct.pack("<HH", len(raw), len(raw) ^ 0xFFFF) + raw
    data = b"\x78\x01" + stored + struct.pack(">I", zlib.adler32(raw))
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", data), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, body) for kind, body in chunks)


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


DATASETS = {"digits": _open_digits}
