"""The views, run as Streamlit runs them, over a real compiled workspace and over broken ones."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

import ide.app
from ide.app import cached, text
from ide.app.navigate import VIEWS
from ide.dataset.edit import make_edit
from ide.store.browse import Filters, browse_columns, browse_example, browse_page
from ide.store.builds import build_table, current_build
from ide.store.edit_log import append_edits
from ide.store.estimates import estimate_of
from ide.store.files import write_parquet
from ide.store.importing import import_source
from ide.store.new import new_workspace
from ide.store.queue import suspect_rows
from ide.store.state import dataset_state, edit_example, imported_labels
from ide.store.status import status
from ide.store.training import example_curve, training_curves
from ide.store.workspace import Workspace

NAME = "digits"
MAIN = Path(ide.app.__file__).parent / "main.py"
OWN_VIEWS = sorted(VIEWS.keys() - {"review", "example"})


@pytest.fixture
def open_view(monkeypatch):
    """Open a view at an address and return it as it was drawn."""

    def opened(workspace: Workspace, view: str, **parameters: str) -> AppTest:
        monkeypatch.setenv("UPWELL_WORKSPACE", str(workspace.root))
        app = AppTest.from_file(str(MAIN), default_timeout=60)
        for name, value in parameters.items():
            app.query_params[name] = value
        if who := parameters.get("annotator"):  # the address does not say it
            app.session_state["upwell_annotator"] = who
        if view != "home":
            app.switch_page(f"views/{view}.py")
        return app.run()

    return opened


@pytest.fixture
def empty(tmp_path) -> Workspace:
    return new_workspace(tmp_path / "empty")


def first_id(workspace: Workspace) -> str:
    return suspect_rows(workspace, NAME, limit=1, with_judged=True)[0]["example_id"]


def sentences(app: AppTest) -> str:
    kinds = (app.error, app.warning, app.info, app.caption, app.markdown, app.title)
    return "\n".join(str(e.value) for kind in kinds for e in kind).replace("\\", "")


def is_calm(app: AppTest) -> bool:
    return not app.exception and "Something broke" not in str(app.error)


@pytest.mark.parametrize("view", OWN_VIEWS)
def test_every_view_is_drawn_over_a_compiled_workspace(compiled_digits, open_view, view):
    app = open_view(compiled_digits, view, dataset=NAME)
    assert is_calm(app)
    assert not app.error
    assert [title.value for title in app.title] == [VIEWS[view][0]]


@pytest.mark.parametrize("view", OWN_VIEWS)
def test_every_view_says_what_to_do_in_an_empty_workspace(empty, open_view, view):
    app = open_view(empty, view)
    assert is_calm(app)
    assert "upwell import" in sentences(app) + str([code.value for code in app.code])


def test_every_view_of_a_dataset_without_a_build_is_drawn(empty, open_view):
    import_source(empty, "sklearn:digits", name=NAME, track=False)
    for view in OWN_VIEWS:
        app = open_view(empty, view, dataset=NAME)
        assert is_calm(app), view
        assert not app.error, (view, app.error[0].value)
    assert "nothing is measured" in sentences(open_view(empty, "evals", dataset=NAME))
    some_id = next(iter(imported_labels(empty, NAME)))
    assert is_calm(open_view(empty, "example", dataset=NAME, example=some_id))


def test_an_example_page_tells_everything_of_an_example(digits, open_view):
    example_id = first_id(digits)
    app = open_view(digits, "example", dataset=NAME, example=example_id)
    assert is_calm(app)
    assert example_id in str(app.table[0].value)
    assert "nobody has edited it" in sentences(app)


def test_buttons_of_an_example_write_edits_of_that_example(digits, open_view):
    example_id = first_id(digits)
    app = open_view(digits, "example", dataset=NAME, example=example_id, annotator="ada")
    app.button(key="example_exclude_None").click().run()
    assert dataset_state(digits, NAME)[example_id].is_excluded
    app.button(key="example_restore_None").click().run()
    assert not dataset_state(digits, NAME)[example_id].is_excluded
    wanted = next(c for c in "0123456789" if c != imported_labels(digits, NAME)[example_id])
    app.selectbox(key="example_relabel").select(wanted).run()
    state = dataset_state(digits, NAME)[example_id]
    assert (state.label, state.annotator) == (wanted, "ada")
    app.text_input(key="example_comment").input("is it <b>?").run()
    assert dataset_state(digits, NAME)[example_id].n_comments == 1
    assert is_calm(app)


def test_changes_commits_what_it_shows(digits, open_view):
    edit_example(digits, NAME, first_id(digits), "exclude", annotator="ada")
    app = open_view(digits, "changes", dataset=NAME)
    assert app.text_input(key="commit_message").value == f"{NAME}: 1 excluded"
    app.button(key="commit").click().run()
    assert status(digits).n_edits == 0
    assert "Nothing to commit" in sentences(app)
    path = digits.dataset_path(NAME) / "dataset.toml"
    path.write_text(path.read_text(encoding="utf-8") + "# a gate, say\n", encoding="utf-8")
    cached.forget_history()
    app.run()  # a file beside the logs is committed here too, since it blocks a merge
    assert app.button(key="commit").label == "Commit 1 file"
    app.button(key="commit").click().run()
    assert not status(digits).changed_paths


def test_labels_thought_wrong_are_shown_with_their_interval(compiled_digits, open_view):
    found = str(estimate_of(current_build(compiled_digits, NAME)))
    evals = open_view(compiled_digits, "evals", dataset=NAME)
    assert found in [metric.value for metric in evals.metric]
    assert f"Labels thought wrong: {found}" in sentences(evals)
    assert f"labels thought wrong: {found}" in sentences(open_view(compiled_digits, "home"))


def test_a_build_of_an_older_version_is_shown_and_tells_what_it_does_not(digits, open_view):
    build = current_build(digits, NAME)
    table = build_table(build, "suspects").drop_columns(["p_suggested", "is_ambiguous"])
    write_parquet(build.path / "suspects.parquet", table)
    for folder in (build.path, digits.build_path(NAME)):
        (folder / "label_errors.parquet").unlink()
        (folder / "second_look.parquet").unlink()
        model = json.loads((folder / "model.json").read_text())
        kept = {key: model[key] for key in model if key not in ("architecture", "seed", "n_train")}
        (folder / "model.json").write_text(json.dumps(kept))
    for view in ("home", "evals", "review", "browse", "compile"):
        app = open_view(digits, view, dataset=NAME)
        assert is_calm(app), view
        assert not app.error, (view, app.error[0].value)
    assert "does not tell where" in sentences(open_view(digits, "evals", dataset=NAME))


@pytest.mark.parametrize(
    ("view", "parameters", "sentence"),
    [
        ("home", {"dataset": "nope"}, "there is no dataset 'nope'"),
        ("browse", {"dataset": "nope"}, "there is no dataset 'nope'"),
        ("example", {"dataset": NAME, "example": "nope"}, "has no example 'nope'"),
        ("example", {"dataset": NAME}, "no example is open"),
        ("browse", {"dataset": NAME, "where": "nope = 1"}, "cannot be answered"),
        ("browse", {"dataset": NAME, "where": "1=1); DROP TABLE labels --"}, "cannot be answered"),
        ("browse", {"dataset": NAME, "where": "label = '99'"}, "Nothing matches"),
        ("sql", {"dataset": NAME, "sql": "SELEC 1"}, "Nothing has run yet"),
        ("sql", {"dataset": NAME, "sql": "DROP TABLE digits.edits"}, "Nothing has run yet"),
    ],
)
def test_a_bad_address_gets_a_sentence(compiled_digits, open_view, view, parameters, sentence):
    app = open_view(compiled_digits, view, **parameters)
    assert is_calm(app)
    assert sentences(app).count(sentence) == 1


def test_damage_in_the_edit_log_is_reported_with_file_and_line(digits, open_view):
    (digits.edits_path(NAME) / "eve.jsonl").write_text("{}\nnot json\n")
    said = sentences(open_view(digits, "home"))
    assert f"datasets/{NAME}/edits/eve.jsonl, line 1" in said
    assert f"datasets/{NAME}/edits/eve.jsonl, line 2" in said


def test_a_broken_dataset_is_named_and_the_rest_is_drawn(digits, open_view):
    folder = digits.datasets_path / "broken"
    shutil.copytree(digits.dataset_path(NAME), folder)
    (folder / "dataset.toml").write_text("classes = [")
    app = open_view(digits, "home", dataset=NAME)
    assert is_calm(app)
    assert "datasets/broken/dataset.toml is not TOML" in sentences(app)
    assert "Handwritten digits" in sentences(app)


def test_a_conflict_is_shown_in_changes_and_is_the_next_thing_to_do(digits, open_view):
    example_id = first_id(digits)
    rivals = [make_edit(example_id, "label", v, annotator=a) for a, v in (("a", "1"), ("b", "2"))]
    append_edits(digits, NAME, rivals)
    assert "1 conflict" in sentences(open_view(digits, "changes", dataset=NAME))
    home = open_view(digits, "home", dataset=NAME)
    assert home.button(key=f"next_{NAME}").label == "Resolve conflicts"


def test_pages_are_a_partition_of_what_matches(compiled_digits):
    build = current_build(compiled_digits, NAME)
    filters = Filters(label="3", order="random")
    first = browse_page(compiled_digits, NAME, build, filters)
    pages = [
        browse_page(compiled_digits, NAME, build, filters, page=n).rows["example_id"].to_pylist()
        for n in range(1, first.n_pages + 1)
    ]
    seen = [example_id for page in pages for example_id in page]
    labels = imported_labels(compiled_digits, NAME)
    assert sorted(seen) == sorted(i for i, label in labels.items() if label == "3")
    assert first.n_rows == len(seen)
    assert browse_page(compiled_digits, NAME, build, filters, page=999).page == first.n_pages


def test_the_most_suspect_stands_first(compiled_digits):
    build = current_build(compiled_digits, NAME)
    rows = browse_page(compiled_digits, NAME, build, Filters()).rows
    assert rows["rank"].to_pylist() == list(range(1, len(rows) + 1))


def test_a_condition_can_name_every_joined_column(compiled_digits):
    build = current_build(compiled_digits, NAME)
    for column in browse_columns(compiled_digits, NAME):
        where = f'"{column}" IS NULL OR TRUE'
        assert browse_page(compiled_digits, NAME, build, Filters(where=where)).n_rows == 1797


def test_a_condition_cannot_read_files(compiled_digits):
    build = current_build(compiled_digits, NAME)
    where = "(SELECT count(*) FROM read_text('/etc/hostname')) > 0"
    with pytest.raises(Exception, match="cannot be answered"):
        browse_page(compiled_digits, NAME, build, Filters(where=where))


def test_one_example_is_what_its_page_shows(compiled_digits):
    build = current_build(compiled_digits, NAME)
    example_id = first_id(compiled_digits)
    assert browse_example(compiled_digits, NAME, build, example_id)["rank"] == 1
    assert browse_example(compiled_digits, NAME, build, "nope") is None


def test_curves_have_an_epoch_a_split(compiled_digits):
    build = current_build(compiled_digits, NAME)
    curves = training_curves(build)
    n_epochs = compiled_digits.config(NAME).model.epochs
    assert len(curves) == n_epochs * len(set(curves["split"].to_pylist()))
    assert all(0 <= share <= 1 for share in curves["accuracy"].to_pylist())
    assert example_curve(build, first_id(compiled_digits))["epoch"] == list(range(1, n_epochs + 1))


@pytest.mark.parametrize(
    "hostile", ["<script>", "**bold**", ":red[x]", "$x$", "`a`", "a_b_", "[a](b)"]
)
def test_text_of_others_is_shown_as_it_is(hostile):
    shown = text.plain(hostile)
    assert shown.replace("\\", "") == hostile
    assert all(shown[i - 1] == "\\" for i, c in enumerate(shown) if c in "<*[`$_:")


def test_home_names_a_dataset_with_a_link_and_edits_that_git_took_and_draws_the_others(
    empty, tmp_path, open_view
):
    (tmp_path / "t.csv").write_text("id,text,label\n1,a,x\n2,b,y\n")
    for name in ("ours", "theirs"):
        import_source(empty, str(tmp_path / "t.csv"), name=name, track=False)
    edit_example(empty, "ours", "1", "label", "y", annotator="ada")
    (empty.edits_path("ours") / "ada.jsonl").unlink()  # as git clean does
    (empty.edits_path("theirs") / "ada.jsonl").symlink_to(tmp_path / "t.csv")
    app = open_view(empty, "home")
    assert is_calm(app)
    assert "datasets/theirs/edits/ada.jsonl is a link to" in sentences(app)
    assert "1 edit that was saved" in sentences(app) and "upwell recover ours" in sentences(app)
    assert "**Ours**" in sentences(app)
