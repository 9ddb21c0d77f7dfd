"""What the training record costs: a fit that keeps and writes it against the same fit without.

    python benchmarks/training_record.py [--repeats 7]

Both fits train the same weights on scikit-learn's digits (30 epochs, one thread) and make the same
held-out pass an epoch, which the validation curve needs anyhow. They take turns, first one and
then the other leading, so that other load meets both alike. Writing means ``dynamics.parquet`` as
the build has it, and the record's columns of ``predictions.parquet``. Aim: at most 10 %.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
from sklearn.datasets import load_digits

sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks.sizes import sized
from ide.dataset.splits import assign_splits
from ide.store.files import write_parquet
from models import build_model
from models.fit import fit
from pipelines.training_data import TrainingData
from pipelines.training_tables import dynamics_table

OPTIONS = {"epochs": 30, "batch_size": 64, "learning_rate": 0.003, "weight_decay": 0.01, "seed": 0}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=7)
    options = sized(parser, repeats=1)
    repeats = options.repeats
    if options.smallest:
        OPTIONS["epochs"] = 1
    data = digits()
    with tempfile.TemporaryDirectory() as folder:
        once(data, None)  # warms the caches
        pairs = []
        for turn in range(repeats):
            order = (None, Path(folder)) if turn % 2 else (Path(folder), None)
            seconds = {path: once(data, path) for path in order}
            pairs.append((seconds[None], seconds[Path(folder)]))
            print(f"without {pairs[-1][0]:.3f} s, with {pairs[-1][1]:.3f} s", flush=True)
    without, kept = (statistics.median(column) for column in zip(*pairs, strict=True))
    cost = statistics.median(b / a - 1 for a, b in pairs)
    print(f"median of {repeats}: without {without:.3f} s, kept and written {kept:.3f} s")
    print(f"the record costs {100 * cost:.1f} % of training (median of the pairs; aim ≤ 10 %)")


def digits() -> TrainingData:
    bunch = load_digits()
    ids = [f"{row:04d}" for row in range(len(bunch.target))]
    names = [str(k) for k in bunch.target]
    splits = np.array(assign_splits(ids, names, seed=0, validation=0.15, test=0.25))
    images = np.round(bunch.images * 255 / 16).astype(np.uint8)[:, None]
    everyone = np.ones(len(ids), bool)
    return TrainingData(
        ids=pa.array(ids),
        images=images,
        labels=bunch.target.astype(np.int64),
        is_train=splits == "train",
        is_listed=everyone,
        is_candidate=everyone,
        targets_hash="",
    )


def once(data: TrainingData, folder: Path | None) -> float:
    """Seconds of one fit; with a folder the record is kept and written there."""
    model = build_model("small_cnn", n_classes=10, input_shape=(1, 8, 8), seed=0)
    start = time.perf_counter()
    record = fit(
        model, data.images, data.labels, data.is_train, **OPTIONS, is_recorded=folder is not None
    )
    if record is not None and folder is not None:
        write_parquet(folder / "dynamics.parquet", dynamics_table(data, record), metadata={})
        columns = {
            "example_id": data.ids,
            "mean_probs": pa.array(list(record.mean_probs)),
            "el2n": pa.array(record.el2n),
        }
        write_parquet(folder / "averages.parquet", pa.table(columns), metadata={})
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
