"""rank: which labels are probably wrong, from the training record and the network's features."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from ide.dataset.schema import EXAMPLE_ID, SPLIT
from ide.dataset.suspects import rank as rank_suspects
from ide.store.files import read_parquet, write_parquet
from ide.store.workspace import Workspace
from pipelines.arrays import label_numbers, matrix
from pipelines.stage import run_stage


def rank(workspace: Workspace, name: str) -> None:
    """Write ``suspects.parquet``; its metadata say how many labels are probably wrong."""
    build = workspace.build_path(name)
    classes = workspace.config(name).classes
    targets = read_parquet(build / "targets.parquet")
    columns = ["probs", "mean_probs", "el2n", "embedding", "is_out_of_sample"]
    predictions = read_parquet(build / "predictions.parquet", columns=columns)
    labels = label_numbers(targets["label"], classes)
    suspects = rank_suspects(
        example_ids=targets[EXAMPLE_ID].to_pylist(),
        labels=labels,
        splits=targets[SPLIT].to_pylist(),
        classes=classes,
        probs=matrix(predictions["probs"]),
        mean_probs=matrix(predictions["mean_probs"]),
        margins=_margins(read_parquet(build / "dynamics.parquet", columns=["margin"]), labels),
        el2n=predictions["el2n"].to_numpy(),
        embeddings=matrix(predictions["embedding"]),
        is_train=~predictions["is_out_of_sample"].to_numpy(),
        is_excluded=targets["is_excluded"].to_numpy(),
        is_conflict=targets["is_conflict"].to_numpy(),
    )
    build_id = predictions.schema.metadata[b"upwell.build_id"].decode()
    write_parquet(build / "suspects.parquet", suspects, metadata={"upwell.build_id": build_id})


def _margins(dynamics: pa.Table, labels: np.ndarray) -> np.ndarray:
    """Return (E, N) margins, NaN where an example has no label and so no row."""
    labelled = np.flatnonzero(labels >= 0)
    of_labelled = dynamics["margin"].to_numpy().reshape(len(labelled), -1)  # (M, E)
    margins = np.full((of_labelled.shape[1], len(labels)), np.nan, np.float32)
    margins[:, labelled] = of_labelled.T
    return margins


if __name__ == "__main__":
    run_stage("rank", rank)
