"""``model.json``: what a network is called, what it was made from, and what rebuilds it."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Mapping
from dataclasses import asdict
from importlib.metadata import version
from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np
import PIL
import pyarrow as pa
import torch
from torch import nn

import ide
from ide.dataset.config import DatasetConfig
from models.checkpoint import n_parameters
from models.fit import Epoch
from pipelines.training_data import TrainingData

# Every file of ours that decides a byte of what ``compile`` writes; as in this repository's
# dvc.yaml. Both are written by: python -m pipelines.code_graph
CODE = (
    "ide/dataset/chunks.py",
    "ide/dataset/error_count.py",
    "ide/dataset/neighbors.py",
    "ide/dataset/noise_channel.py",
    "ide/dataset/raw_features.py",
    "ide/dataset/schema.py",
    "ide/dataset/second_look.py",
    "ide/dataset/signals.py",
    "models",
    "pipelines/arrays.py",
    "pipelines/compile.py",
    "pipelines/features.py",
    "pipelines/model_facts.py",
    "pipelines/second_look.py",
    "pipelines/second_look_table.py",
    "pipelines/training_data.py",
    "pipelines/training_tables.py",
)


def build_inputs(config: DatasetConfig, data: TrainingData, *, examples: str) -> dict[str, Any]:
    """Return all that decides a network's bytes, each by its content: the same on any machine.

    examples: ``ide.store.content_name.examples_name``. Labels, splits and who is left out are
    ``targets``; the machine, its clock, the git revision and the names of folders are not here.
    """
    return {
        "targets": data.targets_hash,
        "examples": examples,
        "classes": list(config.classes),
        "modality": config.modality,
        "configuration": asdict(config.model),
        "code": code_hash(),
        "versions": library_versions(),
    }


def build_id(inputs: Mapping[str, Any]) -> str:
    """Return 16 hex digits that name a network before it is trained: a hash of its inputs."""
    text = json.dumps(inputs, sort_keys=True, ensure_ascii=True)
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def code_hash() -> str:
    """Return 16 hex digits that name the code in ``CODE``, as it runs here."""
    root = Path(ide.__file__).parents[1]
    digest = hashlib.blake2b(digest_size=8)
    for name in CODE:
        path = root / name
        for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            text = file.read_text(encoding="utf-8")  # a line ends alike on every system
            digest.update(f"{file.relative_to(root).as_posix()}\0{text}\0".encode())
    return digest.hexdigest()


def library_versions() -> dict[str, str]:
    """Return the versions that a build's bytes may depend on."""
    return {
        "upwell": ide.__version__,
        "torch": str(torch.__version__),
        "numpy": np.__version__,
        "pyarrow": pa.__version__,
        "pillow": PIL.__version__,
        "faiss": version("faiss-cpu"),
        "python": f"{sys.version_info.major}.{sys.version_info.minor}",
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
    inputs: Mapping[str, Any],
    last: Epoch,
) -> dict[str, Any]:
    """Return ``model.json``. ``last``: the last epoch, whose figures it quotes."""
    return {
        "build_id": build_id(inputs),
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
        "versions": inputs["versions"],
        "inputs": {key: inputs[key] for key in ("targets", "examples", "code")},
    }
