"""Two revisions compared: what a commit of wrong labels broke, and that it is named.

No second training: the builds' files are those of a real one with other predictions in them.
"""

from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pytest

from ide.cli import run
from ide.dataset.errors import GitError
from ide.dataset.gates import Gate
from ide.dataset.schema import EXAMPLE_ID
from ide.store.build_of import build_of_revision
from ide.store.builds import build_model, current_build, list_builds
from ide.store.comparison import compare, two_builds
from ide.store.duck import connect
from ide.store.files import read_parquet, write_json, write_parquet, write_text
from ide.store.gates import judge_gates
from ide.store.report import make_report, report_html, report_markdown
from ide.store.state import current_labels, edit_example
from ide.store.workspace import Workspace
from pipelines.evaluate import evaluate
from pipelines.snapshot import snapshot
from tests.app.test_views import is_calm, open_view, sentences  # noqa: F401 – a fixture
from tests.conftest import git
from tests.small import PARQUETS, compiled_workspace, copy_workspace

NAME = "some"
SHOWN: dict[str, str] = {}  # the digit that each example shows
REASON = "<script>alert(1)</script> @everyone [x](javascript:alert(1)) | cell"
GATE = (
    '\n[[gate]]\nname = "threes"\ncondition = "label = \'3\'"\nmetric = "accuracy"\nbound = 0.9\n'
)


def make_build(workspace, build_id, predicted_of):
    """Write a build whose network says ``predicted_of(row)``, near to what each example shows."""
    folder = workspace.build_path(NAME)
    snapshot(workspace, NAME)
    old = read_parquet(folder / "predictions.parquet").sort_by(EXAMPLE_ID)
    rows = current_labels(workspace, NAME).sort_by(EXAMPLE_ID).to_pylist()
    shown = np.array([int(SHOWN[row[EXAMPLE_ID]]) for row in rows])
    predicted = [predicted_of(row) for row in rows]
    rng = np.random.default_rng(0)
    embeddings = np.eye(10)[shown] + rng.normal(0, 0.05, (len(rows), 10))
    probs = np.eye(10)[[int(p) for p in predicted]] * 0.9 + 0.01
    new = {
        "predicted": pa.array(predicted),
        "embedding": pa.array(list(embeddings.astype(np.float16)), pa.list_(pa.float16())),
        "probs": pa.array(list(probs.astype(np.float32)), pa.list_(pa.float32())),
    }
    for name, column in new.items():
        old = old.set_column(old.column_names.index(name), name, column)
    write_parquet(folder / "predictions.parquet", old)
    facts = json.loads((folder / "model.json").read_text())
    taught = json.loads((folder / "snapshot.json").read_text())["targets"]
    write_json(folder / "model.json", {**facts, "build_id": build_id, "targets": taught})
    for name in PARQUETS[3:]:
        table = read_parquet(folder / f"{name}.parquet")
        write_parquet(folder / f"{name}.parquet", table, metadata={"upwell.build_id": build_id})
    evaluate(workspace, NAME)
    return current_build(workspace, NAME)


def _relabel(workspace, row, label, **who):
    edit_example(workspace, NAME, row[EXAMPLE_ID], "label", label, **who)


@pytest.fixture(scope="module")
def compared(tmp_path_factory):
    """A build where all is right, then a commit that calls threes eights, and its build."""
    shared = compiled_workspace(tmp_path_factory.getbasetemp())
    workspace = copy_workspace(shared, tmp_path_factory.mktemp("compared") / "w")
    rows = current_labels(workspace, NAME).to_pylist()
    SHOWN.update({row[EXAMPLE_ID]: row["label"] for row in rows})
    examples = build_model(current_build(workspace, NAME))["inputs"]["examples"]
    pointer = f"outs:\n- md5: {examples}.dir\n  path: examples\n"
    write_text(workspace.examples_path(NAME).with_suffix(".dvc"), pointer)
    with workspace.config_path(NAME).open("a") as config:
        config.write(GATE)
    git(workspace.root, "add", "-A")
    git(workspace.root, "commit", "-qm", "base")
    git(workspace.root, "tag", "base")
    make_build(workspace, "a" * 16, lambda row: row["label"])
    train = [row for row in rows if row["split"] == "train"]
    wrong = [row for row in train if row["label"] == "3"][:8]
    for row in wrong:
        _relabel(workspace, row, "8", annotator="mallory", reason=REASON)
    for row in [row for row in train if row["label"] == "1"][:8]:
        _relabel(workspace, row, "7", annotator="ada")
    git(workspace.root, "add", "-A")
    git(workspace.root, "commit", "-qm", "wrong")

    def broken(row):
        held_out = row["split"] in ("test", "validation")
        return "8" if held_out and row["label"] == "3" else row["label"]

    make_build(workspace, "b" * 16, broken)
    return workspace


