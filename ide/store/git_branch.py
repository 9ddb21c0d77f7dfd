"""Branches of git: making one, going to another, and why git may refuse."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ide.dataset.errors import GitError
from ide.store.git import attempt, explain


def has_branch(root: Path, branch: str) -> bool:
    """Whether there is a branch of that name; one that git would take for an option is none."""
    if branch.startswith("-"):
        return False
    ref = f"refs/heads/{branch}"
    return attempt(root, "show-ref", "--verify", "--quiet", ref).returncode == 0


def create_branch(root: Path, branch: str) -> None:
    """Make a branch at HEAD and go there; no file changes. Raises ``GitError``."""
    require_new(root, branch)
    _switch(root, "--create", branch)


def require_new(root: Path, branch: str) -> None:
    """Raise ``GitError`` where git could not make a branch of that name."""
    if has_branch(root, branch):
        raise GitError(
            f"there is a branch {branch!r} already. Go there with: upwell switch {branch}, "
            "or ask for another one"
        )
    folder = branch.partition("/")[0]
    if folder != branch and has_branch(root, folder):
        raise GitError(
            f"git cannot have {branch!r} beside a branch {folder!r}. "
            f"Rename that one: git branch -m {folder} {folder}-old"
        )
    is_other = branch.startswith("@{")  # git would take it for a branch that we were on before
    if is_other or attempt(root, "check-ref-format", "--branch", branch).returncode != 0:
        raise GitError(
            f"{branch[:80]!r} cannot name a branch: wanted letters, digits, '-', '_', '.' or '/', "
            "without spaces, such as ada/second-pass"
        )


def switch_branch(root: Path, branch: str, *options: str) -> None:
    """Go to a branch; uncommitted files come along. Raises ``GitError``; then nothing changed.

    options: of git itself, such as ``git_hooks.WITHOUT_HOOKS``.
    """
    if not has_branch(root, branch):
        raise GitError(f"there is no branch {branch!r}. List them with: git branch")
    _switch(root, branch, options=options)


def delete_branch(root: Path, branch: str) -> None:
    """Delete a branch, merged or not; git's reflog has it for some weeks still."""
    result = attempt(root, "branch", "--quiet", "-D", branch)
    if result.returncode != 0:
        raise GitError(explain(result.stderr.decode(errors="replace"), root))


def _switch(root: Path, *arguments: str, options: Sequence[str] = ()) -> None:
    result = attempt(root, *options, "switch", "--quiet", "--no-guess", *arguments)
    if result.returncode == 0:
        return
    said = result.stderr.decode(errors="replace")
    if "would be overwritten by checkout" in said:
        files = [line.strip() for line in said.splitlines() if line.startswith("\t")]
        raise GitError(
            f"{', '.join(files[:5])} {'has' if len(files) == 1 else 'have'} changes that "
            f"{arguments[-1]!r} would overwrite. Commit them first, with: upwell commit"
        )
    raise GitError(explain(said, root))
