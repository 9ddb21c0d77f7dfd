"""Labels that were mended in a table come back as edits: seen before, with their reasons."""

from __future__ import annotations

import csv

import pytest

from ide import cli
from ide.dataset.errors import ImportRefusedError
from ide.store.edit_log import read_edits
from ide.store.export_mark import sidecar_path
from ide.store.exporting import WRITERS, export_dataset
from ide.store.importing.returned import append_returned_labels, plan_returned_labels
from ide.store.importing.source import Columns
from ide.store.state import current_labels, dataset_state, edit_example
from tests.store.importing_tools import bare_workspace, import_quietly, write_csv, write_pictures

ROWS = [["id", "text", "label"], ["1", "one", "neg"], ["2", "two", "pos"], ["3", "three", "neg"]]


@pytest.fixture
def pets(tmp_path):
    workspace = bare_workspace(tmp_path / "w")
    import_quietly(workspace, write_csv(tmp_path / "v.csv", ROWS))
    return workspace


def labels(workspace):
    table = current_labels(workspace, "pets")
    return dict(zip(table["example_id"].to_pylist(), table["label"].to_pylist(), strict=True))


def plan(workspace, source, **options):
    options = {"annotator": "ada", "columns": Columns()} | options
    return plan_returned_labels(workspace, str(source), name="pets", **options)


def change(path, **labels_by_id):
    """Mend labels in an exported CSV, as in a spreadsheet."""
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        row["label"] = labels_by_id.get(f"x{row['example_id']}", row["label"])
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)


def test_an_import_knows_rows_by_the_label_in_force_and_lists_what_differs(pets, tmp_path):
    edit_example(pets, "pets", "1", "label", "pos", annotator="ada")
    export_dataset(pets, "pets", tmp_path / "e.csv", format="csv")
    with (tmp_path / "e.csv").open("a") as file:
        file.write("n1,train,pos,a new row\n")
    result = import_quietly(pets, tmp_path / "e.csv")
    assert (result.n_new, result.n_known, result.notes) == (1, 3, ())
    assert import_quietly(pets, tmp_path / "v.csv").notes == ()  # as it was imported, too

    rows = [[*ROWS[0], "split", "camera"], ["3", "three", "pos", "test", "c1"]]
    rows += [["n2", "fresh", "neg", "train", "c2"]]
    result = import_quietly(pets, write_csv(tmp_path / "s p.csv", rows))
    assert (result.n_new, result.n_known) == (1, 1)
    differ, columns = result.notes
    assert "(neg → pos: 1, split " in differ
    assert "such as 3" in differ and f"upwell import '{tmp_path / 's p.csv'}' --name pets" in differ
    assert "(camera)" in columns and labels(pets)["3"] == "neg"


def test_mended_labels_become_edits_with_their_reasons_and_equal_ones_none(pets, tmp_path):
    rows = [["ID", "Label", "reason", "set"], ["1", "pos", "sarcasm", ""], ["3", "neg", "", "test"]]
    found = plan(pets, write_csv(tmp_path / "m.csv", [*rows, ["2", "", "", ""]]))
    assert read_edits(pets, "pets").edits == ()
    assert found.labels == {("neg", "pos"): 1} and found.splits.total() == 1
    assert found.n_without_label == 1
    append_returned_labels(pets, found)
    made = {(e.example_id, e.action): e for e in read_edits(pets, "pets").edits}
    assert made["1", "label"].reason == "sarcasm"
    assert made["3", "split"].value == "test" and made["3", "split"].reason == "as in m.csv"
    assert plan(pets, tmp_path / "m.csv").edits == []


@pytest.mark.parametrize("format", WRITERS)
def test_an_export_that_nobody_touched_makes_no_edit_whatever_was_edited_since(tmp_path, format):
    workspace = bare_workspace(tmp_path / "w")
    import_quietly(workspace, write_pictures(tmp_path / "s", n=2))
    first, second = list(labels(workspace))[:2]
    edit_example(workspace, "pets", first, "label", "dog", annotator="ada")
    out = tmp_path / f"out.{format}"
    export_dataset(workspace, "pets", out, format=format)
    edit_example(workspace, "pets", first, "label", "cat", annotator="ben")
    edit_example(workspace, "pets", second, "split", "pool", annotator="ben")
    found = plan(workspace, out)
    assert found.edits == [] and found.n_changed_here == 2