def test_the_commit_is_named_for_what_it_broke_and_a_gate_fails(compared):
    found = compare(compared, NAME, "base")
    assert found.base.build_id == "a" * 16 and found.build.build_id == "b" * 16
    assert found.note == "" and len(found.changes) == 16
    flips = found.flips.to_pylist()
    broken = [r for r in flips if r["split"] != "train"]
    assert {(r["flip"], r["label"], r["predicted"]) for r in broken} == {("broken", "3", "8")}
    annotator_of = dict(
        zip(*(found.changes[c].to_pylist() for c in ("edit_id", "annotator")), strict=True)
    )
    trained = {r[EXAMPLE_ID]: r["flip"] for r in flips if r["split"] == "train"}
    assert len(trained) == 16 and set(trained.values()) == {"fixed"}  # learnt as they were taught
    assert set(found.causes) == {r[EXAMPLE_ID] for r in flips}
    causes = [i for flip, ids in found.causes.items() if flip not in trained for i in ids]
    assert {annotator_of[i] for i in causes} == {"mallory"}
    (gate,) = found.gates
    assert not gate.is_passed and gate.base_value == 1.0
    assert {m.slice for m in found.moved} == {"label = '3'"} and found.n_slices == 20


def test_exchanging_the_sides_exchanges_fixed_and_broken(compared):
    there, back = compare(compared, NAME, "base", "HEAD"), compare(compared, NAME, "HEAD", "base")
    held_out = [
        {r[EXAMPLE_ID]: r["flip"] for r in side.flips.to_pylist() if r["split"] != "train"}
        for side in (there, back)
    ]
    assert held_out[0].keys() == held_out[1].keys() != set()
    assert (set(held_out[0].values()), set(held_out[1].values())) == ({"broken"}, {"fixed"})
    assert set(back.attribution[EXAMPLE_ID].to_pylist()) == set(there.causes)


def test_the_report_is_the_same_bytes_and_holds_no_markup_of_strangers(compared):
    report = make_report(compared, "base")
    page, text = report_html(compared, report), report_markdown(compared, report)
    assert text == report_markdown(compared, make_report(compared, "base"))
    assert page == report_html(compared, make_report(compared, "base"))
    assert "<script" not in page.lower() and page.count('src="data:image/png;base64,') >= 16
    assert "<script" not in text and "@everyone" not in text and "](" not in text
    assert "of 1 gate failed" in text and "relabelled <code>3</code> → <code>8</code>" in text
    assert report.failed_gates == ("some: threes",)


def test_the_command_writes_both_and_fails_on_gates_only_when_asked(compared, tmp_path, capsys):
    files = ["--to", str(tmp_path / "r.md"), "--html", str(tmp_path / "r.html")]
    arguments = ["report", "--base", "base", "--workspace", str(compared.root), *files]
    assert run(arguments) == 0
    assert capsys.readouterr().out == "" and (tmp_path / "r.md").stat().st_size > 1000
    assert run([*arguments, "--fail-on", "gates"]) == 1
    assert "1 gate failed: some: threes" in capsys.readouterr().err


def test_a_base_that_has_gone_on_is_compared_where_the_two_part(compared):
    git(compared.root, "branch", "-f", "theirs", "base")
    tree = git(compared.root, "rev-parse", "base^{tree}").strip()
    newer = git(compared.root, "commit-tree", tree, "-p", "base", "-m", "theirs").strip()
    report = make_report(compared, newer)
    base = git(compared.root, "rev-parse", "base").strip()
    assert report.comparisons[0].a == base and f"compared with {base[:10]}" in report.note
    back = make_report(compared, "HEAD", "base")
    assert (
        back.note == "" and back.comparisons[0].a == git(compared.root, "rev-parse", "HEAD").strip()
    )
    stranger = git(compared.root, "commit-tree", tree, "-m", "stranger").strip()
    with pytest.raises(GitError, match="no common commit"):
        make_report(compared, stranger)


@pytest.mark.parametrize("show", ["metrics", "fixed and broken", "gates and checks"])
def test_reviews_draws_what_a_comparison_says(compared, open_view, show):  # noqa: F811
    app = open_view(compared, "reviews", dataset=NAME, a="base", show=show)
    assert is_calm(app)
    assert not app.error
    said = sentences(app)
    assert "more than noise" in said
    assert {"metrics": "Classes, test", "gates and checks": "threes"}.get(show, "Broken") in said


