"""What an import guesses from names it says, and there is a way out of each guess."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ide.dataset.errors import ImportRefusedError
from ide.store.examples import read_examples
from ide.store.importing.source import split_in_file_name, split_of_folder
from tests.store.importing_tools import (
    bare_workspace,
    import_quietly,
    picture,
    texts,
    write_csv,
    write_pictures,
)


@pytest.fixture
def workspace(tmp_path):
    return bare_workspace(tmp_path / "workspace")


def splits(workspace) -> list[str]:
    return sorted(set(read_examples(workspace, "pets")["split"].to_pylist()))


@pytest.mark.parametrize(
    ("name", "split"),
    [
        ("train-00000-of-00002.parquet", "train"),
        ("mnist_test.csv", "test"),
        ("val.jsonl", "validation"),
        ("dev.v2.csv", "validation"),
        ("train_test.csv", None),
        ("contest.csv", None),
        ("pool_first.jsonl", None),
        ("t.csv", None),
    ],
)
def test_a_files_name_may_say_its_split(name, split):
    assert split_in_file_name(name) == split


@pytest.mark.parametrize(
    ("name", "split"),
    [
        ("train", "train"),
        ("Test", "test"),
        ("train2017", "train"),
        ("test_set", "test"),
        ("Validation-images", "validation"),
        ("unlabeled", "pool"),
        ("trains", None),
        ("test tubes", None),
        ("cat", None),
    ],
)
def test_a_folders_name_may_be_a_split(name, split):
    assert split_of_folder(name) == split


def test_rows_of_a_test_file_are_never_trained_on(workspace, tmp_path):
    for split, first in (("train", 0), ("test", 40)):
        rows = {"text": [f"text {first + k}" for k in range(20)], "label": ["a", "b"] * 10}
        path = tmp_path / f"{split}-00000-of-00001.parquet"
        pq.write_table(pa.table(rows), path)
        result = import_quietly(workspace, path)
        assert f"{path.name}: rows are put into split {split}, as its name says" in result.notes[0]
    rows = read_examples(workspace, "pets", ["text", "split"]).to_pylist()
    assert {r["split"] for r in rows if int(r["text"].split()[1]) >= 40} == {"test"}
    assert {r["split"] for r in rows if int(r["text"].split()[1]) < 40} == {"train"}


class TestFoldersOfTables:
    @pytest.fixture
    def hub(self, tmp_path):
        (tmp_path / "hub" / "data").mkdir(parents=True)
        (tmp_path / "hub" / "README.md").write_text("a card")
        shards = (("train-00000-of-00002", 0), ("train-00001-of-00002", 10), ("test-0-of-1", 20))
        for name, first in shards:
            rows = {"text": [f"text {first + k}" for k in range(10)], "label": ["a", "b"] * 5}
            table = pa.table(rows | {"n": list(range(10))})
            pq.write_table(table, tmp_path / "hub" / "data" / f"{name}.parquet")
        return tmp_path / "hub"

    def test_are_one_source_with_the_splits_of_their_names(self, workspace, hub):
        result = import_quietly(workspace, hub)
        assert result.n_new == 30 and len(result.notes) == 3
        rows = read_examples(workspace, "pets", ["text", "split"]).to_pylist()
        tests = {r["text"] for r in rows if r["split"] == "test"}
        assert tests == {f"text {k}" for k in range(20, 30)}
        assert workspace.config("pets").source == "hub"

    def test_may_be_named_for_splits_themselves(self, workspace, tmp_path):
        for split, first in (("train", 0), ("test", 10)):
            (tmp_path / "t" / split).mkdir(parents=True)
            rows = [["text", "label"], *texts(10, first)]
            write_csv(tmp_path / "t" / split / "0000.csv", rows)
        assert import_quietly(workspace, tmp_path / "t").n_new == 20
        assert splits(workspace) == ["test", "train"]

    def test_beside_texts_by_class_are_passed_over(self, workspace, tmp_path):
        for label in ("good", "bad"):
            (tmp_path / "t" / label).mkdir(parents=True)
            (tmp_path / "t" / label / "1.txt").write_text(f"a {label} one")
        write_csv(tmp_path / "t" / "notes.csv", [["text", "label"], *texts()])
        assert import_quietly(workspace, tmp_path / "t").classes == ("bad", "good")

    def test_of_two_types_or_kinds_are_refused(self, workspace, hub):
        odd = pa.table({"text": ["z"], "label": ["a"], "n": ["one"]})
        pq.write_table(odd, hub / "data" / "zz.parquet")
        with pytest.raises(ImportRefusedError, match=r"zz\.parquet: the column 'n' is of type str"):
            import_quietly(workspace, hub)
        write_csv(hub / "more.csv", [["text", "label"], *texts()])
        with pytest.raises(ImportRefusedError, match=r"tables of several kinds \(\.csv, \.parquet"):
            import_quietly(workspace, hub)


def test_split_says_that_of_all_rows_or_that_names_say_none(workspace, tmp_path):
    table = write_csv(
        tmp_path / "test.csv", [["text", "label", "set"], *[[*t, "a"] for t in texts(40)]]
    )
    result = import_quietly(workspace, table, split="val")
    assert splits(workspace) == ["validation"] and result.notes == ()
    assert set(read_examples(workspace, "pets")["set"].to_pylist()) == {"a"}
    other = write_csv(tmp_path / "test2.csv", [["text", "label"], *texts(40, 100)])
    import_quietly(workspace, other, split="none")
    assert splits(workspace) == ["test", "train", "validation"]
    with pytest.raises(ImportRefusedError, match="--split is 'exam', wanted one of train"):
        import_quietly(workspace, other, split="exam")


def test_a_column_that_is_no_split_and_one_that_is_no_id(workspace, tmp_path):
    rows = [["text", "label", "subset", "key"], ["a", "x", "wiki", "C"], ["b", "y", "news", "C"]]
    path = write_csv(tmp_path / "s.csv", rows)
    with pytest.raises(ImportRefusedError, match="'subset' is none of splits, say --split-column"):
        import_quietly(workspace, path)
    with pytest.raises(ImportRefusedError, match="say --id-column ''"):
        import_quietly(workspace, path, split_column="")
    import_quietly(workspace, path, split_column="", id_column="")
    assert sorted(read_examples(workspace, "pets")["subset"].to_pylist()) == ["news", "wiki"]
    assert read_examples(workspace, "pets")["key"].to_pylist() == ["C", "C"]


def test_a_table_that_nobody_has_labelled_goes_to_the_pool(workspace, tmp_path):
    import_quietly(workspace, write_csv(tmp_path / "a.csv", [["text", "label"], *texts()]))
    more = write_csv(tmp_path / "b.csv", [["text", "target"], ["one more", "7"]])
    assert import_quietly(workspace, more, label_column="").n_new == 1
    assert "pool" in splits(workspace)


class TestFolders:
    @pytest.fixture
    def source(self, tmp_path):
        for split, first in (("train", 0), ("test", 20)):
            write_pictures(tmp_path / "pets" / split, n=3, first=first)
        (tmp_path / "pets" / "samples").mkdir()
        (tmp_path / "pets" / "samples" / "sheet.png").write_bytes(picture(99))
        return tmp_path / "pets"

    def test_of_splits_and_others_are_refused_by_name(self, workspace, source):
        wanted = r"pets/test/, pets/train/ are splits by their names, and pets/samples/ are not"
        with pytest.raises(ImportRefusedError, match=wanted):
            import_quietly(workspace, source)
        assert workspace.datasets() == []

    def test_are_classes_when_it_is_said(self, workspace, source):
        result = import_quietly(workspace, source, split="none")
        assert result.classes == ("samples", "test", "train")

    def test_may_be_imported_one_by_one(self, workspace, source):
        import_quietly(workspace, source / "train", split="train")
        import_quietly(workspace, source / "test", split="test")
        rows = read_examples(workspace, "pets", ["split", "path"]).to_pylist()
        assert {r["path"][:3]: r["split"] for r in rows if "20.png" in r["path"]} == {
            "cat": "test",
            "dog": "test",
        }
        with pytest.raises(ImportRefusedError, match="--split says test of all"):
            import_quietly(workspace, source, split="test")

    def test_named_as_kaggle_names_splits_are_splits(self, workspace, tmp_path):
        for split, first in (("training_set", 0), ("test_set", 20)):
            write_pictures(tmp_path / "k" / split, first=first)
        assert import_quietly(workspace, tmp_path / "k").classes == ("cat", "dog")
        assert splits(workspace) == ["test", "train"]

    def test_a_train_is_a_vehicle_beside_cars(self, workspace, tmp_path):
        source = write_pictures(tmp_path / "v", ("car", "bus", "train"))
        assert import_quietly(workspace, source).classes == ("bus", "car", "train")

    def test_one_above_the_classes_is_no_class(self, workspace, tmp_path):
        write_pictures(tmp_path / "outer" / "images")
        with pytest.raises(
            ImportRefusedError, match=r"only class would be 'images'.*cat, dog look"
        ):
            import_quietly(workspace, tmp_path / "outer")


class TestPathsOfATable:
    @pytest.fixture
    def folder(self, tmp_path):
        write_pictures(tmp_path / "s")
        (tmp_path / "s" / "cat" / "a b.png").write_bytes(picture(77))
        return tmp_path / "s"

    @pytest.mark.parametrize(
        "path", ["cat\\0.png", ".\\cat\\0.png", "cat/a%20b.png", "cat/a b.png"]
    )
    def test_are_found_as_windows_and_the_web_write_them(self, workspace, folder, path):
        rows = [["path", "label"], [path, "cat"]]
        assert import_quietly(workspace, write_csv(folder / "t.csv", rows)).n_new == 1

    @pytest.mark.parametrize(
        ("path", "wanted"),
        [
            ("https://example.org/a.png", "is an address, not a file here"),
            ("s3://bucket/a.png", "is an address, not a file here"),
            ("data:image/png;base64," + "A" * 5000, "is a picture within the cell"),
            ("C:\\cats\\0.png", "leads out of the table's folder"),
            ("..\\..\\etc\\passwd", "leads out of the table's folder"),
            ("cat/" + "x" * 5000 + ".png", "is no file"),
            ("cat/%00.png", "there is no file"),
        ],
    )
    def test_that_name_no_file_here_are_refused_in_a_line(self, workspace, folder, path, wanted):
        source = write_csv(folder / "t.csv", [["image", "label"], [path, "cat"]])
        with pytest.raises(ImportRefusedError) as caught:
            import_quietly(workspace, source)
        assert wanted in str(caught.value) or "cannot be read" in str(caught.value)
        assert len(str(caught.value)) < 400


def test_classes_that_dataset_toml_lists_may_be_as_many_as_rows(workspace, tmp_path):
    folder = workspace.dataset_path("pets")
    folder.mkdir()
    names = [f"plant {k}" for k in range(1_100)]
    listed = ", ".join(f'"{n}"' for n in names)
    (folder / "dataset.toml").write_text(f'modality = "text"\nclasses = [{listed}]\n')
    rows = [["text", "label"], *[[f"text {k}", n] for k, n in enumerate(names)]]
    assert import_quietly(workspace, write_csv(tmp_path / "t.csv", rows)).n_new == 1_100
