"""rank: which labels are probably wrong, from compile's two trainings."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa

from ide.dataset.label_errors import label_errors
from ide.dataset.schema import EXAMPLE_ID, SPLIT
from ide.dataset.signals import Training
from ide.dataset.suspects import Labelled
from ide.dataset.suspects import rank as rank_suspects
from ide.store.files import read_parquet, write_parquet
from ide.store.workspace import Workspace
from pipelines.arrays import label_numbers, matrix
from pipelines.features import read_raw_features
from pipelines.second_look_table import read_second_look
from pipelines.stage import run_stage


def rank(workspace: Workspace, name: str) -> None:
    """Write ``suspects.parquet`` and ``label_errors.parquet``, how many labels are wrong."""
    build, config = workspace.build_path(name), workspace.config(name)
    targets = read_parquet(build / "targets.parquet")
    predictions = read_parquet(
        build / "predictions.parquet",
        columns=["probs", "mean_probs", "el2n", "embedding", "is_out_of_sample"],
    )
    labels = label_numbers(targets["label"], config.classes)
    examples = Labelled(
        example_ids=targets[EXAMPLE_ID].to_pylist(),
        labels=labels,
        splits=targets[SPLIT].to_pylist(),
        classes=config.classes,
        is_train=~predictions["is_out_of_sample"].to_numpy(),
        is_excluded=targets["is_excluded"].to_numpy(),
        is_conflict=targets["is_conflict"].to_numpy(),
    )
    second, look = read_second_look(read_parquet(build / "second_look.parquet"))
    suspects = rank_suspects(
        examples,
        _first(build, predictions, labels),
        second=second,
        look=look,
        raw_features=read_raw_features(workspace, config),
    )
    metadata = {"upwell.build_id": predictions.schema.metadata[b"upwell.build_id"].decode()}
    write_parquet(build / "suspects.parquet", suspects, metadata=metadata)
    write_parquet(build / "label_errors.parquet", label_errors(suspects), metadata=metadata)


def _first(build: Path, predictions: pa.Table, labels: np.ndarray) -> Training:
    dynamics = read_parquet(build / "dynamics.parquet", columns=["loss", "margin"])
    return Training(
        probs=matrix(predictions["probs"]),
        mean_probs=matrix(predictions["mean_probs"]),
        losses=_by_epoch(dynamics["loss"], labels),
        margins=_by_epoch(dynamics["margin"], labels),
        el2n=predictions["el2n"].to_numpy(),
        embeddings=matrix(predictions["embedding"]),
    )


def _by_epoch(column: pa.ChunkedArray, labels: np.ndarray) -> np.ndarray:
    """Return (E, N), NaN where an example has no label and so no row."""
    labelled = np.flatnonzero(labels >= 0)
    of_labelled = column.to_numpy().reshape(len(labelled), -1)  # (M, E)
    values = np.full((of_labelled.shape[1], len(labels)), np.nan, np.float32)
    values[:, labelled] = of_labelled.T
    return values


if __name__ == "__main__":
    run_stage("rank", rank)
