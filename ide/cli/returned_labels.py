"""``upwell import --as-edits``: what would change is shown, then appended."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from ide.dataset.errors import ImportRefusedError
from ide.output import printable
from ide.store.workspace import Workspace

if TYPE_CHECKING:
    from ide.store.importing.returned import ReturnedLabels

N_PAIRS = 20


def import_as_edits(
    workspace: Workspace,
    source: str,
    name: str,
    *,
    annotator: str | None,
    reason_column: str | None,
    dry_run: bool,
    yes: bool,
    **options: Any,
) -> None:
    """Show the edits that a table of labels makes, and append them once a person agrees."""
    from ide.store.annotators import default_annotator
    from ide.store.importing.returned import append_returned_labels, plan_returned_labels
    from ide.store.importing.source import Columns

    if options["title"] or options["licence"]:
        raise ImportRefusedError(
            "--title and --licence are of a new dataset, and --as-edits edits one that is there; "
            "leave them out. Nothing was edited."
        )
    found = plan_returned_labels(
        workspace,
        source,
        name=workspace.require(name),
        annotator=annotator or default_annotator(workspace),
        columns=Columns(
            options["label_column"],
            options["payload_column"],
            options["id_column"],
            options["split_column"],
        ),
        reason_column=reason_column,
        add_classes=options["add_classes"],
    )
    for line in preview(found):
        click.echo(line)
    if dry_run or not found.edits:
        return
    if not yes and not sys.stdin.isatty():
        raise ImportRefusedError(
            "nothing was edited: there is nobody here to ask. Append these edits with --yes, or "
            "only look, with --dry-run"
        )
    if not yes and not click.confirm(f"Append {_edits(len(found.edits))}?"):
        click.echo("nothing was edited")
        return
    append_returned_labels(workspace, found)
    click.echo(f"{name}: {_edits(len(found.edits))} appended; commit with: upwell commit")


def preview(found: ReturnedLabels) -> list[str]:
    """Return what a plan does, in lines: by class pair, and what is left as it is."""
    lines = [
        f"{found.name}: {found.labels.total():,} to relabel, {found.splits.total():,} to move to "
        f"another split, {found.n_unchanged:,} as they are"
    ]
    pairs = [
        (printable(a) if a else "(no label)", printable(b), n) for (a, b), n in _top(found.labels)
    ]
    pairs += [(f"split {a}", b, n) for (a, b), n in _top(found.splits)]
    lines += [f"  {before} → {after}: {n:,}" for before, after, n in pairs]
    if (hidden := len(found.labels) - N_PAIRS) > 0:
        lines.append(f"  and {hidden:,} more pairs of classes")
    if found.new_classes:
        lines.append(f"  classes to add: {', '.join(map(printable, found.new_classes))}")
    notes = (
        (found.n_without_label, "rows have no label, and the examples keep theirs"),
        (found.n_changed_here, "rows are as exported, and were edited here since: left so"),
        (
            found.n_conflicts,
            "edits contradict one made here since the export: conflicts to resolve",
        ),
    )
    return lines + [f"  {n:,} {what}" for n, what in notes if n]


def _top(counts: Any) -> list[Any]:
    return list(counts.most_common(N_PAIRS))


def _edits(n: int) -> str:
    return f"{n:,} edit{'' if n == 1 else 's'}"
