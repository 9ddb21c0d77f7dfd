"""Workflows that post the report to pull and merge requests, as files of a workspace."""

from __future__ import annotations

import re
from importlib import resources
from pathlib import Path

import ide
from ide.dataset.errors import WorkspaceError
from ide.store import git
from ide.store.files import write_text
from ide.store.workspace import Workspace

FILES = {
    "github": {
        ".github/workflows/upwell-report.yml": "github-report.yml",
        ".github/workflows/upwell-comment.yml": "github-comment.yml",
    },
    "gitlab": {".gitlab/upwell.yml": "gitlab.yml"},
}
GITLAB_ENTRY = ".gitlab-ci.yml"
INCLUDE = "include:\n  - local: .gitlab/upwell.yml\n"
_PLAIN = re.compile(r"[\w.][\w./-]*", re.ASCII)


def workflow_files(host: str, *, folder: str = ".") -> dict[str, str]:
    """Return the files for ``github`` or ``gitlab``: path in the repository → text.

    folder: where the workspace lies in the repository.
    """
    templates = resources.files("ide.store").joinpath("templates", "ci")
    found = {}
    for path, template in FILES[host].items():
        text = templates.joinpath(template).read_text(encoding="utf-8")
        text = text.replace("UPWELL_REQUIREMENT", f"upwell=={ide.__version__}")
        found[path] = text.replace("WORKSPACE_FOLDER", folder)
    return found


def write_workflows(workspace: Workspace, host: str) -> tuple[list[Path], str | None]:
    """Write the files into the workspace's repository; return them, and what is left to do.

    A file that is there already and says something else stays, and nothing is written. Raises
    ``WorkspaceError`` then, ``GitError`` where there is no repository, ``StorageError``.
    """
    repository = git.repository(workspace.root)
    folder = repository.prefix.rstrip("/") or "."
    if not _PLAIN.fullmatch(folder):
        raise WorkspaceError(
            f"the workspace lies in {folder[:80]!r}, which a workflow cannot name safely; use "
            "letters, digits, '.', '-', '_' and '/' for folders"
        )
    files = {repository.root / path: t for path, t in workflow_files(host, folder=folder).items()}
    to_do = None
    entry = repository.root / GITLAB_ENTRY
    if host == "gitlab" and not entry.exists():
        files[entry] = INCLUDE
    elif host == "gitlab" and "upwell.yml" not in entry.read_text("utf-8", "replace"):
        to_do = f"add to {GITLAB_ENTRY}: include: [{{local: .gitlab/upwell.yml}}]"
    for path, text in files.items():
        if path.exists() and path.read_bytes() != text.encode():
            raise WorkspaceError(
                f"{path.relative_to(repository.root)} is there and says something else; move it "
                "away to have it written anew"
            )
    for path, text in files.items():
        write_text(path, text)
    return list(files), to_do
