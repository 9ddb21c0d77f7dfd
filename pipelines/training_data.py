"""What a network is trained on and asked about: pixels, targets, and which rows may teach."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ide.dataset.config import DatasetConfig
from ide.dataset.errors import BuildError
from ide.dataset.schema import EXAMPLE_ID, LABEL, SPLIT, TRAIN
from ide.store.examples import read_examples
from ide.store.files import read_parquet
from ide.store.workspace import Workspace
from models.images import decode, guess_n_channels
from pipelines.arrays import label_numbers


@dataclass(frozen=True, slots=True)
class TrainingData:
    """N examples in the order of their ids."""

    ids: pa.Array  # (N,) string
    images: np.ndarray  # (N, C, S, S) uint8
    labels: np.ndarray  # (N,) int64, −1 = none, or none of the classes
    is_train: np.ndarray  # (N,) bool: labelled, split train, not excluded, not in conflict
    is_listed: np.ndarray  # (N,) bool: labelled, not excluded: whose label is ranked
    is_candidate: np.ndarray  # (N,) bool: listed, not in conflict: whose label votes as neighbour
    targets_hash: str  # of targets.parquet


def read_training_data(workspace: Workspace, config: DatasetConfig) -> TrainingData:
    """Join ``targets.parquet`` with the examples' pixels; raise ``BuildError`` in a sentence."""
    name = config.name
    if config.modality != "image":
        raise BuildError(
            f"{name!r} is of modality {config.modality!r}; only images can be compiled so far "
            f"(datasets/{name}/dataset.toml)"
        )
    targets = read_parquet(workspace.build_path(name) / "targets.parquet")
    labels = label_numbers(targets[LABEL], config.classes)
    is_listed = (labels >= 0) & ~np.asarray(targets["is_excluded"])
    is_candidate = is_listed & ~np.asarray(targets["is_conflict"])
    of_train = np.asarray(pc.fill_null(pc.equal(targets[SPLIT], TRAIN), fill_value=False))
    is_train = is_candidate & of_train
    _require_classes(config, labels[is_train])
    return TrainingData(
        ids=targets[EXAMPLE_ID].combine_chunks(),
        images=_images(workspace, config, targets[EXAMPLE_ID]),
        labels=labels,
        is_train=is_train,
        is_listed=is_listed,
        is_candidate=is_candidate,
        targets_hash=targets.schema.metadata[b"upwell.targets"].decode(),
    )


def _require_classes(config: DatasetConfig, train_labels: np.ndarray) -> None:
    present = [config.classes[k] for k in np.unique(train_labels)]
    if len(present) < 2:
        have = f"only {present[0]!r} has" if present else "none of the classes has"
        raise BuildError(
            f"{config.name!r} has nothing to tell apart: {have} labelled examples in split "
            f"'train'. A network needs two classes; label some examples, or correct classes in "
            f"datasets/{config.name}/dataset.toml"
        )


def _images(workspace: Workspace, config: DatasetConfig, ids: pa.ChunkedArray) -> np.ndarray:
    column = config.payload_column
    table = read_examples(workspace, config.name, [EXAMPLE_ID, column]).sort_by(EXAMPLE_ID)
    if column not in table.column_names or table[EXAMPLE_ID].to_pylist() != ids.to_pylist():
        raise BuildError(
            f"the examples of {config.name!r} changed while they were compiled; compile again"
        )
    payloads = table[column].to_pylist()
    size = config.model.image_size
    try:
        return decode(payloads, size, guess_n_channels(payloads))
    except (OSError, TypeError, ValueError) as error:
        for example_id, payload in zip(ids.to_pylist(), payloads, strict=True):
            try:
                decode([payload], size, guess_n_channels([payload]))
            except (OSError, TypeError, ValueError):
                raise BuildError(
                    f"example {example_id[:80]!r} of {config.name!r} holds no image that can be "
                    "read; exclude it, or import it again"
                ) from error
        raise
