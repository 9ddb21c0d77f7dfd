"""A small dataset of strokes: six examples, of which one has no point and one a damaged one."""

from __future__ import annotations

import math
from pathlib import Path

import pyarrow as pa

from ide.dataset.schema import PAYLOAD_TYPES
from ide.store.files import write_parquet, write_text
from ide.store.workspace import Workspace
from tests.conftest import git

NAME = "pens"


def strokes_workspace(root: Path) -> Workspace:
    """Make the dataset ``pens`` of x0 … x5, committed."""
    write_text(root / "dvc.yaml", "stages: {}\n")
    write_text(root / ".gitignore", "/.upwell/\n/builds/\n/datasets/*/examples/\n")
    folder = root / "datasets" / NAME
    write_text(
        folder / "dataset.toml", 'title = "Pens"\nmodality = "strokes"\nclasses = ["a", "b"]\n'
    )
    write_text(folder / "edits" / ".gitkeep", "")
    table = pa.table(
        {
            "example_id": [f"x{i}" for i in range(6)],
            "split": ["train", "train", "test", "test", "validation", "train"],
            "label": ["a", "b", "a", "b", "a", "b"],
            "strokes": pa.array(
                [_spiral(turns) for turns in range(1, 4)]
                + [[], [point(5, 5)], [point(0, 0), point(math.nan, 1), point(9, 9)]],
                PAYLOAD_TYPES["strokes"],
            ),
        }
    )
    write_parquet(folder / "examples" / "part-000000000001.parquet", table)
    git(root, "init", "-q")
    git(root, "add", "-A")
    git(root, "commit", "-qm", "pens")
    return Workspace.find(root)


def point(x: float, y: float, t: float = 0.0) -> dict[str, float]:
    return {"x": x, "y": y, "t": t}


def _spiral(turns: int) -> list[dict[str, float]]:
    angles = [turns * 2 * math.pi * i / 60 for i in range(61)]
    return [point(a * math.cos(a), 2 * a * math.sin(a), a) for a in angles]
