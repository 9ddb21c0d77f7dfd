"""A workspace: the folder that holds ``datasets/`` and ``dvc.yaml``."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from ide.dataset.config import DatasetConfig, check_name, is_name, parse_config
from ide.dataset.errors import ConfigError, DatasetNotFoundError, WorkspaceError
from ide.store.inside import is_workspace, link_in_dataset, refuse_linked_parts

TRACKED = ("datasets", "dvc.lock", "params.yaml")  # what git keeps of it, and commands change
_REGISTERED = re.compile(r"""@check\(\s*["']([^"']+)["']""")


@dataclass(frozen=True, slots=True)
class Workspace:
    """Where a workspace lies, and where things lie in it. Reads nothing until asked."""

    root: Path

    @classmethod
    def find(cls, start: str | Path | None = None) -> Workspace:
        """Return the workspace at or above ``start`` (default: here), or raise.

        Raises ``LinkError`` where what the workspace is made of is a link.
        """
        try:
            begin = Path(start or ".").resolve()
            folders = [folder for folder in (begin, *begin.parents) if is_workspace(folder)]
        except (OSError, ValueError) as error:  # too long, or no name that a folder could have
            raise WorkspaceError(
                f"{ascii(str(start))[:80]} cannot be a folder ({error}"[:200] + "); name another"
            ) from None
        if folders:
            refuse_linked_parts(folders[0])
            return cls(folders[0])
        raise WorkspaceError(
            f"{begin} is not in a workspace: no folder from there upwards holds both datasets/ "
            "and dvc.yaml. Make one with: upwell new DIR, or name one with --workspace DIR"
        )

    @property
    def datasets_path(self) -> Path:
        """The source code: a folder a dataset."""
        return _below(self.root, "datasets")

    @property
    def local_path(self) -> Path:
        """This machine's own state (archived builds, locks, progress); not in git."""
        return _below(self.root, ".upwell")

    def dataset_path(self, name: str) -> Path:
        """The folder of a dataset, known or not yet."""
        return _below(self.datasets_path, check_name(name))

    def config_path(self, name: str) -> Path:
        """The ``dataset.toml`` of a dataset."""
        return _below(self.dataset_path(name), "dataset.toml")

    def examples_path(self, name: str) -> Path:
        """The folder of a dataset's Parquet parts."""
        return _below(self.dataset_path(name), "examples")

    def edits_path(self, name: str) -> Path:
        """The folder of a dataset's edit logs."""
        return _below(self.dataset_path(name), "edits")

    def checks_path(self, name: str) -> Path:
        """The folder of a dataset's own checks; it need not be there."""
        return _below(self.dataset_path(name), "checks")

    def build_path(self, name: str) -> Path:
        """Where the pipeline writes; readers go through ``ide.store.builds``."""
        return self.root / "builds" / check_name(name)

    def relative(self, path: Path) -> str:
        """The path as a person in the workspace would write it."""
        return (
            path.relative_to(self.root).as_posix() if path.is_relative_to(self.root) else str(path)
        )

    def datasets(self) -> list[str]:
        """The names of the datasets, sorted, without those that ``refused`` names."""
        found = (path.parent.name for path in self.datasets_path.glob("*/dataset.toml"))
        return sorted(n for n in found if is_name(n) and not link_in_dataset(self.root, n))

    def refused(self) -> dict[str, str]:
        """Dataset → why it cannot be used: it has a link, which can lead to any file."""
        with os.scandir(self.datasets_path) as entries:
            names = sorted(e.name for e in entries if e.is_symlink() or _is_dataset(e))
        found = {name: link_in_dataset(self.root, name) for name in names}
        return {name: str(error) for name, error in found.items() if error}

    def require(self, name: str) -> str:
        """Return ``name`` if the workspace holds it; else raise ``DatasetNotFoundError``.

        Raises ``LinkError`` where the dataset has a link.
        """
        self.refuse_links(name)
        if not is_name(name) or not self.config_path(name).exists():
            raise DatasetNotFoundError(name[:80], self.datasets())
        return name

    def refuse_links(self, name: str) -> None:
        """Raise ``LinkError`` where a dataset, known or not yet, has a link."""
        error = link_in_dataset(self.root, name) if is_name(name) else None
        if error is not None:
            raise error

    def config(self, name: str) -> DatasetConfig:
        """Read a dataset's ``dataset.toml``."""
        path = self.config_path(self.require(name))
        where = self.relative(path)
        try:
            stat = path.stat()
            own = _own_checks(self.checks_path(name))
            return _read_config(path, stat.st_mtime_ns, stat.st_size, name, where, own)
        except OSError as error:
            raise ConfigError(f"{where} cannot be read: {error.strerror}") from None


def _is_dataset(entry: os.DirEntry[str]) -> bool:
    return is_name(entry.name) and os.path.lexists(f"{entry.path}/dataset.toml")


@lru_cache(maxsize=1024)
def _below(folder: Path, name: str) -> Path:
    """Join two parts of a path once: some hundred times a label they are the same."""
    return folder / name


@lru_cache(maxsize=64)
def _read_config(
    path: Path, _mtime_ns: int, _size: int, name: str, where: str, own_checks: tuple[str, ...]
) -> DatasetConfig:
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ConfigError(
            f"{where} is not UTF-8 text (byte {error.start}); save it as UTF-8"
        ) from None
    return parse_config(text, name=name, where=where, own_checks=own_checks)


def _own_checks(folder: Path) -> tuple[str, ...]:
    """Return the names of a dataset's own checks, read and not run."""
    found: list[str] = []
    for path in sorted(folder.glob("*.*")) if folder.is_dir() else ():
        is_code = path.suffix == ".py"
        text = path.read_text(encoding="utf-8", errors="replace") if is_code else ""
        found += named_checks(path.name, text)
    return tuple(found)


def named_checks(path: str, text: str) -> list[str]:
    """Return the names of the checks in a file: what Python registers, and the name of a query."""
    name, _, suffix = path.rpartition("/")[2].rpartition(".")
    return [name] if suffix == "sql" else _REGISTERED.findall(text) if suffix == "py" else []
