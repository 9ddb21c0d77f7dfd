"""Import: everything is checked before anything is written, and comes in by one rename."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ide.dataset.config import SplitConfig, check_name
from ide.store.dvc_paths import require_paths_for_dvc
from ide.store.examples import require_here
from ide.store.files import storage_errors, sync
from ide.store.importing.commit import commit_import, texts_of
from ide.store.importing.content_hashes import keep_hashes
from ide.store.importing.known import (
    Known,
    explain_differences,
    read_known,
    refuse_other_labels,
)
from ide.store.importing.lock import import_folder
from ide.store.importing.new_classes import add_classes_of_part
from ide.store.importing.opening import open_source
from ide.store.importing.source import Columns, as_split_of_all
from ide.store.importing.staging import OnProgress, stage_rows, staged_notes, write_part
from ide.store.importing.target import (
    existing_config,
    given_classes,
    listed_classes,
    refuse_no_classes,
    refuse_other_modality,
)
from ide.store.importing.texts import add_classes as add_classes_to_toml
from ide.store.importing.texts import dataset_toml, image_size, natural_order
from ide.store.importing.tracking import track_examples
from ide.store.inside import make_folders, remove_folder
from ide.store.kept_copies import copies_path
from ide.store.params import list_dataset, read_params
from ide.store.trust import IMPORTING, require_trust
from ide.store.untracked_parts import require_all_parts
from ide.store.workspace import Workspace


@dataclass(frozen=True, slots=True)
class ImportResult:
    """What an import did."""

    n_new: int
    n_known: int  # rows that the dataset had already
    path: Path  # of the dataset
    classes: tuple[str, ...]
    notes: tuple[str, ...] = ()  # how it was read, and what of known examples was not taken
    revision: str | None = None  # the commit of what it brought; None: it is not committed


def import_source(
    workspace: Workspace,
    source: str,
    *,
    name: str,
    title: str | None = None,
    licence: str | None = None,
    label_column: str | None = None,
    payload_column: str | None = None,
    id_column: str | None = None,
    split_column: str | None = None,
    split: str | None = None,
    classes: Sequence[str] = (),
    add_classes: bool = False,
    skip_broken: bool = False,
    on_progress: OnProgress | None = None,
    track: bool = True,
    commit: bool = False,
) -> ImportResult:
    """Bring a source into the workspace as a dataset, or add its new rows to one that is there.

    source: a folder of images by class, a ``.csv``, ``.jsonl`` or ``.parquet`` table, or
    ``sklearn:digits``. The ``*_column`` arguments name a table's columns where they have no
    usual name; "" = the table has no such column. ``split``: that of every row; ``none`` = no name
    of a file or folder is a split. ``skip_broken``: leave out examples that cannot be read
    instead of refusing the source. ``add_classes``: classes that ``dataset.toml`` does not know
    are added to it instead of refused. ``classes``: those of a new dataset, in
    their order, where not every one stands at a row, or none does. ``track``: have DVC track the
    examples; ``commit``: and commit what came, and that alone.
    ``on_progress(stage, done, total)`` is called as rows pass.

    Nothing is written before every row is checked; a part appears whole or, when the process
    is killed, not at all (where DVC does not know it then, see ``untracked_parts``). Raises
    ``ImportRefusedError`` or ``UnknownClassError`` naming the file and row, ``ConfigError`` for a
    name or a file that cannot be used, and ``StorageError``.
    """
    if track:
        require_trust(workspace, IMPORTING)
    columns = Columns(label_column, payload_column, id_column, split_column, as_split_of_all(split))
    report = on_progress or (lambda _stage, _done, _total: None)
    if track:
        require_paths_for_dvc(workspace)
    config = existing_config(workspace, check_name(name))
    given = given_classes(classes, config)
    read_params(workspace)  # a broken one is refused now, not when the dataset is in
    before = texts_of(workspace, name)
    revision: str | None = None
    said: tuple[str, ...] = ()
    with import_folder(workspace) as folder:
        opened = open_source(source, columns=columns, modality=config.modality if config else None)
        refuse_other_modality(config, opened)
        if config is not None:
            require_here(workspace, name)
            require_all_parts(workspace, name)
        known = read_known(workspace, config) if config else Known(name)
        staged = stage_rows(
            opened,
            known,
            folder / "staged.arrow",
            config=config,
            add_classes=add_classes,
            skip_broken=skip_broken,
            on_progress=report,
        )
        if not staged.example_ids:
            refuse_other_labels(known.differences, name, source)
        shares = config.split if config else SplitConfig()
        part = write_part(staged, folder, known, shares, report) if staged.example_ids else None
        report("adding", 0, None)  # what comes now is done whole: whoever cancels is too late
        if config is None:
            own = listed_classes(opened, given)
            classes = [*own, *natural_order(staged.seen_labels.difference(own))]
            refuse_no_classes(opened, classes, name)
            text = dataset_toml(
                opened,
                classes,
                name=name,
                title=title,
                licence=licence,
                image_size=image_size(staged.sides),
            )
            _bring_in_dataset(workspace, name, folder, part, text)
        else:
            new = staged.seen_labels.difference(config.classes)
            classes = [*config.classes, *natural_order(new)]
            _bring_in_part(workspace, name, folder, part, new)
        list_dataset(workspace, name)
        if track:  # before the lock falls: whatever moves a branch must not come in between
            report("tracking", 0, None)
            track_examples(workspace, name)
        if commit:
            report("committing", 0, None)
            n_new = len(staged.example_ids)
            revision, said = commit_import(
                workspace, name, before=before, source=source, n_new=n_new
            )
    if part is not None:
        keep_hashes(workspace, name, workspace.examples_path(name) / part.name, staged.contents)
    return ImportResult(
        len(staged.example_ids),
        staged.n_known,
        workspace.dataset_path(name),
        tuple(classes),
        notes=(
            *opened.notes,
            *staged_notes(staged),
            *explain_differences(known.differences, name, source),
            *said,
        ),
        revision=revision,
    )


def _bring_in_dataset(
    workspace: Workspace, name: str, folder: Path, part: Path | None, toml: str
) -> None:
    """Build the whole dataset out of sight, then give it its name."""
    target = workspace.dataset_path(name)
    with storage_errors(target, "write"):
        made = folder / name
        (made / "examples").mkdir(parents=True)
        (made / "edits").mkdir()
        (made / "edits" / ".gitkeep").touch()
        (made / "checks").mkdir()
        (made / "checks" / ".gitkeep").touch()
        (made / "dataset.toml").write_text(toml, encoding="utf-8")
        if part is not None:
            part.rename(made / "examples" / part.name)
        for path in (made / "dataset.toml", made / "examples", made / "edits", made):
            sync(path)
        remove_folder(copies_path(workspace, name))  # of a dataset of that name that is gone
        made.replace(target)
        sync(target.parent)


def _bring_in_part(
    workspace: Workspace, name: str, folder: Path, part: Path | None, new_classes: Iterable[str]
) -> None:
    """Add one part to a dataset; its other parts and its text stay as they are."""
    classes = list(new_classes)
    if classes and part is None:
        add_classes_to_toml(workspace, name, classes)
    elif classes and part is not None:
        add_classes_of_part(workspace, name, classes, folder=folder, part=part.name)
    if part is None:
        return
    examples = workspace.examples_path(name)
    with storage_errors(examples, "write in"):
        make_folders(examples)
        part.replace(examples / part.name)
        sync(examples)
