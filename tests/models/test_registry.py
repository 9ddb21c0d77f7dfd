"""Architectures: one conformance test over all that is registered; a checkpoint rebuilds one."""

from __future__ import annotations

import pytest
import torch

from models import ARCHITECTURES, build_model
from models.checkpoint import load, n_parameters, save, to_bytes

INPUT_SHAPES = {"mlp": (24,)}  # of the architectures that take no image
SHAPE = {"n_classes": 5, "input_shape": (3, 16, 16)}


@pytest.mark.parametrize("name", sorted(ARCHITECTURES))
def test_an_architecture_keeps_its_promises(name):
    shape = {"n_classes": 5, "input_shape": INPUT_SHAPES.get(name, (3, 16, 16))}
    model = build_model(name, **shape, seed=1)
    inputs = torch.randint(0, 256, (4, *shape["input_shape"]), dtype=torch.uint8)
    features, logits = model.embed(inputs), model(inputs)
    assert features.shape[0] == 4 and features.ndim == 2
    assert logits.shape == (4, 5)
    torch.testing.assert_close(model.classifier(features), logits)
    torch.testing.assert_close(model(inputs.float()), logits)  # bytes or numbers of 0 … 255
    augmented = [model.augment(inputs, torch.Generator().manual_seed(seed)) for seed in (0, 0, 1)]
    assert augmented[0].shape == inputs.shape and torch.equal(augmented[0], augmented[1])
    assert not torch.equal(augmented[0], augmented[2])
    assert to_bytes(model) == to_bytes(build_model(name, **shape, seed=1))
    assert to_bytes(model) != to_bytes(build_model(name, **shape, seed=2))
    assert n_parameters(model) > 0
    assert all(p.device.type == "cpu" and torch.isfinite(p).all() for p in model.parameters())


def test_building_leaves_the_global_generator_alone():
    state = torch.get_rng_state()
    build_model("small_cnn", **SHAPE, seed=1)
    assert torch.equal(state, torch.get_rng_state())


def test_a_checkpoint_rebuilds_the_network(tmp_path):
    model = build_model("small_cnn", **SHAPE, seed=3)
    save(model, tmp_path / "model.safetensors")
    again = load(tmp_path / "model.safetensors", {"architecture": "small_cnn", **SHAPE, "more": 1})
    assert to_bytes(again) == to_bytes(model)


def test_a_foreign_or_damaged_checkpoint_is_refused_by_name(tmp_path):
    path = tmp_path / "model.safetensors"
    config = {"architecture": "small_cnn", **SHAPE}
    path.write_bytes(b"no safetensors")
    with pytest.raises(ValueError, match="does not hold the weights of a small_cnn"):
        load(path, config)
    save(build_model("small_cnn", n_classes=7, input_shape=(3, 16, 16), seed=0), path)
    with pytest.raises(ValueError, match="does not hold the weights of a small_cnn"):
        load(path, config)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"name": "big_cnn"}, "known architectures: .*small_cnn"),
        ({"n_classes": 1}, "at least 2 classes"),
        ({"input_shape": (3, 3, 3)}, "at least 4"),
        ({"input_shape": (2, 16, 16)}, "1 .gray. or 3 .colour."),
        ({"input_shape": (24,)}, "square images"),
        ({"name": "mlp"}, "takes vectors"),
    ],
)
def test_what_cannot_be_built_is_refused_in_a_sentence(changes, sentence):
    with pytest.raises(ValueError, match=sentence):
        build_model(**{"name": "small_cnn", **SHAPE, "seed": 0, **changes})
