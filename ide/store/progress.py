"""How far a build is: stages append lines of JSON to one file, and whoever watches reads it.

The file's path is in the environment variable ``UPWELL_PROGRESS``; where that is not set (a stage
run by hand) nothing is written. A line is an object with ``at`` (Unix seconds) and ``stage``, and
what the stage has to say: ``dataset``, ``step``, ``n_steps``, ``epoch``, ``n_epochs``, ``loss``,
``accuracy``, ``seconds_left``, ``message``; a stage that fails says ``error``, in one sentence.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import time
from pathlib import Path
from typing import Any

from ide.dataset.reading import Shape, check_shape, parse_json

_EVENT: Shape = {
    "stage": str,
    **{f"{key}?": str for key in ("dataset", "message", "warning", "error")},
    **{f"{key}?": int for key in ("step", "n_steps", "epoch", "n_epochs", "exit_code")},
    **{f"{key}?": float for key in ("at", "loss", "accuracy", "seconds_left")},
}
VARIABLE = "UPWELL_PROGRESS"


def report_progress(
    stage: str, *, step: int | None = None, n_steps: int | None = None, **values: Any
) -> None:
    """Append one line about ``stage``; values that are None or not finite are left out."""
    path = os.environ.get(VARIABLE)
    if not path:
        return
    event = {"at": round(time.time(), 3), "stage": stage, "step": step, "n_steps": n_steps}
    line = json.dumps({k: v for k, v in {**event, **values}.items() if _is_told(v)})
    with Path(path).open("a", encoding="utf-8") as stream:
        stream.write(line + "\n")


def read_progress(path: Path) -> list[dict[str, Any]]:
    """Read what has been reported so far, oldest first; half a line at the end waits."""
    try:
        lines = path.read_bytes().split(b"\n")[:-1]
    except FileNotFoundError:
        return []
    events = []
    for line in filter(None, lines):
        with contextlib.suppress(ValueError):  # a damaged line is one report less
            event = parse_json(line)
            check_shape(event, _EVENT)
            events.append(event)
    return events


def _is_told(value: Any) -> bool:
    return value is not None and not (isinstance(value, float) and not math.isfinite(value))
