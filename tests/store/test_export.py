"""Export: the labels in force, harmless in a spreadsheet, and the same when imported again."""

from __future__ import annotations

import csv
import json
import os

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ide.dataset.errors import ImportRefusedError, WorkspaceError
from ide.store.csv_cells import escape_cell, unescape_cell
from ide.store.examples import read_examples
from ide.store.export_mark import parse_mark, sidecar_path
from ide.store.exporting import WRITERS, export_dataset
from ide.store.files import write_out
from ide.store.payloads import PayloadReader
from ide.store.state import current_labels, edit_example
from tests.store.importing_tools import (
    bare_workspace,
    import_quietly,
    labels_by_id,
    write_csv,
    write_pictures,
)


@pytest.fixture
def pictures(tmp_path):
    """Eight pictures; one relabelled, one excluded, one moved to another split."""
    workspace = bare_workspace(tmp_path / "w")
    import_quietly(workspace, write_pictures(tmp_path / "s", n=4))
    first, second, third = list(labels_by_id(workspace))[:3]
    edit_example(workspace, "pets", first, "label", "dog", annotator="ada")
    edit_example(workspace, "pets", second, "exclude", annotator="ada")
    edit_example(workspace, "pets", third, "split", "validation", annotator="ada")
    return workspace


@pytest.fixture
def texts(tmp_path):
    workspace = bare_workspace(tmp_path / "w")
    rows = [["id", "text", "label", "note", "age"]]
    rows += [["a/1", "=1+1", "-1", "@cmd", "-5"], ["b", "''=x", "+", "two\nlines", ""]]
    rows += [["c", "plain", "", "", "7"]]
    import_quietly(workspace, write_csv(tmp_path / "t.csv", rows))
    return workspace


def in_force(workspace, name="pets"):
    rows = current_labels(workspace, name).to_pylist()
    return {r["example_id"]: (r["label"], r["split"]) for r in rows if not r["is_excluded"]}


@pytest.mark.parametrize("format", WRITERS)
def test_images_come_back_with_the_same_labels_and_splits(pictures, tmp_path, format):
    path = tmp_path / "out" / f"pets.{format}"
    result = export_dataset(pictures, "pets", path, format=format)
    assert (result.n_examples, result.n_excluded, result.n_conflicts) == (7, 1, 0)
    import_quietly(pictures, path, name="again")
    assert in_force(pictures, "again") == in_force(pictures)


@pytest.mark.parametrize("format", ["parquet", "csv", "jsonl"])
def test_texts_come_back_with_the_same_labels_and_columns(texts, tmp_path, format):
    path = tmp_path / f"out.{format}"
    export_dataset(texts, "pets", path, format=format)
    import_quietly(texts, path, name="again")
    assert in_force(texts, "again") == in_force(texts)
    for name in ("parquet", "jsonl"):
        export_dataset(texts, "again", tmp_path / f"again.{name}", format=name)
        export_dataset(texts, "pets", tmp_path / f"first.{name}", format=name)
    rows = [pq.read_table(tmp_path / f"{n}.parquet").to_pylist() for n in ("first", "again")]
    assert sorted(rows[0], key=str) == sorted(rows[1], key=str)


def test_cells_are_written_as_they_are_and_for_a_spreadsheet_without_formulas(texts, tmp_path):
    found = {}
    for name in ("plain", "sheet"):
        path = tmp_path / f"{name}.csv"
        is_sheet = name == "sheet"
        result = export_dataset(texts, "pets", path, format="csv", for_spreadsheet=is_sheet)
        assert result.n_formulas == 3
        with path.open(newline="") as file:
            found[name] = list(csv.DictReader(file))
    assert [r["text"] for r in found["plain"]] == ["=1+1", "''=x", "plain"]
    assert [r["text"] for r in found["sheet"]] == ["'=1+1", "'''=x", "plain"]
    assert found["sheet"][0]["note"] == "'@cmd" and found["sheet"][0]["age"] == "-5"
    with pytest.raises(WorkspaceError, match="jsonl has no formulas"):
        export_dataset(texts, "pets", tmp_path / "x", format="jsonl", for_spreadsheet=True)


@pytest.mark.parametrize("has_mark", [True, False])
def test_what_was_escaped_for_a_spreadsheet_comes_back_and_no_other_cell_is_touched(
    texts, tmp_path, has_mark
):
    """Saved again with semicolons, as many a spreadsheet does, and with a row that was added."""
    path = tmp_path / "sheet.csv"
    export_dataset(texts, "pets", path, format="csv", for_spreadsheet=True)
    with path.open(newline="") as file:
        rows = list(csv.reader(file))
    rows.append(["new", "train", "+", "'=kept", "", "", ""])
    with path.open("w", newline="", encoding="utf-8-sig") as file:
        csv.writer(file, delimiter=";").writerows(rows)
    if not has_mark:
        sidecar_path(path).unlink()
    import_quietly(texts, path, name="again")
    read = PayloadReader(texts, "again")
    payloads = {i: read.get(i)[0].decode() for i in ("a/1", "b", "c", "new")}
    assert payloads == {"a/1": "=1+1", "b": "''=x", "c": "plain", "new": "'=kept"}
    assert in_force(texts).items() <= in_force(texts, "again").items()
    assert "upwell_escaped" not in read_examples(texts, "again").column_names


def test_a_value_that_its_column_cannot_hold_is_refused_with_its_line(texts, tmp_path):
    path = tmp_path / "out.csv"
    export_dataset(texts, "pets", path, format="csv")
    path.write_text(path.read_text().replace(",-5", ",five"))
    with pytest.raises(ImportRefusedError, match="age is 'five', and the column holds int"):
        import_quietly(texts, path, name="again")


