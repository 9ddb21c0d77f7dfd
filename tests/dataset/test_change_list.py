"""The changes of a range as they are read: each once, in groups, the most frequent pair first."""

from __future__ import annotations

from itertools import pairwise

import pyarrow as pa
from hypothesis import given, settings

from ide.dataset.change_list import ChangeFilters, change_list, groups, narrowed, tally
from ide.dataset.changes import KINDS, changes
from ide.dataset.replay import replay
from tests.strategies import histories

IDS, SPLITS = pa.array(["x", "y"]), pa.array(["train", "test"])
IMPORTED = {"x": "cat", "y": "dog"}


def listed(edits):
    return change_list(changes({}, replay(edits), IMPORTED, edits=edits), IDS, SPLITS)


@settings(max_examples=30)
@given(histories())
def test_groups_are_runs_that_cover_the_list_in_the_order_of_kinds(edits):
    table = listed(edits)
    found = groups(table)
    assert [g.start for g in found] == [sum(g.n for g in found[:i]) for i in range(len(found))]
    assert sum(g.n for g in found) == len(table)
    for group in found:
        rows = table.slice(group.start, group.n)
        assert set(rows["kind"].to_pylist()) == {group.kind}
        assert set(rows["pair"].to_pylist()) == {group.pair}
    assert len({(g.kind, g.pair) for g in found}) == len(found)
    kinds = [KINDS.index(g.kind) for g in found]
    assert kinds == sorted(kinds)
    for a, b in pairwise(found):
        assert a.kind != b.kind or a.n >= b.n


@settings(max_examples=30)
@given(histories())
def test_a_filter_keeps_what_its_count_says(edits):
    table = listed(edits)
    for column, of in (("kind", "kind"), ("pair", "pair"), ("annotator", "annotator")):
        for value, n in tally(table, column).items():
            assert len(narrowed(table, ChangeFilters(**{of: value}))) == n
    both = [len(narrowed(table, ChangeFilters(split=s))) for s in ("train", "test")]
    assert sum(both) == len(table)


def test_an_example_that_is_not_there_is_listed_without_a_split():
    table = changes({}, {}, {})
    row = {"example_id": "gone", "kind": "relabelled", "before": "<b>", "after": "=1+1"}
    table = pa.Table.from_pylist(
        [{**dict.fromkeys(table.column_names), **row}], schema=table.schema
    )
    (found,) = change_list(table, IDS, SPLITS).to_pylist()
    assert (found["pair"], found["split"]) == ("<b> → =1+1", None)
