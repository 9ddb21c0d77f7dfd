"""A dataset's own checks: Python files and SQL queries in ``datasets/<name>/checks/``.

They are the workspace's own code. So they run where a person or CI runs ``upwell check`` or
``upwell compile``, and never because the workbench is open; those in Python only in a workspace
that a person has trusted (``ide.store.trust``). A query can only read.
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from ide.dataset.check_settings import OFF, SEVERITIES
from ide.dataset.checks.registry import (
    CHECKS,
    Check,
    CheckInput,
    Issue,
    issue_table,
    registering_in,
    run_checks,
)
from ide.dataset.errors import QueryError, UntrustedError
from ide.store.workspace import Workspace

MAX_ROWS = 100_000  # of a SQL check
_COLUMNS = ("example_id", "other_id", "score", "message", "severity")


def all_issues(
    workspace: Workspace,
    name: str,
    dataset: CheckInput,
    *,
    on_progress: Callable[[str], None],
    with_code: bool = True,
) -> tuple[pa.Table, list[str]]:
    """Run our checks and the dataset's own; return ``schema.ISSUES``, and what broke.

    with_code: whether those in Python may run. DVC's stage does not ask: who ran it has run the
    commands of ``dvc.yaml``.
    """
    found = run_checks(dataset, on_progress=on_progress)
    own, broken = run_own_checks(
        workspace, name, dataset, on_progress=on_progress, with_code=with_code
    )
    issues = pa.concat_tables([found, own])
    severity = pc.index_in(issues["severity"], pa.array(SEVERITIES))
    return issues.take(pc.sort_indices(severity)), broken


def run_own_checks(
    workspace: Workspace,
    name: str,
    dataset: CheckInput,
    *,
    on_progress: Callable[[str], None],
    with_code: bool = True,
) -> tuple[pa.Table, list[str]]:
    """Run a dataset's own checks; return ``schema.ISSUES``, and a sentence for each that broke.

    One that breaks says so with its file and line, and the others still run. with_code: else
    those in Python are left out, and that is said.
    """
    found: list[tuple[Check, Issue]] = []
    broken: list[str] = []
    ordered = dataset.by_id()
    folder = workspace.checks_path(name)
    taken = dict.fromkeys(CHECKS, "Upwell")
    files = sorted(folder.glob("*.py"))
    if files and not with_code:
        names = ", ".join(workspace.relative(path) for path in files)
        broken.append(str(UntrustedError(workspace.root, f"{names} did not run, being programs")))
    for path in files if with_code else ():
        checks: dict[str, Check] = {}
        where = workspace.relative(path)
        try:
            with registering_in(checks):
                _execute(path)
        except Exception as error:  # noqa: BLE001 (a person's code may raise anything)
            broken.append(_sentence(error, path, where))
        for check in checks.values():
            on_progress(check.name)
            try:
                _take_name(check.name, where, taken)
                found += _run(check, ordered)
            except Exception as error:  # noqa: BLE001
                broken.append(_sentence(error, path, where))
    for path in sorted(folder.glob("*.sql")):
        on_progress(path.stem)
        try:
            _take_name(path.stem, workspace.relative(path), taken)
            issues, is_cut = _query(workspace, path, ordered)
            found += issues
            if is_cut:
                broken.append(
                    f"{workspace.relative(path)}: it gave more than the {len(issues):,} rows that "
                    "are taken; narrow it, or have it give a row a group"
                )
        except (QueryError, ValueError, OSError) as error:
            broken.append(f"{workspace.relative(path)}: {error}")
    return issue_table(found), broken


def _take_name(name: str, where: str, taken: dict[str, str]) -> None:
    """Refuse a second check of one name: severities and dismissals go by the name."""
    if name in taken:
        raise ValueError(f"a check {name!r} is in {taken[name]} already; give this another name")
    taken[name] = where


def _execute(path: Path) -> None:
    """Run a file as a module of its own, leaving no bytecode beside it."""
    module = ModuleType(f"upwell_checks_{path.stem}")
    module.__file__ = str(path)
    sys.modules[module.__name__] = module  # dataclasses look their module up
    exec(compile(path.read_bytes(), str(path), "exec"), module.__dict__)


def _run(check: Check, dataset: CheckInput) -> list[tuple[Check, Issue]]:
    severity = dataset.settings.severity.get(check.name, check.severity)
    if severity == OFF or check.lacks(dataset):
        return []
    known = set(dataset.ids)
    ranked = Check(check.name, severity, check.function, check.needs)
    found = list(_checked(check.name, check.function(dataset), known))
    return [(ranked, issue) for issue in found]


def _checked(name: str, issues: Iterable[Any], known: set[str]) -> Iterator[Issue]:
    """Refuse what is no issue, before it is written among those of others."""
    for issue in issues:
        if not isinstance(issue, Issue):
            raise TypeError(f"check {name} yields {type(issue).__name__}, wanted Issue")
        for example_id in (issue.example_id, issue.other_id):
            if example_id is not None and example_id not in known:
                raise ValueError(f"check {name} names {example_id!r}, which is no example")
        if not 0 <= issue.score <= 1:
            raise ValueError(f"check {name} gives score {issue.score}, wanted 0 to 1")
        yield issue


def _query(
    workspace: Workspace, path: Path, dataset: CheckInput
) -> tuple[list[tuple[Check, Issue]], bool]:
    """Return a finding a row of a query, and whether it had more rows than are taken.

    Its columns are named in docs/checks.md.
    """
    name = path.stem
    if dataset.settings.severity.get(name) == OFF:
        return [], False
    from ide.store.query import query  # here, for few datasets have such a check

    answer = query(workspace, path.read_text(encoding="utf-8"), limit=MAX_ROWS)
    columns = answer.table.column_names
    if "example_id" not in columns:
        have = ", ".join(columns) or "none"
        raise QueryError(f"the query gives no column example_id (columns: {have}); select it")
    rows = answer.table.select([c for c in _COLUMNS if c in columns]).to_pylist()
    ranked = [_row(name, row, dataset) for row in rows]
    for _ in _checked(name, (issue for _, issue in ranked), set(dataset.ids)):
        pass
    return ranked, answer.is_cut


def _row(name: str, row: dict[str, Any], dataset: CheckInput) -> tuple[Check, Issue]:
    severity = dataset.settings.severity.get(name) or row.get("severity") or "warning"
    if severity not in SEVERITIES:
        raise ValueError(f"severity is {severity!r}, wanted one of {', '.join(SEVERITIES)}")
    score = row.get("score")
    issue = Issue(
        _text(row["example_id"]),
        _text(row.get("other_id")),
        1.0 if score is None else float(score),
        _text(row.get("message")) or f"found by checks/{name}.sql",
    )
    return Check(name, severity, partial(iter, ())), issue


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def _sentence(error: Exception, path: Path, where: str) -> str:
    """Say what broke in which line of the file."""
    if isinstance(error, SyntaxError) and error.filename == str(path):
        return f"{where}, line {error.lineno}: {error.msg}"
    lines = [f.lineno for f in traceback.extract_tb(error.__traceback__) if f.filename == str(path)]
    said = next(iter(str(error).splitlines()), "")[:300]
    line = f", line {lines[-1]}" if lines else ""
    return f"{where}{line}: {type(error).__name__}: {said}"
