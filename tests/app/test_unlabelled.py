"""What the labelling surface is given where examples have no label, and how one gets there."""

from __future__ import annotations

import pyarrow as pa
import pytest

from benchmarks.synthetic import make_workspace
from ide.app.labeler.single import place_of, single_data
from ide.app.labeler.sync import parse_message, receive
from ide.app.labeler.unlabelled import unlabelled_data
from ide.dataset.edit import new_edit_id
from ide.dataset.schema import EXAMPLE_ID, LABEL
from ide.store.builds import current_build
from ide.store.drills import start_drill
from ide.store.edit_log import read_edits
from ide.store.examples import example_parts, read_examples
from ide.store.files import write_parquet
from ide.store.state import edit_example, imported_labels
from ide.store.workspace import Workspace
from tests.app.test_views import open_view, sentences
from tests.conftest import git
from tests.store.tiny import edit, tiny_workspace

__all__ = ["open_view"]  # a fixture
NAME = "pets"


@pytest.fixture
def workspace(tmp_path) -> Workspace:
    """Six texts, none of which has a label."""
    found = tiny_workspace(tmp_path / "w")
    forget_labels(found, NAME)
    return found


def forget_labels(workspace: Workspace, name: str, n: int | None = None) -> None:
    """Make of the first n examples such that came without a label."""
    (path,) = example_parts(workspace, name)
    table = read_examples(workspace, name, None)
    payload = read_examples(workspace, name, [workspace.config(name).payload_column])
    table = table.append_column(payload.schema.field(0), payload.column(0))
    labels = table[LABEL].to_pylist()
    n = len(labels) if n is None else n
    column = pa.array([None] * n + labels[n:], pa.string())
    write_parquet(path, table.set_column(table.column_names.index(LABEL), LABEL, column))


def given(workspace, message=None, receipt=None, build=None, start=None):
    return unlabelled_data(
        workspace, NAME, build, annotator="ada", start=start, message=message, receipt=receipt
    )


def said(edits, near=(), beyond=()):
    return parse_message(
        {
            "client": new_edit_id(), "annotator": "ada", "build_id": "unlabelled", "edits": edits,
            "held": {"near": list(near), "beyond": list(beyond), "first": None}, "wanted": None,
        }
    )  # fmt: skip


def label(example_id, value):
    return {
        "edit_id": new_edit_id(), "example_id": example_id, "action": "label", "value": value,
        "previous": [], "made_at": "2026-01-02T03:04:05.678Z", "evidence": {"build_id": None},
    }  # fmt: skip


def test_without_a_build_texts_are_labelled_in_the_order_of_the_dataset(workspace):
    found = given(workspace)
    assert found["start"] == "x0"
    assert [x for x, _ in found["ahead"]] == ["x1", "x2", "x3", "x4", "x5"]
    assert [row["text"] for row in found["rows"]] == [f"text {i}" for i in range(6)]
    assert not any(row["state"]["judged"] or row["suggested"] for row in found["rows"])
    message = said([label("x0", "cat"), label("x1", "dog")], near=[f"x{i}" for i in range(6)])
    receipt = receive(workspace, NAME, message, annotator="ada")
    assert len(receipt.acked) == 2
    assert [(e.example_id, e.value) for e in read_edits(workspace, NAME).edits] == [
        ("x0", "cat"), ("x1", "dog"),
    ]  # fmt: skip
    assert given(workspace, message, receipt)["n_total"] == 4


def test_what_others_label_meanwhile_is_told_as_judged_and_comes_no_more(workspace):
    edit(workspace, "x2", "label", "cat", annotator="bob")
    edit(workspace, "x4", "exclude", annotator="bob")
    found = given(workspace, said([], near=["x0", "x1", "x2"], beyond=["x3", "x4", "x5"]))
    assert [x for x, _ in found["ahead"]] == ["x3", "x5"]
    assert {x: state["judged"] for x, state in found["states"].items()} == {"x2": True, "x4": True}
    assert given(workspace)["before"] == ["x2", "x4"]


def test_where_nothing_is_without_a_label_it_says_so_and_names_what_is_next(workspace):
    assert not given(workspace)["is_all_judged"]
    for i in range(6):
        edit(workspace, f"x{i}", "label", "cat")
    found = given(workspace, start="x5")
    assert found["is_all_judged"]
    assert (found["n_total"], found["start_notice"]) == (0, None)
    assert "Commit next" in found["next"]  # texts do not compile


def test_undo_reaches_what_was_labelled_here_and_nothing_else(workspace):
    edit(workspace, "x0", "label", "cat")
    edit(workspace, "x1", "label", "cat", annotator="bob")
    steps = given(workspace)["history"]
    assert [e["example_id"] for step in steps for e in step["edits"]] == ["x0"]


def test_a_build_suggests_the_class_that_it_thinks_likeliest(tmp_path):
    workspace = make_workspace(tmp_path / "w", n=40, n_suspects=8, size=8)
    forget_labels(workspace, "glyphs", n=5)
    build = current_build(workspace, "glyphs")
    assert build is not None
    found = unlabelled_data(
        workspace, "glyphs", build, annotator="ada", start=None, message=None, receipt=None
    )
    classes = workspace.config("glyphs").classes
    for row in found["rows"]:
        assert row["suggested"] == classes[row["probs"][0][0]]
    assert "Compile next" in found["next"]


def test_home_names_labelling_first_and_review_leads_there_without_a_build(workspace, open_view):
    app = open_view(workspace, "home")
    assert app.button(key=f"next_{NAME}").label == "Label by keys"
    assert "6 examples of 6 without a label" in sentences(app)
    for i in range(6):
        edit(workspace, f"x{i}", "label", "cat")
    assert open_view(workspace, "home").button(key=f"next_{NAME}").label != "Label by keys"


def test_an_example_knows_its_neighbours_in_the_list_it_was_opened_from(workspace):
    whole = place_of(workspace, NAME, "x2", None)
    assert (whole["around"][whole["at"]], whole["n"]) == ("x2", 6)
    assert whole["around"] == [f"x{i}" for i in range(6)]
    listed = place_of(workspace, NAME, "x2", ("x5", "x2", "x0"))
    assert (listed["around"], listed["at"], listed["where"]) == (["x5", "x2", "x0"], 1, "listed")
    assert place_of(workspace, NAME, "x2", ("x5", "x0"))["where"] == "in the dataset"


def test_an_example_page_is_told_what_stands_and_what_can_be_undone(workspace):
    row = {EXAMPLE_ID: "x1", "imported_label": None, "suggested_label": None, "p_mislabeled": None}
    edit_example(workspace, NAME, "x0", "label", "dog", annotator="ada")
    made = edit_example(workspace, NAME, "x1", "label", "cat", annotator="ada")
    found = single_data(workspace, NAME, row, annotator="ada", receipt=None)
    assert found["rows"][0]["state"]["label"] == "cat"
    assert found["rows"][0]["state"]["heads"]["label"] == [made.edit_id]
    assert [e["example_id"] for step in found["history"] for e in step["edits"]] == ["x1"]
    assert imported_labels(workspace, NAME)["x1"] is None


def test_a_label_without_a_build_on_a_drills_branch_is_known_to_be_of_the_drill(tmp_path):
    workspace = tiny_workspace(tmp_path / "w")
    git(workspace.root, "branch", "-M", "main")
    drill = start_drill(workspace, NAME, n_errors=1)
    receive(workspace, NAME, said([label("x5", "cat")]), annotator="ada")
    (made,) = read_edits(workspace, NAME).edits
    assert made.evidence == {"drill": drill.drill_id}
