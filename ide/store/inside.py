"""Staying inside a workspace: nothing of it is read or written through a link.

A cloned workspace is another person's work, and git and archives carry links: one in the place of
an edit log would turn a label into a line of a shell's start-up file. Two kinds are followed, to
read: DVC's, from examples and builds into its cache, which it may keep on another disk, and
Upwell's own, from a clean folder to what is measured of examples once.
See docs/decisions/076-nothing-is-written-through-a-link.md.
"""

from __future__ import annotations

import errno
import os
import re
import shutil
import stat
from pathlib import Path

from ide.dataset.errors import LinkError

# what a workspace is made of, and Upwell or DVC write
_PARTS = (
    *("datasets", "builds", ".upwell", ".dvc", ".dvc/tmp"),
    *("dvc.yaml", "dvc.lock", "params.yaml", ".gitignore", ".gitattributes"),
)
_IN_CACHE = re.compile(r"/[0-9a-f]{2}/[0-9a-f]{30}")  # what DVC calls a file there, by its MD5
_EXAMPLES = re.compile(r"/datasets/[^/]+/examples$")
_CLEAN = "/.upwell/at/work/"  # where clean folders lie
_SPECIAL = "is a pipe, a socket or a device, and no file. Remove it"
_MANY_NAMES = (
    "has more than one name (hard links), and what is appended would appear under each. Give it "
    "one of its own: cp {0} {0}.own && mv {0}.own {0}"
)
_ROOTS: dict[Path, Path] = {}  # folder → the workspace that it lies in
_N_ROOTS = 1024


def is_workspace(folder: Path) -> bool:
    """Whether a folder holds what makes it a workspace."""
    return (folder / "datasets").is_dir() and (folder / "dvc.yaml").is_file()


def refuse_links(path: Path) -> None:
    """Raise ``LinkError`` where a path, or a folder on the way to it in a workspace, is a link.

    The way to the workspace is the person's, and a path outside of any is not looked at.
    """
    path = path.absolute()
    root = _workspace_of(path)
    if root is None:
        return
    link = root
    for part in path.relative_to(root).parts:
        link /= part
        if link.is_symlink() and not _is_of_clean_folder(link):
            raise LinkError(_relative(link, root), _sentence(link))


def open_inside(path: Path, flags: int, *, mode: int = 0o644) -> int:
    """Open a file of a workspace and return its handle; no part of its path is ever followed.

    Its folder is made where it is not there. Raises ``LinkError`` for a link, a pipe or a device,
    and for a file with several names that is to be appended to; else ``OSError``.
    """
    path = path.absolute()
    root = _workspace_of(path) or path.parent
    handle = _open_or_raise(root, path, flags, mode)
    found = os.fstat(handle)
    problem = None
    if not stat.S_ISREG(found.st_mode):
        problem = _SPECIAL
    elif found.st_nlink > 1 and flags & os.O_APPEND:
        problem = _MANY_NAMES.format(_relative(path, root))
    if problem:
        os.close(handle)
        raise LinkError(_relative(path, root), problem)
    return handle


def make_folders(folder: Path) -> None:
    """Make a folder of a workspace, and those above it; raise ``LinkError`` at a link."""
    refuse_links(folder)
    folder.mkdir(parents=True, exist_ok=True)


def remove_folder(folder: Path) -> None:
    """Remove a folder of a workspace as far as it can be; a link in its place stays."""
    refuse_links(folder.parent)
    shutil.rmtree(folder, ignore_errors=True)


def refuse_links_in(folder: Path) -> None:
    """Raise ``LinkError`` where a folder of a workspace is a link, or holds one."""
    refuse_links(folder)
    for path in _not_plain(str(folder)):
        refuse_links(Path(path))


def refuse_linked_parts(root: Path) -> None:
    """Raise ``LinkError`` where what a workspace itself is made of is a link, or no file."""
    paths = [root / part for part in _PARTS]
    for path in (*paths, *map(Path, _not_plain(f"{root}/.upwell"))):
        is_link = path.is_symlink()
        if is_link and _is_of_clean_folder(path):
            continue
        if is_link or (path.exists() and not path.is_file() and not path.is_dir()):
            raise LinkError(_relative(path, root), _sentence(path))


