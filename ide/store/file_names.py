"""The name of the source's file that an example came from, where the source told one.

An id is often a hash of the payload, by which nobody finds the picture in their own folder.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import PureWindowsPath

import pyarrow as pa
import pyarrow.compute as pc

from ide.dataset.schema import EXAMPLE_ID
from ide.store.examples import examples_revision, read_examples
from ide.store.workspace import Workspace

# columns that importing makes or that sources have, the likeliest first
COLUMNS = (
    *("path", "file", "filename", "file_name", "filepath", "file_path"),
    *("image_path", "image.path", "audio.path", "image", "audio", "uri"),
)
MAX_CHARS = 200


def file_names(workspace: Workspace, name: str) -> Callable[[str], str | None]:
    """Return a function: an example's file name without its folders, None where there is none.

    A name that says what the id says already is left out.
    """
    return _names(workspace, name, examples_revision(workspace, name)).get


@lru_cache(maxsize=4)
def _names(workspace: Workspace, name: str, _revision: str) -> Mapping[str, str]:
    payload = workspace.config(name).payload_column
    table = read_examples(workspace, name, [EXAMPLE_ID, *(c for c in COLUMNS if c != payload)])
    found: dict[str, str] = {}
    for column in reversed([c for c in COLUMNS if c in table.column_names]):
        if not pa.types.is_string(table[column].type):
            continue
        is_there = pc.fill_null(pc.not_equal(table[column], ""), False)
        rows = table.filter(is_there).select([EXAMPLE_ID, column])
        for example_id, path in zip(*(rows[c].to_pylist() for c in rows.column_names), strict=True):
            file = PureWindowsPath(path).name[:MAX_CHARS]  # it reads both kinds of slashes
            if file and example_id not in (file, path, file.rpartition(".")[0]):
                found[example_id] = file
    return found
