"""Labels that were mended elsewhere and come back as a table: planned as edits, then appended.

Only what differs from the dataset becomes an edit. Where the export's mark is at hand, a row is
compared with what was exported: one that nobody touched makes no edit, whatever was edited here
since, and an edit names those that stood then, so that what two people changed is a conflict and
nobody's work is lost. See docs/decisions/086-labels-come-back-as-edits.md.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ide.dataset.edit import Edit, check_annotator, make_edit
from ide.dataset.errors import ImportRefusedError
from ide.dataset.ids import content_id
from ide.dataset.replay import LABEL_REGISTER, SPLIT_REGISTER, UNTOUCHED
from ide.store.edit_log import append_edits
from ide.store.examples import require_here
from ide.store.export_mark import Mark
from ide.store.importing.known import Known, read_known
from ide.store.importing.opening import open_source
from ide.store.importing.own_export import mark_of
from ide.store.importing.records import open_records
from ide.store.importing.source import Columns, as_example_id, as_label, as_split
from ide.store.importing.table import ID_NAMES, LABEL_NAMES, SPLIT_NAMES, find_column
from ide.store.importing.texts import add_classes as add_classes_to_toml
from ide.store.importing.validation import check_payload
from ide.store.payloads import payload_bytes
from ide.store.workspace import Workspace

REASON_NAMES = ("reason",)
_N_NAMED = 3
_MAX_REASON = 1000


@dataclass(frozen=True, slots=True)
class ReturnedRow:
    """What a row says of an example; None = nothing. ``example_ids``: of equal content, several."""

    where: str
    example_ids: Sequence[str]
    label: str | None
    split: str | None
    reason: str | None


@dataclass(slots=True)
class ReturnedLabels:
    """What a table of labels would do to a dataset: the edits, and what each row came to."""

    name: str
    edits: list[Edit] = field(default_factory=list)
    labels: Counter[tuple[str | None, str]] = field(default_factory=Counter)  # before, after
    splits: Counter[tuple[str, str]] = field(default_factory=Counter)
    n_unchanged: int = 0
    n_without_label: int = 0  # rows of labelled examples that say nothing of the label
    n_changed_here: int = 0  # rows that nobody touched, of examples that were edited here since
    n_conflicts: int = 0  # edits that contradict one that was made here since
    new_classes: list[str] = field(default_factory=list)


def plan_returned_labels(
    workspace: Workspace,
    source: str,
    *,
    name: str,
    annotator: str,
    columns: Columns,
    reason_column: str | None = None,
    add_classes: bool = False,
) -> ReturnedLabels:
    """Return the edits that bring a table's labels and splits in; nothing is written.

    source: a table with a column of ids (or payloads, by which examples are known as well) and
    one of labels, perhaps of splits and reasons; or a folder by class. Raises
    ``ImportRefusedError`` where ids or classes are not the dataset's, an id stands twice, or the
    table cannot be read.
    """
    check_annotator(annotator)
    config = workspace.config(name)
    require_here(workspace, name)
    known = read_known(workspace, config)
    path = Path(source).expanduser()
    rows = list(
        _rows(
            path,
            source,
            columns,
            known=known,
            modality=config.modality,
            reason_column=reason_column,
        )
    )
    _refuse_unknown(rows, known, path.name)
    _refuse_repeated(rows)
    found = ReturnedLabels(name)
    found.new_classes = _new_classes(rows, config.classes, path.name, name, add_classes)
    mark = mark_of(path)
    for row in rows:
        for example_id in row.example_ids:
            _plan_row(
                found,
                row,
                example_id,
                known=known,
                mark=mark,
                annotator=annotator,
                default_reason=f"as in {path.name}",
            )
    return found


def append_returned_labels(workspace: Workspace, found: ReturnedLabels) -> None:
    """Append the planned edits, all at once."""
    if found.new_classes:
        add_classes_to_toml(workspace, found.name, found.new_classes)
    append_edits(workspace, found.name, found.edits)


def _plan_row(
    found: ReturnedLabels,
    row: ReturnedRow,
    example_id: str,
    *,
    known: Known,
    mark: Mark | None,
    annotator: str,
    default_reason: str,
) -> None:
    """Add the edits of one example to a plan."""
    label, split = known.in_force(example_id)
    imported = known.by_id[example_id]
    exported = mark.edited.get(example_id) if mark else None
    before = (exported.label, exported.split) if exported else (imported.label, imported.split)
    heads = known.states.get(example_id, UNTOUCHED).heads
    n_edits = len(found.edits)
    if row.label is None and label is not None:
        found.n_without_label += 1
    for register, value, now, then in (
        (LABEL_REGISTER, row.label, label, before[0]),
        (SPLIT_REGISTER, row.split if row.label else None, split, before[1]),
    ):
        if value is None or value == now:
            continue
        previous = heads.get(register, ())
        if mark is not None:
            seen = exported.heads.get(register, ()) if exported else ()
            if set(seen) != set(previous) and value == then:
                found.n_changed_here += 1
                continue
            found.n_conflicts += set(seen) != set(previous)
            previous = seen
        if register == LABEL_REGISTER:
            found.labels[now, value] += 1
        else:
            found.splits[str(now), value] += 1
        found.edits.append(
            make_edit(
                example_id,
                register,
                value,
                annotator=annotator,
                previous=previous,
                reason=(row.reason or default_reason)[:_MAX_REASON],
            )
        )
    found.n_unchanged += len(found.edits) == n_edits


def _rows(
    path: Path,
    source: str,
    columns: Columns,
    *,
    known: Known,
    modality: str,
    reason_column: str | None,
) -> Iterator[ReturnedRow]:
    """Yield what a source says, by its ids, or by the content of its payloads."""
    table = open_records(path)
    if table is not None:
        names = list(table.columns)
        ids = find_column(names, columns.example_id, ID_NAMES, path.name)
        label = find_column(names, columns.label, LABEL_NAMES, path.name)
        if ids is not None and label is not None:
            split = find_column(names, columns.split, SPLIT_NAMES, path.name)
            usual = () if set(REASON_NAMES) & known.metadata_types.keys() else REASON_NAMES
            reason = find_column(names, reason_column, usual, path.name)
            mark = mark_of(path)
            for where, record in table.rows:
                yield _row(
                    record, where, ids=ids, label=label, split=split, reason=reason, mark=mark
                )
            return
    opened = open_source(source, columns=columns, modality=modality)
    for each in opened.rows:
        example_ids: Sequence[str] = [each.example_id] if each.example_id else ()
        if not each.example_id:
            given = each.payload() if callable(each.payload) else each.payload
            payload = check_payload(given, opened.modality, each.where).value
            example_ids = known.ids_by_content.get(content_id(payload_bytes(payload)), ())
        reason_of = each.metadata.get(reason_column or REASON_NAMES[0])
        reason_text = str(reason_of).strip() if reason_of else None
        yield ReturnedRow(each.where, example_ids, each.label, each.split, reason_text)


def _row(
    record: Mapping[str, Any],
    where: str,
    *,
    ids: str,
    label: str,
    split: str | None,
    reason: str | None,
    mark: Mark | None,
) -> ReturnedRow:
    given = record.get(label)
    return ReturnedRow(
        where,
        [as_example_id(record.get(ids), where)],
        given if mark and given in mark.classes else as_label(given, where),
        as_split(record.get(split), where, split) if split else None,
        str(record.get(reason) or "").strip() or None if reason else None,
    )


def _refuse_unknown(rows: Sequence[ReturnedRow], known: Known, file: str) -> None:
    if not rows:
        raise ImportRefusedError(f"{file} holds no rows. Nothing was edited.")
    lost = [r for r in rows if not r.example_ids or r.example_ids[0] not in known.by_id]
    if lost:
        shown = [f"{r.example_ids[0]!r} ({r.where})" if r.example_ids else r.where for r in lost]
        more = f" and {len(lost) - _N_NAMED:,} more" if len(lost) > _N_NAMED else ""
        raise ImportRefusedError(
            f"{known.name!r} has no example {', '.join(shown[:_N_NAMED])}{more}, and an edit is of "
            "one that it has. Import new examples first (the same command without --as-edits "
            "brings in those that are new), or take the rows out. Nothing was edited."
        )


def _refuse_repeated(rows: Sequence[ReturnedRow]) -> None:
    first: dict[str, str] = {}
    for row in rows:
        for example_id in row.example_ids:
            if first.setdefault(example_id, row.where) is not row.where:
                raise ImportRefusedError(
                    f"{row.where}: the example {example_id!r} stands already at "
                    f"{first[example_id]}; leave one row of it. Nothing was edited."
                )


def _new_classes(
    rows: Sequence[ReturnedRow],
    classes: Sequence[str],
    file: str,
    name: str,
    add_classes: bool,
) -> list[str]:
    unknown = {r.label: r.where for r in reversed(rows) if r.label not in (None, *classes)}
    if unknown and not add_classes:
        shown = [f"{label!r} ({where})" for label, where in list(unknown.items())[::-1]]
        more = f" and {len(shown) - _N_NAMED:,} more" if len(shown) > _N_NAMED else ""
        raise ImportRefusedError(
            f"{', '.join(shown[:_N_NAMED])}{more}: no class of {name!r} (classes: "
            f"{', '.join(classes[:20])}). Correct {file}, or add with --add-classes. "
            "Nothing was edited."
        )
    return [label for label in list(unknown)[::-1] if label is not None]
