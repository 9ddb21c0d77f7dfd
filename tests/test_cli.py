"""What the commands say besides their tables, and how they end."""

from __future__ import annotations

import pytest

from ide.cli import EXIT_DATA_FAILS, EXIT_OK, run
from tests.small import compiled_workspace, copy_workspace
from tests.store.tiny import edit, tiny_workspace


def test_status_names_what_people_disagree_about(tmp_path, capsys):
    """Previously only their number; the example had to be searched for."""
    pets = tiny_workspace(tmp_path / "work")
    edit(pets, "x0", "label", "dog", annotator="ada")
    ada = pets.edits_path("pets") / "ada.jsonl"
    hidden = ada.rename(tmp_path / "hidden")
    edit(pets, "x0", "label", "<b>|pig</b>", annotator="ben")
    hidden.rename(ada)
    assert run(["status", "--workspace", str(pets.root)]) == EXIT_DATA_FAILS
    said = capsys.readouterr().err
    assert said == "upwell: pets x0 is in conflict: <b>|pig</b> | dog. Decide with: upwell edit\n"


@pytest.mark.flow
def test_compile_says_which_lines_it_passed_over(tmp_path_factory, tmp_path, capsys):
    """In a CI run nobody sees the workbench's problems."""
    base = compiled_workspace(tmp_path_factory.getbasetemp())
    workspace = copy_workspace(base, tmp_path / "w")
    (workspace.edits_path("some") / "eve.jsonl").write_text("not an edit\n")
    assert run(["compile", "--workspace", str(workspace.root)]) == EXIT_OK
    assert "upwell: datasets/some/edits/eve.jsonl, line 1: not a line" in capsys.readouterr().err
