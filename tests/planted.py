"""Small datasets with faults planted in them, for the tests of checks."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from ide.dataset.checks import CheckInput
from ide.dataset.schema import LABELS, MEDIA

CLASSES = ("a", "b")


def media_table(n: int, **columns) -> pa.Table:
    """Return ``schema.MEDIA`` of n examples; what is not given is null."""
    ids = [f"{i:04d}" for i in range(n)]
    known = {"example_id": ids, **columns}
    return pa.table(
        [
            pa.array(known[f.name], f.type, from_pandas=True)
            if f.name in known
            else pa.nulls(n, f.type)
            for f in MEDIA
        ],
        schema=MEDIA,
    )


def plain_dataset(n: int = 200, **options) -> CheckInput:
    """n different examples of two classes in turn, two thirds for training: nothing is wrong."""
    ids = [f"{i:04d}" for i in range(n)]
    splits = [
        ("train", "train", "train", "train", "validation", "test")[i // 2 % 6] for i in range(n)
    ]
    values = {
        "example_id": ids,
        "label": [CLASSES[i % 2] for i in range(n)],
        "split": splits,
        "is_excluded": np.zeros(n, bool),
        "n_edits": np.zeros(n, np.int32),
        "annotator": pa.nulls(n, pa.string()),
        "is_conflict": np.zeros(n, bool),
    }
    given = dict(options)
    media = given.pop("media", {})
    values.update(given.pop("labels", {}))
    labels = pa.table([pa.array(values[f.name], f.type) for f in LABELS], schema=LABELS)
    if not isinstance(media, pa.Table):
        media = media_table(n, **media)
    return CheckInput(labels, pa.array(ids), given.pop("classes", CLASSES), media=media, **given)
