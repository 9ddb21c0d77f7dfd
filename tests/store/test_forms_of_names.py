"""é is one character or two, and one class: names are compared in Unicode's form NFC."""

from __future__ import annotations

import unicodedata

import pytest

from ide.dataset.config import parse_config
from ide.dataset.edit import make_edit, parse_line, to_line
from ide.dataset.errors import ConfigError
from ide.dataset.gates import Gate, parse_gate
from ide.store.examples import read_examples
from ide.store.gate_columns import n_named
from ide.store.gate_file import add_gate
from ide.store.state import current_label, edit_example
from tests.store.importing_tools import bare_workspace, import_quietly, write_csv

ONE = "Café"
TWO = unicodedata.normalize("NFD", ONE)


@pytest.fixture
def workspace(tmp_path):
    """A dataset whose dataset.toml is written by hand, with the other form than its rows."""
    workspace = bare_workspace(tmp_path / "workspace")
    folder = workspace.dataset_path("pets")
    folder.mkdir()
    (folder / "dataset.toml").write_text(f'modality = "text"\nclasses = ["{TWO}", "bar"]\n')
    rows = [["id", "text", "label", "place"], [TWO, "a", ONE, TWO], ["2", "b", "bar", "x"]]
    import_quietly(workspace, write_csv(tmp_path / "t.csv", rows))
    return workspace


def test_a_class_in_two_characters_is_the_class_of_rows_in_one(workspace):
    assert workspace.config("pets").classes == (ONE, "bar")
    assert read_examples(workspace, "pets")["label"].to_pylist() == [ONE, "bar"]
    assert read_examples(workspace, "pets")["example_id"].to_pylist() == [TWO, "2"]  # as it is


def test_both_forms_in_one_list_are_one_class_twice():
    with pytest.raises(ConfigError, match="stands twice"):
        parse_config(f'classes = ["{ONE}", "{TWO}"]', name="pets", where="dataset.toml")


def test_an_edit_in_two_characters_is_of_the_class(workspace):
    edit_example(workspace, "pets", "2", "label", TWO, annotator="ada")
    assert current_label(workspace, "pets", "2") == ONE
    line = to_line(make_edit("2", "label", "bar", annotator="ada"))
    assert parse_line(line.replace('"bar"', f'"{TWO}"')).value == ONE
    assert make_edit("2", "comment", TWO, annotator="ada").value == TWO  # prose stays as it is


def test_a_gate_names_a_class_in_either_form(workspace):
    classes = workspace.config("pets").classes
    assert parse_gate(f"recall of {TWO} >= 0.5", classes=classes).label == ONE
    for name, condition in (
        ("label", f"label = '{TWO}'"),
        ("place", f"place = '{ONE}'"),
        ("id", f"example_id = '{TWO}'"),
    ):
        gate = Gate(f"{name} {TWO}", condition, f"recall of {TWO}", 0.5, split=None)
        assert n_named(workspace, "pets", gate) == 1
        add_gate(workspace, "pets", gate)
    gates = workspace.config("pets").gates
    assert parse_gate(f"label {TWO}", gates, classes=classes) == gates[0]
