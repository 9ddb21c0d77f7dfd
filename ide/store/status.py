"""What is not committed, disputed or damaged in a workspace."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from ide.dataset.edit import Edit
from ide.dataset.errors import BuildError, GitError, UpwellError
from ide.store import git
from ide.store.builds import current_build
from ide.store.commit_paths import SHARED, NotCommitted, files_in_the_way, taken_files
from ide.store.drill_notes import drill_notes
from ide.store.edit_log import read_edits
from ide.store.examples import n_examples
from ide.store.git_commit import unfinished
from ide.store.past_edits import dataset_of, is_log
from ide.store.state import dataset_state
from ide.store.taken import taken_sentences
from ide.store.uncommitted import compare_logs
from ide.store.unlabelled import n_unlabelled
from ide.store.untracked_parts import explain_untracked, untracked_parts
from ide.store.workspace import TRACKED, Workspace

Read = TypeVar("Read")


@dataclass(frozen=True, slots=True)
class DatasetStatus:
    """One dataset beside HEAD: what is not committed, what is disputed, what is damaged.

    ``edits`` are those that HEAD does not have; ``conflicts`` example ids, ``rival_values`` what
    people say of each; ``damage`` sentences; ``notes`` sentences on drills: what is planted here,
    or lies here and does not count; ``untracked_parts`` the paths of parts that DVC does not know;
    ``n_unlabelled`` how many examples nobody has labelled.
    """

    name: str
    edits: tuple[Edit, ...]
    conflicts: tuple[str, ...]
    rival_values: Mapping[str, tuple[str, ...]]
    damage: tuple[str, ...]
    is_untracked: bool
    n_examples: int
    build_id: str | None
    notes: tuple[str, ...] = ()
    taken: tuple[str, ...] = ()  # a sentence for each log that git took acknowledged edits from
    untracked_parts: tuple[str, ...] = ()
    n_unlabelled: int = 0
    files: tuple[str, ...] = ()  # of it, beside edit logs, that are not committed
    files_in_the_way: tuple[str, ...] = ()  # of it, that a merge is refused for: git's to commit

    @property
    def n_edits(self) -> int:
        """How many edits are not committed."""
        return len(self.edits)

    @property
    def is_import_left(self) -> bool:
        """Whether examples are here that no commit names: with the edits they would be one heap."""
        is_named = not any(path.endswith("/examples.dvc") for path in self.files)
        return self.is_untracked or not is_named or bool(self.untracked_parts)


@dataclass(frozen=True, slots=True)
class Status:
    """A workspace beside HEAD.

    ``branch`` None: HEAD is detached. ``revision``: HEAD's first 10 digits, None before the
    first commit. ``problem``: why git cannot tell (then every edit counts as uncommitted).
    A dataset that has a link is not among ``datasets``.
    """

    branch: str | None
    revision: str | None
    datasets: tuple[DatasetStatus, ...]
    changed_paths: tuple[str, ...]
    shared_files: tuple[str, ...] = ()  # of no one dataset, that are not committed: dvc.lock
    problem: str | None = None
    unfinished: tuple[str, ...] = ()  # a sentence for each file that git could not merge
    refused: tuple[str, ...] = ()  # a sentence for each dataset that has a link

    @property
    def n_edits(self) -> int:
        """How many edits are not committed, in all datasets."""
        return sum(dataset.n_edits for dataset in self.datasets)

    def not_committed(self, name: str | None = None) -> NotCommitted:
        """Return what is not committed, of one dataset with what all share, or of all of them.

        Whatever a switch, a merge or a revert could stumble over is in it.
        """
        chosen = [d for d in self.datasets if name in (None, d.name)]
        return NotCommitted(
            sum(d.n_edits for d in chosen),
            (*(path for d in chosen for path in d.files), *self.shared_files),
            tuple(path for d in chosen for path in d.files_in_the_way),
        )

    @property
    def untracked_parts(self) -> tuple[str, ...]:
        """The paths of parts that DVC does not know, in all datasets."""
        return tuple(path for dataset in self.datasets for path in dataset.untracked_parts)


def status(workspace: Workspace) -> Status:
    """Return what is not committed. Two git calls, however many datasets; never a DVC call."""
    names = workspace.datasets()
    try:
        repo = git.repository(workspace.root)
        tree = git.working_tree(repo, workspace.root, TRACKED)
    except GitError as error:
        every = {name: read_edits(workspace, name).edits for name in names}
        found = tuple(_dataset_status(workspace, n, every[n], (), is_untracked=True) for n in names)
        refused = tuple(workspace.refused().values())
        return Status(None, None, found, (), problem=str(error), refused=refused)
    blobs = {name: _changed_logs(tree, name) for name in names}
    changed = {name: compare_logs(workspace, name, blobs[name]) for name in names}
    found = tuple(
        _dataset_status(
            workspace,
            name,
            changed[name].edits,
            changed[name].lost,
            is_untracked=_is_untracked(name, tree),
            changes=[c for c in tree.changes if dataset_of(c.path) == name],
        )
        for name in names
    )
    return Status(
        branch=tree.branch,
        revision=tree.revision[:10] if tree.revision else None,
        datasets=found,
        changed_paths=tuple(change.path for change in tree.changes),
        shared_files=taken_files(c for c in tree.changes if c.path in SHARED),
        unfinished=tuple(unfinished(c.path) for c in tree.changes if c.kind == "unmerged"),
        refused=tuple(workspace.refused().values()),
    )


def uncommitted_edits(workspace: Workspace, name: str) -> list[Edit]:
    """Return a dataset's edits that HEAD does not have, in the order of files and lines."""
    workspace.require(name)
    repo = git.repository(workspace.root)
    tree = git.working_tree(repo, workspace.root, [f"datasets/{name}/edits"])
    return list(compare_logs(workspace, name, _changed_logs(tree, name)).edits)