def link_in_dataset(root: Path, name: str) -> LinkError | None:
    """Return what is wrong where a dataset or its build has a link that DVC would not make.

    Costs a look into each of five folders.
    """
    dataset, build = f"{root}/datasets/{name}", f"{root}/builds/{name}"
    found = [path for path in (dataset, build) if Path(path).is_symlink()]
    if not found:
        found += (path for path in _not_plain(dataset) if not _is_shared(path))
        for folder in ("edits", "checks"):
            found += _not_plain(f"{dataset}/{folder}")
        for folder in (f"{dataset}/examples", build):
            found += (path for path in _not_plain(folder) if not is_data(Path(path)))
    if not found:
        return None
    path = Path(found[0])
    return LinkError(_relative(path, root), _sentence(path))


def is_data(link: Path) -> bool:
    """Whether a link of examples or of a build can be DVC's: to its cache, or to a like file.

    It is only ever read. What it leads to in another place is looked at as what it has to be, so
    that it cannot be a key or a start-up file.
    """
    target = os.path.realpath(link)
    is_alike = bool(link.suffix) and target.endswith(link.suffix)
    return link.is_symlink() and (is_alike or _IN_CACHE.fullmatch(target[-34:]) is not None)


def _is_shared(path: str) -> bool:
    """Whether a dataset's ``examples`` is a link to those of another clone: to be read, only."""
    return path.endswith("/examples") and _EXAMPLES.search(os.path.realpath(path)) is not None


def _not_plain(folder: str) -> list[str]:
    """Return what in a folder is neither a file nor a folder, but a link or something special."""
    try:
        with os.scandir(folder) as entries:
            return sorted(entry.path for entry in entries if not _is_plain(entry))
    except (FileNotFoundError, NotADirectoryError):
        return []


def _is_plain(entry: os.DirEntry[str]) -> bool:
    return entry.is_file(follow_symlinks=False) or entry.is_dir(follow_symlinks=False)


def _open_or_raise(root: Path, path: Path, flags: int, mode: int) -> int:
    parts = path.relative_to(root).parts
    try:
        try:
            return _open_below(root, parts, flags, mode)
        except FileNotFoundError:
            make_folders(path.parent)
            return _open_below(root, parts, flags, mode)
    except OSError as error:
        refuse_links(path)  # what is in the way is mostly a link
        if error.errno == errno.ENXIO:  # a pipe that nobody reads
            raise LinkError(_relative(path, root), _SPECIAL) from None
        raise


def _open_below(root: Path, parts: tuple[str, ...], flags: int, mode: int) -> int:
    """Open a file folder by folder, so that none can become a link between two looks."""
    handle = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
    try:
        for part in parts[:-1]:
            inner = os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=handle)
            os.close(handle)
            handle = inner
        return os.open(parts[-1], flags | os.O_NOFOLLOW | os.O_NONBLOCK, mode, dir_fd=handle)
    finally:
        os.close(handle)


def _workspace_of(path: Path) -> Path | None:
    """Return the outermost workspace that a path lies in; remembered, since it stays there."""
    root = _ROOTS.get(path.parent)
    if root is None:
        found = [folder for folder in path.parents if is_workspace(folder)]
        root = found[-1] if found else None
        if root is not None:
            if len(_ROOTS) >= _N_ROOTS:
                _ROOTS.clear()
            _ROOTS[path.parent] = root
    return root


def _is_of_clean_folder(link: Path) -> bool:
    """Whether Upwell made a link: from a clean folder to what lies beside it in ``.upwell/at``."""
    top, clean, _ = str(link).partition(_CLEAN)
    return bool(clean) and os.path.realpath(link).startswith(f"{os.path.realpath(top)}/.upwell/at/")


def _relative(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)


def _sentence(link: Path) -> str:
    if not link.is_symlink():
        return _SPECIAL
    try:
        target = ascii(str(link.readlink()))[:160]
    except OSError:
        target = "somewhere"
    return (
        f"is a link to {target}, and links can lead to any file of this machine: nothing of a "
        "workspace is read or written through one. Put a file or a folder in its place, or remove "
        "the link"
    )
