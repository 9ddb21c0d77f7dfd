"""The checks by name, and how their findings become one table."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import pyarrow as pa

from ide.dataset.check_settings import OFF, SEVERITIES
from ide.dataset.checks.check_input import NEEDS, CheckInput
from ide.dataset.schema import EXAMPLE_ID, ISSUES

__all__ = ["CHECKS", "Check", "CheckFunction", "CheckInput", "Issue", "check"]


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
    """A registered check: ``needs`` are the fields of its input without which it is skipped."""

    name: str
    severity: str
    function: CheckFunction
    needs: tuple[str, ...] = ()

    @property
    def summary(self) -> str:
        """The first line of its docstring: what it finds."""
        return (self.function.__doc__ or "").strip().splitlines()[0]

    def lacks(self, dataset: CheckInput) -> list[str]:
        """Say in words what it needs and the dataset does not have."""
        lacking = [NEEDS[need] for need in self.needs if getattr(dataset, need) is None]
        return list(dict.fromkeys(lacking))


CHECKS: dict[str, Check] = {}
_REGISTERING: list[dict[str, Check]] = [CHECKS]  # the last one takes what is registered


def check(
    name: str, *, severity: str, needs: Sequence[str] = ()
) -> Callable[[CheckFunction], CheckFunction]:
    """Register a check under ``name``; ``severity`` is error, warning or note.

    needs: fields of ``CheckInput`` (see ``NEEDS``); where one of them is None the check is
    skipped, and whoever runs the checks says so.
    """
    if severity not in SEVERITIES:
        raise ValueError(f"severity must be one of {', '.join(SEVERITIES)}, got {severity!r}.")
    if unknown := set(needs) - set(NEEDS):
        raise ValueError(f"needs must be of {', '.join(NEEDS)}, got {min(unknown)!r}.")

    def register(function: CheckFunction) -> CheckFunction:
        _REGISTERING[-1][name] = Check(name, severity, function, tuple(needs))
        return function

    return register


@contextmanager
def registering_in(checks: dict[str, Check]) -> Iterator[None]:
    """Let ``@check`` register in ``checks``: a dataset's own are no other dataset's."""
    _REGISTERING.append(checks)
    try:
        yield
    finally:
        _REGISTERING.remove(checks)


def enabled_checks(
    severity: Mapping[str, str], checks: Mapping[str, Check] | None = None
) -> list[Check]:
    """Return checks (default: all of ours) with the severities that a dataset sets, less "off"."""
    given = CHECKS if checks is None else checks
    wanted = {c.name: severity.get(c.name, c.severity) for c in given.values()}
    return [
        Check(c.name, wanted[c.name], c.function, c.needs)
        for c in given.values()
        if wanted[c.name] != OFF
    ]


def run_checks(
    dataset: CheckInput,
    names: Iterable[str] | None = None,
    *,
    checks: Mapping[str, Check] | None = None,
    on_progress: Callable[[str], None] | None = None,
) -> pa.Table:
    """Run checks (all, if not named) and give ``schema.ISSUES``, most severe first.

    Severities are those of ``dataset.settings``; a check that is off, or that lacks what it
    needs, does not run. The order is by severity, check, and score from high to low, then by
    ids, whatever the order of the rows given. on_progress: told each check's name before it runs.
    """
    given = CHECKS if checks is None else checks
    chosen = {name: given[name] for name in (given if names is None else names)}
    ordered = dataset.by_id()
    found: list[tuple[Check, Issue]] = []
    for each in enabled_checks(dataset.settings.severity, chosen):
        if each.lacks(ordered):
            continue
        if on_progress is not None:
            on_progress(each.name)
        found += [(each, issue) for issue in each.function(ordered)]
    return issue_table(found)


def skipped_checks(
    dataset: CheckInput, checks: Mapping[str, Check] | None = None
) -> dict[str, list[str]]:
    """Return the checks that do not run for want of something, and what they lack, in words."""
    enabled = enabled_checks(dataset.settings.severity, checks)
    return {c.name: lacking for c in enabled if (lacking := c.lacks(dataset))}


def issue_table(found: Iterable[tuple[Check, Issue]]) -> pa.Table:
    """Return ``schema.ISSUES`` of findings, ordered as ``run_checks`` says."""
    rows = sorted(found, key=_worst_first)
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
            for c, i in rows
        ],
        schema=ISSUES,
    )


def _worst_first(row: tuple[Check, Issue]) -> tuple[int, str, float, str, str, str]:
    c, i = row
    severity = SEVERITIES.index(c.severity)
    return severity, c.name, -i.score, i.example_id or "", i.other_id or "", i.message


def issue_id(check_name: str, issue: Issue) -> str:
    """Return 16 hex digits that name a finding in every build that finds it."""
    parts = (check_name, issue.example_id or "", issue.other_id or "", issue.subject or "")
    return hashlib.blake2b("\0".join(parts).encode(), digest_size=8).hexdigest()
