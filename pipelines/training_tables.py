"""The training record and the predictions as tables, rows by example id."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from ide.dataset.schema import DYNAMICS, PREDICTIONS
from models.fit import TrainingRecord
from models.predict import Predictions
from pipelines.arrays import lists
from pipelines.training_data import TrainingData

SMALLEST_PROB = 1e-12  # a probability of 0 in float32 still costs a finite loss


def dynamics_table(data: TrainingData, record: TrainingRecord) -> pa.Table:
    """Return a row an example an epoch (see ``schema.DYNAMICS``); examples without a label none."""
    labelled = np.flatnonzero(data.labels >= 0)
    n_epochs = len(record.losses)
    rows = np.repeat(labelled, n_epochs)
    epochs = np.tile(np.arange(1, n_epochs + 1, dtype=np.int16), len(labelled))
    columns = [
        data.ids.take(pa.array(rows)),
        pa.array(epochs),
        pa.array(record.losses[:, labelled].T.ravel()),  # (E, N) -> (N · E,)
        pa.array(record.margins[:, labelled].T.ravel()),
    ]
    return pa.table(columns, schema=DYNAMICS)


def predictions_table(
    data: TrainingData,
    record: TrainingRecord,
    predictions: Predictions,
    classes: tuple[str, ...],
) -> pa.Table:
    """Return a row an example (see ``schema.PREDICTIONS``)."""
    probs = predictions.probs
    has_label = data.labels >= 0
    given = probs[np.arange(len(probs)), data.labels.clip(0)]
    loss = -np.log(np.maximum(given, SMALLEST_PROB)).astype(np.float32)
    columns = [
        data.ids,
        lists(probs.astype(np.float32)),
        pa.array(classes, pa.string()).take(pa.array(probs.argmax(1))),
        pa.array(np.abs(loss), mask=~has_label),  # −log 1 is −0
        pa.array(~data.is_train),
        lists(predictions.embeddings.astype(np.float16)),
        lists(record.mean_probs.astype(np.float32)),
        pa.array(record.el2n.astype(np.float32), mask=~has_label),
    ]
    return pa.table(columns, schema=PREDICTIONS)
