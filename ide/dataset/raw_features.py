"""What a payload looks like without a network: few numbers that small changes hardly move.

Rows are compared by cosine. They serve near duplicates (a recompressed, resized, brighter or
slightly shifted image is still the same image) and, beside the network's features, neighbours.
Labels and other examples are not looked at: a row depends on its payload alone. A row of zeros
stands for a payload that cannot be read or has nothing in it; it is similar to nothing.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

import numpy as np

THUMBNAIL = 16  # pixels a side of an image's small copy
COLOUR_CELLS = 4  # a side; colour is blurred more than brightness, as JPEG does
IMAGE_WIDTH = THUMBNAIL**2 + 2 * COLOUR_CELLS**2
TEXT_WIDTH = 512  # buckets that character n-grams are hashed to
TEXT_NGRAMS = (3, 4, 5)
TEXT_LENGTH = 20_000  # characters looked at
N_BANDS, N_TIMES = 32, 16  # of a sound's summary
N_POINTS = 32  # of a drawing's

_NOT_WORD = re.compile(r"[\W_]+")


def image_features(thumbnails: np.ndarray) -> np.ndarray:
    """(N, 16, 16, 3) uint8 RGB -> (N, 288) float32: brightness less its mean, and coarse colour.

    Without the mean and up to a factor (cosine), brightness and contrast do not count.
    """
    pixels = np.asarray(thumbnails, np.float32)
    n = len(pixels)
    red, green, blue = pixels[..., 0], pixels[..., 1], pixels[..., 2]
    luminance = 0.299 * red + 0.587 * green + 0.114 * blue  # ITU-R BT.601, as JPEG has it
    colour = np.stack([0.564 * (blue - luminance), 0.713 * (red - luminance)], axis=1)
    cell = THUMBNAIL // COLOUR_CELLS
    cells = colour.reshape(n, 2, COLOUR_CELLS, cell, COLOUR_CELLS, cell).mean((3, 5))
    flat = luminance.reshape(n, -1)
    flat = flat - flat.mean(1, keepdims=True)
    flat[np.abs(flat) < 0.01] = 0  # what rounding leaves of a blank image
    cells[np.abs(cells) < 0.01] = 0
    return np.concatenate([flat, cell * cells.reshape(n, -1)], axis=1)


def text_features(texts: Sequence[str | None]) -> np.ndarray:
    """(N,) texts -> (N, 512) float32: signed counts of hashed character n-grams, square-rooted.

    Case, accents, punctuation and spaces do not count. Signed feature hashing: Weinberger et al.,
    "Feature hashing for large scale multitask learning", ICML 2009.
    """
    features = np.zeros((len(texts), TEXT_WIDTH), np.float32)
    for start in range(0, len(texts), 2048):
        part = [normal_text(text or "") for text in texts[start : start + 2048]]
        features[start : start + len(part)] = _hashed_ngrams(part)
    return features


def normal_text(text: str) -> str:
    """Return a text without case, accents, punctuation and more than one space at once."""
    decomposed = unicodedata.normalize("NFKD", text[:TEXT_LENGTH]).casefold()
    letters = "".join(c for c in decomposed if not unicodedata.combining(c))
    return _NOT_WORD.sub(" ", letters).strip()


def _hashed_ngrams(texts: Sequence[str]) -> np.ndarray:
    """(N,) normal texts -> (N, 512): all n-grams of all texts at once, as one array of codes."""
    padded = [f" {text} " if text else "" for text in texts]
    codes = np.frombuffer("".join(padded).encode("utf-32-le"), np.uint32).astype(np.uint64)
    owner = np.repeat(np.arange(len(texts)), [len(text) for text in padded])
    counts = np.zeros(len(texts) * TEXT_WIDTH, np.float64)
    for n in TEXT_NGRAMS:
        if len(codes) < n:
            break
        hashes = np.full(len(codes) - n + 1, n, np.uint64)
        for k in range(n):
            hashes = _mixed(hashes ^ codes[k : len(codes) - n + 1 + k])
        is_whole = owner[: len(hashes)] == owner[n - 1 :]
        rows, hashes = owner[: len(hashes)][is_whole], hashes[is_whole]
        signs = np.where(hashes >> np.uint64(63), 1.0, -1.0)
        cells = rows * TEXT_WIDTH + (hashes % np.uint64(TEXT_WIDTH)).astype(np.int64)
        counts += np.bincount(cells, weights=signs, minlength=len(counts))
    features = counts.reshape(len(texts), TEXT_WIDTH)
    return (np.sign(features) * np.sqrt(np.abs(features))).astype(np.float32)


def _mixed(hashes: np.ndarray) -> np.ndarray:
    """Mix the bits of (M,) uint64: a round of Steele, Lea & Flood's SplitMix64, OOPSLA 2014."""
    hashes = hashes + np.uint64(0x9E3779B97F4A7C15)
    hashes = (hashes ^ (hashes >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    hashes = (hashes ^ (hashes >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed: np.ndarray = hashes ^ (hashes >> np.uint64(31))
    return mixed


def audio_features(samples: np.ndarray, sample_rate: int) -> np.ndarray:
    """(T,) or (T, channels) samples -> (512,): log-mel energies of 16 stretches of the sound.

    Silence at both ends, the volume and the level of each band do not count: 32 mel bands up to
    4 kHz in dB, at most 60 below the loudest, less each band's mean.
    """
    mono = np.asarray(samples, np.float32)
    mono = mono.mean(1) if mono.ndim > 1 else mono
    power = _power_spectra(mono, sample_rate)  # (F, W)
    if not len(power) or not power.any():
        return np.zeros(N_BANDS * N_TIMES, np.float32)
    mel = power @ _mel_filters(power.shape[1], sample_rate)  # (F, 32)
    decibels = 10 * np.log10(np.maximum(mel, mel.max() * 1e-6))
    loudness = decibels.max(1)
    loud = np.flatnonzero(loudness > loudness.max() - 40)
    decibels = decibels[loud[0] : loud[-1] + 1]
    edges = np.linspace(0, len(decibels), N_TIMES + 1)
    sums = np.concatenate([np.zeros((1, N_BANDS)), np.cumsum(decibels, 0)])
    at_edges = np.stack([np.interp(edges, np.arange(len(sums)), band) for band in sums.T], 1)
    summary = np.diff(at_edges, axis=0) * (N_TIMES / len(decibels))  # (16, 32) means
    summary -= summary.mean(0)
    features: np.ndarray = summary.astype(np.float32).ravel()
    return features


def _power_spectra(mono: np.ndarray, sample_rate: int) -> np.ndarray:
    """(T,) -> (F, W): a Hann window of 32 ms each 16 ms; a sound that is shorter is padded."""
    width = max(16, round(0.032 * sample_rate))
    padded = np.pad(mono, (0, max(0, width - len(mono))))
    frames = np.lib.stride_tricks.sliding_window_view(padded, width)[:: max(1, width // 2)]
    spectra: np.ndarray = np.abs(np.fft.rfft(frames * np.hanning(width), axis=1)) ** 2
    return spectra


def _mel_filters(n_bins: int, sample_rate: int) -> np.ndarray:
    """(W, 32) triangles, evenly spaced in mel (O'Shaughnessy 1987) from 60 Hz to 4 kHz."""
    top = min(4000.0, sample_rate / 2)
    low, high = 2595 * np.log10(1 + np.array([60.0, top]) / 700)
    corners = 700 * (10 ** (np.linspace(low, high, N_BANDS + 2) / 2595) - 1)
    hertz = np.linspace(0, sample_rate / 2, n_bins)[:, None]
    rising = (hertz - corners[:-2]) / (corners[1:-1] - corners[:-2])
    falling = (corners[2:] - hertz) / (corners[2:] - corners[1:-1])
    filters: np.ndarray = np.maximum(0, np.minimum(rising, falling))
    return filters


def strokes_features(points: np.ndarray) -> np.ndarray:
    """(P, 2) points of a drawing in their order -> (64,): 32 points along its length.

    Place and size do not count; the direction of drawing does.
    """
    path = np.asarray(points, np.float64).reshape(-1, 2)
    path = path[np.isfinite(path).all(1)]
    if len(path) < 2:
        return np.zeros(2 * N_POINTS, np.float32)
    walked = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(path, axis=0), axis=1))])
    places = np.linspace(0, walked[-1], N_POINTS)
    even = np.stack([np.interp(places, walked, axis) for axis in path.T], axis=1)
    features: np.ndarray = (even - even.mean(0)).astype(np.float32).ravel()
    return features
