"""A table is read by one reader, whatever it is read for: its habits and bounds hold everywhere."""

from __future__ import annotations

import json

import pyarrow.parquet as pq
import pytest

from ide.dataset.errors import ImportRefusedError
from ide.store.exporting import export_dataset
from ide.store.importing.delimited import MAX_ROW_CHARACTERS
from ide.store.importing.returned import plan_returned_labels
from ide.store.importing.source import Columns
from tests.store.importing_tools import bare_workspace, import_quietly, write_csv

ROWS = [["id", "text", "label"], ["1", "one", "neg"], ["2", "two", "pos"], ["3", "three", "neg"]]


@pytest.fixture
def pets(tmp_path):
    workspace = bare_workspace(tmp_path / "w")
    import_quietly(workspace, write_csv(tmp_path / "v.csv", ROWS))
    return workspace


def planned(workspace, path):
    columns = Columns()
    return plan_returned_labels(workspace, str(path), name="pets", annotator="ada", columns=columns)


@pytest.mark.parametrize(
    ("text", "suffix"),
    [
        ("sep=;\r\nid;text;label\r\n1;one;pos\r\n", ".csv"),
        ("id,text,label,,\n1,one,pos,,\n,,,,\n", ".csv"),  # columns that a spreadsheet once showed
        ("id\tlabel\n1\tpos\n", ".tsv"),
        ("id,label\n1,pos\n", ".tsv"),
    ],
)
def test_labels_come_back_from_what_a_spreadsheet_makes_of_a_table(pets, tmp_path, text, suffix):
    path = (tmp_path / "back").with_suffix(suffix)
    path.write_text(text, encoding="utf-8")
    assert planned(pets, path).labels == {("neg", "pos"): 1}


def test_an_export_comes_back_from_what_a_spreadsheet_makes_of_it(pets, tmp_path):
    export_dataset(pets, "pets", tmp_path / "e.csv", format="csv")
    text = (tmp_path / "e.csv").read_text(encoding="utf-8").replace(",", ";")
    (tmp_path / "e.csv").write_text(f"sep=;\n{text}n1;train;pos;new;\n;;;;\n", encoding="utf-8")
    assert import_quietly(pets, tmp_path / "e.csv").n_new == 1


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("a.csv", 'id,label\n1,"' + "x\n" * (MAX_ROW_CHARACTERS // 2), "longer than"),
        ("a.csv", "id,label,label\n1,pos,neg\n", "stands twice"),
        ("a.jsonl", '{"id": 1, "label": "pos", "label": "neg"}\n', "stands twice"),
    ],
)
def test_labels_that_come_back_have_the_bounds_of_an_import(pets, tmp_path, name, text, sentence):
    (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(ImportRefusedError, match=sentence):
        planned(pets, tmp_path / name)


def test_a_key_that_comes_late_in_an_export_is_kept(tmp_path):
    rows = [["id", "text", "label"], *[[str(i), f"text {i}", "ab"[i % 2]] for i in range(120)]]
    workspace = bare_workspace(tmp_path / "w")
    import_quietly(workspace, write_csv(tmp_path / "v.csv", rows))
    path = tmp_path / "e.jsonl"
    export_dataset(workspace, "pets", path, format="jsonl")
    late = {"example_id": "n", "split": "train", "label": "a", "text": "new", "camera": "c1"}
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(late) + "\n")
    result = import_quietly(workspace, path)
    assert result.n_new == 1
    part = max(workspace.examples_path("pets").iterdir(), key=lambda p: p.stat().st_mtime_ns)
    assert pq.read_table(part)["camera"].to_pylist() == ["c1"]
