"""Gathering what the report on a change says: labels, builds and flips, from base to now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ide.dataset.document import Block, Part, clean, shown_examples
from ide.dataset.edit import Edit
from ide.dataset.effort import effort
from ide.dataset.errors import GitError
from ide.dataset.html_page import html_page
from ide.dataset.markdown import markdown
from ide.dataset.report import DatasetReport, dataset_blocks, title_blocks
from ide.store import git
from ide.store.comparison import Comparison, compare
from ide.store.edit_log import read_edits
from ide.store.past_edits import edits_at
from ide.store.revisions import parted_sentence, where_they_part
from ide.store.thumbnails import MAX_BYTES, looks_of
from ide.store.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Report:
    """The report from one revision to another, of some datasets, and the way to write it."""

    title: str
    note: str
    comparisons: tuple[Comparison, ...]
    sections: tuple[tuple[str, tuple[Block, ...]], ...]  # dataset, what is said of it

    @property
    def failed_gates(self) -> tuple[str, ...]:
        """The gates that do not hold, as ``dataset: gate``; all of a dataset without a build."""
        failed = []
        for each in self.comparisons:
            if each.gates is None:
                failed.append(f"{each.dataset}: its gates, as there is no build to judge")
            for result in each.gates or ():
                if not result.is_passed:
                    failed.append(f"{each.dataset}: {result.gate.name}")
        return tuple(failed)

    @property
    def new_errors(self) -> tuple[str, ...]:
        """What the checks find now that is an error, and did not before, as ``dataset: check``."""
        return tuple(
            f"{each.dataset}: {row['check']}"
            for each in self.comparisons
            for row in each.new_issues.to_pylist()
            if row["severity"] == "error"
        )


def make_report(
    workspace: Workspace,
    base: str | None = None,
    head: str | None = None,
    names: Sequence[str] | None = None,
) -> Report:
    """Compare revision ``base`` (default: HEAD) with ``head`` (default: the files now).

    Where the base has commits that head has not, it is where the two part that is compared with,
    so that what others did on the base meanwhile is not taken for this change's. Nothing is
    compiled or fetched. Raises ``GitError`` where a name is no revision, or the two have no
    common commit here.
    """
    chosen = [workspace.require(name) for name in names or workspace.datasets()]
    name_of_base = base or "HEAD"
    tip = git.resolve(workspace.root, name_of_base)
    end = git.resolve(workspace.root, head) if head else None
    start = _where_they_part(workspace, name_of_base, tip, end)
    comparisons = tuple(compare(workspace, name, start, end) for name in chosen)
    here = git.branch(workspace.root) or (git.head_revision(workspace.root) or "")[:10]
    title = f"{_named(name_of_base, tip)} → {_named(head, end) if head and end else here}"
    note = f"{parted_sentence(clean(name_of_base, 80), start)}." if start != tip else ""
    sections = tuple((each.dataset, _section(workspace, each)) for each in comparisons)
    return Report(title, note, comparisons, sections)


def report_markdown(workspace: Workspace, report: Report) -> str:
    """Return the report as Markdown that a comment on GitHub has room for."""
    parts: list[Part] = []
    for name, own in report.sections:
        is_text = workspace.config(name).modality == "text"
        looks = looks_of(workspace, name, shown_examples(own))[0] if is_text else {}
        parts.append((own, looks))
    return markdown([(_title(report, report.note), {}), *parts])


def report_html(workspace: Workspace, report: Report) -> str:
    """Return the report as one page that holds its pictures, at most 8 MB of them."""
    parts: list[Part] = []
    room, n_left = MAX_BYTES, 0
    for name, own in report.sections:
        looks, n = looks_of(workspace, name, shown_examples(own), max_bytes=room)
        room -= sum(len(look.image or look.text or "") for look in looks.values())
        n_left += n
        parts.append((own, looks))
    note = report.note
    if n_left:
        note = f"{note} The pictures of {n_left:,} examples are left out for the page's size."
    head = _title(report, note.strip())
    return html_page([(head, {}), *parts], title=f"Upwell: {report.title}")


def _title(report: Report, note: str) -> list[Block]:
    return title_blocks(report.title, note, has_datasets=bool(report.sections))


def _named(name: str, revision: str) -> str:
    """Return a revision by the name it was asked for, and by what that stands for."""
    return revision[:10] if revision.startswith(name) else f"{name} ({revision[:10]})"


def _section(workspace: Workspace, found: Comparison) -> tuple[Block, ...]:
    return tuple(
        dataset_blocks(
            DatasetReport(
                found.dataset,
                found.changes,
                metrics=found.metrics,
                base_metrics=found.base_metrics,
                pair=found.pair,
                causes=found.attribution,
                moved=found.moved,
                n_slices=found.n_slices,
                gates=found.gates,
                new_issues=found.new_issues,
                gone_issues=found.gone_issues,
                estimate=found.estimate,
                base_estimate=found.base_estimate,
                effort=effort(_edits_between(workspace, found)),
                seconds=found.seconds,
                note=found.note,
            )
        )
    )


def _edits_between(workspace: Workspace, found: Comparison) -> list[Edit]:
    """Return the edits that the one side has and the base has not."""
    known = {e.edit_id for e in edits_at(workspace, found.dataset, found.a)}
    if found.b is None:
        now: Sequence[Edit] = read_edits(workspace, found.dataset).edits
    else:
        now = edits_at(workspace, found.dataset, found.b)
    return [edit for edit in now if edit.edit_id not in known]


def _where_they_part(workspace: Workspace, name: str, tip: str, end: str | None) -> str:
    """Return the newest commit that base and head have in common; raise where there is none."""
    fork = where_they_part(workspace, tip, end)
    if fork is not None:
        return fork
    advice = (
        "this is a shallow clone; get the rest with: git fetch --unshallow"
        if git.is_shallow(workspace.root)
        else "name a base that this branch comes from"
    )
    raise GitError(f"{name!r} and what is checked out have no common commit here; {advice}")
