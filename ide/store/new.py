"""``upwell new``: an empty workspace with its own git, DVC and build."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import suppress
from importlib import resources
from pathlib import Path

from ide.dataset.errors import StorageError, WorkspaceError
from ide.store import git
from ide.store.dvc_paths import require_path_for_dvc
from ide.store.files import expanded, storage_errors, storage_sentence
from ide.store.trust import trust
from ide.store.what_runs import what_runs
from ide.store.workspace import Workspace

_README = """\
# {name}

A workspace of Upwell, an IDE for Software 2.0: `datasets/` is the source code, training compiles
it.

    upwell import SOURCE --name NAME   # a folder of images by class, a .csv, .jsonl or .parquet
    upwell open                        # look at it, label, compile
    upwell compile                     # the same build without the workbench
    upwell commit                      # record what was edited
"""
_PARAMS = """\
# The datasets that are built, each a folder of datasets/.
datasets: []
"""
_DVC_CONFIG = """\
[core]
    analytics = false
    check_update = false
    autostage = false
"""
_IGNORED = "/builds/\n/.upwell/\n/datasets/.import-*/\n"
_ATTRIBUTES = "datasets/*/edits/*.jsonl merge=union -text\n"
_FOREIGN_LINES = (".gitignore", ".gitattributes")  # ours are added to what a person has in them


def new_workspace(path: str | Path) -> Workspace:
    """Make an empty workspace and return it.

    ``path`` is new, an empty folder, or a git repository that has none of the files a workspace
    is made of. Outside of any repository one is begun, with a first commit if git knows who
    commits; within one, committing is left to the person. Raises ``WorkspaceError``,
    ``GitError`` or ``StorageError``; then nothing of it is left.
    """
    root = expanded(path).resolve()
    advice = "Name a folder without them; nothing was made"
    require_path_for_dvc(root, "the folder", advice)
    _refuse_nested(root)
    files = _files(root.name)
    if root.is_dir() and any(root.iterdir()):
        _refuse_unfit(root, files)
        _write_into(root, files)
        return _trusted(Workspace(root))
    if root.exists() and not root.is_dir():
        raise WorkspaceError(f"{root} is a file; name a new or an empty folder for the workspace")
    with storage_errors(root, "make"):
        root.parent.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(prefix=f".{root.name}.", suffix=".new", dir=root.parent))
        try:
            made.chmod(0o755)
            for name, text in files.items():
                _write(made / name, text)
            if not _is_in_repository(root.parent):
                _begin_repository(made)
            made.replace(root)
        finally:
            shutil.rmtree(made, ignore_errors=True)
    return _trusted(Workspace(root))


def _trusted(workspace: Workspace) -> Workspace:
    """Trust what was made here; not a repository that was there, if it brings what would run."""
    if not what_runs(workspace):
        with suppress(StorageError):  # then it is asked for when it is needed
            trust(workspace)
    return workspace


def _files(name: str) -> dict[str, str]:
    """Return the text of every file of a new workspace by its path; what marks it one is last."""
    template = resources.files("ide.store").joinpath("templates", "dvc.yaml")
    return {
        "README.md": _README.format(name=name),
        ".gitignore": _IGNORED,
        ".gitattributes": _ATTRIBUTES,
        ".dvcignore": "# What DVC need not look through when it walks the workspace.\n.upwell\n",
        ".dvc/config": _DVC_CONFIG,
        ".dvc/.gitignore": "/config.local\n/tmp\n/cache\n",
        "params.yaml": _PARAMS,
        "dvc.yaml": template.read_text(encoding="utf-8"),
        "datasets/.gitkeep": "",
    }


def _refuse_nested(root: Path) -> None:
    try:
        outer = Workspace.find(root)
    except WorkspaceError:
        return
    what = "is a workspace already" if outer.root == root else f"lies in the workspace {outer.root}"
    raise WorkspaceError(f"{root} {what}; name a folder outside of it")


def _refuse_unfit(root: Path, files: dict[str, str]) -> None:
    if not (root / ".git").exists():
        entry = min(p.name for p in root.iterdir())
        raise WorkspaceError(
            f"{root} is neither empty nor a git repository (it holds {entry!r}); name a new or an "
            "empty folder for the workspace"
        )
    for name, text in files.items():
        path = root / name
        _refuse_link(root, path)
        is_kept = name in _FOREIGN_LINES or name == "README.md"
        if path.exists() and not is_kept and path.read_bytes() != text.encode():
            raise WorkspaceError(
                f"{root} has a {name} of its own, which a workspace needs for itself; move it "
                "away, or name a new folder"
            )


def _refuse_link(root: Path, path: Path) -> None:
    """Refuse to write a workspace through a link that the repository has, out of it perhaps."""
    below = [p for p in (path, *path.parents) if p != root and p.is_relative_to(root)]
    links = [p.relative_to(root).as_posix() for p in below if p.is_symlink()]
    if links:
        raise WorkspaceError(
            f"{root} has a link {links[0]}, and a workspace is not written through links; remove "
            "it, or name a new folder"
        )


def _write_into(root: Path, files: dict[str, str]) -> None:
    """Add the files to a person's repository; on failure take away what was added."""
    before = {n: (root / n).read_bytes() if (root / n).exists() else None for n in files}
    try:
        for name, text in files.items():
            old = before[name]
            if old is None:
                _write(root / name, text)
            elif name in _FOREIGN_LINES:
                _add_lines(root / name, old.decode("utf-8", "surrogateescape"), text)
    except OSError as error:
        for name, old in before.items():
            if old is None:
                (root / name).unlink(missing_ok=True)
            else:
                (root / name).write_bytes(old)
        raise WorkspaceError(storage_sentence(error, root, "make a workspace in")) from error


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _add_lines(path: Path, old: str, ours: str) -> None:
    known = old.splitlines()
    new = [line for line in ours.splitlines() if line not in known]
    joint = "" if not old or old.endswith("\n") else "\n"
    text = old + joint + "".join(f"{line}\n" for line in new)
    path.write_bytes(text.encode("utf-8", "surrogateescape"))


def _is_in_repository(folder: Path) -> bool:
    return git.attempt(folder, "rev-parse", "--is-inside-work-tree").stdout.strip() == b"true"


def _begin_repository(root: Path) -> None:
    git.run(root, "init", "--quiet", "--initial-branch", "main", is_ours=True)
    git.run(root, "add", "--all", is_ours=True)
    # Without an identity, or with a hook in the way, the files stay staged for a person.
    identity = ("-c", "user.useConfigOnly=true")
    commit = ("commit", "--quiet", "--message", "Begin an Upwell workspace")
    git.attempt(root, *identity, *commit, is_ours=True)
