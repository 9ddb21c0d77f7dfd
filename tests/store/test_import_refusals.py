"""What an import refuses: in one sentence with the file and row, and with nothing written."""

from __future__ import annotations

import io
import json
import struct
import zlib

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from ide.dataset.errors import ConfigError, ImportRefusedError, UnknownClassError, UpwellError
from ide.store.importing import import_source
from tests.store.importing_tools import (
    bare_workspace,
    import_quietly,
    picture,
    texts,
    tree,
    write_csv,
    write_json_lines,
    write_pictures,
)


@pytest.fixture
def workspace(tmp_path):
    return bare_workspace(tmp_path / "workspace")


def refusal(workspace, source, *, error: type[UpwellError] = ImportRefusedError, **options) -> str:
    """Import what must be refused; return the sentence once it is sure that nothing was written."""
    before = tree(workspace.root)
    with pytest.raises(error) as caught:
        import_quietly(workspace, source, **options)
    assert tree(workspace.root) == before
    assert not list(workspace.datasets_path.glob(".import-*"))
    sentence = str(caught.value)
    assert "\n" not in sentence and len(sentence) < 700
    assert caught.value.exit_code == 2
    return sentence


def folder_with(tmp_path, name: str, data: bytes):
    source = write_pictures(tmp_path / "animals")
    (source / name).write_bytes(data)
    return source


def bomb() -> bytes:
    """A PNG of a few hundred bytes that says it is 60,000 pixels a side."""
    header = b"IHDR" + struct.pack(">IIBBBBB", 60_000, 60_000, 8, 0, 0, 0, 0)
    body = b"IDAT" + zlib.compress(b"\0" * 100_000)
    chunks = (header, body, b"IEND")
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(c) - 4) + c + struct.pack(">I", zlib.crc32(c)) for c in chunks
    )


def test_an_empty_folder(workspace, tmp_path):
    (tmp_path / "empty").mkdir()
    assert "the folder 'empty' holds no images" in refusal(workspace, tmp_path / "empty")


