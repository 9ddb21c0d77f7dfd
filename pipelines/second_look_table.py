"""The second look as a table: written by compile, read by rank, which needs no torch for it."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from ide.dataset.schema import SECOND_LOOK
from ide.dataset.second_look import SecondLook
from ide.dataset.signals import Training
from pipelines.arrays import lists, matrix


def second_look_table(ids: pa.Array, look: SecondLook, again: Training) -> pa.Table:
    """Return ``schema.SECOND_LOOK``, a row an example, in the order of ``ids``."""
    columns = [
        ids,
        pa.array(look.labels.astype(np.int32)),
        pa.array(look.is_train),
        pa.array(look.is_trusted),
        pa.array(look.is_planted),
        lists(again.probs.astype(np.float32)),
        lists(again.mean_probs.astype(np.float32)),
        lists(np.ascontiguousarray(again.losses.T)),
        lists(np.ascontiguousarray(again.margins.T)),
        pa.array(again.el2n.astype(np.float32)),
        lists(again.embeddings.astype(np.float16)),
    ]
    return pa.table(columns, schema=SECOND_LOOK)


def read_second_look(table: pa.Table) -> tuple[Training, SecondLook]:
    """Give back what ``second_look_table`` took; N rows by example id."""
    of_trainings = Training(
        probs=matrix(table["probs"]),
        mean_probs=matrix(table["mean_probs"]),
        losses=np.ascontiguousarray(matrix(table["losses"]).T),
        margins=np.ascontiguousarray(matrix(table["margins"]).T),
        el2n=table["el2n"].to_numpy(),
        embeddings=matrix(table["embedding"]),
    )
    look = SecondLook(
        labels=table["label"].to_numpy().astype(np.int64),
        is_train=table["is_train"].to_numpy(),
        is_trusted=table["is_trusted"].to_numpy(),
        is_planted=table["is_planted"].to_numpy(),
    )
    return of_trainings, look