def test_a_commit_of_reviews_has_the_build_of_the_labels_that_were_reviewed(compared):
    edit_id, example_id = (
        compare(compared, NAME, "base", "HEAD").changes[c][0].as_py()
        for c in ("edit_id", EXAMPLE_ID)
    )
    edit_example(compared, NAME, example_id, "approve", edit_id, annotator="ben")
    edit_example(compared, NAME, example_id, "comment", "odd", annotator="ben")
    git(compared.root, "add", "datasets")
    git(compared.root, "commit", "-qm", "reviewed")
    assert build_of_revision(compared, NAME, "HEAD").build_id == "b" * 16
    edit_example(compared, NAME, example_id, "exclude", annotator="ben")
    git(compared.root, "add", "datasets")
    git(compared.root, "commit", "-qm", "excluded")
    assert build_of_revision(compared, NAME, "HEAD") is None


def test_every_place_says_of_a_corrected_answer_key_that_it_is_no_better_network(
    compared,
    tmp_path,
    open_view,  # noqa: F811
    capsys,
):
    """Home, Compile, Evals, Reviews, report, History, SQL: one split, one number."""
    workspace = copy_workspace(compared, tmp_path / "w")
    git(workspace.root, "checkout", "-qf", "-b", "key", "base")
    workspace = Workspace(workspace.root)
    rows = current_labels(workspace, NAME).to_pylist()
    test = [row for row in rows if row["split"] == "test"]
    threes = {row[EXAMPLE_ID] for row in test if row["label"] == "3"}

    def wrong_of_threes(row):
        return "8" if row[EXAMPLE_ID] in threes else row["label"]

    make_build(workspace, "c" * 16, wrong_of_threes)
    git(workspace.root, "commit", "-q", "--allow-empty", "-m", "before")
    for example_id in threes:
        edit_example(workspace, NAME, example_id, "label", "8", annotator="ada")
    git(workspace.root, "add", "-A")
    git(workspace.root, "commit", "-qm", "answer key")
    make_build(workspace, "d" * 16, lambda row: row["label"])

    build, base = list_builds(workspace, NAME)[:2]
    assert (build.build_id[0], base.build_id[0]) == ("d", "c")
    shift = two_builds(base, build).shifts["test"]
    moved = len(threes) / len(test)
    assert (shift.n_fixed, shift.n_broken, shift.n_relabelled) == (0, 0, len(threes))
    assert (shift.network, shift.answer_key) == (0.0, pytest.approx(moved))
    with connect(workspace) as db:
        kinds = "SELECT DISTINCT flip FROM \"some\".flips WHERE split = 'test'"
        assert db.execute(kinds).fetchall() == [("relabelled",)]

    wide = Gate("all", "true", "accuracy", 0.0, tolerance=0.0)
    (there,) = judge_gates(workspace, NAME, build=build, base=base, gates=[wide])
    assert there.is_passed and there.base_value == there.value == 1.0
    (back,) = judge_gates(workspace, NAME, build=base, base=build, gates=[wide])
    assert back.is_passed and back.base_value == back.value == pytest.approx(1 - moved)

    key = f"the answer key +{100 * moved:.1f} pts"
    network = "on the same labels the network ±0.0 pts"
    said = {view: sentences(open_view(workspace, view)) for view in ("home", "compile", "evals")}
    for text in (text.replace("\\", "") for text in said.values()):
        assert f"{network}, {key}" in text
    assert f"0 examples fixed, 0 broken, {len(threes)} by their label alone" in said["compile"]
    assert f"{len(threes)} examples: the network did not change sides" in said["evals"]
    assert "No example of this split was fixed" in said["evals"]
    found = make_report(workspace, "HEAD~1")
    text = report_markdown(workspace, found)
    assert f"(the network +0.00 points): within noise; the answer key +{100 * moved:.2f}" in text
    assert f"test: 0 fixed, 0 broken, {len(threes)} by their label alone" in text
    reviews = sentences(open_view(workspace, "reviews", a="HEAD~1")).replace("\\", "")
    assert key in reviews and f"and {len(threes)} by their label alone" in reviews
    assert run(["log", NAME, "--format", "json", "--workspace", str(workspace.root)]) == 0
    newest = json.loads(capsys.readouterr().out)[0]["moved"]
    assert (newest["split"], newest["network"]) == ("test", 0.0)
    assert newest["answer_key"] == pytest.approx(moved)
