"""Sound as a vector: log-mel energies, the whole recording stretched to one length."""

from __future__ import annotations

import io
from collections.abc import Sequence
from importlib.util import find_spec

import numpy as np

WINDOW, HOP = 256, 80  # samples: 32 and 10 ms at 8 kHz
N_BANDS, N_FRAMES = 24, 16
RANGE_DB = 80.0  # below the loudest band of a recording, all is silence


def log_mel(payloads: Sequence[bytes]) -> np.ndarray:
    """FLAC or WAV -> (N, 384) float32, 0 … 1: 16 frames of each of 24 bands.

    1 = the loudest of the recording, 0 = 80 dB below it or less.
    """
    return np.stack([_levels(*_decode(payload)) for payload in payloads]).astype(np.float32)


def require_decoder() -> None:
    """Raise ModuleNotFoundError if nothing here can decode sound."""
    if find_spec("soundfile") is None:
        raise ModuleNotFoundError(
            "sound is decoded by soundfile, which is not installed: pip install 'upwell[bench]'"
        )


def _decode(payload: bytes) -> tuple[np.ndarray, int]:
    import soundfile

    samples, rate = soundfile.read(io.BytesIO(payload), dtype="float32", always_2d=True)
    return samples.mean(1), rate


def _levels(samples: np.ndarray, rate: int) -> np.ndarray:
    samples = np.pad(samples, (0, max(0, WINDOW - len(samples))))
    frames = np.lib.stride_tricks.sliding_window_view(samples, WINDOW)[::HOP]  # (T, WINDOW)
    power = np.abs(np.fft.rfft(frames * np.hanning(WINDOW), axis=1)) ** 2
    energy = power @ _mel_filters(rate).T  # (T, N_BANDS)
    decibels = 10 * np.log10(np.maximum(energy, 1e-10))
    level = np.clip(1 + (decibels - decibels.max()) / RANGE_DB, 0, 1)
    at = np.linspace(0, len(level) - 1, N_FRAMES)
    return np.concatenate([np.interp(at, np.arange(len(level)), band) for band in level.T])


def _mel_filters(rate: int) -> np.ndarray:
    """(N_BANDS, WINDOW // 2 + 1) triangles, evenly spaced in mel (O'Shaughnessy's formula)."""
    top = 2595 * np.log10(1 + rate / 2 / 700)
    corners = 700 * (10 ** (np.linspace(0, top, N_BANDS + 2) / 2595) - 1)
    low, middle, high = corners[:-2, None], corners[1:-1, None], corners[2:, None]
    at = np.fft.rfftfreq(WINDOW, 1 / rate)
    return np.maximum(0, np.minimum((at - low) / (middle - low), (high - at) / (high - middle)))
