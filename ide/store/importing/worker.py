"""``python -m ide.store.importing.worker REQUEST``: one import, which says how it goes in JSON.

A line each: ``{"stage", "done", "total"}``, and at the end ``{"result"}``, ``{"refusal"}`` or
``{"broke"}``. SIGTERM ends it as long as nothing of it is in the dataset. Started by
``background``.
"""

from __future__ import annotations

import json
import signal
import sys
import time
from typing import Any

from ide.dataset.errors import UpwellError
from ide.store.importing import import_source
from ide.store.workspace import Workspace

_EVERY_S = 0.1
_READING = frozenset({"reading", "writing"})


class _CancelledError(Exception):
    """The person does not want it any more."""


class _Progress:
    """Says how far the import is, and ends it where that was asked for."""

    def __init__(self) -> None:
        self.is_cancelled = False
        self._stage, self._at = "", 0.0

    def __call__(self, stage: str, done: int, total: int | None) -> None:
        """Note a step; raise where the person cancelled and nothing of it is in yet."""
        if self.is_cancelled and (stage in _READING or self._stage in _READING | {""}):
            raise _CancelledError
        now = time.monotonic()
        if stage != self._stage or now - self._at >= _EVERY_S:
            self._stage, self._at = stage, now
            say(stage=stage, done=done, total=total)


def say(**event: Any) -> None:
    """Write one line for whoever watches."""
    sys.stdout.write(json.dumps(event) + "\n")
    sys.stdout.flush()


def main() -> None:
    """Import what is asked for."""
    progress = _Progress()

    def cancel(_signal: int, _frame: object) -> None:
        progress.is_cancelled = True

    signal.signal(signal.SIGTERM, cancel)
    request = json.loads(sys.argv[1])
    try:
        result = import_source(Workspace.find(), **request, on_progress=progress, commit=True)
    except UpwellError as error:
        say(refusal=str(error))
    except _CancelledError:
        say(cancelled=True)
    except Exception as error:  # noqa: BLE001 – the workbench tells it
        say(broke=f"{type(error).__name__}: {str(error)[:300]}")
    else:
        say(
            result={
                "n_new": result.n_new,
                "n_known": result.n_known,
                "n_classes": len(result.classes),
                "notes": list(result.notes),
                "revision": result.revision,
            }
        )


if __name__ == "__main__":
    main()
