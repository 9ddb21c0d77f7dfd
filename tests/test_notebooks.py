"""The notebooks run from top to bottom in a workspace, and carry no outputs in git."""

from __future__ import annotations

import os
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from ide.store.state import current_labels, edit_example
from tests.store.tiny import tiny_workspace

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
FIVE_QUESTIONS = ROOT / "notebooks" / "five_questions.ipynb"


def run(path: Path, folder: Path):
    """Execute a notebook in a folder and return its code cells."""
    notebook = nbformat.read(path, as_version=4)
    os.environ.setdefault("PYDEVD_DISABLE_FILE_VALIDATION", "1")
    os.environ.setdefault("IPYTHONDIR", str(folder / ".ipython"))
    NotebookClient(
        notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(folder)}}
    ).execute()
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def text_of(cell) -> str:
    return "".join(o.get("data", {}).get("text/plain", "") for o in cell.outputs)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_a_notebook_in_git_has_no_outputs(path):
    cells = nbformat.read(path, as_version=4).cells
    assert all(not c.get("outputs") and c.get("execution_count") is None for c in cells)


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
@pytest.mark.flow
def test_five_questions_are_answered_for_a_compiled_dataset_with_edits(digits):
    labels = current_labels(digits, "digits").slice(0, 6).to_pylist()
    for row in labels[:4]:
        other = "3" if row["label"] != "3" else "8"
        edit_example(digits, "digits", row["example_id"], "label", other, annotator="ada")
    edit_example(digits, "digits", labels[5]["example_id"], "confirm", annotator="ben")
    cells = run(FIVE_QUESTIONS, digits.root)
    pages = [text_of(cell) for cell in cells]
    assert "ada" in pages[2] and "confirm" in pages[3]
    assert "accuracy" in pages[4]
    assert any("plotly" in key for o in cells[1].outputs for key in o.get("data", {}))


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
def test_five_questions_are_answered_before_the_first_edit_and_the_first_build(tmp_path):
    workspace = tiny_workspace(tmp_path / "work", "digits")
    run(FIVE_QUESTIONS, workspace.root)
