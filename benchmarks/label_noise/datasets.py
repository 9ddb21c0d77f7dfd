"""The benchmarks' data: inputs for a small network, true labels, and what it is trained with."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from PIL import Image
from sklearn.datasets import load_digits

from benchmarks.label_noise.audio import log_mel, require_decoder
from benchmarks.label_noise.text import text_features

FOLDER_VARIABLE = "UPWELL_BENCHMARK_DATA"


@dataclass(frozen=True, slots=True)
class Data:
    """N examples, the same network and epochs for every method that is compared."""

    name: str
    inputs: np.ndarray  # (N, C, S, S) uint8, or (N, D) float32
    truth: np.ndarray  # (N,) int64
    classes: tuple[str, ...]
    architecture: str
    epochs: int
    given: dict[str, np.ndarray] = field(default_factory=dict)  # name -> labels people gave, (N,)

    @property
    def features(self) -> np.ndarray:
        """(N, D) float32: the inputs as they are, flat."""
        return self.inputs.reshape(len(self.inputs), -1).astype(np.float32)


def digits(_folder: Path | None) -> Data:
    """1,797 written digits of scikit-learn, 8×8; no file is read."""
    bunch = load_digits()
    images = np.round(bunch.images * 255 / 16).astype(np.uint8)[:, None]
    classes = tuple("0123456789")
    return Data("digits", images, bunch.target.astype(np.int64), classes, "small_cnn", 30)


def pendigits(folder: Path | None) -> Data:
    """7,494 drawings of pen strokes, shrunk to 14×14."""
    table = _read(folder, "pendigits")
    truth, classes = _numbers(table["label"])
    images = _images(table["image"], size=14)
    return Data("pendigits", images, truth, classes, "small_cnn", 12)


def fsdd(folder: Path | None) -> Data:
    """3,000 spoken digits of six people: log-mel energies of 24 bands × 16 frames."""
    table = _read(folder, "fsdd")
    truth, classes = _numbers(table["label"])
    return Data("fsdd", log_mel(table["audio"]), truth, classes, "mlp", 25)


def clinc150(folder: Path | None) -> Data:
    """The 15,000 training sentences of 150 intents, as 256 features; out of scope is left out.

    Out of scope is no class that examples have in common, only what is none of the others.
    """
    table = _read(folder, "clinc150")
    rows = np.flatnonzero(np.asarray(table["split"]) == "train")
    truth, classes = _numbers([table["label"][row] for row in rows])
    inputs = text_features([table["text"][row] for row in rows])
    return Data("clinc150", inputs, truth, classes, "mlp", 15)


def cifar10n(folder: Path | None) -> Data:
    """10,000 photographs of 32×32 with three sets of labels that people gave."""
    table = _read(folder, "cifar10n")
    truth, classes = _numbers(table["true_label"])
    columns = {"random1": "label", "aggre": "aggre_label", "worse": "worse_label"}
    given = {name: _numbers(table[column], classes)[0] for name, column in columns.items()}
    inputs = _images(table["image"], size=32)
    return Data("cifar10n", inputs, truth, classes, "small_cnn", 10, given)


DATASETS: dict[str, Callable[[Path | None], Data]] = {
    "cifar10n": cifar10n,
    "digits": digits,
    "pendigits": pendigits,
    "fsdd": fsdd,
    "clinc150": clinc150,
}

FILES = {
    "cifar10n": "cifar10n",
    "pendigits": "pendigits_strokes",
    "fsdd": "fsdd",
    "clinc150": "clinc150",
}  # digits is scikit-learn's own


def require(name: str, folder: Path | None) -> None:
    """Raise FileNotFoundError or ModuleNotFoundError, in a sentence, if data can't be read."""
    if name in FILES:
        _path(folder, FILES[name])
    if name == "fsdd":
        require_decoder()


def data_folder(given: str | None) -> Path | None:
    """Give the folder that ``--data`` or the environment names; None if neither does."""
    name = given or os.environ.get(FOLDER_VARIABLE)
    return Path(name) if name else None


def _read(folder: Path | None, name: str) -> dict[str, list]:
    return pq.read_table(_path(folder, FILES[name])).to_pydict()


def _path(folder: Path | None, name: str) -> Path:
    if folder is None:
        raise FileNotFoundError(
            f"{name}.parquet is wanted, and no data folder is named. "
            f"Give --data DIR, or set {FOLDER_VARIABLE}."
        )
    path = folder / f"{name}.parquet"
    if not path.is_file():
        raise FileNotFoundError(
            f"{path} is not there. Put it there, give another --data DIR, "
            "or leave the dataset out with --datasets."
        )
    return path


def _numbers(
    labels: list[str], classes: tuple[str, ...] | None = None
) -> tuple[np.ndarray, tuple[str, ...]]:
    """Names -> (N,) int64 and the classes, sorted unless they are given."""
    classes = classes or tuple(sorted(set(labels)))
    index = {name: k for k, name in enumerate(classes)}
    return np.array([index[label] for label in labels], np.int64), classes


def _images(payloads: list[bytes], *, size: int) -> np.ndarray:
    """PNGs -> (N, C, size, size) uint8."""
    images = []
    for payload in payloads:
        with Image.open(io.BytesIO(payload)) as image:
            is_resized = image.size != (size, size)
            shown = image.resize((size, size), Image.Resampling.BOX) if is_resized else image
            pixels = np.asarray(shown)
        images.append(pixels.reshape(size, size, -1).transpose(2, 0, 1))
    return np.ascontiguousarray(np.stack(images))
