"""A compiled network on disk: weights as safetensors, and the few facts that rebuild it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors
from torch import nn

from models.registry import build_model


def to_bytes(model: nn.Module) -> bytes:
    """Give the weights as safetensors; the same weights give the same bytes."""
    return save_tensors({k: v.contiguous() for k, v in sorted(model.state_dict().items())})


def save(model: nn.Module, path: Path | str) -> None:
    """Write the weights to ``path``; a caller that must not be torn writes ``to_bytes`` itself."""
    Path(path).write_bytes(to_bytes(model))


def load(path: Path | str, config: Mapping[str, Any]) -> nn.Module:
    """Rebuild a network from its weights and model.json's configuration.

    config: ``architecture``, ``n_classes``, ``input_shape``; other keys are left alone.
    Raises ValueError if the file is no safetensors or belongs to another shape.
    """
    model = build_model(
        config["architecture"],
        n_classes=config["n_classes"],
        input_shape=tuple(config["input_shape"]),
        seed=0,
    )
    try:
        model.load_state_dict(load_tensors(Path(path).read_bytes()))
    except (SafetensorError, RuntimeError) as error:
        first_line = str(error).strip().splitlines()[0]
        raise ValueError(
            f"{path} does not hold the weights of a {config['architecture']}: {first_line}"
        ) from error
    return model.eval()


def n_parameters(model: nn.Module) -> int:
    """Count what training sets."""
    return sum(p.numel() for p in model.parameters() if isinstance(p, torch.Tensor))
