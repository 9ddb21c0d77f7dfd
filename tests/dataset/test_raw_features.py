"""Raw features: what a payload's small changes do not move, and what they tell apart."""

from __future__ import annotations

import numpy as np
import pytest

from ide.dataset.raw_features import (
    IMAGE_WIDTH,
    TEXT_WIDTH,
    audio_features,
    image_features,
    strokes_features,
    text_features,
)

RATE = 8000
RED = np.array([90, 0, 0])


def cosine(a, b):
    return float(np.dot(a, b) / (np.linalg.norm(a) * np.linalg.norm(b)))


def test_brightness_and_contrast_do_not_count():
    image = np.random.default_rng(0).integers(60, 120, (1, 16, 16, 1)).repeat(3, 3)
    one, other = image_features(np.concatenate([image, 1.5 * image + 20]).astype(np.float32))
    assert one.shape == (IMAGE_WIDTH,)
    assert cosine(one, other) == pytest.approx(1, abs=1e-6)


def test_colour_counts():
    image = np.random.default_rng(0).integers(60, 120, (1, 16, 16, 1)).repeat(3, 3)
    red, blue = image_features(np.concatenate([image + RED, image + RED[::-1]]))
    assert cosine(red, blue) < 0.5


@pytest.mark.parametrize("level", [0, 128, 255])
def test_a_blank_image_has_no_features(level):
    assert not image_features(np.full((2, 16, 16, 3), level, np.uint8)).any()


@pytest.mark.parametrize(
    "other",
    [
        "WHAT'S MY BALANCE, PLEASE?",
        "  what's  my\n balance please ",
        "What´s my balance - please...",
        "what's mỹ bálance, please?",
    ],
)
def test_case_accents_spaces_and_punctuation_do_not_count(other):
    one, two = text_features(["what's my balance, please?", other])
    assert np.array_equal(one, two)


def test_texts_are_told_apart_and_do_not_depend_on_their_company():
    texts = ["transfer money to ada", "is the card lost", "", None, "?!", "a"] * 700
    features = text_features(texts)
    assert features.shape == (4200, TEXT_WIDTH)
    assert abs(cosine(features[0], features[1])) < 0.3
    assert not features[2:5].any() and features[5].any()
    assert np.array_equal(features[6], text_features(["transfer money to ada"])[0])
    assert np.array_equal(features[:6], features[-6:])


def test_words_in_any_script_have_features():
    assert text_features(["资金转账", "перевод денег", "تحويل الأموال"]).any(1).all()


def sound(frequencies, seconds=0.6):
    time = np.arange(int(seconds * RATE)) / RATE
    return sum(np.sin(2 * np.pi * f * time * (1 + time)) for f in frequencies) / 4


def test_volume_and_silence_around_do_not_count_much():
    hiss = 1e-4 * np.random.default_rng(0).normal(size=RATE)
    voice = sound([300, 900]) + hiss[: len(sound([300]))]
    padded = np.concatenate([np.zeros(512), voice, np.zeros(300)])
    one = audio_features(voice, RATE)
    assert cosine(one, audio_features(0.3 * voice, RATE)) > 0.999
    assert cosine(one, audio_features(np.stack([voice, voice], 1), RATE)) > 0.999
    assert cosine(one, audio_features(padded, RATE)) > 0.9
    assert cosine(one, audio_features(sound([1500, 2200])[::-1], RATE)) < 0.5


@pytest.mark.parametrize("samples", [np.zeros(0), np.zeros(9), np.zeros(4000)])
def test_silence_has_no_features(samples):
    assert not audio_features(samples, RATE).any()


def test_place_size_and_speed_of_a_drawing_do_not_count():
    points = np.cumsum(np.random.default_rng(0).normal(size=(40, 2)), axis=0)
    halved = np.insert(points, 20, (points[19] + points[20]) / 2, axis=0)
    one = strokes_features(points)
    assert cosine(one, strokes_features(3 * points + 7)) == pytest.approx(1, abs=1e-5)
    assert cosine(one, strokes_features(halved)) == pytest.approx(1, abs=1e-5)
    assert cosine(one, strokes_features(points[::-1])) < 0.9
    assert not strokes_features(points[:1]).any()
