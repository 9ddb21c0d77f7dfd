"""The commit of an import: what it brought and nothing else, so that edits begin beside it.

Revert and bisect take labels back by commits. Examples that come into history with the first edits
of them hide these edits, and have no commit that one could go back to.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ide.dataset.errors import UpwellError
from ide.dataset.one_line import one_line
from ide.store import git
from ide.store.commit_paths import SCAFFOLD, is_of_dataset
from ide.store.files import storage_errors
from ide.store.git_commit import commit_files, refuse_in_progress
from ide.store.past_edits import dataset_of, is_log
from ide.store.trust import COMMITTING, require_trust
from ide.store.workspace import Workspace

_PARAMS = "params.yaml"
_OF_IMPORT = ("dataset.toml", ".gitignore", "examples.dvc")
_AS_IT_CAME = "as it was imported"  # the reason that errors do not hold the commit back

Texts = Mapping[str, bytes | None]


def texts_of(workspace: Workspace, name: str) -> Texts:
    """Return the files of a dataset that an import may write, as they are now; None = not there."""
    paths = (*(f"datasets/{name}/{each}" for each in _OF_IMPORT), _PARAMS)
    return {path: _read(workspace.root / path) for path in paths}


def commit_import(
    workspace: Workspace, name: str, *, before: Texts, source: str, n_new: int
) -> tuple[str | None, tuple[str, ...]]:
    """Commit what an import brought; return the commit, None for none, and what is to be known.

    before: ``texts_of`` before it. What a person has changed or staged elsewhere stays as it is,
    edits of the dataset too. An import that cannot be committed stands: then a sentence says why.
    Errors that stand in what came do not hold the commit back; it says so, as one by hand would.
    """
    try:
        require_trust(workspace, COMMITTING)
        repo = git.repository(workspace.root)
        refuse_in_progress(repo)
        files = _files(workspace, name, before)
        if not files:
            return None, ()
        trailer = _trailer(workspace, name)
        examples = f"{n_new:,} example{'' if n_new == 1 else 's'}"
        text = f"{name}: {examples} imported from {one_line(Path(source).name)}"
        revision = commit_files(
            repo, workspace.root, files, f"{text}\n\n{trailer}" if trailer else text
        )
    except UpwellError as error:
        return None, (f"imported and not committed: {error}. Then commit it, with: upwell commit",)
    notes = (f"errors stand in what came; list them with: upwell check {name}",) if trailer else ()
    return revision, notes


def _files(workspace: Workspace, name: str, before: Texts) -> dict[str, bytes]:
    """Return what the commit takes: path → bytes."""
    repo = git.repository(workspace.root)
    tree = git.working_tree(repo, workspace.root, [f"datasets/{name}", _PARAMS, *SCAFFOLD])
    own = f"datasets/{name}/dataset.toml"
    is_new = tree.revision is None or any(
        change.path == own and change.head_blob is None for change in tree.changes
    )
    now = texts_of(workspace, name)

    def is_taken(change: git.Change) -> bool:
        path = change.path
        if path in SCAFFOLD:
            return change.kind == "untracked"
        is_written = path in now and now[path] != before.get(path)
        if path == _PARAMS:
            return is_written or change.head_blob is None
        if dataset_of(path) != name or is_log(path) or not is_of_dataset(path):
            return False
        return is_new or is_written

    taken = [c.path for c in tree.changes if c.kind not in ("deleted", "unmerged") and is_taken(c)]
    found = {path: _read(workspace.root / path) for path in taken}
    return {path: data for path, data in found.items() if data is not None}


def _trailer(workspace: Workspace, name: str) -> str | None:
    from ide.store.blocking import require_no_errors  # slow to import, and mostly not needed

    return require_no_errors(workspace, [name], _AS_IT_CAME)


def _read(path: Path) -> bytes | None:
    """Return a file's bytes; None where there is none. Links are left to git itself."""
    if path.is_symlink() or not path.is_file():
        return None
    with storage_errors(path, "read"):
        return path.read_bytes()
