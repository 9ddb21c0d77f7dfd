"""Which files a commit of labels takes, and which others of a workspace are in git's way."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from ide.store import git
from ide.store.past_edits import dataset_of, is_log

LOCK = "dvc.lock"
SHARED = ("params.yaml", LOCK)
# What makes a folder a workspace: taken along once, while git does not know it at all.
SCAFFOLD = (
    "dvc.yaml",
    ".gitignore",
    ".gitattributes",
    ".dvcignore",
    ".dvc/.gitignore",
    ".dvc/config",
)
_OWN_CHECK = re.compile(r"checks/[^/.][^/]*\.(?:py|sql)")


def is_of_dataset(path: str) -> bool:
    """Whether a path is an edit log, a description, or one of DVC's pointers."""
    _, _, inside = path.split("/", 2)
    return is_log(path) or (
        inside in ("dataset.toml", ".gitignore", "edits/.gitkeep", "checks/.gitkeep")
        or _OWN_CHECK.fullmatch(inside) is not None
        or (inside.endswith(".dvc") and "/" not in inside)
    )


def taken_files(changes: Iterable[git.Change]) -> tuple[str, ...]:
    """Return which changed files a commit of every dataset takes beside edit logs.

    They block a merge as edits do, so that a person has to see them.
    """
    return tuple(
        c.path
        for c in changes
        if c.kind not in ("deleted", "unmerged")
        and (c.path in SHARED or (dataset_of(c.path) and is_of_dataset(c.path)))
        and not is_log(c.path)
        and not (c.kind == "untracked" and c.path.endswith("/.gitkeep"))  # it is nobody's work
    )


def files_in_the_way(changes: Iterable[git.Change]) -> tuple[str, ...]:
    """Return the changed files that a merge or a revert is refused for and no commit of ours takes.

    They are no labels, such as a README in a dataset's folder that git knows, or they are gone.
    """
    changed = [c for c in changes if c.kind != "untracked" and not is_log(c.path)]
    taken = set(taken_files(changed))
    return tuple(c.path for c in changed if c.path not in taken)


@dataclass(frozen=True, slots=True)
class NotCommitted:
    """What of a workspace, or of one dataset, is not committed.

    ``n_edits``: edits. ``files``: the other files that ``upwell commit`` takes. ``foreign``: those
    that only git takes, and that are in the way of a merge all the same.
    """

    n_edits: int = 0
    files: tuple[str, ...] = ()
    foreign: tuple[str, ...] = ()

    def __len__(self) -> int:
        """Return how many edits and files there are."""
        return self.n_edits + len(self.files) + len(self.foreign)

    @property
    def is_committable(self) -> bool:
        """Whether ``upwell commit`` has something to take."""
        return self.n_edits > 0 or bool(self.files)

    @property
    def is_in_the_way(self) -> bool:
        """Whether a merge or a revert waits for it: the lock of a build alone holds up nothing."""
        return bool(self.n_edits or self.foreign or self.files not in ((), (LOCK,)))

    @property
    def taken(self) -> NotCommitted:
        """What of it ``upwell commit`` takes."""
        return NotCommitted(self.n_edits, self.files)

    @property
    def untaken(self) -> NotCommitted:
        """What of it is git's alone."""
        return NotCommitted(foreign=self.foreign)

    @property
    def short(self) -> str:
        """Say how much there is, where there is no room for names: ``12 edits, 2 files``."""
        n = len(self.files) + len(self.foreign)
        edits = _counted(self.n_edits, "edit") if self.n_edits else ""
        files = [*self.files, *self.foreign][0] if n == 1 else _counted(n, "file") if n else ""
        return ", ".join(filter(None, (edits, files.rpartition("/")[2])))

    def __str__(self) -> str:
        """Say what there is: ``12 edits, dvc.lock and dataset.toml of pets``."""
        edits = [_counted(self.n_edits, "edit")] if self.n_edits else []
        files = [*map(_short, self.files), *map(_short, self.foreign)]
        rest = [f"{len(files) - _MAX_NAMED:,} more files"] if len(files) > _MAX_NAMED + 1 else []
        said = [*edits, *(files[:_MAX_NAMED] if rest else files), *rest]
        return " and ".join([", ".join(said[:-1]), said[-1]] if len(said) > 1 else said)


_MAX_NAMED = 3


def _counted(n: int, noun: str) -> str:
    return f"{n:,} {noun}{'' if n == 1 else 's'}"


def _short(path: str) -> str:
    """Name a file by what it is of: ``dataset.toml of pets``, ``dvc.lock``."""
    name = dataset_of(path)
    return f"{path.split('/', 2)[2]} of {name}" if name else path
