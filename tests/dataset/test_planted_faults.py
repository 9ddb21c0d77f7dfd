"""Each check finds the fault that is planted, and says nothing where there is none."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from ide.dataset.checks import CheckSettings, run_checks
from ide.dataset.checks.check_input import NamedByGate, Remark
from ide.dataset.statistics import chi_square_test, holm, ks_test, z_of
from tests.planted import CLASSES, plain_dataset

N = 200


def ids_of(check, dataset):
    return run_checks(dataset, [check])["example_id"].to_pylist()


def subjects_of(check, dataset):
    return run_checks(dataset, [check])["subject"].to_pylist()


def with_one(column, usual, odd, *, at=7, n=N, **others):
    """Return measured facts in which one example is unlike the others."""
    values = np.full(n, usual, dtype=object)
    values[at] = odd
    return {"media": {column: list(values), **others}}


@pytest.mark.parametrize(
    ("check", "facts"),
    [
        ("unreadable", with_one("problem", None, "no image can be read from it")),
        ("empty", with_one("problem", None, "it is empty")),
        ("blank_images", with_one("contrast", 0.3, 0.001)),
        ("dark_images", with_one("white_point", 0.9, 0.05)),
        ("bright_images", with_one("black_point", 0.1, 0.95)),
        ("blurred_images", with_one("sharpness", -0.5, -3.0, width=[96] * N, height=[96] * N)),
        ("odd_sizes", with_one("width", 96, 960, height=[96] * N)),
        ("silent_audio", with_one("silent", 0.1, 1.0)),
        ("clipped_audio", with_one("clipped", 0.0, 0.2)),
        ("odd_lengths", with_one("n_chars", 60, 9000)),
        ("other_languages", with_one("language", "en", "de")),
        ("other_languages", with_one("script", "LATIN", "CYRILLIC")),
    ],
)
def test_what_was_measured_tells_the_odd_one(check, facts):
    modality = "text" if check == "odd_lengths" else "image"
    assert ids_of(check, plain_dataset(**facts, modality=modality)) == ["0007"]


def test_blur_is_not_judged_in_a_picture_of_eight_pixels():
    facts = with_one("sharpness", -0.5, -3.0, width=[8] * N, height=[8] * N)
    assert ids_of("blurred_images", plain_dataset(**facts)) == []


def test_what_most_examples_are_is_one_finding():
    dark = plain_dataset(media={"white_point": [0.1] * N})
    assert ids_of("dark_images", dark) == [None]
    assert subjects_of("dark_images", dark) == ["dark"]


def test_a_source_on_both_sides_is_found_and_one_on_one_side_is_not():
    settings = CheckSettings(source="speaker")
    speakers = [f"s{i // 12}" for i in range(N)]  # each has all of its six splits' turns
    dataset = plain_dataset(metadata=pa.table({"speaker": speakers}), settings=settings)
    assert {"s0:test", "s0:validation"} <= set(subjects_of("same_source", dataset))
    own = dataset.labels["split"].to_pylist()
    apart = plain_dataset(metadata=pa.table({"speaker": own}), settings=settings)
    assert subjects_of("same_source", apart) == []


def test_ids_twice_nulls_gates_and_damage_are_named():
    labels = {"example_id": ["same", "same", "x"], "label": ["a", None, "b"]}
    twice = plain_dataset(3, labels=labels)
    assert ids_of("repeated_ids", twice) == ["same"]
    assert ids_of("nulls", twice) == ["same"]
    found = plain_dataset(
        gates=(
            NamedByGate("night", "hour > 24", 0),
            NamedByGate("day", "hour < 24", 9),
            NamedByGate("x", "", None, "?"),
        ),
        damage=(Remark("edits/ada.jsonl, line 3", "no JSON"),),
    )
    assert sorted(subjects_of("gates", found)) == ["night", "x"]
    assert subjects_of("damaged_log", found) == ["edits/ada.jsonl, line 3"]


def test_many_small_classes_share_a_line():
    classes = tuple(f"c{i}" for i in range(9))
    found = plain_dataset(classes=(*CLASSES, *classes))
    lines = run_checks(found, ["small_classes"])["message"].to_pylist()
    assert len(lines) == 3 and all(line.startswith("9 classes") for line in lines)


def test_imbalance_is_a_matter_of_the_settings():
    labels = ["a"] * 190 + ["b"] * 10
    for most, n_found in ((20.0, 0), (5.0, 1)):
        settings = CheckSettings(max_imbalance=most)
        found = plain_dataset(labels={"label": labels, "split": ["train"] * N}, settings=settings)
        assert len(subjects_of("imbalance", found)) == n_found


def test_classes_that_the_network_mixes_up_overlap():
    generator = np.random.default_rng(0)
    labels = np.arange(N) % 2
    for share, n_found in ((0.3, 1), (0.02, 0)):
        is_mixed = generator.random(N) < share
        p = np.where(labels ^ is_mixed, 0.9, 0.1)
        build = {"probs": np.stack([1 - p, p], 1), "is_out_of_sample": np.ones(N, bool)}
        assert len(subjects_of("overlapping_classes", plain_dataset(**build))) == n_found


def test_a_split_that_is_brighter_has_drifted():
    brightness = np.random.default_rng(0).random(600)
    splits = np.array(plain_dataset(600).splits)
    assert subjects_of("drift_splits", plain_dataset(600, media={"brightness": brightness})) == []
    brightness[splits == "test"] += 0.5
    drifted = plain_dataset(600, media={"brightness": brightness})
    assert subjects_of("drift_splits", drifted) == ["test:brightness"]


def test_an_import_that_shows_something_else_has_drifted():
    features = np.random.default_rng(0).normal(size=(N, 5))
    parts = np.array(["part-0", "part-1"], dtype=object)[np.arange(N) // 150]
    given = {"imported_in": parts, "raw_features": features}
    assert subjects_of("drift_imports", plain_dataset(**given)) == []
    features[150:] += 3
    assert subjects_of("drift_imports", plain_dataset(**given)) == ["part-1:what is shown"]


def test_frames_of_a_film_are_no_random_order():
    generator = np.random.default_rng(0)
    walk = generator.normal(size=(N, 4)).cumsum(0)
    given = {"raw_features": walk, "order": np.arange(N)}
    assert subjects_of("non_random_order", plain_dataset(**given)) == ["order"]
    given["order"] = generator.permutation(N)
    assert subjects_of("non_random_order", plain_dataset(**given)) == []


def test_a_nuisance_that_predicts_the_label_is_found_and_noise_is_not():
    generator = np.random.default_rng(0)
    noise = generator.random(N)
    cameras = ["kitchen-" if i % 2 else "garden-" for i in range(N)]
    names = [f"shots/{camera}{i}.jpg" for i, camera in enumerate(cameras)]
    found = plain_dataset(
        media={"brightness": noise + np.arange(N) % 2, "contrast": noise},
        metadata=pa.table({"file": names, "day": generator.choice(["mo", "tu"], N)}),
    )
    assert set(subjects_of("nuisances", found)) == {"brightness", "beginning of file"}


def test_a_weak_slice_is_described_by_its_condition():
    generator = np.random.default_rng(0)
    n = 600
    cameras = generator.choice(["old", "new"], n)
    labels = np.arange(n) % 2
    is_wrong = (cameras == "old") & (labels == 1) & (generator.random(n) < 0.7)
    given = {
        "metadata": pa.table({"camera": cameras, "day": generator.choice(["mo", "tu"], n)}),
        "is_out_of_sample": np.ones(n, bool),
    }
    found = plain_dataset(n, predicted=np.where(is_wrong, 0, labels), **given)
    conditions = subjects_of("weak_slices", found)
    assert "label = 'b'" in conditions and "\"camera\" = 'old'" in conditions
    assert not any("day" in condition for condition in conditions)
    by_chance = np.where(generator.random(n) < 0.1, 1 - labels, labels)
    assert subjects_of("weak_slices", plain_dataset(n, predicted=by_chance, **given)) == []


def test_a_passage_that_many_texts_share_is_boilerplate():
    generator = np.random.default_rng(0)
    texts = [" ".join(generator.permutation(40).astype(str)) for _ in range(N)]
    assert subjects_of("boilerplate", plain_dataset(texts=pa.array(texts))) == []
    passage = "this message is meant for the person named above"
    for i in range(3, 20):
        texts[i] += f" {passage}"
    found = run_checks(plain_dataset(texts=pa.array(texts)), ["boilerplate"]).to_pylist()
    assert [(i["subject"], i["example_id"]) for i in found] == [(passage, "0003")]


def test_statistics_agree_with_what_scipy_says():
    a, b = np.arange(60) / 60, np.arange(90) / 60
    assert ks_test(a, b) == pytest.approx((1 / 3, 0.00049), abs=0.0002)  # stats.ks_2samp
    p = chi_square_test(np.array([[30, 14, 34], [45, 12, 21]]))[1]
    assert p == pytest.approx(0.04445, abs=0.002)  # stats.chi2_contingency
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert z_of(0.025) == pytest.approx(1.96, abs=0.001)
