"""A small compiled workspace: 300 real digits, three epochs; made once, copied for use."""

from __future__ import annotations

import io
import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
from PIL import Image
from sklearn.datasets import load_digits

from ide.dataset.schema import EXAMPLE_ID, LABEL, SPLIT
from ide.store.build_process import run_build
from ide.store.files import write_parquet, write_text
from ide.store.new import new_workspace
from ide.store.workspace import Workspace
from tests.conftest import git, once, shared_base

N = 300
TOML = """\
title = "Some digits"
modality = "image"
classes = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]

[model]
epochs = 3
image_size = 8
"""
PARQUETS = (
    *("labels", "targets", "edits", "dynamics", "predictions", "suspects"),
    *("second_look", "label_errors", "issues", "media", "slices"),
)


def small_workspace(root: Path) -> Workspace:
    """Make the workspace, committed and not compiled."""
    workspace = new_workspace(root)
    write_text(root / "params.yaml", "datasets:\n  - some\n")
    write_text(root / "datasets/some/dataset.toml", TOML)
    write_text(root / "datasets/some/edits/.gitkeep", "")
    write_text(root / "datasets/some/.gitignore", "/examples\n")
    digits = load_digits()
    pixels = (digits.images[:N] * 15).astype(np.uint8)
    splits = ["train", "train", "train", "test", "validation"] * (N // 5)
    table = {
        EXAMPLE_ID: [f"x{i:03d}" for i in range(N)],
        SPLIT: splits,
        LABEL: [str(k) for k in digits.target[:N]],
        "image": [_png(image) for image in pixels],
    }
    write_parquet(workspace.examples_path("some") / "part-0.parquet", pa.table(table))
    git(root, "add", "-A")
    git(root, "commit", "-qm", "some digits")
    return workspace


def compiled_workspace(base: Path) -> Workspace:
    """Make and compile the workspace, once for all workers; ``base``: pytest's base folder."""
    folder = shared_base(base) / "small"
    with once(folder) as is_first:
        if is_first:
            unfinished = folder.with_suffix(".part")
            run_build(small_workspace(unfinished))
            git(unfinished, "add", "-A")
            git(unfinished, "commit", "-qm", "compiled")
            unfinished.rename(folder)
    return Workspace(folder)


def copy_workspace(workspace: Workspace, target: Path) -> Workspace:
    """Copy a workspace with its cache and builds, so that a test may change it."""
    shutil.copytree(workspace.root, target, symlinks=True)
    return Workspace(target)


def build_bytes(workspace: Workspace) -> dict[str, bytes]:
    """Return the bytes of all that a build wrote, and of ``dvc.lock``."""
    files = sorted(workspace.build_path("some").iterdir())
    found = {path.name: path.read_bytes() for path in files}
    return {**found, "dvc.lock": (workspace.root / "dvc.lock").read_bytes()}


def _png(pixels: np.ndarray) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG")
    return stream.getvalue()
