"""The changes of a range as people read them: by kind and class pair, narrowed, in groups."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from ide.dataset.changes import KINDS, UNPAIRED_KINDS
from ide.dataset.schema import EXAMPLE_ID, SPLIT

PAIR = "pair"  # "3 → 8", or the one value; "" where a kind's values are no classes or the like
ARROW = " → "


@dataclass(frozen=True, slots=True)
class ChangeFilters:
    """Which changes to show; None lets everything through."""

    kind: str | None = None
    pair: str | None = None
    annotator: str | None = None
    split: str | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """Changes of one kind and pair, which lie together: rows ``start`` … ``start + n - 1``."""

    kind: str
    pair: str
    start: int
    n: int


def change_list(table: pa.Table, ids: pa.Array, splits: pa.Array) -> pa.Table:
    """Return changes in the order that they are read in, with columns ``pair`` and ``split``.

    table: ``changes.CHANGES``. ids, splits: (N,) each example and its split now; null in the
    result where an example is not there. Sorted by kind (the order of ``KINDS``), the most
    frequent pair first, then by pair and example id.
    """
    is_paired = pc.invert(pc.is_in(table["kind"], pa.array(sorted(UNPAIRED_KINDS))))
    before, after = table["before"], table["after"]
    both = pc.binary_join_element_wise(before, after, ARROW)
    is_two = pc.fill_null(pc.not_equal(before, after), False)
    one = pc.coalesce(after, before, pa.scalar(""))
    pair = pc.if_else(is_paired, pc.if_else(is_two, both, one), "")
    places = pc.index_in(table[EXAMPLE_ID], value_set=ids)
    listed = table.append_column(PAIR, pair).append_column(SPLIT, splits.take(_whole(places)))
    counted = listed.group_by(["kind", PAIR], use_threads=False).aggregate([([], "count_all")])
    order = sorted(
        counted.to_pylist(), key=lambda g: (KINDS.index(g["kind"]), -g["count_all"], g[PAIR])
    )
    names = pa.array([_key(g["kind"], g[PAIR]) for g in order], pa.string())
    keys = pc.binary_join_element_wise(listed["kind"], listed[PAIR], "\0")
    listed = listed.append_column("order", pc.index_in(keys, value_set=names))
    by: Sequence[tuple[str, str]] = [("order", "ascending"), (EXAMPLE_ID, "ascending")]
    return listed.sort_by(by).drop_columns(["order"])


def narrowed(listed: pa.Table, filters: ChangeFilters) -> pa.Table:
    """Return the changes of a list that match; the order stays."""
    wanted = {
        "kind": filters.kind,
        PAIR: filters.pair,
        "annotator": filters.annotator,
        SPLIT: filters.split,
    }
    for column, value in wanted.items():
        if value is not None:
            listed = listed.filter(pc.equal(listed[column], value))
    return listed


def groups(listed: pa.Table) -> list[Group]:
    """Return the kinds and pairs of a list in its order, with where each lies."""
    found: list[Group] = []
    keys = pc.binary_join_element_wise(listed["kind"], listed[PAIR], "\0")
    encoded = keys.combine_chunks().dictionary_encode() if len(keys) else None
    if encoded is None:
        return found
    counts = pc.value_counts(encoded.indices).to_pylist()  # runs: they come in their order
    start = 0
    for each in counts:
        kind, _, pair = encoded.dictionary[each["values"]].as_py().partition("\0")
        found.append(Group(kind, pair, start, each["counts"]))
        start += each["counts"]
    return found


def tally(listed: pa.Table, column: str) -> dict[str, int]:
    """Return the values of a column with how often each is there, the most frequent first."""
    counted = pc.value_counts(listed[column]).to_pylist()
    rows = [(c["values"], c["counts"]) for c in counted if c["values"]]
    return dict(sorted(rows, key=lambda row: (-row[1], row[0])))


def _key(kind: str, pair: str) -> str:
    return f"{kind}\0{pair}"


def _whole(places: pa.ChunkedArray | pa.Array) -> pa.Array:
    return places.combine_chunks() if isinstance(places, pa.ChunkedArray) else places
