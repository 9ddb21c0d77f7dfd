"""A folder of images (or .txt files) by class, perhaps by split above the classes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from ide.dataset.errors import ImportRefusedError
from ide.dataset.names import is_shown
from ide.dataset.schema import POOL
from ide.store.importing.source import (
    NO_SPLIT,
    Columns,
    Source,
    SourceRow,
    as_label,
    split_of_folder,
)
from ide.store.importing.texts import natural_key
from ide.store.importing.validation import MAX_FILE_BYTES, too_large

IMAGE_SUFFIXES = frozenset(
    {".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".ppm", ".pgm", ".pbm"}
)
UNLABELLED = frozenset({"unlabeled", "unlabelled"})  # folders of what nobody has labelled
_JUNK = frozenset({"thumbs.db", "desktop.ini"})
NO_CLASSES = UNLABELLED | _JUNK  # names of folders that are never read as a class
_MAX_DEPTH = 16


def open_folder(path: Path, columns: Columns, modality: str | None) -> Source:
    """Open a folder; it is of images if it holds any, else of .txt files.

    modality: that of the dataset the files are for; None = it has none yet.
    """
    name = path.resolve().name
    files = folder_files(path, name)
    kind = modality or ("image" if any(_is_image(f) for f in files) else "text")
    is_wanted = _is_image if kind == "image" else _is_text
    found = [f for f in files if is_wanted(f)]
    if not found or kind not in ("image", "text"):
        raise ImportRefusedError(
            f"the folder {name!r} holds no {'.txt files' if modality == 'text' else 'images'}; "
            f"wanted a folder a class with images (or .txt files) in it, such as {name}/cat/1.png. "
            "Nothing was imported."
        )
    for file in files:  # a README beside the classes is no example; within them it is a mistake
        if len(file.parts) > 1 and not is_wanted(file):
            raise ImportRefusedError(
                f"{name}/{file.as_posix()}: {file.suffix or 'a file without a suffix'} is no "
                f"{kind} file; move it out of the classes' folders. Nothing was imported."
            )
    is_split = _has_splits(found, name, columns.split_of_all)
    if modality is None:
        _refuse_too_high(found, name, n_above=1 if is_split else 0)
    split = None if columns.split_of_all == NO_SPLIT else columns.split_of_all
    rows = (_row(path, name, file, split, is_split=is_split) for file in found)
    return Source(name=name, modality=kind, rows=rows, n_rows=len(found))


def _has_splits(found: Sequence[Path], name: str, split_of_all: str | None) -> bool:
    """Whether the folders at the top are splits, or refuse where some are and others are not.

    A folder that has a split's name and no folder in it may well be a class: trains, tests.
    """
    if split_of_all == NO_SPLIT:
        return False
    tops = {f.parts[0] for f in found if len(f.parts) > 1}
    splits = {top for top in tops if split_of_folder(top) is not None}
    if tops == splits and split_of_all is None:
        return True
    above_classes = {f.parts[0] for f in found if len(f.parts) > 2} & splits
    above_classes = {top for top in above_classes if split_of_folder(top) != POOL}
    if not above_classes:
        return False
    some = _listed(above_classes, name)
    if split_of_all is not None:
        raise ImportRefusedError(
            f"{name}: {some} are splits by their names, and --split says {split_of_all} of all; "
            f"import each with its own --split, or say --split {NO_SPLIT} if they are classes. "
            "Nothing was imported."
        )
    raise ImportRefusedError(
        f"{name}: {some} are splits by their names, and {_listed(tops - splits, name)} are not; "
        f"move these away (what nobody has labelled into {name}/unlabeled/), import each folder "
        f"with --split test and the like, or say --split {NO_SPLIT} if all of them are classes. "
        "Nothing was imported."
    )


def _refuse_too_high(found: Sequence[Path], name: str, *, n_above: int) -> None:
    """Refuse a folder above that of the classes: all would be of one class, named for a folder.

    n_above: how many folders stand above the classes.
    """
    inner = [f.parts[n_above:] for f in found if len(f.parts) > n_above + 1]
    classes = {parts[0] for parts in inner}
    below = sorted({parts[1] for parts in inner if len(parts) > 2})
    is_labelled = not any(split_of_folder(c) == POOL for c in classes)
    if len(classes) == 1 and len(below) > 1 and is_labelled and all(len(p) > 2 for p in inner):
        only = classes.pop()
        raise ImportRefusedError(
            f"{name}: the only class would be {only!r}, and its folders "
            f"{', '.join(below[:5])}{' …' if len(below) > 5 else ''} look like the classes; import "
            f"the folder {only!r} instead, or write classes = [{only!r}, …] in the dataset's "
            "dataset.toml first. Nothing was imported."
        )


def _listed(tops: set[str], name: str) -> str:
    shown = sorted(tops, key=natural_key)
    more = f" and {len(shown) - 10} more" if len(shown) > 10 else ""
    return ", ".join(f"{name}/{top[:60]}/" for top in shown[:10]) + more


def _row(path: Path, name: str, file: Path, split: str | None, *, is_split: bool) -> SourceRow:
    where = f"{name}/{file.as_posix()}"
    folders = file.parts[:-1]
    if is_split and folders:
        split, folders = split_of_folder(folders[0]), folders[1:]
    if not folders and split != POOL:
        raise ImportRefusedError(
            f"{where} lies in no class's folder; move it into one named for its class, or into "
            f"{name}/unlabeled/ if nobody has labelled it. Nothing was imported."
        )
    is_labelled = bool(folders) and folders[0].lower() not in UNLABELLED
    label = as_label(folders[0], where) if is_labelled else None
    payload = partial(read_file, path / file, where)
    return SourceRow(where, payload, label, split, metadata={"path": file.as_posix()})


def read_file(path: Path, where: str) -> bytes:
    """Return a file's bytes, or refuse one that is missing, special or far too large."""
    try:
        if not path.is_file():
            raise ImportRefusedError(
                f"{where}: there is no file {path.name!r} in {path.parent.name!r}; put it there "
                "or take the row out. Nothing was imported."
            )
        size = path.stat().st_size
        if size > MAX_FILE_BYTES:
            raise too_large(where, size)
        return path.read_bytes()
    except OSError as error:
        raise ImportRefusedError(
            f"{where}: cannot be read ({error.strerror}). Nothing was imported."
        ) from None