def status_as_dict(found: Status) -> dict[str, Any]:
    """Return a status as JSON has it: literal rows, and ``edits`` and ``conflicts`` as lists."""
    everything = found.not_committed()
    return {
        "branch": found.branch,
        "revision": found.revision,
        "problem": found.problem,
        "datasets": [
            {
                "dataset": d.name,
                "n_examples": d.n_examples,
                "n_unlabelled": d.n_unlabelled,
                "n_edits": d.n_edits,
                "n_conflicts": len(d.conflicts),
                "n_damaged": len(d.damage),
                "is_untracked": d.is_untracked,
                "build_id": d.build_id,
            }
            for d in found.datasets
        ],
        "files": list(everything.files),
        "files_in_the_way": list(everything.foreign),
        "edits": [
            {
                "dataset": d.name,
                "edit_id": e.edit_id,
                "example_id": e.example_id,
                "action": e.action,
                "value": e.value,
                "annotator": e.annotator,
                "made_at": e.made_at,
                "reason": e.reason,
            }
            for d in found.datasets
            for e in d.edits
        ],
        "conflicts": [
            {"dataset": d.name, "example_id": i, "values": list(d.rival_values[i])}
            for d in found.datasets
            for i in d.conflicts
        ],
        "notes": [
            *(explain_untracked(path) for path in found.untracked_parts),
            *(sentence for d in found.datasets for sentence in d.notes),
        ],
        "untracked_parts": list(found.untracked_parts),
        "damage": [
            *([found.problem] if found.problem else []),
            *found.unfinished,
            *found.refused,
            *(sentence for d in found.datasets for sentence in (*d.taken, *d.damage)),
        ],
    }


def _changed_logs(tree: git.WorkingTree, name: str) -> dict[str, str | None]:
    """Return a dataset's logs that differ from HEAD: path → HEAD's blob, None for none."""
    logs = (change for change in tree.changes if is_log(change.path))
    return {c.path: c.head_blob for c in logs if dataset_of(c.path) == name}


def _is_untracked(name: str, tree: git.WorkingTree) -> bool:
    own = f"datasets/{name}/dataset.toml"
    return tree.revision is None or any(c.path == own and c.head_blob is None for c in tree.changes)


def _dataset_status(
    workspace: Workspace,
    name: str,
    edits: Sequence[Edit],
    lost: Sequence[str],
    *,
    is_untracked: bool,
    changes: Sequence[git.Change] = (),
) -> DatasetStatus:
    damage = [str(d) for d in read_edits(workspace, name).damage]
    state = dataset_state(workspace, name)
    broken: list[str] = []  # what cannot be read; the rest of the status stands without it
    _read(lambda: workspace.config(name), broken)
    n = _read(lambda: n_examples(workspace, name), broken)
    n_open = _read(lambda: n_unlabelled(workspace, name), broken) if n else 0
    build = _read(lambda: current_build(workspace, name), broken)
    return DatasetStatus(
        name=name,
        edits=tuple(edits),
        conflicts=tuple(i for i, s in state.items() if s.is_conflict),
        rival_values={i: s.conflict_values for i, s in state.items() if s.is_conflict},
        damage=(*broken, *damage, *lost),
        is_untracked=is_untracked,
        n_examples=n or 0,
        build_id=build.build_id if build else None,
        notes=drill_notes(workspace, name),
        taken=taken_sentences(workspace, name),
        untracked_parts=untracked_parts(workspace, name),
        n_unlabelled=n_open or 0,
        files=taken_files(changes),
        files_in_the_way=files_in_the_way(changes),
    )


def _read(reader: Callable[[], Read], broken: list[str]) -> Read | None:
    """Return what a reader reads, or None, with its sentence in ``broken``."""
    try:
        return reader()
    except BuildError:  # a build that failed is told where builds are
        return None
    except UpwellError as error:
        broken.append(str(error))
        return None
