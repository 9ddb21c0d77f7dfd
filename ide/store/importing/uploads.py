"""Files that came from a browser: laid into a scratch folder, which goes when nobody needs it."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from ide.dataset.errors import ImportRefusedError
from ide.dataset.names import is_shown
from ide.store.files import storage_errors

MAX_UPLOAD_BYTES = 1 << 30  # of all files together: a browser sends them into our memory first
MAX_UPLOADED_FILES = 20_000
_MAX_NAME = 255  # characters of one part of a name, which is what disks can hold
_MAX_DEPTH = 16
_REFUSED = "Nothing was imported."


class Upload:
    """A scratch folder with uploaded files; it is removed with this object, or by ``remove``."""

    def __init__(self, folder: Path, source: Path) -> None:
        self.source = source  # what to import
        self._folder = folder
        self.remove = weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)

    def told(self, text: str) -> str:
        """Return a text in which the files are called as the person calls them."""
        return text.replace(f"{self._folder}/", "")


def land_upload(files: Sequence[tuple[str, bytes]]) -> Upload:
    """Write files, whose names may have folders before them, outside of every workspace.

    Raises ``ImportRefusedError`` for names that lead elsewhere, for two of one name and for what
    is too large; then nothing is left.
    """
    names = [_inside(name) for name, _ in files]
    tops = {name.parts[0] for name in names}
    if len(tops) != 1:
        raise ImportRefusedError(
            f"{len(tops):,} files or folders came, wanted one: a table, or a folder. {_REFUSED}"
        )
    _refuse_too_much(files)
    folder = Path(tempfile.mkdtemp(prefix="upwell-upload-"))
    upload = Upload(folder, folder / tops.pop())
    try:
        with storage_errors(folder, "write"):
            for name, (_, data) in zip(names, files, strict=True):
                _write(folder / name, data, str(name))
    except BaseException:
        upload.remove()
        raise
    return upload


def _write(path: Path, data: bytes, name: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("xb") as file:
            file.write(data)
    except FileExistsError:
        raise ImportRefusedError(
            f"{name[:120]} came twice; rename one of them. {_REFUSED}"
        ) from None


def _inside(name: str) -> PurePosixPath:
    """Return a name that stays in the folder it is written to; refuse any other."""
    parts = name.split("/")
    is_plain = is_shown(name) and "\\" not in name and len(parts) <= _MAX_DEPTH
    if not is_plain or not all(map(_is_part, parts)):
        raise ImportRefusedError(
            f"the file {ascii(name)[:120]} has a name that cannot be kept; rename it, or import "
            f"it by its path on this machine. {_REFUSED}"
        )
    return PurePosixPath(*parts)


def _is_part(part: str) -> bool:
    return part not in ("", ".", "..") and len(part.encode()) <= _MAX_NAME


def _refuse_too_much(files: Sequence[tuple[str, bytes]]) -> None:
    n_bytes = sum(len(data) for _, data in files)
    if n_bytes > MAX_UPLOAD_BYTES or len(files) > MAX_UPLOADED_FILES:
        raise ImportRefusedError(
            f"{len(files):,} files of {n_bytes / 1e6:,.0f} MB came, wanted at most "
            f"{MAX_UPLOADED_FILES:,} and {MAX_UPLOAD_BYTES / 1e6:,.0f} MB; import them by their "
            f"path on the machine that serves this. {_REFUSED}"
        )
