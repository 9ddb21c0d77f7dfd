"""The errors of Upwell: a class a situation, a sentence a person can act on.

Every message says what is wrong, where, what was got, what was wanted and what to do next.
``exit_code`` is what a command ends with: 1 the data fails, 2 the request was wrong,
3 something broke.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any


class UpwellError(Exception):
    """Something a person can mend; its text is shown as it is, never a traceback."""

    exit_code = 2


class ConfigError(UpwellError):
    """A ``dataset.toml`` or ``params.yaml`` cannot be used."""


class WorkspaceError(UpwellError):
    """There is no workspace, or the folder is not one."""


class UntrustedError(UpwellError):
    """Something would run code of a workspace that nobody has trusted yet."""

    def __init__(self, root: Path, why: str) -> None:
        """Keep the values; ``why``: what of the workspace would run, and when."""
        self.root, self.why = root, why
        super().__init__(
            f"{root} is not trusted yet, and {why}. See what would run there and, if you know "
            "where it comes from, allow it with: upwell trust"
        )


class DatasetNotFoundError(UpwellError):
    """A dataset is named that the workspace does not hold."""

    def __init__(self, name: str, known: list[str]) -> None:
        """Keep the values, so that a caller can offer the nearest name."""
        self.name, self.known = name, known
        have = ", ".join(known) if known else "none yet"
        super().__init__(
            f"there is no dataset {name!r} in this workspace (datasets: {have}). "
            f"Import one with: upwell import SOURCE --name {name}"
        )


class ExampleNotFoundError(UpwellError):
    """An example id is not one of the dataset's."""

    def __init__(self, dataset: str, example_id: str) -> None:
        """Keep the values."""
        self.dataset, self.example_id = dataset, example_id
        super().__init__(
            f"{dataset!r} has no example {example_id[:80]!r}. "
            f'List ids with: upwell sql "SELECT example_id FROM {dataset}.examples LIMIT 10"'
        )


class UnknownClassError(UpwellError):
    """A label is not one of the dataset's classes."""

    def __init__(self, dataset: str, label: str, classes: tuple[str, ...], *, where: str) -> None:
        """``where`` names the file and line, or the command, that the label came from."""
        self.dataset, self.label, self.classes, self.where = dataset, label, classes, where
        shown = ", ".join(classes[:20]) + (", …" if len(classes) > 20 else "")
        super().__init__(
            f"label {label[:80]!r} is not a class of {dataset!r} ({where}). Classes: {shown}. "
            f"Correct the label, or add the class to datasets/{dataset}/dataset.toml."
        )


class EditError(UpwellError):
    """An edit cannot be made or read."""


class ImportRefusedError(UpwellError):
    """A source cannot be read, whole or in one row; nothing was written."""


class BuildError(UpwellError):
    """A build failed; the last good one is still in place."""

    exit_code = 3


class BuildRunningError(UpwellError):
    """A second build was asked for while one is running."""


class NoBuildError(UpwellError):
    """Something needs a build, and the dataset has none."""

    def __init__(self, dataset: str, revision: str | None = None) -> None:
        """Keep the values; ``revision`` = that one has no build on this machine."""
        self.dataset, self.revision = dataset, revision
        of, at = (f"of {revision[:60]} here", f" --at {revision[:60]}") if revision else ("yet", "")
        super().__init__(
            f"{dataset!r} has no build {of}. Make one with: upwell compile {dataset}{at}"
        )


class GitError(UpwellError):
    """Git is missing, refuses, or the folder is no repository."""


class BlockedError(UpwellError):
    """A commit is refused because errors stand in what it would commit."""

    exit_code = 1

    def __init__(self, errors: Sequence[Mapping[str, Any]]) -> None:
        """``errors``: rows of ``schema.ISSUES`` with ``dataset``, the worst first."""
        self.errors = list(errors)
        first = self.errors[0]
        counts = Counter((row["dataset"], row["check"]) for row in self.errors)
        what = ", ".join(f"{n:,} {check} in {name}" for (name, check), n in counts.items())
        about = f"{first['example_id'][:80]!r} " if first["example_id"] else ""
        names = " ".join(dict.fromkeys(row["dataset"] for row in self.errors))
        super().__init__(
            f"nothing was committed, for {len(self.errors):,} errors stand: {what}. The first: "
            f"{about}{first['message'][:200]}. List them with: upwell check {names}; mend or "
            "dismiss them, or commit all the same with: --despite-errors REASON"
        )


class BuildCancelledError(BuildError):
    """A build was cancelled by a person; the last good one is still in place."""


class StorageError(UpwellError):
    """The disk is full, read-only or gone; what was acknowledged is safe."""

    exit_code = 3


class LinkError(UpwellError):
    """Something in a workspace is a link, or no file, so that it may lead out of the workspace."""

    def __init__(self, where: str, problem: str) -> None:
        """Keep the values; ``where``: the path in the workspace, ``problem``: what is wrong."""
        self.where, self.problem = where, problem
        super().__init__(f"{where} {problem}")


class DamagedFileError(StorageError):
    """A file is there and cannot be read as what it should be; nothing of it is used."""

    exit_code = 2  # nothing broke: a person has a file to mend, and every other one is fine


class ExamplesMissingError(StorageError):
    """The examples of a revision are neither in DVC's cache here nor in its remote."""


class QueryError(UpwellError):
    """A SQL query is not one that can be answered."""


class QueryStoppedError(QueryError):
    """What was asked in SQL came to a limit, of time or of memory, and its process was ended."""


class GateError(UpwellError):
    """A gate that was asked for is none, or cannot be answered."""


class UnknownColumnError(QueryError):
    """A condition names a column that there is not."""

    def __init__(self, condition: str, column: str, hint: str) -> None:
        """Keep the values; ``hint``: what was probably meant."""
        self.column = column
        super().__init__(
            f"{condition[:120]!r} cannot be answered: there is no column {column[:60]!r}; {hint}"
        )


class DrillError(UpwellError):
    """A drill cannot be begun, scored or ended, or its file is damaged."""


class BisectError(UpwellError):
    """A bisection cannot be begun, or found nothing: an end is not what was said of it."""
