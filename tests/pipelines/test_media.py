"""Payloads are measured once: what they hold, and why one cannot be used."""

from __future__ import annotations

import io

import numpy as np
import pytest
import soundfile
from PIL import Image, ImageFilter

from ide.dataset.languages import language_of
from ide.dataset.media_facts import audio_facts, image_facts, script_of, text_facts
from pipelines.media import _MEASURES, _facts


def picture(pixels: np.ndarray, kind: str = "PNG", **options) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, kind, **options)
    return stream.getvalue()


def measured(payload, modality="image"):
    return _facts(payload, _MEASURES[modality])


def test_a_picture_says_how_large_and_bright_it_is():
    facts = measured(picture(np.full((20, 30, 3), 255, np.uint8)))
    assert (facts["width"], facts["height"], facts["brightness"]) == (30, 20, 1.0)
    assert facts["sharpness"] is None and facts["contrast"] == 0
    clear = Image.new("RGBA", (4, 4), (0, 0, 0, 0))
    stream = io.BytesIO()
    clear.save(stream, "PNG")
    assert measured(stream.getvalue())["brightness"] == 1.0  # white, as people see it


def test_a_blurred_picture_is_less_sharp_whatever_its_light():
    pixels = np.random.default_rng(0).integers(0, 256, (64, 64), np.uint8)
    soft = np.asarray(Image.fromarray(pixels).filter(ImageFilter.GaussianBlur(3)))
    sharpness = [image_facts(x, width=64, height=64)["sharpness"] for x in (pixels, pixels // 2)]
    assert sharpness[0] == pytest.approx(sharpness[1], abs=0.05)
    assert image_facts(soft, width=64, height=64)["sharpness"] < sharpness[0] - 1.5


@pytest.mark.parametrize("payload", [b"", b"nonsense", b"\x89PNG\r\n\x1a\n", None])
def test_what_cannot_be_read_says_why(payload):
    facts = measured(payload)
    assert facts["problem"] and "\n" not in facts["problem"]
    assert measured(payload, "audio")["problem"]


def test_a_sound_says_how_long_loud_and_clipped_it_is():
    t = np.arange(8000) / 8000
    wave = 0.5 * np.sin(2 * np.pi * 200 * t)
    stream = io.BytesIO()
    soundfile.write(stream, wave, 8000, format="FLAC")
    facts = measured(stream.getvalue(), "audio")
    assert facts["seconds"] == 1.0 and facts["sample_rate"] == 8000
    assert facts["loudness"] == pytest.approx(-9.03, abs=0.05)
    assert facts["clipped"] == 0 and facts["silent"] == 0
    assert audio_facts(np.clip(3 * wave, -0.9, 0.9), 8000)["clipped"] > 0.3
    assert audio_facts(np.zeros(800), 8000)["silent"] == 1.0


def test_a_text_says_its_script_and_language():
    assert text_facts("the cat is on the mat and it was not there")["language"] == "en"
    assert text_facts("der Hund ist nicht auf dem Tisch und die Katze auch")["language"] == "de"
    assert text_facts("кошка не на столе, и собака тоже не там, что я вижу")["language"] == "ru"
    assert text_facts("book a table")["language"] is None
    assert script_of("Γειά σου") == "GREEK" and language_of("Γειά", "GREEK") == "el"
    assert text_facts("12 34 !?")["script"] is None
    assert measured("  \n", "text")["problem"] == "it is empty"
