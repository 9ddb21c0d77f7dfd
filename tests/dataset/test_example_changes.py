"""A diff applied to one side gives the other, also where examples came, went or came anew."""

from __future__ import annotations

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from ide.dataset.changes import CHANGES, Imported, changes
from ide.dataset.example_changes import with_examples
from ide.dataset.replay import UNTOUCHED, replay
from tests.strategies import histories

INVERSE = {
    "added": "removed",
    "relabelled": "relabelled",
    "labelled": "unlabelled",
    "excluded": "restored",
    "moved": "moved",
    "tagged": "untagged",
    "dismissed": "reopened",
    "commented": "uncommented",
}
INVERSE |= {after: before for before, after in INVERSE.items()}
# which examples there are, and what each came with
sources = st.dictionaries(
    st.sampled_from("xyz"),
    st.builds(Imported, st.sampled_from(("cat", "dog", None)), st.sampled_from(("train", "pool"))),
)


@st.composite
def sides(draw):
    """Two sides: examples and edits, with some edits in common, as of two branches."""
    common = draw(histories(max_size=6))
    return tuple(
        (draw(sources), [*common, *draw(histories(max_size=4, first_id=first))])
        for first in (100, 200)
    )


def diff_of(a, b):
    """The diff of two sides, put together as the store does."""
    (old, was), (new, is_) = a, b
    before, after = replay(was), replay(is_)
    known = {**new, **old}
    table = changes(
        before,
        after,
        {i: value.label for i, value in known.items()},
        edits=[*was, *is_],
        splits={i: value.split for i, value in known.items()},
        reimported={i: new[i] for i in old.keys() & new.keys() if old[i] != new[i]},
    )
    only = [
        {i: one[i] for i in one.keys() - other.keys()} for one, other in ((new, old), (old, new))
    ]
    added, removed = (
        pa.table({"example_id": pa.array(sorted(own), pa.string()),
                  "label": pa.array([own[i].label for i in sorted(own)], pa.string())})
        for own in only
    )  # fmt: skip
    return with_examples(
        table, added=added, removed=removed, before=before, after=after, edits=[*was, *is_]
    )


def view(side):
    """What is true of a side: the label of each example; which ids are excluded, and tagged."""
    source, edits = side
    states = replay(edits)
    labels = {}
    for i, value in source.items():
        label = states.get(i, UNTOUCHED).label
        labels[i] = label if label is not None else value.label
    excluded = {i for i, state in states.items() if state.is_excluded}
    tags = {(i, tag) for i, state in states.items() for tag in state.tags}
    return labels, excluded, tags


def applied(side, table, imported):
    """A side's view with the rows of a diff applied to it."""
    labels, excluded, tags = view(side)
    for row in table.to_pylist():
        example_id, kind, after = row["example_id"], row["kind"], row["after"]
        if kind == "removed":
            assert labels.pop(example_id) == row["before"]
        elif kind in ("added", "relabelled", "labelled", "unlabelled", "resolved"):
            labels[example_id] = after
        elif kind == "disputed":  # nothing trains on a value that people dispute
            labels[example_id] = imported[example_id].label if example_id in imported else None
        elif kind in ("excluded", "restored"):
            (excluded.add if kind == "excluded" else excluded.discard)(example_id)
        elif kind in ("tagged", "untagged"):
            tag = (example_id, after or row["before"])
            (tags.add if kind == "tagged" else tags.discard)(tag)
    return labels, excluded, tags


@settings(max_examples=60)
@given(sides())
def test_a_diff_applied_to_one_side_gives_the_other(two):
    a, b = two
    table = diff_of(a, b)
    assert table.schema == CHANGES
    labels, excluded, tags = applied(a, table, b[0])
    known = {i: label for i, label in labels.items() if i in b[0]}  # edits of none are of none
    assert (known, excluded, tags) == view(b)
    assert set(labels) - set(b[0]) <= {e.example_id for e in (*a[1], *b[1])} - set(a[0])


@settings(max_examples=60)
@given(sides())
def test_a_side_and_itself_differ_in_nothing_and_the_way_back_is_the_inverse(two):
    a, b = two
    assert len(diff_of(a, a)) == 0

    def rows(table, *, swapped):
        found = []
        for row in table.to_pylist():
            if row["kind"] in INVERSE:
                kind = INVERSE[row["kind"]] if swapped else row["kind"]
                ends = (row["before"], row["after"])
                found.append((row["example_id"], kind, *(reversed(ends) if swapped else ends)))
        return sorted(found, key=repr)

    assert rows(diff_of(b, a), swapped=True) == rows(diff_of(a, b), swapped=False)