@pytest.mark.parametrize(
    ("data", "wanted"),
    [
        (b"hello, I am text", "not an image (it begins with 'hello, I am text')"),
        (b"", "there is no image in it"),
        (picture(1)[:60], "broken or cut short"),
        (picture(1, format="JPEG", size=(64, 64))[:400], "broken or cut short"),
        (b"\x89PNG\r\n\x1a\n" + b"x" * 30, "broken or cut short"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n(run me) =", "not an image"),
        (bomb(), "unpacks to more than 50,000,000 pixels"),
    ],
    ids=["text", "empty", "cut png", "cut jpeg", "noise", "postscript", "bomb"],
)
def test_what_is_no_whole_image(workspace, tmp_path, data, wanted):
    sentence = refusal(workspace, folder_with(tmp_path, "cat/bad.png", data))
    assert sentence.startswith("animals/cat/bad.png: ") and wanted in sentence


def test_a_file_of_another_kind_among_the_images(workspace, tmp_path):
    sentence = refusal(workspace, folder_with(tmp_path, "cat/notes.doc", b"x"))
    assert "animals/cat/notes.doc: .doc is no image file" in sentence


def test_an_image_outside_every_class(workspace, tmp_path):
    sentence = refusal(workspace, folder_with(tmp_path, "lost.png", picture(1)))
    assert "animals/lost.png lies in no class's folder" in sentence


def test_a_link_that_leads_in_a_circle(workspace, tmp_path):
    source = write_pictures(tmp_path / "animals")
    (source / "cat" / "again").symlink_to(source, target_is_directory=True)
    assert "animals/cat/again leads back" in refusal(workspace, source)


@pytest.mark.parametrize(
    ("rows", "wanted"),
    [
        ([["text", "kind"], ["a", "b"]], "t.csv has no label column; its columns are 'text', 'ki"),
        ([["words", "label"], ["a", "b"]], "no column of images, text or paths"),
        ([["text", "label"], ["a", "b", "c"]], "t.csv, line 2: the row has 3 cells, and the head"),
        ([["text", "label"], ["a\nb", "x"], ["c"]], "t.csv, line 4: the row has 1 cells"),
        ([["text", "label"], ["a", "x"], ["", "x"]], "t.csv, line 3: there is no text in it"),
        ([["text", "label"], ["a", "x"], [" ", "x"]], "t.csv, line 3: the text is empty"),
        ([["text", "Text", "label"], ["a", "b", "c"]], "the column 'text' stands twice"),
        ([["text", "label"]], "t.csv holds no examples"),
        ([["text", "label"], ["a", ""]], "no row has a label"),
        ([["text", "label"], ["a", "x" * 300]], "line 2: the label has 300 characters"),
        ([["text", "label"], ["a", "x\x07"]], "cannot be shown"),
        ([["text", "label", "split"], ["a", "x", "exam"]], "line 2: 'exam' is not a split"),
        ([["id", "text", "label"], ["1", "a", "x"], ["1", "b", "x"]],
         "t.csv, line 3: the id '1' stands already at t.csv, line 2"),
        ([["id", "text", "label"], ["", "a", "x"]], "t.csv, line 2: the id is empty"),
        ([["id", "text", "label"], ["*", "a", "x"]], "line 2: the id is '*', which stands for"),
        ([["path", "label"], ["none.png", "x"]], "there is no file 'none.png'"),
        ([["path", "label"], ["../../etc/passwd", "x"]], "leads out of the table's folder"),
        ([["path", "label"], ["/etc/passwd", "x"]], "leads out of the table's folder"),
        ([["path", "label"], ["", "x"]], "there is no image in it"),
        ([["text", "label"], ["a" * 1_000_001, "x"]], "longer than 1,000,000 characters"),
        ([["text", "label", "a", "A"], ["a", "x", "1", "2"]], "stands twice"),
    ],
)  # fmt: skip
def test_a_csv_that_cannot_be_read(workspace, tmp_path, rows, wanted):
    assert wanted in refusal(workspace, write_csv(tmp_path / "t.csv", rows))


@pytest.mark.parametrize(
    ("name", "data", "wanted"),
    [
        ("t.csv", b"", "t.csv is empty"),
        ("t.csv", b"text,label\nok,x\nb\xe4r,x\n", "t.csv, line 3: not UTF-8 text (byte 1"),
        ("t.csv", "text,label\na,b\n".encode("utf-16"), "t.csv, line 1: not UTF-8 text"),
        ("t.csv", b"text,label\na,\0\n", "t.csv, line 2: there is a NUL byte"),
        ("t.csv", b'text,label\n"a,b\nc,d\n', "t.csv, line 2: not a row of CSV"),
        ("t.csv", b"text,label\n" + b"x" * 10_000_000, "t.csv, line 2: the text is longer"),
        ("t.jsonl", b'{"text": "a", "label": "x"}\n{"text": \n', "t.jsonl, line 2: not JSON"),
        ("t.jsonl", b"[1]\n", "t.jsonl, line 1: got list, wanted an object"),
        ("t.jsonl", b"[" * 100_000 + b"\n", "t.jsonl, line 1: not JSON"),
        ("t.jsonl", b'{"text": "a", "label": {"x": 1}}\n', "line 1: the label is"),
        ("t.jsonl", b'{"text": "\\ud800", "label": "x"}\n', "a character that UTF-8 cannot"),
        ("t.jsonl", b'{"text": null, "label": "x"}\n', "t.jsonl, line 1: there is no text in it"),
        ("t.jsonl", b'{"text": "a", "label": "x", "m": "\\ud800"}\n', "m holds half of a char"),
        ("t.parquet", b"PAR1 it says", "t.parquet cannot be read as Parquet"),
        ("t.xlsx", b"PK", "t.xlsx: .xlsx is not a kind of file that can be imported"),
        ("t", b"x", "a file without a suffix is not a kind of file"),
    ],
)
def test_a_file_that_cannot_be_read(workspace, tmp_path, name, data, wanted):
    (tmp_path / name).write_bytes(data)
    assert wanted in refusal(workspace, tmp_path / name)


def test_an_image_path_may_not_leave_by_a_link(workspace, tmp_path):
    (tmp_path / "outside.png").write_bytes(picture(1))
    (tmp_path / "s").mkdir()
    (tmp_path / "s" / "in.png").symlink_to(tmp_path / "outside.png")
    source = write_csv(tmp_path / "s" / "t.csv", [["path", "label"], ["in.png", "x"]])
    assert "leads out of the table's folder" in refusal(workspace, source)


def test_a_null_image_in_parquet(workspace, tmp_path):
    pq.write_table(
        pa.table({"image": [picture(1), None], "label": ["a", "b"]}), tmp_path / "t.parquet"
    )
    assert "t.parquet, row 2: there is no image" in refusal(workspace, tmp_path / "t.parquet")


def test_two_columns_of_bytes(workspace, tmp_path):
    table = pa.table({"image": [picture(1)], "mask": [picture(2)], "label": ["a"]})
    pq.write_table(table, tmp_path / "t.parquet")
    assert "the column 'mask' holds bytes too" in refusal(workspace, tmp_path / "t.parquet")


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        ("sklearn:iris", "it has sklearn:digits"),
        ("https://example.com/a.csv", "download it first"),
        ("not/there.csv", "there is no file or folder 'not/there.csv'"),
    ],
)
def test_a_source_that_is_none(workspace, source, wanted):
    assert wanted in refusal(workspace, source)


