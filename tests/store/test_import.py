"""Import: every kind of source, again with new rows, and what it writes."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ide.dataset.errors import ConfigError, ImportRefusedError, StorageError
from ide.dataset.ids import content_id
from ide.store.examples import examples_revision, n_examples, read_examples
from ide.store.importing import import_source
from ide.store.importing.content_hashes import content_hashes, keep_hashes
from ide.store.importing.sklearn import encode_gray_png
from ide.store.importing.texts import natural_order
from ide.store.new import new_workspace
from ide.store.params import read_params
from ide.store.payloads import PayloadReader
from tests.conftest import git
from tests.store.importing_tools import (
    bare_workspace,
    import_quietly,
    labels_by_id,
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


def test_a_folder_of_images_by_class_becomes_a_dataset(workspace, tmp_path):
    source = write_pictures(tmp_path / "animals", ("class10", "class2"), n=10)
    (source / "README.md").write_text("beside the classes, so no example")
    (source / "class2" / ".DS_Store").write_text("hidden")
    result = import_quietly(workspace, source)
    config = workspace.config("pets")
    assert (result.n_new, result.n_known, result.classes) == (20, 0, ("class2", "class10"))
    assert (config.source, config.modality, config.model.image_size) == ("animals", "image", 8)
    assert config.classes == result.classes and config.title == "Pets"
    table = read_examples(workspace, "pets")
    assert table.column_names == ["example_id", "split", "label", "path"]
    assert set(table["split"].to_pylist()) == {"train", "validation", "test"}
    assert (workspace.edits_path("pets") / ".gitkeep").exists()
    assert str(tmp_path) not in workspace.config_path("pets").read_text()


def test_a_folder_may_have_splits_above_its_classes(workspace, tmp_path):
    for split, first in (("train", 0), ("val", 20), ("test", 40)):
        write_pictures(tmp_path / "s" / split, n=2, first=first)
    (tmp_path / "s" / "unlabeled").mkdir()
    (tmp_path / "s" / "unlabeled" / "x.png").write_bytes(picture(99))
    import_quietly(workspace, tmp_path / "s")
    table = read_examples(workspace, "pets")
    found = {row["path"]: (row["split"], row["label"]) for row in table.to_pylist()}
    assert found["val/dog/20.png"] == ("validation", "dog")
    assert found["test/cat/40.png"] == ("test", "cat")
    assert found["unlabeled/x.png"] == ("pool", None)


@pytest.mark.parametrize("kept", ["PNG", "JPEG", "WEBP"])
def test_what_browsers_show_keeps_its_bytes(workspace, tmp_path, kept):
    (tmp_path / "s" / "cat").mkdir(parents=True)
    data = picture(7, format=kept)
    (tmp_path / "s" / "cat" / f"a.{kept.lower()}").write_bytes(data)
    import_quietly(workspace, tmp_path / "s")
    payload, mime, digest = PayloadReader(workspace, "pets").get(content_id(data))
    assert (payload, mime, digest) == (data, f"image/{kept.lower()}", content_id(data))


@pytest.mark.parametrize("other", ["BMP", "GIF", "TIFF", "PPM"])
def test_other_images_become_png(workspace, tmp_path, other):
    (tmp_path / "s" / "cat").mkdir(parents=True)
    (tmp_path / "s" / "cat" / f"a.{other.lower()}").write_bytes(picture(7, format=other))
    import_quietly(workspace, tmp_path / "s")
    (example_id,) = labels_by_id(workspace)
    assert PayloadReader(workspace, "pets").get(example_id)[1] == "image/png"


def test_a_csv_of_text_keeps_its_other_columns_with_their_types(workspace, tmp_path):
    rows = [["text", "Category", "age", "score", "ok", "code"]]
    rows += [["a, b", "good", "3", "0.5", "true", "007"], ["c\nd", "bad", "", "2", "false", "08"]]
    import_quietly(workspace, write_csv(tmp_path / "t.csv", rows))
    table = read_examples(workspace, "pets", ["text", "label", "age", "score", "ok", "code"])
    assert table.to_pylist() == [
        {"text": "a, b", "label": "good", "age": 3, "score": 0.5, "ok": True, "code": "007"},
        {"text": "c\nd", "label": "bad", "age": None, "score": 2.0, "ok": False, "code": "08"},
    ]


def test_columns_can_be_named(workspace, tmp_path):
    rows = [["words", "verdict", "ref", "part"], ["hi", "good", "n1", "dev"], ["ho", "", "n2", ""]]
    import_quietly(
        workspace,
        write_csv(tmp_path / "t.csv", rows),
        label_column="verdict",
        payload_column="words",
        id_column="ref",
        split_column="part",
    )
    assert read_examples(workspace, "pets").to_pylist() == [
        {"example_id": "n1", "split": "validation", "label": "good"},
        {"example_id": "n2", "split": "pool", "label": None},
    ]


def test_a_table_names_images_beside_it(workspace, tmp_path):
    write_pictures(tmp_path / "s")
    rows = [["file_name", "label"], ["cat/0.png", "cat"], ["dog/1.png", "dog"]]
    import_quietly(workspace, write_csv(tmp_path / "s" / "t.csv", rows))
    assert workspace.config("pets").modality == "image"
    assert labels_by_id(workspace) == {
        content_id(picture(0)): "cat",
        content_id(picture(4)): "dog",
    }


def test_json_lines_keep_numbers_and_nested_values(workspace, tmp_path):
    rows = [
        {"text": "a", "label": 1, "n": 3, "tags": ["x"]},
        {"text": "b", "label": 2, "n": 0.5},
        {"text": "c", "label": None},
    ]
    import_quietly(workspace, write_json_lines(tmp_path / "t.jsonl", rows))
    found = read_examples(workspace, "pets").to_pylist()
    assert [(r["label"], r["n"], r["tags"]) for r in found] == [
        ("1", 3.0, '["x"]'),
        ("2", 0.5, None),
        (None, None, None),
    ]


def test_parquet_of_the_hub_brings_images_class_names_and_types(workspace, tmp_path):
    features = '{"info": {"features": {"label": {"names": ["cat", "dog"], "_type": "ClassLabel"}}}}'
    table = pa.table(
        {
            "image": [{"bytes": picture(1), "path": "a"}, {"bytes": picture(2), "path": None}],
            "label": [0, 1],
            "taken": pa.array([0, 86_400_000], pa.timestamp("ms")),
        }
    ).replace_schema_metadata({"huggingface": features})
    pq.write_table(table, tmp_path / "t.parquet")
    import_quietly(workspace, tmp_path / "t.parquet")
    found = read_examples(workspace, "pets")
    assert found["label"].to_pylist() == ["cat", "dog"]
    assert found["taken"].type == pa.timestamp("ms") and found["taken"][1].value == 86_400_000


def test_the_digits_have_the_same_bytes_everywhere(workspace):
    result = import_quietly(workspace, "sklearn:digits", name="digits")
    assert (result.n_new, len(result.classes), n_examples(workspace, "digits")) == (1797, 10, 1797)
    ids = sorted(labels_by_id(workspace, "digits"))
    assert content_id("\n".join(ids).encode()) == "27ec79da85fdeb46"
    assert workspace.config("digits").model.image_size == 8


def test_a_png_written_here_reads_as_it_was():
    import io

    from PIL import Image

    image = np.arange(35, dtype=np.uint8).reshape(5, 7) * 7
    with Image.open(io.BytesIO(encode_gray_png(image))) as read:
        assert read.mode == "L" and np.array_equal(np.asarray(read), image)


def test_importing_twice_changes_no_byte(workspace, tmp_path):
    source = write_pictures(tmp_path / "s")
    import_quietly(workspace, source)
    before = tree(workspace.root)
    assert import_quietly(workspace, source).n_known == 6
    assert tree(workspace.root) == before


def test_new_rows_are_added_as_a_part_and_no_split_moves(workspace, tmp_path):
    source = write_pictures(tmp_path / "s", n=8)
    import_quietly(workspace, source)
    before = tree(workspace.examples_path("pets"))
    splits = {r["path"]: r["split"] for r in read_examples(workspace, "pets").to_pylist()}
    revision = examples_revision(workspace, "pets")
    config = workspace.config_path("pets")
    config.write_text("# mine\n" + config.read_text())
    write_pictures(source, n=8, first=100)
    result = import_quietly(workspace, source)
    assert (result.n_new, result.n_known) == (16, 16)
    after = tree(workspace.examples_path("pets"))
    assert len(after) == 2 and before.items() <= after.items()
    again = {r["path"]: r["split"] for r in read_examples(workspace, "pets").to_pylist()}
    assert splits.items() <= again.items()
    assert examples_revision(workspace, "pets") != revision
    assert config.read_text().startswith("# mine\n")


def test_an_import_reads_no_payload_that_an_earlier_one_brought(workspace, tmp_path):
    """Its hashes are kept, are those of the payloads, and are made again where they are gone."""
    source = write_csv(tmp_path / "a.csv", [["text", "label"], *texts()])
    import_quietly(workspace, source)
    (kept,) = workspace.local_path.glob("contents/pets/*.parquet")
    hashes = kept.read_bytes()
    kept.unlink()
    assert import_quietly(workspace, source).n_known == 4
    assert kept.read_bytes() == hashes
    (part,) = workspace.examples_path("pets").iterdir()
    lies = ["0" * 16] * 4  # what is kept is what is believed
    keep_hashes(workspace, "pets", part, lies)
    assert content_hashes(workspace, "pets", part, "text", 4) == lies


def test_an_appended_part_may_have_other_columns(workspace, tmp_path):
    import_quietly(workspace, write_csv(tmp_path / "a.csv", [["text", "label"], *texts()]))
    rows = [["text", "label", "age"], ["another", "good", "3"]]
    import_quietly(workspace, write_csv(tmp_path / "b.csv", rows))
    ages = read_examples(workspace, "pets")["age"].to_pylist()
    assert sorted(ages, key=str) == [3, None, None, None, None]


def test_new_classes_come_in_only_when_asked_for(workspace, tmp_path):
    import_quietly(workspace, write_csv(tmp_path / "a.csv", [["text", "label"], *texts()]))
    path = workspace.config_path("pets")
    path.write_text(path.read_text().replace("[split]", "[split]  # keep me"))
    more = write_csv(tmp_path / "b.csv", [["text", "label"], ["meh", "so-so"]])
    result = import_quietly(workspace, more, add_classes=True)
    assert result.classes == workspace.config("pets").classes == ("bad", "good", "so-so")
    assert "[split]  # keep me" in path.read_text()


def test_a_dataset_that_has_only_its_toml_gets_its_examples(workspace):
    folder = workspace.dataset_path("digits")
    folder.mkdir()
    toml = 'modality = "image"\nclasses = ["0","1","2","3","4","5","6","7","8","9"]\n'
    (folder / "dataset.toml").write_text(toml)
    assert n_examples(workspace, "digits") == 0
    assert read_examples(workspace, "digits").column_names == ["example_id", "split", "label"]
    import_quietly(workspace, "sklearn:digits", name="digits")
    assert n_examples(workspace, "digits") == 1797
    assert (folder / "dataset.toml").read_text() == toml


def test_repeats_within_a_source_are_numbered(workspace, tmp_path):
    rows = [["text", "label"], ["same", "good"], ["same", "bad"], ["same", "good"]]
    source = write_csv(tmp_path / "a.csv", rows)
    import_quietly(workspace, source)
    base = content_id(b"same")
    assert labels_by_id(workspace) == {base: "good", f"{base}-2": "bad", f"{base}-3": "good"}
    assert import_quietly(workspace, source).n_known == 3


def test_the_comments_of_params_yaml_are_kept(workspace, tmp_path):
    params = workspace.root / "params.yaml"
    text = "# mine\ndatasets:  # these\n  - digits  # 1797\n\n# below\nother: 3  # too\n"
    params.write_text(text)
    import_quietly(workspace, write_pictures(tmp_path / "s"))
    assert params.read_text() == text.replace("# 1797\n", "# 1797\n  - pets\n")


def test_a_params_yaml_in_one_line_or_without_a_list_is_added_to(workspace, tmp_path):
    params = workspace.root / "params.yaml"
    source = write_pictures(tmp_path / "s")
    for text in ("datasets: [digits]  # x\n", "other: 1\n", "", "datasets:\n"):
        params.write_text(text)
        import_quietly(workspace, source)
        assert "pets" in read_params(workspace)["datasets"]
    params.write_text("datasets: [digits\n")
    with pytest.raises(ConfigError, match=r"params\.yaml is not YAML"):
        import_quietly(workspace, source)


def test_progress_is_told_while_rows_pass(workspace, tmp_path):
    told = []
    import_quietly(
        workspace,
        write_csv(tmp_path / "a.csv", [["text", "label"], *texts(250)]),
        on_progress=lambda *event: told.append(event),
    )
    assert [e for e in told if e[0] == "reading"] == [
        ("reading", 100, None),
        ("reading", 200, None),
        ("reading", 250, 250),
    ]
    assert [e for e in told if e[0] == "writing"][-1] == ("writing", 250, 250)


def test_the_same_source_gives_the_same_bytes(tmp_path):
    source = write_pictures(tmp_path / "s")
    one, two = (bare_workspace(tmp_path / n) for n in ("one", "two"))
    import_quietly(one, source)
    import_quietly(two, source)
    assert tree(one.root) == tree(two.root)


def test_dvc_tracks_what_no_stage_makes(tmp_path):
    workspace = new_workspace(tmp_path / "w")
    source = write_csv(tmp_path / "a.csv", [["text", "label"], *texts()])
    import_source(workspace, str(source), name="pets")
    pointer = workspace.dataset_path("pets") / "examples.dvc"
    assert "nfiles: 1" in pointer.read_text()
    assert "/examples" in (workspace.dataset_path("pets") / ".gitignore").read_text()
    (workspace.root / "dvc.yaml").write_text(
        "stages:\n  fetch:\n    foreach: [made]\n    do:\n      cmd: make ${item}\n"
        "      outs: ['datasets/${item}/examples']\n"
    )
    import_source(workspace, str(source), name="made")
    assert not (workspace.dataset_path("made") / "examples.dvc").exists()


def test_without_dvc_the_dataset_is_whole_and_the_sentence_says_what_to_run(workspace, tmp_path):
    source = write_csv(tmp_path / "a.csv", [["text", "label"], *texts()])
    with pytest.raises(StorageError, match=r"imported and whole.*run: dvc add datasets/pets/exam"):
        import_source(workspace, str(source), name="pets")
    assert n_examples(workspace, "pets") == 4


def test_names_sort_as_people_sort_them():
    assert natural_order(["b10", "b9", "a", "10", "9", "b"]) == ["9", "10", "a", "b", "b9", "b10"]


def test_a_leftover_of_a_killed_import_is_cleared(workspace, tmp_path):
    leftover = workspace.datasets_path / ".import-dead" / "pets"
    leftover.mkdir(parents=True)
    (leftover / "dataset.toml").write_text("")
    assert workspace.datasets() == []
    import_quietly(workspace, write_pictures(tmp_path / "s"))
    assert [p.name for p in workspace.datasets_path.iterdir()] == ["pets"]


def test_two_imports_at_once_are_one_too_many(workspace, tmp_path, monkeypatch):
    from ide.store.importing import lock

    monkeypatch.setattr(lock, "_PATIENCE_S", 0.1)
    with lock.import_folder(workspace), pytest.raises(ImportRefusedError, match="another import"):
        import_quietly(workspace, write_pictures(tmp_path / "s"))


def test_git_sees_no_examples(tmp_path):
    workspace = new_workspace(tmp_path / "w")
    import_source(workspace, str(write_pictures(tmp_path / "s")), name="pets")
    git(workspace.root, "add", "-A")
    listed = git(workspace.root, "ls-files", "datasets").split()
    assert listed == [
        "datasets/.gitkeep",
        "datasets/pets/.gitignore",
        "datasets/pets/checks/.gitkeep",
        "datasets/pets/dataset.toml",
        "datasets/pets/edits/.gitkeep",
        "datasets/pets/examples.dvc",
    ]
