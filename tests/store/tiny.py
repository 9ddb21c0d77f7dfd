"""A small workspace in a git repository, written as files: no import, no compile."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa

from ide.dataset.schema import PAYLOAD_TYPES
from ide.store.files import write_parquet, write_text
from ide.store.state import edit_example
from ide.store.workspace import Workspace
from tests.conftest import git

LABELS = ("cat", "dog", "cat", "dog", "cat", None)


def tiny_workspace(root: Path, *names: str, is_repository: bool = True) -> Workspace:
    """Make datasets of six examples (x0 … x5, the last without a label), committed."""
    write_text(root / "dvc.yaml", "stages: {}\n")
    write_text(root / ".gitattributes", "datasets/*/edits/*.jsonl merge=union -text\n")
    write_text(root / ".gitignore", "/.upwell/\n/builds/\n/datasets/*/examples/\n")
    names = names or ("pets",)
    write_text(root / "params.yaml", f"datasets: [{', '.join(names)}]\n")
    for name in names:
        add_dataset(root, name)
    if is_repository:
        git(root, "init", "-q")
        git(root, "add", "-A")
        git(root, "commit", "-qm", "begin")
    return Workspace.find(root)


def add_dataset(root: Path, name: str) -> None:
    folder = root / "datasets" / name
    write_text(
        folder / "dataset.toml",
        f'title = "{name}"\nmodality = "text"\nclasses = ["cat", "dog", "<b>|pig</b>"]\n',
    )
    write_text(folder / "edits" / ".gitkeep", "")
    table = pa.table(
        {
            "example_id": [f"x{i}" for i in range(6)],
            "split": ["train", "train", "test", "test", "validation", "pool"],
            "label": list(LABELS),
            "text": pa.array([f"text {i}" for i in range(6)], PAYLOAD_TYPES["text"]),
            "year": pa.array(range(2020, 2026), pa.int32()),
        }
    )
    write_parquet(folder / "examples" / "part-000000000001.parquet", table)


def edit(workspace: Workspace, example_id: str, action: str, value: str | None = None, **more):
    """Make one edit; ``name`` and ``annotator`` have defaults."""
    more = {"annotator": "ada", **more}
    name = more.pop("name", "pets")
    return edit_example(workspace, name, example_id, action, value, **more)
