"""Git's remotes: where a branch is pushed to, what is new there, and why they refuse."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from ide.dataset.errors import GitError
from ide.store import git


@dataclass(frozen=True, slots=True)
class Upstream:
    """Where a branch has its counterpart: a remote, and the branch's name there."""

    remote: str
    branch: str

    @property
    def name(self) -> str:
        """The counterpart as it was when it was last looked at, such as ``origin/main``."""
        return f"{self.remote}/{self.branch}"

    @property
    def ref(self) -> str:
        """The same, as git names it in full."""
        return f"refs/remotes/{self.name}"


def upstream(root: Path, branch: str) -> Upstream:
    """Return a branch's counterpart: the one that git knows, else its namesake on the remote.

    The remote is then ``origin``, or the only one. Raises ``GitError`` where there is none.
    """
    remote, merge = (_config(root, f"branch.{branch}.{key}") for key in ("remote", "merge"))
    if remote and merge and remote != ".":
        return Upstream(remote, merge.removeprefix("refs/heads/"))
    remotes = os.fsdecode(git.run(root, "remote")).split()
    if not remotes:
        raise GitError(
            "there is no git remote to exchange commits with. Add one, such as an empty "
            "repository on a server or in a shared folder: git remote add origin ADDRESS"
        )
    if "origin" not in remotes and len(remotes) > 1:
        raise GitError(
            f"there are several git remotes ({', '.join(remotes[:5])}), and {branch!r} belongs "
            f"to none of them. Choose once: git push --set-upstream {remotes[0]} {branch}"
        )
    return Upstream("origin" if "origin" in remotes else remotes[0], branch)


def fetch(root: Path, up: Upstream) -> str | None:
    """Look what the counterpart of a branch is now; return its commit, None where there is none."""
    spec = f"+refs/heads/{up.branch}:{up.ref}"
    result = _remote_git(root, "fetch", "--quiet", "--no-tags", up.remote, spec)
    said = result.stderr.decode(errors="replace")
    if result.returncode != 0:
        if "couldn't find remote ref" in said:
            return None
        raise GitError(_unreachable(said, up, root))
    return git.resolve(root, up.ref)


def push(root: Path, up: Upstream) -> None:
    """Push HEAD to its counterpart, never by force; raise ``GitError`` saying why it is refused."""
    spec = f"HEAD:refs/heads/{up.branch}"
    result = _remote_git(root, "push", "--quiet", "--set-upstream", up.remote, spec)
    if result.returncode == 0:
        return
    said = result.stderr.decode(errors="replace")
    if "fetch first" in said or "non-fast-forward" in said:
        raise GitError(
            f"somebody pushed to {up.name} in this very moment, and nothing of theirs is "
            "overwritten. The data is there already. Bring theirs with: upwell pull, then push"
        )
    if "No space left on device" in said or "unable to write" in said:
        raise GitError(
            f"the git remote {up.remote!r} is full, or cannot be written to. The data is with "
            "DVC's remote already; mend it, then upwell push sends the commits"
        )
    if "shallow update not allowed" in said:
        raise GitError(
            f"this clone is shallow, and {up.remote!r} takes no commits from such. "
            "Get the whole history with: git fetch --unshallow, then push"
        )
    if "[remote rejected]" in said or "hook declined" in said:
        lines = [ln[8:].strip() for ln in said.splitlines() if ln.startswith("remote: ")]
        why = " / ".join(lines)[:300] or "it does not say why"
        raise GitError(
            f"{up.name} refuses the commits: {why}. If the branch is protected, push "
            "another one (upwell branch NAME) and ask for a review"
        )
    raise GitError(_unreachable(said, up, root))


def count_between(root: Path, up: Upstream) -> tuple[int, int]:
    """Return how many commits HEAD has that its counterpart has not, and the other way round."""
    said = git.run(root, "rev-list", "--left-right", "--count", f"HEAD...{up.ref}")
    ahead, behind = said.split()
    return int(ahead), int(behind)


def _config(root: Path, key: str) -> str:
    return os.fsdecode(git.attempt(root, "config", "--get", key).stdout).strip()


def _remote_git(root: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    """Run git where it may talk to another machine; it asks no question, by ssh neither."""
    ssh = os.environ.get("GIT_SSH_COMMAND", "ssh -oBatchMode=yes")
    return git.attempt(root, *arguments, environment={"GIT_SSH_COMMAND": ssh})


def _unreachable(said: str, up: Upstream, root: Path) -> str:
    url = _config(root, f"remote.{up.remote}.url")
    lines = [ln for ln in said.splitlines() if ln.strip() and not ln.startswith("hint:")]
    why = (lines[0] if lines else "it did not say why").removeprefix("fatal: ")[:200]
    return (
        f"the git remote {up.remote!r} ({url}) cannot be reached, or does not let you in: {why}. "
        "Nothing here has changed; try again when it is there"
    )
