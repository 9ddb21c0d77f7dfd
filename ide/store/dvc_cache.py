"""DVC's cache on this machine: where it is, and what it keeps there by the names of contents."""

from __future__ import annotations

import re
from pathlib import Path

from ide.dataset.reading import parse_json
from ide.store.dvc_config import cache_of, dvc_settings
from ide.store.workspace import Workspace

_NAME = re.compile(r"[0-9a-f]{32}(\.dir)?")


def cache_path(workspace: Workspace) -> Path:
    """Return the folder of DVC's cache, which may be shared with other workspaces.

    DVC itself, slow to import, is asked only where one of its settings speaks of a cache.
    """
    from dvc.dirs import global_config_dir, system_config_dir

    own = workspace.root / ".dvc"
    everybody = (Path(system_config_dir()), Path(global_config_dir()))
    files = (own / "config", own / "config.local", *(folder / "config" for folder in everybody))
    if any(b"cache" in _bytes(path) for path in files):
        return cache_of(workspace, dvc_settings(workspace))
    return cache_of(workspace, {})


def is_name(md5: str) -> bool:
    """Whether DVC could name a content so: 32 hex digits, and ``.dir`` of a folder."""
    return _NAME.fullmatch(md5) is not None


def cached_file(cache: Path, md5: str) -> Path:
    """Return where the cache keeps a content, if it has it; ``ValueError`` for no name of one."""
    if not is_name(md5):
        raise ValueError(f"{md5[:40]!r} is no name of DVC's")
    return cache / "files" / "md5" / md5[:2] / md5[2:]


def cached_folder(cache: Path, md5: str) -> dict[str, str] | None:
    """Return what a folder is made of: path in it → name of the content.

    None where the cache lacks the list, or has it damaged.
    """
    try:
        rows = parse_json(cached_file(cache, md5).read_bytes())
        parts = {str(row["relpath"]): str(row["md5"]) for row in rows}
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return parts if all(map(is_name, parts.values())) else None


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""