def test_what_two_people_changed_is_a_conflict_and_neither_is_lost(pets, tmp_path):
    path = tmp_path / "e.csv"
    config = pets.config_path("pets")
    config.write_text(config.read_text().replace('"pos"]', '"pos", "odd"]'))
    edit_example(pets, "pets", "1", "label", "pos", annotator="ada")
    export_dataset(pets, "pets", path, format="csv")
    edit_example(pets, "pets", "1", "label", "neg", annotator="ben")
    change(path, x1="odd", x2="neg")
    found = plan(pets, path)
    assert (len(found.edits), found.n_conflicts) == (2, 1)
    append_returned_labels(pets, found)
    states = dataset_state(pets, "pets")
    assert states["1"].is_conflict and set(states["1"].conflict_values) == {"neg", "odd"}
    assert states["2"].label == "neg" and not states["2"].is_conflict


def test_without_the_mark_edits_are_made_on_top_of_what_stands(pets, tmp_path):
    path = tmp_path / "e.csv"
    export_dataset(pets, "pets", path, format="csv")
    sidecar_path(path).unlink()
    edit_example(pets, "pets", "1", "label", "pos", annotator="ben")
    append_returned_labels(pets, plan(pets, path))
    assert not dataset_state(pets, "pets")["1"].is_conflict and labels(pets)["1"] == "neg"


def test_examples_are_known_by_their_content_where_there_are_no_ids(tmp_path):
    workspace = bare_workspace(tmp_path / "w")
    rows = [["text", "label"], ["one", "neg"], ["two", "pos"], ["one", "neg"]]
    import_quietly(workspace, write_csv(tmp_path / "v.csv", rows))
    rows[1][1] = "pos"
    found = plan(workspace, write_csv(tmp_path / "w.csv", rows[:3]))
    assert len(found.edits) == 2, "both examples of that text"
    pictures = tmp_path / "p"
    import_quietly(workspace, write_pictures(pictures), name="pics")
    (pictures / "cat" / "0.png").rename(pictures / "dog" / "moved.png")
    found = plan_returned_labels(
        workspace, str(pictures), name="pics", annotator="ada", columns=Columns()
    )
    assert found.labels == {("cat", "dog"): 1}


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        ([["1", "pos"], ["9", "neg"], ["8", "x"]], r"no example '9' \(m.csv, line 3\), '8'"),
        ([["1", "odd"], ["2", "Pos"]], r"'odd' \(m.csv, line 2\), 'Pos' .*no class of 'pets'"),
        ([["1", "pos"], ["1", "neg"]], "'1' stands already at m.csv, line 2"),
        ([], "holds no rows"),
    ],
)
def test_what_the_dataset_has_not_refuses_the_whole_table(pets, tmp_path, rows, sentence):
    source = write_csv(tmp_path / "m.csv", [["id", "label"], *rows])
    with pytest.raises(ImportRefusedError, match=sentence):
        plan(pets, source)


def test_the_command_shows_asks_and_appends(pets, tmp_path, capsys):
    source = write_csv(tmp_path / "m.csv", [["id", "label"], ["1", "pos"], ["2", "pos"]])
    command = ["import", str(source), "--name", "pets", "--as-edits", "--annotator", "ben"]
    command += ["--workspace", str(pets.root)]
    assert cli.run([*command, "--dry-run"]) == 0
    assert "1 to relabel" in (told := capsys.readouterr().out) and "neg → pos: 1" in told
    assert cli.run(command) == 2 and "--yes" in capsys.readouterr().err
    assert read_edits(pets, "pets").edits == ()
    assert cli.run([*command, "--yes"]) == 0
    assert "1 edit appended" in capsys.readouterr().out
    assert [e.annotator for e in read_edits(pets, "pets").edits] == ["ben"]
    assert cli.run([*command[:4], "--yes", *command[-2:]]) == 2
    assert "--yes is for --as-edits" in capsys.readouterr().err