@pytest.mark.parametrize("name", ["", "Pets", "../pets", "a/b", ".hidden", "main", "a" * 64, "1a"])
def test_a_name_that_no_folder_or_schema_can_have(workspace, tmp_path, name):
    source = write_pictures(tmp_path / "s")
    assert "cannot name a dataset" in refusal(workspace, source, name=name, error=ConfigError)


def test_a_column_that_is_not_there(workspace, tmp_path):
    source = write_csv(tmp_path / "t.csv", [["text", "label"], *texts()])
    sentence = refusal(workspace, source, label_column="class")
    assert "t.csv has no column 'class'; its columns are 'text', 'label'" in sentence


def test_labels_that_are_all_different(workspace, tmp_path):
    rows = [[f"text {k}", f"id{k}"] for k in range(1100)]
    source = write_csv(tmp_path / "t.csv", [["text", "label"], *rows])
    assert "1,100 different labels" in refusal(workspace, source)


def test_a_folder_that_is_no_dataset_stands_in_the_way(workspace, tmp_path):
    (workspace.datasets_path / "pets").mkdir()
    (workspace.datasets_path / "pets" / "notes.txt").write_text("mine")
    sentence = refusal(workspace, write_pictures(tmp_path / "s"))
    assert "datasets/pets is there but has no dataset.toml" in sentence


class TestAnAppend:
    @pytest.fixture
    def held(self, workspace, tmp_path):
        rows = [["id", "text", "label", "age"], ["1", "one", "good", "3"], ["2", "two", "bad", ""]]
        import_quietly(workspace, write_csv(tmp_path / "held.csv", rows))
        return workspace

    @pytest.mark.parametrize(
        ("row", "wanted"),
        [
            (["1", "ONE", "good", "3"], "has an example '1' with another content"),
            (["1", "one", "bad", "3"], "upwell edit pets 1 --label bad"),
            (["3", "three", "good", "old"], "age is 'old', and the dataset's column holds int64"),
        ],
    )
    def test_that_contradicts_what_is_there(self, held, tmp_path, row, wanted):
        source = write_csv(tmp_path / "more.csv", [["id", "text", "label", "age"], row])
        sentence = refusal(held, source)
        assert sentence.startswith("more.csv, line 2: ") and wanted in sentence

    def test_of_a_class_that_dataset_toml_does_not_know(self, held, tmp_path):
        rows = [["text", "label"], ["x", "good"], ["y", "ugly"]]
        sentence = refusal(held, write_csv(tmp_path / "m.csv", rows), error=UnknownClassError)
        assert "label 'ugly' is not a class of 'pets' (m.csv, line 3). Classes: bad, good" in (
            sentence
        )
        assert "datasets/pets/dataset.toml" in sentence

    def test_of_the_same_content_under_another_label(self, held, tmp_path):
        source = write_csv(tmp_path / "m.csv", [["text", "label"], ["one", "bad"]])
        assert "as good, and here it is bad" in refusal(held, source)

    def test_of_another_modality(self, held, tmp_path):
        source = write_pictures(tmp_path / "s", ("bad", "good"))
        assert "holds no .txt files" in refusal(held, source)
        pq.write_table(pa.table({"image": [picture(1)], "label": ["bad"]}), tmp_path / "t.parquet")
        assert "of modality 'text'" in refusal(held, tmp_path / "t.parquet")

    def test_with_a_column_of_another_type(self, held, tmp_path):
        table = pa.table({"text": ["x"], "label": ["bad"], "age": pa.array([True])})
        pq.write_table(table, tmp_path / "t.parquet")
        assert "the column age holds bool" in refusal(held, tmp_path / "t.parquet")


def test_a_workspace_that_cannot_be_written_is_said_so(workspace, tmp_path):
    from ide.dataset.errors import StorageError

    source = write_pictures(tmp_path / "s")
    (workspace.root / ".upwell").write_text("a file where a folder should be")
    with pytest.raises(StorageError, match="could not write"):
        import_source(workspace, str(source), name="pets", track=False)
    assert workspace.datasets() == []


def test_json_and_images_keep_no_reference_to_this_machine(workspace, tmp_path):
    write_json_lines(tmp_path / "t.jsonl", [{"text": "a", "label": "x"}])
    import_quietly(workspace, tmp_path / "t.jsonl")
    assert json.dumps(str(tmp_path))[1:-1] not in workspace.config_path("pets").read_text()
    assert Image.open(io.BytesIO(picture(1))).size == (8, 6)
