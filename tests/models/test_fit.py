"""Training: the same inputs give the same bytes, and the record says what training saw."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from models import build_model
from models.augmentation import jiggle
from models.checkpoint import to_bytes
from models.fit import fit, shuffled_batches
from models.predict import predict

OPTIONS = {"epochs": 3, "batch_size": 32, "learning_rate": 3e-3, "weight_decay": 1e-2, "seed": 7}


def stripes(n: int = 120, size: int = 8, channels: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Three classes that anyone can tell: bright rows, bright columns, a bright middle."""
    generator = np.random.default_rng(0)
    labels = np.arange(n) % 3
    images = generator.integers(0, 60, (n, channels, size, size), dtype=np.uint8)
    images[labels == 0, :, ::2] += 180
    images[labels == 1, :, :, ::2] += 180
    images[labels == 2, :, 2:-2, 2:-2] += 180
    return images, labels.astype(np.int64)


def train(**changes):
    images, labels = stripes()
    labels[110:] = -1  # the pool
    is_train = np.arange(len(labels)) < 80
    model = build_model("small_cnn", n_classes=3, input_shape=(1, 8, 8), seed=7)
    return model, fit(model, images, labels, is_train, **{**OPTIONS, **changes}), images, labels


@pytest.fixture(scope="module")
def trained():
    return train()


def test_the_same_inputs_give_the_same_bytes(trained):
    model, record, images, _ = trained
    torch.manual_seed(99)  # the global generator is nobody's business
    again, record_again, _, _ = train()
    assert to_bytes(model) == to_bytes(again)
    for name in ("losses", "margins", "mean_probs", "el2n"):
        assert getattr(record, name).tobytes() == getattr(record_again, name).tobytes()
    one, two = predict(model, images), predict(again, images)
    assert one.probs.tobytes() == two.probs.tobytes()
    assert one.embeddings.tobytes() == two.embeddings.tobytes()


def test_another_seed_gives_other_weights(trained):
    assert to_bytes(trained[0]) != to_bytes(train(seed=8)[0])


def test_fit_leaves_the_global_generator_and_torch_settings_alone():
    state, n_threads = torch.get_rng_state(), torch.get_num_threads()
    train(epochs=1)
    assert torch.equal(state, torch.get_rng_state())
    assert torch.get_num_threads() == n_threads
    assert not torch.are_deterministic_algorithms_enabled()


def test_the_record_has_every_example_in_every_epoch_and_nan_without_a_label(trained):
    _, record, _, labels = trained
    assert record.losses.shape == record.margins.shape == (3, 120)
    for values in (record.losses, record.margins, record.el2n[None]):
        assert values.dtype == np.float32
        assert np.array_equal(np.isnan(values), np.broadcast_to(labels < 0, values.shape))
    np.testing.assert_allclose(record.mean_probs.sum(1), 1, atol=1e-5)


def test_the_record_stays_in_its_ranges_and_agrees_with_itself(trained):
    _, record, _, labels = trained
    losses, margins = record.losses[:, labels >= 0], record.margins[:, labels >= 0]
    assert (losses >= 0).all()
    assert (np.abs(margins) <= 1).all()
    el2n = record.el2n[labels >= 0]
    assert (el2n >= 0).all() and (el2n <= np.sqrt(2) + 1e-6).all()
    p_given = np.exp(-losses)
    rows = np.flatnonzero(labels >= 0)
    np.testing.assert_allclose(p_given.mean(0), record.mean_probs[rows, labels[rows]], atol=1e-5)
    assert (p_given[margins > 0] > 1 / 3).all()  # first of three has more than a third


def test_held_out_rows_of_the_last_epoch_are_what_predict_says(trained):
    model, record, images, labels = trained
    probs = predict(model, images).probs
    held_out = np.arange(80, 110)
    np.testing.assert_allclose(
        record.losses[-1, held_out], -np.log(probs[held_out, labels[held_out]]), rtol=1e-3
    )


