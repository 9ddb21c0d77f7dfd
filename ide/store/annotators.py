"""Who is at the keyboard: the annotator that edits are made as, unless another is named."""

from __future__ import annotations

import getpass
import subprocess
from functools import lru_cache

from ide.dataset.annotator import annotator_slug
from ide.store.workspace import Workspace


@lru_cache(maxsize=8)
def default_annotator(workspace: Workspace) -> str:
    """Return git's user.name as an annotator, else the name of the account."""
    try:
        found = subprocess.run(
            ["git", "config", "user.name"],
            cwd=workspace.root,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            check=False,
            timeout=10,
        ).stdout.strip()
    except OSError:
        found = ""
    if found:
        return annotator_slug(found)
    try:
        return annotator_slug(getpass.getuser())
    except (KeyError, OSError):
        return "someone"
