"""A person's hooks, run when nothing of ours is held: a hook may call ``upwell`` itself.

Git runs some hooks while it still replaces files, and we hold a lock of the logs around that. A
hook that appended an edit then would wait for us, and we for it. So git is told to run none, and
those that come after its work are run here, when the lock is free.
"""

from __future__ import annotations

import os
from pathlib import Path

from ide.store import git

WITHOUT_HOOKS = ("-c", f"core.hooksPath={os.devnull}")
_NO_COMMIT = "0" * 40


def run_checkout_hook(root: Path, before: str | None) -> None:
    """Run ``post-checkout`` after HEAD has gone from one commit to where it is now."""
    after = git.head_revision(root) or _NO_COMMIT
    _run(root, "post-checkout", before or _NO_COMMIT, after, "1")


def run_merge_hook(root: Path) -> None:
    """Run ``post-merge`` after a merge that was no squash."""
    _run(root, "post-merge", "0")


def _run(root: Path, name: str, *arguments: str) -> None:
    """Run a hook; like git, pass over how it ends: what it comes after is done."""
    git.attempt(root, "hook", "run", "--ignore-missing", name, "--", *arguments)