def test_a_mark_that_is_none_is_passed_over(texts, tmp_path):
    path = tmp_path / "out.csv"
    export_dataset(texts, "pets", path, format="csv")
    sidecar_path(path).write_text("{}")
    import_quietly(texts, path, name="again")
    assert in_force(texts, "again") == in_force(texts)
    assert parse_mark(b"\xff") is None and parse_mark(b'{"upwell_export": 1}') is None


def test_a_folder_that_was_rearranged_by_hand_keeps_its_ids(pictures, tmp_path):
    """A file in another class's folder is that class's; one that was thrown away is gone."""
    out = tmp_path / "out"
    export_dataset(pictures, "pets", out, format="folder")
    moved, thrown_away = sorted(out.glob("*/cat/*"))[:2]
    (out / "train" / "owl").mkdir(parents=True)
    moved.rename(out / "train" / "owl" / moved.name)
    thrown_away.unlink()
    import_quietly(pictures, out, name="again")
    before, after = in_force(pictures), in_force(pictures, "again")
    assert after.pop(moved.stem) == ("owl", "train")
    assert thrown_away.stem not in after and after.items() <= before.items()


@pytest.mark.parametrize("label", ["unlabeled", "Unlabelled", "Thumbs.db", " cat", ".cat"])
def test_a_label_whose_folder_an_import_would_not_read_is_refused(tmp_path, label):
    workspace = bare_workspace(tmp_path / "w")
    import_quietly(workspace, write_csv(tmp_path / "t.csv", [["text", "label"], ["x", "cat"]]))
    config = workspace.config_path("pets")
    config.write_text(config.read_text().replace('["cat"]', f'["cat", "{label}"]'))
    (example_id,) = labels_by_id(workspace)
    edit_example(workspace, "pets", example_id, "label", label, annotator="ada")
    with pytest.raises(WorkspaceError, match="cannot name a folder"):
        export_dataset(workspace, "pets", tmp_path / "out" / "f", format="folder")
    assert list((tmp_path / "out").iterdir()) == []


@given(st.text(st.sampled_from("'=+-@\t\r1a."), max_size=6))
def test_escaping_is_taken_back_exactly_and_leaves_no_formula(text):
    escaped = escape_cell(text)
    assert unescape_cell(escaped) == text
    if escaped.startswith(("=", "+", "-", "@", "\t", "\r")):
        float(escaped)


def test_images_of_a_table_lie_beside_it(pictures, tmp_path):
    export_dataset(pictures, "pets", tmp_path / "out.jsonl", format="jsonl")
    rows = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert all((tmp_path / r["path"]).read_bytes().startswith(b"\x89PNG") for r in rows)
    assert all(r["path"] == f"out.jsonl.files/{r['example_id']}.png" for r in rows)
    assert rows[0]["source_path"].startswith(("cat/", "dog/"))


@pytest.mark.parametrize("format", WRITERS)
def test_nothing_is_overwritten_and_nothing_left_behind(pictures, tmp_path, format):
    out = tmp_path / "out"
    out.mkdir()
    path = out / "there"
    path.write_text("mine")
    with pytest.raises(WorkspaceError, match="is there already"):
        export_dataset(pictures, "pets", path, format=format)
    assert path.read_text() == "mine" and [p.name for p in out.iterdir()] == ["there"]


def test_a_label_that_no_folder_can_have_is_refused_whole(tmp_path):
    workspace = bare_workspace(tmp_path / "w")
    rows = [["text", "label"], ["x", "fine"], ["y", "../../up"]]
    import_quietly(workspace, write_csv(tmp_path / "t.csv", rows))
    with pytest.raises(WorkspaceError, match=r"'\.\./\.\./up' cannot name a folder"):
        export_dataset(workspace, "pets", tmp_path / "out" / "f", format="folder")
    assert list((tmp_path / "out").iterdir()) == []


def test_an_id_that_no_file_can_have_gets_one_that_can(tmp_path):
    workspace = bare_workspace(tmp_path / "w")
    write_pictures(tmp_path / "s", n=2)
    rows = [["id", "path", "label"], ["../up", "cat/0.png", "x"], ["..\\up", "cat/1.png", "x"]]
    import_quietly(workspace, write_csv(tmp_path / "s" / "t.csv", rows))
    export_dataset(workspace, "pets", tmp_path / "out.csv", format="csv")
    names = sorted(p.name for p in (tmp_path / "out.csv.files").iterdir())
    assert len(names) == 2 and all(n.startswith("___up-") for n in names)


def test_a_format_that_is_none_and_a_dataset_without_examples(pictures, tmp_path):
    with pytest.raises(WorkspaceError, match=r"'xlsx' is not a format.*csv, jsonl, folder"):
        export_dataset(pictures, "pets", tmp_path / "x", format="xlsx")
    bare = pictures.datasets_path / "bare"
    bare.mkdir()
    (bare / "dataset.toml").write_text('classes = ["a"]\n')
    with pytest.raises(WorkspaceError, match="has no examples"):
        export_dataset(pictures, "bare", tmp_path / "x", format="csv")


def test_what_a_person_names_to_write_to_stays_a_link_and_a_pipe_a_pipe(tmp_path):
    """``--to /dev/null`` must not make it a file, which root could."""
    (tmp_path / "link").symlink_to(tmp_path / "file")
    os.mkfifo(tmp_path / "pipe")
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    for name in ("file", "link", "pipe"):
        write_out(tmp_path / name, f"{name}\n")
    assert os.read(reader, 100) == b"pipe\n"
    os.close(reader)
    assert (tmp_path / "link").is_symlink() and (tmp_path / "pipe").is_fifo()
    assert (tmp_path / "file").read_text() == "link\n"
