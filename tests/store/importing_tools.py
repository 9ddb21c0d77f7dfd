"""What the tests of import share: a bare workspace, and files to import."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

from PIL import Image

from ide.store.examples import read_examples
from ide.store.importing import ImportResult, import_source
from ide.store.workspace import Workspace


def bare_workspace(root: Path) -> Workspace:
    """A workspace without git and DVC, for what needs neither."""
    (root / "datasets").mkdir(parents=True)
    (root / "dvc.yaml").write_text("stages: {}\n")
    return Workspace(root)


def import_quietly(workspace: Workspace, source: Path | str, **options) -> ImportResult:
    options = {"name": "pets", "track": False} | options
    return import_source(workspace, str(source), **options)


def picture(shade: int, *, format: str = "PNG", size: tuple[int, int] = (8, 6)) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", size, (shade, 10, 20)).save(buffer, format=format)
    return buffer.getvalue()


def write_pictures(folder: Path, classes=("cat", "dog"), n: int = 3, first: int = 0) -> Path:
    for index, name in enumerate(classes):
        (folder / name).mkdir(parents=True, exist_ok=True)
        for k in range(n):
            shade = first + index * n + k
            (folder / name / f"{first + k}.png").write_bytes(picture(shade))
    return folder


def write_csv(path: Path, rows: list[list[str]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)
    return path


def write_json_lines(path: Path, rows: list[dict]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def texts(n: int = 4, first: int = 0) -> list[list[str]]:
    return [[f"a text {first + k}", "good" if k % 2 else "bad"] for k in range(n)]


def labels_by_id(workspace: Workspace, name: str = "pets") -> dict[str, str | None]:
    table = read_examples(workspace, name)
    return dict(zip(table["example_id"].to_pylist(), table["label"].to_pylist(), strict=True))


def tree(root: Path) -> dict[str, bytes]:
    """All files of a folder and their bytes, but for this machine's own."""
    return {
        p.relative_to(root).as_posix(): p.read_bytes()
        for p in sorted(root.rglob("*"))
        if p.is_file() and ".upwell" not in p.parts
    }
