"""The checks by name, what they are given, and how their findings become one table."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ide.dataset.schema import EXAMPLE_ID, ISSUES, LABEL, SPLIT

SEVERITIES = ("error", "warning", "note")  # most severe first


@dataclass(frozen=True, slots=True)
class CheckInput:
    """All that a check may know of a dataset; rows of one length, in one order."""

    labels: pa.Table  # (N,) schema.LABELS: the labels in force
    content_hashes: pa.Array  # (N,) string, equal for equal payloads
    classes: tuple[str, ...]
    min_class_size: int = 10  # fewer training examples than this are hardly learnt

    @property
    def kept(self) -> np.ndarray:
        """Indices of the rows that are not excluded, (M,) int."""
        return np.flatnonzero(~self.labels["is_excluded"].to_numpy())

    def column(self, name: str) -> np.ndarray:
        """A column of ``labels`` as (N,) objects; null is None."""
        return np.array(self.labels[name].to_pylist(), dtype=object)


@dataclass(frozen=True, slots=True)
class Issue:
    """One finding."""

    example_id: str | None  # None where it is the dataset's
    other_id: str | None
    score: float  # 0 … 1, higher = worse
    message: str
    group_id: str | None = None  # smallest example id of a group of duplicates
    subject: str | None = None  # the class, split, column or slice it is about


CheckFunction = Callable[[CheckInput], Iterable[Issue]]


@dataclass(frozen=True, slots=True)
class Check:
    """A registered check."""

    name: str
    severity: str
    function: CheckFunction

    @property
    def summary(self) -> str:
        """The first line of its docstring: what it finds."""
        return (self.function.__doc__ or "").strip().splitlines()[0]


CHECKS: dict[str, Check] = {}


def check(name: str, *, severity: str) -> Callable[[CheckFunction], CheckFunction]:
    """Register a check under ``name``; ``severity`` is error, warning or note."""
    if severity not in SEVERITIES:
        raise ValueError(f"severity must be one of {', '.join(SEVERITIES)}, got {severity!r}.")

    def register(function: CheckFunction) -> CheckFunction:
        CHECKS[name] = Check(name, severity, function)
        return function

    return register


def run_checks(dataset: CheckInput, names: Iterable[str] | None = None) -> pa.Table:
    """Run the checks (all, if not named) and give ``schema.ISSUES``, most severe first.

    The order is by severity, check, and score from high to low, then by ids, whatever the order
    of the rows given.
    """
    chosen = [CHECKS[name] for name in (CHECKS if names is None else names)]
    rows = [
        (SEVERITIES.index(c.severity), c.name, -i.score, i.example_id or "", i.other_id or "", i, c)
        for c in chosen
        for i in c.function(dataset)
    ]
    rows.sort(key=lambda row: (*row[:5], row[5].message))
    return pa.Table.from_pylist(
        [
            {
                "check": c.name,
                "severity": c.severity,
                EXAMPLE_ID: i.example_id,
                "other_id": i.other_id,
                "score": i.score,
                "message": i.message,
                "issue_id": issue_id(c.name, i),
                "group_id": i.group_id,
                "subject": i.subject,
            }
            for *_, i, c in rows
        ],
        schema=ISSUES,
    )


def issue_id(check_name: str, issue: Issue) -> str:
    """Return 16 hex digits that name a finding in every build that finds it."""
    parts = (check_name, issue.example_id or "", issue.other_id or "", issue.subject or "")
    return hashlib.blake2b("\0".join(parts).encode(), digest_size=8).hexdigest()


@dataclass(frozen=True, slots=True)
class Row:
    """What a check of duplicates compares."""

    example_id: str
    label: str | None
    split: str


def duplicate_groups(dataset: CheckInput) -> Iterator[list[Row]]:
    """Yield the kept rows that share their content, two or more at a time, each group by id."""
    kept = pa.array(dataset.kept)
    rows = dataset.labels.select([EXAMPLE_ID, LABEL, SPLIT]).take(kept)
    codes = pc.dictionary_encode(pc.take(dataset.content_hashes, kept)).indices.to_numpy()
    repeated = np.flatnonzero(np.bincount(codes)[codes] > 1) if len(codes) else codes
    by_content: dict[int, list[Row]] = {}
    for code, row in zip(codes[repeated], rows.take(pa.array(repeated)).to_pylist(), strict=True):
        by_content.setdefault(int(code), []).append(Row(row[EXAMPLE_ID], row[LABEL], row[SPLIT]))
    for group in by_content.values():
        yield sorted(group, key=lambda row: row.example_id)
