"""The last queries of a workspace, those that failed too: kept on this machine alone.

They lie under ``.upwell``, which neither git nor DVC sees, so that asking changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ide.dataset.errors import DamagedFileError
from ide.dataset.reading import is_text
from ide.store.file_lock import file_lock
from ide.store.files import read_json, write_json
from ide.store.workspace import Workspace

N_KEPT = 20
MAX_CHARACTERS = 20_000  # of a query that is kept; a longer one holds a list of ids, mostly
_PATIENCE_S = 2.0
_SHAPE = {"queries": [{"text": str, "asked_at": str}]}


@dataclass(frozen=True, slots=True)
class PastQuery:
    """One query that ran: ``n_rows`` of its answer, or ``error``, what was said instead."""

    text: str
    asked_at: str  # UTC, to the second
    n_rows: int | None = None
    error: str | None = None


def past_queries(workspace: Workspace) -> list[PastQuery]:
    """Return the last queries, the newest first; a file that cannot be read counts as none."""
    try:
        data = read_json(_path(workspace), _SHAPE)
    except (FileNotFoundError, DamagedFileError):
        return []
    return [_read(entry) for entry in data["queries"][:N_KEPT]]


def remember(
    workspace: Workspace, text: str, *, n_rows: int | None = None, error: str | None = None
) -> None:
    """Put a query that ran in front of the others, once; raises ``StorageError``."""
    if not is_text(text) or len(text) > MAX_CHARACTERS:
        return
    now = datetime.now(UTC).isoformat(timespec="seconds")
    asked = PastQuery(text, now, n_rows, None if error is None else error[:500])
    path = _path(workspace)
    with file_lock(path.with_suffix(".lock"), patience_s=_PATIENCE_S):
        others = [query for query in past_queries(workspace) if query.text != text]
        write_json(path, {"queries": [asdict(query) for query in (asked, *others)][:N_KEPT]})


def _path(workspace: Workspace) -> Path:
    return workspace.local_path / "queries.json"


def _read(entry: Mapping[str, Any]) -> PastQuery:
    n_rows, error = entry.get("n_rows"), entry.get("error")
    return PastQuery(
        entry["text"][:MAX_CHARACTERS],
        entry["asked_at"][:25],
        n_rows if isinstance(n_rows, int) else None,
        error if isinstance(error, str) else None,
    )
