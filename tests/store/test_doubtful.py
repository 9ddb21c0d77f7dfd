"""Errors are looked for in few rows, and are those of all rows."""

from __future__ import annotations

import pyarrow as pa

from ide.dataset.checks import CHECKS, run_checks
from ide.dataset.schema import EXAMPLE_ID
from ide.store.blocking import _input, standing_errors
from ide.store.doubtful import CHECKS_OF_DOUBTFUL
from ide.store.edit_log import append_edits
from ide.store.files import write_parquet
from ide.store.state import current_labels
from tests.store.tiny import edit, tiny_workspace


def test_the_errors_of_doubtful_rows_are_those_of_all_rows(tmp_path):
    pets = tiny_workspace(tmp_path / "work", is_repository=False)
    rows = {
        "example_id": ["x0", "y0", "y1", "y2", "y3", "y4"],
        "split": ["train", None, "nowhere", "train", "pool", "test"],
        "label": ["cat", "dog", "cat", None, None, "wolf"],
        "text": list("abcdef"),
    }
    write_parquet(pets.examples_path("pets") / "part-2.parquet", pa.table(rows))
    edit(pets, "x1", "label", "cat")
    edit(pets, "x3", "exclude")
    rival = edit(pets, "x2", "label", "dog", annotator="ben")
    edit(pets, "y4", "label", "dog")  # which mends it
    own = edit(pets, "x4", "label", "dog")
    wolf = {"edit_id": own.edit_id[:-4] + "abcd", "previous": (own.edit_id,), "value": "wolf"}
    append_edits(pets, "pets", [type(own)(**_fields(own) | wolf)])
    other = {"edit_id": rival.edit_id[:-4] + "dcba", "value": "cat", "annotator": "ada"}
    append_edits(pets, "pets", [type(rival)(**_fields(rival) | other)])
    labels = current_labels(pets, "pets").sort_by(EXAMPLE_ID)
    names = [c.name for c in CHECKS.values() if c.severity == "error" and not c.needs]
    names = sorted(CHECKS_OF_DOUBTFUL.intersection(names) - {"conflicting_duplicates", "leaks"})
    wanted = run_checks(_input(pets, "pets", labels, None), names).to_pylist()
    found = standing_errors(pets, "pets")
    assert [{k: v for k, v in row.items() if k != "dataset"} for row in found] == wanted
    assert {row["check"] for row in found} == {
        *("conflicts", "nulls", "repeated_ids", "unknown_classes")
    }


def _fields(edit):
    return {name: getattr(edit, name) for name in edit.__slots__}
