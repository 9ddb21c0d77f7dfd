"""Issues as a person takes them on: a problem each, with the examples that it is about.

A check writes an issue a pair, so five copies of a picture are four issues. They are one problem:
all issues of one check and one group. What people do to the examples can settle a problem before
the next build looks again; which change does is a rule of the check, applied to the values in
force now. The Problems view has the same rules in ``problem_rules.js``, to follow a key at once.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ide.dataset.check_settings import SEVERITIES
from ide.dataset.schema import EXAMPLE_ID, POOL, SPLITS

# a row a problem, the worst first: by severity, check, and score from high to low
PROBLEMS = pa.schema(
    [
        ("problem_id", pa.string()),  # the issue_id of its first issue
        ("check", pa.string()),
        ("severity", pa.string()),
        ("score", pa.float32()),  # the highest of its issues
        ("message", pa.string()),  # of its first issue
        ("subject", pa.string()),  # of its first issue
        ("issue_rows", pa.list_(pa.int64())),  # where its issues stand in the table of issues
        ("example_ids", pa.list_(pa.string())),  # each once; none for an issue of the dataset
    ]
)

# which change of the values settles a problem, beside leaving out all but one of its examples
SAME_LABEL, SAME_SPLIT, COMPLETE, AGREED = "same_label", "same_split", "complete", "agreed"
FEWER_EXAMPLES = "fewer_examples"  # nothing but that
NEXT_BUILD = "next_build"  # nothing: only another build can tell
_RULES = {
    "conflicting_duplicates": SAME_LABEL,
    "near_conflicts": SAME_LABEL,
    "leaks": SAME_SPLIT,
    "near_leaks": SAME_SPLIT,
    "unknown_classes": COMPLETE,
    "nulls": COMPLETE,
    "conflicts": AGREED,
    "same_source": NEXT_BUILD,  # its two examples stand for all of their source
}


@dataclass(frozen=True, slots=True)
class Member:
    """What is true now of an example that a problem is about."""

    label: str | None
    split: str | None
    is_excluded: bool = False
    is_conflict: bool = False


def problem_table(issues: pa.Table) -> pa.Table:
    """Return the problems (see ``PROBLEMS``) that issues (see ``schema.ISSUES``) make up."""
    order = _worst_first(issues)
    ordered = issues.take(pa.array(order))
    same = pc.coalesce(ordered["group_id"], ordered["issue_id"])
    problem = _codes(pc.binary_join_element_wise(ordered["check"], same, "\0"))
    first = np.unique(problem, return_index=True)[1]  # a row a problem, in the order of the worst
    by_problem = np.argsort(problem, kind="stable")
    columns = {
        "problem_id": ordered["issue_id"].take(pa.array(first)),
        **{
            name: ordered[name].take(pa.array(first))
            for name in ("check", "severity", "score", "message", "subject")
        },
        "issue_rows": _lists(order[by_problem], problem[by_problem], len(first)),
        "example_ids": _examples(ordered, problem, len(first)),
    }
    return pa.table(columns, schema=PROBLEMS)


def _worst_first(issues: pa.Table) -> np.ndarray:
    """Return the order of issues by severity, check, score from high to low, and row: (M,) int."""
    severity = pc.fill_null(pc.index_in(issues["severity"], pa.array(SEVERITIES)), len(SEVERITIES))
    keys = {"severity": severity, "check": issues["check"], "score": pc.negate(issues["score"])}
    table = pa.table({**keys, "row": np.arange(len(issues))})
    order: np.ndarray = pc.sort_indices(table, [(c, "ascending") for c in table.column_names])
    return np.asarray(order).astype(np.int64)


def _examples(ordered: pa.Table, problem: np.ndarray, n: int) -> pa.Array:
    """Return the examples of each problem, each once: (n,) lists.

    Of a pair in the order of the issue; of several pairs, the one that they share comes first.
    """
    pairs = [ordered[EXAMPLE_ID].combine_chunks(), ordered["other_id"].combine_chunks()]
    ids = pa.concat_arrays([a.cast(pa.string()) for a in pairs])
    is_single = np.bincount(problem, minlength=n)[problem] == 1
    is_other = np.repeat([False, True], len(problem))
    comes_second = is_other == np.tile(is_single, 2)
    both = np.tile(problem, 2)
    order = np.lexsort((np.tile(np.arange(len(problem)), 2), comes_second, both))
    order = order[ids.is_valid().to_numpy(zero_copy_only=False)[order]]
    codes = _codes(ids).astype(np.int64)
    keys = both[order].astype(np.int64) * (codes.max(initial=0) + 1) + codes[order]
    kept = order[np.sort(np.unique(keys, return_index=True)[1])]
    values = ids.take(pa.array(kept))
    return pa.ListArray.from_arrays(_offsets(both[kept], n), values)


def _codes(values: pa.Array | pa.ChunkedArray) -> np.ndarray:
    """Return a number for each distinct value, in the order of first appearance; null is -1."""
    encoded = pa.chunked_array([values]) if isinstance(values, pa.Array) else values
    codes = encoded.combine_chunks().dictionary_encode()
    if isinstance(codes, pa.ChunkedArray):
        codes = codes.combine_chunks()
    return np.asarray(pc.fill_null(codes.indices, -1))


def _lists(values: np.ndarray, owner: np.ndarray, n: int) -> pa.Array:
    return pa.ListArray.from_arrays(_offsets(owner, n), pa.array(values, pa.int64()))


def _offsets(owner: np.ndarray, n: int) -> pa.Array:
    """Return where the list of each of n owners begins; owner: (M,) int, ascending."""
    return pa.array(np.searchsorted(owner, np.arange(n + 1)), pa.int32())


def rule_of(check: str, n_examples: int) -> str:
    """Return the rule by which a problem of ``n_examples`` is settled without a build."""
    return _RULES.get(check, FEWER_EXAMPLES) if n_examples else NEXT_BUILD


def _is_complete(member: Member, classes: Collection[str]) -> bool:
    """Whether an example has a split, and a label that is a class or, in the pool, none."""
    if member.label is None:
        return member.split == POOL
    return member.label in classes and member.split in SPLITS


def is_settled(rule: str, members: Sequence[Member], classes: Collection[str]) -> bool:
    """Whether the values in force leave nothing of a problem, whatever the last build found."""
    kept = [m for m in members if not m.is_excluded]
    if rule == NEXT_BUILD:
        return False
    if len(kept) < min(2, len(members)):
        return True
    if rule == SAME_LABEL:
        return len({m.label for m in kept if m.label is not None}) < 2
    if rule == SAME_SPLIT:
        return len({m.split for m in kept if m.split != POOL}) < 2
    if rule == COMPLETE:
        return all(_is_complete(m, classes) for m in kept)
    return rule == AGREED and not any(m.is_conflict for m in kept)
