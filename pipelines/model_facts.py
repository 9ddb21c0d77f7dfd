"""``model.json``: what a network is called, what it was made from, and what rebuilds it."""

from __future__ import annotations

import hashlib
import json
import platform
from dataclasses import asdict
from math import isfinite
from typing import Any

import numpy as np
import torch
from torch import nn

import ide
from ide.dataset.config import DatasetConfig
from models.checkpoint import n_parameters
from models.fit import Epoch
from pipelines.training_data import TrainingData


def build_id(config: DatasetConfig, data: TrainingData) -> str:
    """Return 16 hex digits that name a network before it is trained: all that decides its bytes."""
    decides = [config.classes, asdict(config.model), data.targets_hash, library_versions()]
    digest = hashlib.blake2b(json.dumps([*decides, data.images.shape]).encode(), digest_size=8)
    digest.update(data.images.tobytes())
    return digest.hexdigest()


def library_versions() -> dict[str, str]:
    """Return the versions that a network's bytes may depend on."""
    return {
        "upwell": ide.__version__,
        "torch": str(torch.__version__),
        "numpy": np.__version__,
        "python": platform.python_version(),
    }


def training_options(config: DatasetConfig) -> dict[str, Any]:
    """Return the part of ``[model]`` that ``fit`` takes."""
    options = asdict(config.model)
    return {k: v for k, v in options.items() if k not in ("architecture", "image_size")}


def model_facts(
    config: DatasetConfig,
    data: TrainingData,
    model: nn.Module,
    *,
    build_id: str,
    last: Epoch,
) -> dict[str, Any]:
    """Return ``model.json``. ``last``: the last epoch, whose figures it quotes."""
    return {
        "build_id": build_id,
        "architecture": config.model.architecture,
        "n_classes": len(config.classes),
        "input_shape": list(data.images.shape[1:]),
        "classes": list(config.classes),
        "configuration": asdict(config.model),
        "normalisation": {
            "mean": model.normalize.mean.tolist(),
            "std": model.normalize.std.tolist(),
        },
        "n_parameters": n_parameters(model),
        "n_train": int(data.is_train.sum()),
        "seed": config.model.seed,
        "targets": data.targets_hash,
        "metrics": {k: v if isfinite(v) else None for k, v in asdict(last).items()},
        "versions": library_versions(),
    }
