"""What a build takes from the edit log: which edits count, and what training sees of them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.parquet as pq

from ide.dataset.edit import Edit
from ide.dataset.schema import SPLITS


@dataclass(frozen=True, slots=True)
class IgnoredEdit:
    """An edit that a build cannot use, and why; the rest of the log is built."""

    edit: Edit
    message: str


def usable_edits(
    edits: Iterable[Edit], classes: Sequence[str]
) -> tuple[list[Edit], list[IgnoredEdit]]:
    """Part the edits whose value means something here from those whose value does not.

    A label that is no class any more (or not yet: another branch may have added it) would leave
    an example with a target that no network has; the value before it stands instead.
    """
    known = frozenset(classes)
    usable, ignored = [], []
    for edit in edits:
        if edit.action in ("label", "confirm", "vote") and (edit.value or "") not in known:
            message = f"label {(edit.value or '')[:80]!r} is not a class"
            ignored.append(IgnoredEdit(edit, message))
        elif edit.action == "split" and edit.value not in SPLITS:
            ignored.append(IgnoredEdit(edit, f"split {(edit.value or '')[:80]!r} is not a split"))
        else:
            usable.append(edit)
    return usable, ignored


def edit_set_hash(edit_ids: Iterable[str]) -> str:
    """Return 16 hex digits that name a set of edits, whatever the order and repeats."""
    return hashlib.blake2b("\n".join(sorted(set(edit_ids))).encode(), digest_size=8).hexdigest()


def table_hash(table: pa.Table) -> str:
    """Return 16 hex digits that name a table's rows and schema, however its memory lies."""
    sink = pa.BufferOutputStream()
    pq.write_table(table.replace_schema_metadata(None), sink, compression="none")
    return hashlib.blake2b(sink.getvalue(), digest_size=8).hexdigest()
