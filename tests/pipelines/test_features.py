"""Raw features of real payloads: what people do to images is forgiven, other images are not."""

from __future__ import annotations

import io

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image, ImageEnhance

from ide.dataset.checks import run_checks
from ide.dataset.neighbors import nearest, unit_rows
from ide.dataset.schema import EXAMPLE_ID
from ide.store.files import read_parquet
from pipelines.check_input import read_check_input
from pipelines.features import _FEATURES, read_raw_features


def picture(seed, size=48):
    """A smooth colourful picture, as photographs are."""
    coarse = np.random.default_rng(seed).integers(0, 256, (7, 7, 3)).astype(np.uint8)
    return Image.fromarray(coarse).resize((size, size), Image.Resampling.BICUBIC)


def encoded(image, kind="PNG", **options):
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


CHANGES = {
    "recompressed": lambda image: encoded(image, "JPEG", quality=60),
    "webp": lambda image: encoded(image, "WEBP", quality=70),
    "larger": lambda image: encoded(image.resize((96, 96))),
    "smaller": lambda image: encoded(image.resize((30, 30))),
    "brighter": lambda image: encoded(ImageEnhance.Brightness(image).enhance(1.15)),
    "shifted": lambda image: encoded(image.transform(image.size, 0, (1, 0, 1, 0, 1, 0))),
    "with alpha": lambda image: encoded(image.convert("RGBA")),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_image_is_nearest_to_itself_and_nearly_the_same(change):
    pictures = [picture(seed) for seed in range(30)]
    payloads = [encoded(p) for p in pictures] + [CHANGES[change](p) for p in pictures]
    found, similarity = nearest(_FEATURES["image"](payloads), 2)
    assert np.array_equal(found[:, 0], np.roll(np.arange(60), 30))
    assert (similarity[:, 0] > 0.93).all() and (similarity[:, 1] < 0.9).all()


def test_what_cannot_be_read_has_no_features():
    features = _FEATURES["image"]([b"no image", None, b"", encoded(picture(0))[:80]])
    assert not features.any()
    soundfile = pytest.importorskip("soundfile")
    buffer = io.BytesIO()
    soundfile.write(buffer, np.sin(np.arange(4000) ** 1.2), 8000, format="FLAC")
    sounds = _FEATURES["audio"]([buffer.getvalue(), b"no sound", None])
    assert sounds[0].any() and not sounds[1:].any()
    assert not _FEATURES["strokes"]([None, []]).any()


def test_the_digits_features_are_in_the_order_of_their_ids(compiled_digits):
    features = read_raw_features(compiled_digits, compiled_digits.config("digits"))
    ids = read_parquet(compiled_digits.build_path("digits") / "targets.parquet")[EXAMPLE_ID]
    assert features.shape == (len(ids), 288) and features.dtype == np.float32
    assert np.linalg.norm(unit_rows(features), axis=1) == pytest.approx(1, abs=1e-5)


def test_different_digits_are_no_near_duplicates(compiled_digits):
    build = compiled_digits.build_path("digits")
    labels = read_parquet(build / "labels.parquet")
    given = read_check_input(compiled_digits, "digits", labels, build, damage=[], ignored_edits=[])
    assert isinstance(given.content_hashes, pa.Array)
    names = ["near_duplicates", "near_conflicts", "near_leaks"]
    assert run_checks(given, names).to_pylist() == []
    assert len(run_checks(given, ["outliers"])) <= 0.01 * len(labels)
