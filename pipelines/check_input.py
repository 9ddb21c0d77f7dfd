"""What the checks are told of a dataset: from its files, and from a build where there is one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from ide.dataset.checks import CheckInput
from ide.dataset.checks.check_input import Remark
from ide.dataset.config import DatasetConfig
from ide.dataset.schema import EXAMPLE_ID
from ide.store.examples import example_parts, open_part, read_examples, read_metadata
from ide.store.files import read_parquet, read_schema
from ide.store.gate_columns import read_gates
from ide.store.workspace import Workspace
from pipelines.arrays import label_numbers, matrix
from pipelines.features import read_raw_features
from pipelines.media import measure_media

_OF_BUILD = ("probs", "predicted", "is_out_of_sample", "embedding")


def read_check_input(
    workspace: Workspace,
    name: str,
    labels: pa.Table,
    build: Path | None,
    *,
    damage: Sequence[Remark],
    ignored_edits: Sequence[Remark],
) -> CheckInput:
    """Return what is known of a dataset under ``labels`` (see ``schema.LABELS``), rows by id.

    build: the folder of a build. One of other examples than are there now counts as none.
    """
    config = workspace.config(name)
    labels = labels.sort_by(EXAMPLE_ID)
    media = measure_media(workspace, name)
    metadata = read_metadata(workspace, name)
    parts, order = _provenance(workspace, name)
    return CheckInput(
        labels=labels,
        content_hashes=media["content_hash"].combine_chunks(),
        classes=config.classes,
        modality=config.modality,
        settings=config.checks,
        gates=read_gates(workspace, name, labels, media),
        damage=tuple(damage),
        ignored_edits=tuple(ignored_edits),
        media=media,
        metadata=metadata if metadata.num_columns else None,
        imported_in=parts,
        order=order,
        raw_features=read_raw_features(workspace, config),
        texts=_texts(workspace, config),
        **_of_build(labels, config, build),
    )


def _provenance(workspace: Workspace, name: str) -> tuple[np.ndarray | None, np.ndarray | None]:
    """Return the part that each example came in, None of one part, and its place: (N,) by id."""
    parts = example_parts(workspace, name)
    ids = read_examples(workspace, name, [EXAMPLE_ID])[EXAMPLE_ID].combine_chunks()
    by_id = pa.compute.sort_indices(ids).to_numpy()
    sizes = []
    for path in parts:
        with open_part(workspace, path) as file:
            sizes.append(file.metadata.num_rows)
    names = np.repeat(np.array([path.stem for path in parts], dtype=object), sizes)
    return (names[by_id] if len(parts) > 1 else None), (by_id if len(by_id) else None)


def _texts(workspace: Workspace, config: DatasetConfig) -> pa.Array | None:
    if config.modality != "text":
        return None
    columns = [EXAMPLE_ID, config.payload_column]
    examples = read_examples(workspace, config.name, columns).sort_by(EXAMPLE_ID)
    if config.payload_column not in examples.column_names:
        return None
    return examples[config.payload_column].combine_chunks()


def _of_build(labels: pa.Table, config: DatasetConfig, build: Path | None) -> dict[str, Any]:
    """Return what a build's network says of each example; nothing where it knows others."""
    path = build / "predictions.parquet" if build else None
    if path is None or not path.exists() or set(_OF_BUILD) - set(read_schema(path).names):
        return {}
    table = read_parquet(path, columns=[EXAMPLE_ID, *_OF_BUILD])
    if not table[EXAMPLE_ID].equals(labels[EXAMPLE_ID]):
        return {}
    probs = matrix(table["probs"])
    if probs.shape[1] != len(config.classes):
        return {}
    return {
        "probs": probs,
        "predicted": label_numbers(table["predicted"], config.classes),
        "is_out_of_sample": table["is_out_of_sample"].to_numpy(),
        "embeddings": matrix(table["embedding"]),
    }
