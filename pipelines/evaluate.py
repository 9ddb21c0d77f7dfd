"""evaluate: how good the network is, on each split, class and slice."""

from __future__ import annotations

import numpy as np

from ide.dataset.metrics import evaluate as measure
from ide.dataset.schema import SPLIT
from ide.dataset.slices import slices
from ide.store.examples import read_metadata
from ide.store.files import read_parquet, read_schema, write_json, write_parquet
from ide.store.workspace import Workspace
from pipelines.arrays import label_numbers, matrix
from pipelines.stage import run_stage


def evaluate(workspace: Workspace, name: str) -> None:
    """Write ``metrics.json`` and ``slices.parquet``."""
    build = workspace.build_path(name)
    classes = workspace.config(name).classes
    targets = read_parquet(build / "targets.parquet")
    columns = ["predicted", "probs"]
    predictions = read_parquet(build / "predictions.parquet", columns=columns)
    metadata = read_metadata(workspace, name)
    suspects = read_schema(build / "suspects.parquet").metadata
    build_id = predictions.schema.metadata[b"upwell.build_id"].decode()
    table = slices(targets, predictions, metadata)
    write_parquet(build / "slices.parquet", table, metadata={"upwell.build_id": build_id})
    metrics = measure(
        label_numbers(targets["label"], classes),
        label_numbers(predictions["predicted"], classes),
        matrix(predictions["probs"]),
        np.asarray(targets[SPLIT].to_pylist(), dtype=object),
        classes,
        is_left_out=targets["is_excluded"].to_numpy() | targets["is_conflict"].to_numpy(),
    )
    estimated = float(suspects[b"upwell.estimated_label_errors"])
    write_json(
        build / "metrics.json",
        {"build_id": build_id, "estimated_label_errors": estimated, **metrics},
    )


if __name__ == "__main__":
    run_stage("evaluate", evaluate)