def folder_files(root: Path, name: str) -> list[Path]:
    """Return the files below a folder, relative to it; what is hidden is passed over.

    Raises ``ImportRefusedError`` where one is a link out of the folder.
    """
    links_out: list[Path] = []
    files = sorted(_files(root, name, links_out), key=lambda f: natural_key(f.as_posix()))
    _refuse_links_out(links_out, name)
    return files


def _files(root: Path, name: str, links_out: list[Path]) -> Iterator[Path]:
    """Yield the files below a folder, relative to it; what is hidden is passed over.

    What is a link out of the folder goes to ``links_out`` instead, and is not followed.
    """
    top = root.resolve()
    pending: list[tuple[Path, tuple[Path, ...]]] = [(root, (top,))]
    while pending:
        folder, above = pending.pop()
        try:
            entries = sorted(folder.iterdir())
        except OSError as error:
            raise ImportRefusedError(
                f"{name}/{folder.relative_to(root).as_posix()}: cannot be read "
                f"({error.strerror}). Nothing was imported."
            ) from None
        for entry in entries:
            if entry.name.startswith(".") or entry.name.lower() in _JUNK:
                continue
            if entry.is_symlink() and not entry.resolve().is_relative_to(top):
                links_out.append(entry.relative_to(root))
                continue
            if not entry.is_dir():
                _refuse_unprintable(entry, name)
                yield entry.relative_to(root)
                continue
            real = entry.resolve()
            if real in above or len(above) > _MAX_DEPTH:
                raise ImportRefusedError(
                    f"{name}/{entry.relative_to(root).as_posix()} leads back to a folder above it "
                    "or too deep; remove the link. Nothing was imported."
                )
            pending.append((entry, (*above, real)))


def _refuse_links_out(links: list[Path], name: str) -> None:
    """Refuse what would make an example of any file of this machine, such as a key."""
    if links:
        first = ", ".join(f"{name}/{ascii(str(link))[1:-1]}" for link in sorted(links)[:3])
        more = f" and {len(links) - 3:,} more" if len(links) > 3 else ""
        are = "is a link" if len(links) == 1 else "are links"
        raise ImportRefusedError(
            f"{first}{more} {are} to what lies outside of the folder, and links are not followed "
            f"out of it. If that is what you want, import a copy: cp -rL {name} COPY. "
            "Nothing was imported."
        )


def _refuse_unprintable(path: Path, name: str) -> None:
    if not is_shown(path.name):  # also a name that is not UTF-8
        raise ImportRefusedError(
            f"{name}: the file {ascii(path.name)[:120]} has a name that cannot be shown; rename "
            "it. Nothing was imported."
        )


def _is_image(file: Path) -> bool:
    return file.suffix.lower() in IMAGE_SUFFIXES


def _is_text(file: Path) -> bool:
    return file.suffix.lower() == ".txt" and len(file.parts) > 1
