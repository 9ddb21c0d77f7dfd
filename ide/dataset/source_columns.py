"""The columns that a source brings beside ours, and the names they are kept under.

Views lay an example's own columns, its label, what a build says of it and what was measured of it
side by side. A column of the source that has the name of one of these gets another one, so that
neither takes the place of the other.
"""

from __future__ import annotations

from collections.abc import Collection

import pyarrow as pa

from ide.dataset.schema import EXAMPLE_ID, LABEL, LABELS, MEDIA, PAYLOAD_TYPES, SPLIT, URI

PREFIX = "source_"
# of examples/*.parquet itself
STORED = frozenset({EXAMPLE_ID, LABEL, SPLIT, URI, *PAYLOAD_TYPES})
# what an example's row has in views and conditions besides
JOINED = frozenset(
    {
        *LABELS.names,
        *MEDIA.names,
        *("imported_label", "is_judged", "has_issue"),
        *("rank", "suggested_label", "p_mislabeled", "margin", "reason", "predicted", "loss"),
    }
)


def kept_name(column: str, taken: Collection[str] = ()) -> str:
    """Return the name under which a column of a source is kept; upper and lower case are one.

    taken: names that others are kept under, in lower case.
    """
    name = column
    while name.lower() in STORED or name.lower() in JOINED or name.lower() in taken:
        name = PREFIX + name
    return name


def held_name(kept: str, held: Collection[str]) -> str:
    """Return the column of a dataset that goes on with a kept one.

    What an older version let in under a name of ours stays under it, so that one column of the
    source does not become two.
    """
    old = kept.removeprefix(PREFIX)
    goes_on = kept not in held and old in held and old.lower() not in STORED
    return old if goes_on else kept


def with_kept_names(examples: pa.Table, also: Collection[str] = ()) -> pa.Table:
    """Return examples whose own columns have no name of ours: those that an older version let in.

    The columns of ``examples/*.parquet`` itself stay as they are. also: further names of ours
    where the examples are shown.
    """
    ours = (JOINED - STORED).union(also)
    taken = {n.lower() for n in examples.column_names}
    if taken.isdisjoint(ours):
        return examples
    names = []
    for name in examples.column_names:
        is_ours = name.lower() in ours
        names.append(kept_name(PREFIX + name, taken) if is_ours else name)
        taken.add(names[-1].lower())
    return examples.rename_columns(names)
