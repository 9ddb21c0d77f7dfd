"""What can be measured of one payload without a network: brightness, sharpness, length, loudness.

Each function takes what was decoded and returns the facts by their column of ``schema.MEDIA``.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from ide.dataset.languages import language_of

Facts = dict[str, Any]

TAIL = 0.5  # per cent of the pixels that may be darker than black_point, lighter than white_point
MIN_CONTRAST = 0.03  # below it, rounding to 8 bits hides what is sharp
ROUNDING = 20 / 12 / 255**2  # the Laplacian's variance of rounding to 255 steps alone
FRAME_S = 0.02  # seconds; what silence is measured over
SILENCE_DB = -60.0
FLAT_TOP = 3  # samples in a row at the peak: a clipped wave, and hardly any other


def image_facts(luminance: np.ndarray, *, width: int, height: int) -> Facts:
    """Measure an image. luminance: (H, W), 0 … 255; it may be a smaller copy of the original.

    width, height: of the original, in pixels. Sharpness is the variance of the Laplacian
    (Pech-Pacheco et al., "Diatom autofocusing in brightfield microscopy", ICPR 2000) over that of
    the luminance, so that a dim image is not taken for a blurred one: log10, about 1.3 for noise,
    below −2 for a blurred photograph; None where there is hardly any contrast.
    """
    values = np.asarray(luminance, np.float32) / 255
    black, white = np.percentile(values, (TAIL, 100 - TAIL))
    contrast = float(values.std())
    return {
        "width": width,
        "height": height,
        "brightness": float(values.mean()),
        "contrast": contrast,
        "black_point": float(black),
        "white_point": float(white),
        "sharpness": _sharpness(values, contrast),
    }


def _sharpness(values: np.ndarray, contrast: float) -> float | None:
    if min(values.shape) < 3 or contrast < MIN_CONTRAST:
        return None
    inner = values[1:-1, 1:-1]
    laplacian = values[:-2, 1:-1] + values[2:, 1:-1] + values[1:-1, :-2] + values[1:-1, 2:]
    variance = float((laplacian - 4 * inner).var())
    edges = max(variance - ROUNDING, variance / 10)  # what is not the noise of 8 bits
    return float(np.log10(max(edges / contrast**2, 1e-9)))


def audio_facts(samples: np.ndarray, sample_rate: int) -> Facts:
    """Measure a sound. samples: (T,) or (T, C), −1 … 1. Clipped = three or more in a row at peak.

    A sound that is quiet all through has no peak to be clipped at.
    """
    waves = np.asarray(samples, np.float32).reshape(len(samples), -1)
    peaks = np.abs(waves).max(0) if len(waves) else np.zeros(0, np.float32)
    power = float(np.mean(waves.astype(np.float64) ** 2)) if waves.size else 0.0
    mono = waves.mean(1) if waves.size else np.zeros(0, np.float32)
    return {
        "seconds": len(waves) / sample_rate,
        "sample_rate": sample_rate,
        "loudness": 10 * float(np.log10(max(power, 1e-12))),
        "clipped": max(
            (_flat_share(wave, peak) for wave, peak in zip(waves.T, peaks, strict=True)),
            default=0.0,
        ),
        "silent": _silent_share(mono, max(1, round(FRAME_S * sample_rate))),
    }


def _flat_share(wave: np.ndarray, peak: float) -> float:
    """Return the share of the samples that stand in flat tops at the peak."""
    if peak < 0.1:
        return 0.0
    at_peak = np.abs(wave) >= peak - 1.5 / 32768  # the last step of 16 bits
    same_sign = np.concatenate([[False], np.signbit(wave[1:]) == np.signbit(wave[:-1])])
    starts = at_peak & ~(same_sign & np.concatenate([[False], at_peak[:-1]]))
    lengths = np.bincount(np.cumsum(starts)[at_peak]) if at_peak.any() else np.zeros(1, int)
    return float(lengths[lengths >= FLAT_TOP].sum() / len(wave))


def _silent_share(mono: np.ndarray, frame: int) -> float:
    """Return the share of the frames whose root mean square is below ``SILENCE_DB``."""
    if not len(mono):
        return 1.0
    n_frames = -(-len(mono) // frame)
    starts = np.arange(n_frames) * frame
    power = np.add.reduceat(mono.astype(np.float64) ** 2, starts)
    sizes = np.diff(np.append(starts, len(mono)))
    return float(np.mean(power / sizes < 10 ** (SILENCE_DB / 10)))


def text_facts(text: str) -> Facts:
    """Measure a text: its length, the script most of its letters are of, and its language."""
    words = text.split()
    script = script_of(text)
    return {
        "n_chars": len(text),
        "n_words": len(words),
        "script": script,
        "language": language_of(text, script),
    }


def script_of(text: str, *, n_letters: int = 400) -> str | None:
    """Return the script that most of the first letters are of, such as LATIN; None without any.

    Unicode names a letter by its script: "LATIN SMALL LETTER A", "CJK UNIFIED IDEOGRAPH-4E2D".
    """
    letters = [c for c in text[: n_letters * 4] if c.isalpha()][:n_letters]
    scripts = Counter(unicodedata.name(c, "").split(" ", 1)[0].split("-")[0] for c in letters)
    scripts.pop("", None)
    return min(scripts, key=lambda s: (-scripts[s], s)) if scripts else None


def strokes_facts(strokes: Sequence[Any]) -> Facts:
    """Measure a drawing: the number of its points."""
    return {"n_chars": len(strokes)}
