"""The files that a table names: beside it, and written as people and their programs write paths."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from ide.dataset.errors import ImportRefusedError
from ide.dataset.names import is_shown
from ide.store.importing.folder import read_file

_SHOWN = 80  # characters of a cell in a sentence
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:(?=//|[^\\/])")  # not a drive's C:\


def read_named(root: Path, value: Any, where: str) -> bytes:
    """Read a file that a table names, if it lies in the table's folder."""
    _refuse_no_path(value, where)
    path = _find(root, value.strip(), where)
    return read_file(path, f"{where} ({shortened(value)})")


def shortened(value: Any) -> str:
    """Return a cell so that it fits into a sentence."""
    text = " ".join(str(value).split())
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def _find(root: Path, text: str, where: str) -> Path:
    """Return the path of a file that is there, else as the table has it.

    A backslash is taken for a slash, and %20 for a space, where no file has the name as it is.
    """
    slashed = text.replace("\\", "/")
    for form in dict.fromkeys((text, slashed, unquote(text), unquote(slashed))):
        if is_shown(form) and _is_within(root, form):
            return (root / form).resolve()
    path = (root / slashed).resolve()
    if not path.is_relative_to(root) or re.match(r"[A-Za-z]:/", slashed):
        raise ImportRefusedError(
            f"{where}: the path {shortened(text)!r} leads out of the table's folder; put the "
            "files beside the table, and name them relative to it. Nothing was imported."
        )
    return path


def _is_within(root: Path, text: str) -> bool:
    """Whether a file lies in a folder under a name."""
    try:
        path = (root / text).resolve()
        return path.is_relative_to(root) and path.is_file()
    except OSError:  # longer than any name can be
        return False


def _refuse_no_path(value: Any, where: str) -> None:
    if not isinstance(value, str) or not is_shown(value.strip()):
        raise ImportRefusedError(
            f"{where}: the path {shortened(value)!r} is not one; wanted a file's path relative to "
            "the table. Nothing was imported."
        )
    scheme = _SCHEME.match(value.strip())
    if scheme is None:
        return
    if scheme[0].lower() == "data:":
        raise ImportRefusedError(
            f"{where}: {shortened(value)!r} is a picture within the cell (a data: address), and "
            "wanted is a file's path; write each to a file beside the table, or use Parquet with "
            "a column of bytes. Nothing was imported."
        )
    if "://" in value:
        raise ImportRefusedError(
            f"{where}: {shortened(value)!r} is an address, not a file here; download it beside "
            "the table, and name it relative to it. Nothing was imported."
        )
