"""Paths in which DVC or git cannot work, refused before anything is written.

DVC fills the path of a cache and of a remote into its messages as a template (``str.format``),
and reads its settings, which hold such paths, with an interpolation of ``%(name)s``; git tells
paths in lines. A brace, a ``%(`` or a line end in a path then ends them halfway, and what is not
UTF-8 cannot stand in a file of text. Every other name of a folder works.
"""

from __future__ import annotations

import re
from pathlib import Path

from ide.dataset.errors import ConfigError
from ide.store.dvc_cache import cache_path
from ide.store.workspace import Workspace

_STUMBLED_OVER = re.compile("[{}\n\r\ud800-\udfff]|%\\(")


def require_path_for_dvc(path: str | Path, what: str, advice: str) -> None:
    """Raise ``ConfigError`` where DVC cannot work with a path; ``advice``: what to do instead."""
    found = dict.fromkeys(_STUMBLED_OVER.findall(str(path)))
    if found:
        raise ConfigError(
            f"{what} {str(path)[:300]!r} cannot be used: DVC and git stumble over "
            f"{' and '.join(map(repr, found))} in a path. {advice}"
        )


def require_paths_for_dvc(workspace: Workspace) -> None:
    """Raise ``ConfigError`` where DVC cannot work in the workspace's folder, or with its cache."""
    advice = "Rename the folder that has it in its name; nothing was changed"
    require_path_for_dvc(workspace.root, "the folder", advice)
    advice = "Name another one, with: dvc cache dir FOLDER; nothing was changed"
    require_path_for_dvc(cache_path(workspace), "DVC's cache", advice)
