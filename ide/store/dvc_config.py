"""DVC's settings of a workspace as they are now: where its cache is, and its remotes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ide.dataset.errors import ConfigError, StorageError
from ide.store.files import replacing, storage_errors
from ide.store.workspace import Workspace

# An example never changes in place, so a link to the cache is as good as a copy of it.
_LINKS = "reflink,hardlink,symlink,copy"


@dataclass(frozen=True, slots=True)
class Remote:
    """A DVC remote: its name, its address, and its folder where it is one on this machine."""

    name: str
    url: str

    @property
    def folder(self) -> Path | None:
        """The folder of a local remote; None for S3 and all others."""
        return None if re.match(r"\w+://", self.url) else Path(self.url)


def dvc_settings(workspace: Workspace) -> dict[str, Any]:
    """Return the settings of the workspace and this machine, merged, paths made absolute.

    Raises ``ConfigError`` where ``.dvc/config`` is not what DVC can read.
    """
    from configobj import ConfigObjError
    from dvc.config import Config
    from dvc.exceptions import DvcException

    try:
        settings: dict[str, Any] = Config(str(workspace.root / ".dvc")).load_config_to_level()
    except (DvcException, ConfigObjError) as error:  # the latter of a %(name)s in an address
        raise ConfigError(
            f"DVC's settings cannot be read (.dvc/config, .dvc/config.local): {str(error)[:200]}"
        ) from None
    return settings


def cache_of(workspace: Workspace, settings: Mapping[str, Any]) -> Path:
    """Return the folder of the cache that settings name, else the workspace's own."""
    found = settings.get("cache", {}).get("dir")
    return Path(found) if found else workspace.root / ".dvc" / "cache"


def default_remote(workspace: Workspace) -> Remote | None:
    """Return the remote that DVC pushes to and pulls from; None where there is none."""
    settings = dvc_settings(workspace)
    name = settings.get("core", {}).get("remote")
    remote = settings.get("remote", {}).get(name) if name else None
    return Remote(str(name), str(remote["url"])) if remote and remote.get("url") else None


def require_there(remote: Remote) -> None:
    """Raise where a remote is a folder that is not there: DVC would make one, unmounted or not."""
    folder = remote.folder
    if folder is not None and not folder.is_dir():
        raise StorageError(
            f"the folder of the DVC remote {remote.name!r} is not there: {folder}. Mount it, or "
            f"make it (mkdir -p {folder}), or name another one: dvc remote modify {remote.name} "
            "url FOLDER. Nothing was pushed or pulled"
        )


def write_clean_config(workspace: Workspace, root: Path) -> None:
    """Write ``.dvc/config`` of a clean folder: this workspace's cache and remotes of today.

    Whatever the revision had: an address relative to ``.dvc`` would lead elsewhere from there,
    and the cache is this machine's. DVC need not look for git: the folder is in an ignored one.
    """
    from configobj import ConfigObj

    settings = dvc_settings(workspace)
    core, cache = dict(settings.get("core", {})), dict(settings.get("cache", {}))
    core |= {"no_scm": "true", "analytics": "false", "check_update": "false"}
    core |= {"autostage": "false"}
    cache |= {"dir": str(cache_of(workspace, settings)), "type": _LINKS}
    sections: dict[str, Any] = {"core": _texts(core), "cache": _texts(cache)}
    for name, remote in settings.get("remote", {}).items():
        sections[f'remote "{name}"'] = _texts(remote)
    path = root / ".dvc" / "config"
    with storage_errors(path, "write"), replacing(path) as temporary:
        (path.parent / "config.local").unlink(missing_ok=True)
        with temporary.open("wb") as stream:
            ConfigObj(sections, encoding="utf-8").write(stream)


def _texts(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings as an INI file has them; lists stay lists."""
    return {k: v if isinstance(v, list) else str(v) for k, v in values.items()}
