"""What an import would bring in: read and checked as the import does, and nothing written."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import pyarrow as pa

from ide.dataset.config import DatasetConfig, SplitConfig, check_name
from ide.dataset.document import Look
from ide.dataset.errors import ImportRefusedError, UnknownClassError, UpwellError
from ide.store.dvc_paths import require_paths_for_dvc
from ide.store.examples import require_here
from ide.store.importing.known import Known, explain_differences, read_known, refuse_other_labels
from ide.store.importing.opening import open_source
from ide.store.importing.request import ImportRequest
from ide.store.importing.source import Source, SourceRow
from ide.store.importing.staging import (
    OnProgress,
    Staged,
    deal_splits,
    look_at_rows,
    staged_notes,
)
from ide.store.importing.target import (
    existing_config,
    given_classes,
    listed_classes,
    refuse_no_classes,
    refuse_other_modality,
)
from ide.store.importing.texts import natural_order
from ide.store.params import read_params
from ide.store.payloads import payload_bytes
from ide.store.thumbnails import MAX_TEXT, thumbnail
from ide.store.untracked_parts import require_all_parts
from ide.store.workspace import Workspace

N_SAMPLES = 12
_N_A_CLASS = 3  # of the first classes, so that a folder shows more than its first one


@dataclass(frozen=True, slots=True)
class Sample:
    """One of the first new examples, as a page shows it."""

    example_id: str
    label: str | None
    look: Look


@dataclass(frozen=True, slots=True)
class Preview:
    """What an import would bring in, as far as the source was looked at."""

    source_name: str
    name: str
    modality: str
    is_new: bool  # the dataset is not there yet
    n_rows: int
    n_checked: int  # rows whose payloads were looked at; fewer than n_rows where time was over
    n_new: int  # of those checked
    n_known: int
    n_by_class: dict[str | None, int]  # of all rows, in the order of the classes
    n_by_split: dict[str | None, int]  # None = still to be dealt
    columns: dict[str, str]  # kept beside the examples, and their types
    new_classes: tuple[str, ...]  # that dataset.toml would get
    samples: tuple[Sample, ...]
    notes: tuple[str, ...]  # how it is read, and what of it is changed, left out or not taken
    refusal: UpwellError | None = None  # what the import says, where it would bring in nothing

    @property
    def is_whole(self) -> bool:
        """Whether every row was looked at, so that the import does what stands here."""
        return self.n_checked == self.n_rows


@dataclass(slots=True)
class _Rest:
    """Rows that are counted and not looked at: the time was over."""

    deadline: float
    n: int = 0
    labels: Counter[str | None] = field(default_factory=Counter)
    splits: Counter[str | None] = field(default_factory=Counter)

    def first_of(self, rows: Iterator[SourceRow], seen: Counter[str | None]) -> Iterator[SourceRow]:
        """Yield the first row, and others until the time is over; ``seen`` has all labels."""
        for row in rows:
            is_first = not seen
            seen[row.label] += 1
            if is_first or time.monotonic() < self.deadline:
                yield row
                continue
            self.n += 1
            self.splits["pool" if row.label is None else row.split] += 1


def preview_import(
    workspace: Workspace,
    request: ImportRequest,
    *,
    seconds: float | None = None,
    on_progress: OnProgress | None = None,
) -> Preview:
    """Return what ``import_source`` would bring in.

    seconds: how long payloads are looked at; the rows after that are only counted. None = all
    are. What would be refused, and need not be if broken examples were left out or classes added,
    is shown without them, with the ``refusal``; anything else is raised as the import does.
    """
    report = on_progress or (lambda _stage, _done, _total: None)
    try:
        return _look(workspace, request, seconds, report)
    except (ImportRefusedError, UnknownClassError) as refusal:
        if request.skip_broken and request.add_classes:
            raise
        lenient = replace(request, skip_broken=True, add_classes=True)
        try:
            found = _look(workspace, lenient, seconds, report)
        except UpwellError:
            raise refusal from None
        return replace(found, refusal=refusal)


def _look(
    workspace: Workspace, request: ImportRequest, seconds: float | None, on_progress: OnProgress
) -> Preview:
    require_paths_for_dvc(workspace)
    name = check_name(request.name)
    config = existing_config(workspace, name)
    named = given_classes(request.classes, config)
    read_params(workspace)
    modality = config.modality if config else None
    opened = open_source(request.source, columns=request.columns(), modality=modality)
    refuse_other_modality(config, opened)
    if config is not None:
        require_here(workspace, name)
        require_all_parts(workspace, name)
    known = read_known(workspace, config) if config else Known(name)
    rest = _Rest(time.monotonic() + seconds if seconds is not None else float("inf"))
    n_by_class: Counter[str | None] = Counter()
    samples: list[Sample] = []
    staged = look_at_rows(
        replace(opened, rows=rest.first_of(opened.rows, n_by_class)),
        known,
        config=config,
        add_classes=request.add_classes,
        skip_broken=request.skip_broken,
        on_progress=on_progress,
        on_payloads=lambda staged, payloads: _take(samples, staged, payloads, opened.modality),
    )
    if not staged.example_ids and not rest.n:
        refuse_other_labels(known.differences, name, request.source)
    return _preview(
        request,
        opened=opened,
        named=named,
        config=config,
        known=known,
        staged=staged,
        rest=rest,
        n_by_class=n_by_class,
        samples=samples,
    )


def _preview(
    request: ImportRequest,
    *,
    opened: Source,
    named: list[str],
    config: DatasetConfig | None,
    known: Known,
    staged: Staged,
    rest: _Rest,
    n_by_class: Counter[str | None],
    samples: list[Sample],
) -> Preview:
    labels = {label for label in n_by_class if label is not None}
    listed = config.classes if config else listed_classes(opened, named)
    classes = [*listed, *natural_order(labels.difference(listed))]
    if config is None:
        refuse_no_classes(opened, classes, request.name)
    notes = (
        *opened.notes,
        *staged_notes(staged),
        *explain_differences(known.differences, request.name, request.source),
    )
    n_rows = sum(n_by_class.values())
    return Preview(
        source_name=opened.name,
        name=request.name,
        modality=opened.modality,
        is_new=config is None,
        n_rows=n_rows,
        n_checked=n_rows - rest.n,
        n_new=len(staged.example_ids),
        n_known=staged.n_known,
        n_by_class={c: n_by_class[c] for c in (*classes, None) if n_by_class[c]},
        n_by_split=dict(_splits(staged, rest, known, config)),
        columns={column.name: str(column.type) for column in staged.types.schema()},
        new_classes=tuple(classes[len(listed) :]) if config else (),
        samples=tuple(samples[:N_SAMPLES]),
        notes=notes,
    )


def _splits(
    staged: Staged, rest: _Rest, known: Known, config: DatasetConfig | None
) -> Counter[str | None]:
    """Count the new examples by split: as they are dealt, once all are known."""
    if rest.n:
        return Counter(staged.splits) + rest.splits
    return Counter(deal_splits(staged, known, config.split if config else SplitConfig()))


def _take(samples: list[Sample], staged: Staged, payloads: pa.Array, modality: str) -> None:
    """Keep what the first few of the newest rows look like, some of a class."""
    if len(samples) >= N_SAMPLES:
        return
    first = len(staged.example_ids) - len(payloads)
    n_of_label = Counter(sample.label for sample in samples)
    for index, payload in enumerate(payloads, first):
        label = staged.labels[index]
        if n_of_label[label] >= _N_A_CLASS:
            continue
        n_of_label[label] += 1
        look = _look_of(payload.as_py(), modality)
        samples.append(Sample(staged.example_ids[index], label, look))
        if len(samples) == N_SAMPLES:
            return


def _look_of(payload: bytes | str, modality: str) -> Look:
    if modality == "image":
        return Look(image=thumbnail(payload_bytes(payload)))
    if isinstance(payload, str):
        return Look(text=payload[:MAX_TEXT])
    return Look(text=f"{modality}, {len(payload) / 1000:,.0f} kB")
