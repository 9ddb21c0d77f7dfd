"""``upwell import --dry-run``: what would come in, in lines, and nothing written."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from ide.output import printable
from ide.store.importing.preview import preview_import
from ide.store.importing.request import ImportRequest
from ide.store.workspace import Workspace

if TYPE_CHECKING:
    from ide.store.importing.preview import Preview
    from ide.store.importing.staging import OnProgress

_N_CLASSES = 20
_MAX_TEXT = 100


def preview(
    workspace: Workspace, source: str, name: str, *, on_progress: OnProgress, **options: Any
) -> None:
    """Show what an import would bring in; raise what it would raise."""
    found = preview_import(
        workspace, ImportRequest(source, name, **options), on_progress=on_progress
    )
    for line in lines_of(found):
        click.echo(line)
    if found.refusal is not None:
        raise found.refusal


def lines_of(found: Preview) -> Iterator[str]:
    """Yield what a preview says, a line each."""
    known = f", {found.n_known:,} known already" if found.n_known else ""
    where = "a new dataset" if found.is_new else "which is there"
    yield f"{found.name} ({where}): {found.n_new:,} examples would be imported{known}"
    yield f"  from {printable(found.source_name, width=_MAX_TEXT)}: {found.modality}"
    yield f"  classes ({len(found.n_by_class):,}): {_counts(found.n_by_class, 'no label')}"
    yield f"  splits: {_counts(found.n_by_split, 'to be dealt')}"
    if found.new_classes:
        yield f"  classes to add: {', '.join(printable(c) for c in found.new_classes[:_N_CLASSES])}"
    if found.columns:
        columns = (f"{printable(name)} ({kind})" for name, kind in found.columns.items())
        yield f"  columns kept: {', '.join(columns)}"
    for sample in found.samples:
        what = sample.look.text or "picture"
        label = "no label" if sample.label is None else printable(sample.label)
        yield f"  {printable(sample.example_id)}  {label}  {printable(what, width=_MAX_TEXT)}"
    for note in found.notes:
        yield f"  {printable(note, width=1000)}"


def _counts(counts: dict[str | None, int], nothing: str) -> str:
    shown = [
        f"{nothing if key is None else printable(key)} {n:,}"
        for key, n in list(counts.items())[:_N_CLASSES]
    ]
    more = len(counts) - len(shown)
    return ", ".join(shown) + (f" and {more:,} more" if more else "")