def test_labels_of_held_out_rows_do_not_reach_the_weights(trained):
    images, labels = stripes()
    labels[80:] = (labels[80:] + 1) % 3
    model = build_model("small_cnn", n_classes=3, input_shape=(1, 8, 8), seed=7)
    fit(model, images, labels, np.arange(120) < 80, **OPTIONS)
    assert to_bytes(model) == to_bytes(trained[0])


def test_a_record_left_out_changes_no_weight(trained):
    model, record, _, _ = train(is_recorded=False)
    assert record is None
    assert to_bytes(model) == to_bytes(trained[0])


def test_the_network_holds_the_training_images_normalisation():
    images, _ = stripes()
    model, *_ = train(epochs=1)
    pixels = images[:80].astype(np.float64)
    assert float(model.normalize.mean) == pytest.approx(pixels.mean(), rel=1e-6)
    assert float(model.normalize.std) == pytest.approx(pixels.std(), rel=1e-6)


def test_it_learns_what_anyone_can_tell():
    model, _, images, labels = train(epochs=8)
    assert (predict(model, images).probs.argmax(1)[80:110] == labels[80:110]).mean() > 0.9


def test_each_epoch_is_reported():
    seen = []
    train(on_epoch=seen.append)
    assert [epoch.number for epoch in seen] == [1, 2, 3]
    assert all(0 <= epoch.held_out_accuracy <= 1 and epoch.n_epochs == 3 for epoch in seen)


@pytest.mark.parametrize("n_train", [1, 2, 33])
def test_any_number_of_training_examples_will_do(n_train):
    images, labels = stripes()
    model = build_model("small_cnn", n_classes=3, input_shape=(1, 8, 8), seed=0)
    record = fit(model, images, labels, np.arange(120) < n_train, **{**OPTIONS, "epochs": 1})
    assert np.isfinite(record.losses).all()


@pytest.mark.parametrize(("size", "channels", "n_classes"), [(4, 1, 2), (15, 3, 150), (32, 3, 10)])
def test_other_images_and_classes_fit(size, channels, n_classes):
    images, labels = stripes(24, size, channels)
    model = build_model(
        "small_cnn", n_classes=n_classes, input_shape=(channels, size, size), seed=0
    )
    fit(model, images, labels % n_classes, np.arange(24) < 16, **{**OPTIONS, "epochs": 1})
    predictions = predict(model, images)
    assert predictions.probs.shape == (24, n_classes)
    np.testing.assert_allclose(predictions.probs.sum(1), 1, atol=1e-5)
    assert len(predict(model, images[:0]).embeddings) == 0


def test_what_cannot_be_learnt_is_refused_in_a_sentence():
    images, labels = stripes()
    model = build_model("small_cnn", n_classes=3, input_shape=(1, 8, 8), seed=0)
    with pytest.raises(ValueError, match="no training example"):
        fit(model, images, labels, np.zeros(120, bool), **OPTIONS)
    with pytest.raises(ValueError, match="differ in length"):
        fit(model, images, labels[:5], np.ones(120, bool), **OPTIONS)
    with pytest.raises(ValueError, match="has no label"):
        fit(model, images, np.full(120, -1), np.ones(120, bool), **OPTIONS)
    with pytest.raises(ValueError, match="diverged in epoch 1"):
        fit(model, images, labels, np.ones(120, bool), **{**OPTIONS, "learning_rate": 1e30})


def test_batches_deal_every_index_once_and_none_is_lonely():
    batches = list(shuffled_batches(torch.arange(65), 32, torch.Generator().manual_seed(0)))
    assert sorted(torch.cat(batches).tolist()) == list(range(65))
    assert min(map(len, batches)) > 20


def test_jiggling_moves_a_little_and_stays_in_range():
    images = torch.from_numpy(stripes()[0])
    moved = jiggle(images, torch.Generator().manual_seed(0))
    assert moved.shape == images.shape
    assert float(moved.min()) >= 0 and float(moved.max()) <= 255
    flat = torch.full_like(images, 100)
    jiggled = jiggle(flat, torch.Generator().manual_seed(0))
    torch.testing.assert_close(jiggled, flat.float())
