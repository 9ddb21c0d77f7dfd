"""A preview says what the import then does, and writes nothing."""

from __future__ import annotations

import pytest

from ide import cli
from ide.dataset.errors import UpwellError
from ide.store.examples import read_examples
from ide.store.importing import import_source
from ide.store.importing.preview import N_SAMPLES, preview_import
from ide.store.importing.request import ImportRequest
from ide.store.workspace import Workspace
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
def workspace(tmp_path) -> Workspace:
    return bare_workspace(tmp_path / "w")


def broken(folder):
    write_pictures(folder)
    (folder / "cat" / "x.png").write_bytes(b"no picture")
    return folder


SOURCES = {
    "pictures": lambda at: write_pictures(at / "pets"),
    "splits": lambda at: write_pictures(write_pictures(at / "s" / "train").parent / "test").parent,
    "texts": lambda at: write_csv(at / "t.csv", [["text", "label"], *texts(9)]),
    "columns": lambda at: write_json_lines(
        at / "t.jsonl", [{"id": str(k), "text": f"t {k}", "label": "a", "n": k} for k in range(3)]
    ),
    "broken": lambda at: broken(at / "pets"),
    "no classes": lambda at: write_csv(at / "t.csv", [["text"], ["a"], ["b"]]),
    "nothing": lambda at: at / "nothing.csv",
    "empty": lambda at: write_csv(at / "t.csv", [["text", "label"]]),
    "a split that is none": lambda at: write_csv(
        at / "t.csv", [["text", "label", "split"], ["a", "b", "tomorrow"]]
    ),
}


def said(function, *arguments, **options):
    """What a call returns, and the sentence that it raises."""
    try:
        return function(*arguments, **options), None
    except UpwellError as error:
        return None, str(error)


@pytest.mark.parametrize("kind", SOURCES)
@pytest.mark.parametrize("skip_broken", [False, True])
def test_a_preview_says_what_the_import_then_does(workspace, tmp_path, kind, skip_broken):
    source = str(SOURCES[kind](tmp_path))
    request = ImportRequest(source, "pets", skip_broken=skip_broken)
    before = tree(workspace.root)
    found, refused = said(preview_import, workspace, request)
    assert tree(workspace.root) == before, "reading wrote something"
    if found is not None and found.refusal is not None:
        refused = str(found.refusal)
    result, sentence = said(
        import_source, workspace, source, name="pets", skip_broken=skip_broken, track=False
    )
    assert refused == sentence
    if result is None:
        return
    assert (found.n_new, found.n_known) == (result.n_new, result.n_known)
    assert found.notes == result.notes
    assert found.is_whole and found.is_new
    rows = read_examples(workspace, "pets").to_pylist()
    assert sum(found.n_by_split.values()) == len(rows)
    for split, n in found.n_by_split.items():
        assert n == sum(row["split"] == split for row in rows)
    labels = {row["example_id"]: row["label"] for row in rows}
    assert found.samples
    assert all(labels[sample.example_id] == sample.label for sample in found.samples)
    assert set(found.n_by_class) == set(labels.values())


def test_a_preview_into_a_dataset_that_is_there_tells_new_from_known(workspace, tmp_path):
    source = write_csv(tmp_path / "t.csv", [["text", "label"], *texts(4)])
    import_quietly(workspace, source)
    write_csv(source, [["text", "label"], *texts(6)])
    found = preview_import(workspace, ImportRequest(str(source), "pets"))
    assert (found.is_new, found.n_new, found.n_known) == (False, 2, 4)
    assert len(found.samples) == 2


def test_what_is_refused_for_new_classes_is_shown_with_them(workspace, tmp_path):
    source = write_csv(tmp_path / "t.csv", [["text", "label"], *texts(4)])
    import_quietly(workspace, source)
    write_csv(source, [["text", "label"], *texts(4), ["a new one", "ugly"]])
    found = preview_import(workspace, ImportRequest(str(source), "pets"))
    assert "'ugly' is not a class" in str(found.refusal)
    assert (found.new_classes, found.n_new) == (("ugly",), 1)
    allowed = preview_import(workspace, ImportRequest(str(source), "pets", add_classes=True))
    assert allowed.refusal is None


def test_a_preview_whose_time_is_over_counts_the_rest(workspace, tmp_path):
    source = write_pictures(tmp_path / "pets", n=5)
    (source / "dog" / "9.png").write_bytes(b"no picture, and not looked at")
    found = preview_import(workspace, ImportRequest(str(source), "pets"), seconds=0.0)
    assert (found.n_rows, found.n_checked, found.is_whole) == (11, 1, False)
    assert found.n_by_class == {"cat": 5, "dog": 6}
    assert found.n_by_split == {None: 11}


def test_the_first_few_examples_are_of_several_classes(workspace, tmp_path):
    source = write_pictures(tmp_path / "pets", ("ant", "bee", "cat", "dog", "elk"), n=5)
    found = preview_import(workspace, ImportRequest(str(source), "pets"))
    assert len(found.samples) == N_SAMPLES
    assert len({sample.label for sample in found.samples}) == 4
    assert all(sample.look.image.startswith("data:image/png;") for sample in found.samples)


def test_a_dry_run_prints_it_and_ends_as_the_import_would(workspace, tmp_path, capsys):
    source = write_pictures(tmp_path / "pets")
    command = ["import", str(source), "--name", "pets", "--workspace", str(workspace.root)]
    before = tree(workspace.root)
    assert cli.run([*command, "--dry-run"]) == 0
    out = capsys.readouterr().out
    assert "6 examples would be imported" in out
    assert "cat 3, dog 3" in out
    (source / "cat" / "x.png").write_bytes(picture(1)[:40])
    assert cli.run([*command, "--dry-run"]) == 2
    assert "pets/cat/x.png: the image is broken" in capsys.readouterr().err
    assert tree(workspace.root) == before
