"""Gates over a real build: judged by its own labels, asked behind a fence, written to TOML."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from ide.cli import EXIT_DATA_FAILS, EXIT_OK, EXIT_WRONG_REQUEST, run
from ide.dataset.errors import ConfigError, GateError, NoBuildError, QueryError
from ide.dataset.gates import Gate
from ide.store import conditions
from ide.store.blocking import standing_errors
from ide.store.browse import Filters, browse_page
from ide.store.builds import build_metrics, require_build
from ide.store.conditions import asking
from ide.store.gate_drafts import draft_of_examples, draft_of_filters
from ide.store.gates import add_gate, base_build, failed_rows, find_gate, judge_gates
from ide.store.state import current_labels, edit_example
from ide.store.workspace import Workspace
from tests.small import compiled_workspace, copy_workspace
from tests.store.tiny import edit, tiny_workspace

NAME = "some"
TEMPLATE = Path(conditions.__file__).parent / "templates/dvc.yaml"
ROOT_PIPELINE = Path(__file__).parents[2] / "dvc.yaml"


@pytest.fixture
def small(tmp_path, tmp_path_factory) -> Workspace:
    base = compiled_workspace(tmp_path_factory.getbasetemp())
    return copy_workspace(base, tmp_path / "w")


@pytest.fixture
def pets(tmp_path) -> Workspace:
    return tiny_workspace(tmp_path / "pets", is_repository=False)


def gate(condition: str, bound: float = 0.5, **more) -> Gate:
    return Gate(
        **{"name": "g", "condition": condition, "metric": "accuracy", **more, "bound": bound}
    )


def judged(workspace: Workspace, *gates: Gate, **more):
    return judge_gates(workspace, NAME, gates=gates, **more)


def test_a_gate_measures_what_evals_shows(small):
    build = require_build(small, NAME)
    whole = build_metrics(build)["splits"]["test"]
    accuracy, loss = judged(small, gate("true"), gate("true", 9, metric="loss"))
    assert (accuracy.value, accuracy.low) == (whole["accuracy"]["value"], whole["accuracy"]["low"])
    assert loss.value == pytest.approx(whole["loss"], rel=1e-5)
    assert accuracy.n == whole["n"] == 60
    wrong = failed_rows(build, accuracy)
    assert len(wrong) == accuracy.n - round(accuracy.value * accuracy.n)
    assert all(r["label"] != r["predicted"] and r["split"] == "test" for r in wrong)
    assert [r["loss"] for r in wrong] == sorted((r["loss"] for r in wrong), reverse=True)


def test_a_build_is_judged_by_the_labels_it_was_made_of_and_by_the_tags_of_now(small):
    before = judged(small, gate("label = '8'"), gate("'hard' IN tags", split=None))
    for example_id in ("x008", "x018", "x028"):
        edit_example(small, NAME, example_id, "label", "3", annotator="ada")
        edit_example(small, NAME, example_id, "tag", "hard", annotator="ada")
    eights, hard = judged(small, gate("label = '8'"), gate("'hard' IN tags", split=None))
    assert eights == before[0]
    assert (before[1].n, hard.n) == (0, 3)
    assert "names no example" in before[1].says and not before[1].is_passed


def test_test_ends_with_what_the_gates_say(small, capsys):
    at = ["--workspace", str(small.root)]
    assert run(["test", *at]) == EXIT_OK
    assert "some has no gate" in capsys.readouterr().err
    add_gate(small, NAME, Gate("easy", "true", "accuracy", 0.01))
    assert run(["test", *at]) == EXIT_OK
    add_gate(small, NAME, Gate("<b>hard</b>", "true", "loss", 0.0, tolerance=0.5))
    edit_example(small, NAME, "x001", "exclude", annotator="ada")
    assert run(["test", NAME, *at, "--limit", "1"]) == EXIT_DATA_FAILS
    said = capsys.readouterr()
    assert "the build is older than 1 edit" in said.err
    assert "FAIL  some: <b>hard</b> (loss ≤ 0)" in said.out
    assert "2 gates: 1 passed, 1 failed" in said.out
    assert ": given " in said.out and "more; all with --limit" in said.out
    assert run(["test", "--format", "json", "--base", "HEAD~1", *at]) == EXIT_WRONG_REQUEST
    assert "no build of HEAD~1 here. Make one with: upwell compile some --at" in (
        capsys.readouterr().err
    )
    _append(
        small, '\n[[gate]]\nname = "bad"\ncondition = "lable = 3"\nmetric = "accuracy"\nbound = 1'
    )
    assert run(["test", *at]) == EXIT_WRONG_REQUEST
    said = " ".join(capsys.readouterr().out.split())  # a terminal's width breaks the lines
    assert "there is no column 'lable'; did you mean label?" in said
    assert [e["check"] for e in standing_errors(small, NAME)] == ["gates"]


def test_a_dataset_without_a_build_is_said_so(pets, capsys):
    add_gate(pets, "pets", gate("year = 2022"))
    assert run(["test", "--workspace", str(pets.root)]) == EXIT_WRONG_REQUEST
    assert "'pets' has no build yet" in capsys.readouterr().err
    with pytest.raises(NoBuildError):
        judge_gates(pets, "pets")
    assert base_build(pets, "pets") is None


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_adding_a_gate_touches_no_byte_of_the_rest(pets, end):
    path = pets.config_path("pets")
    text = path.read_text() + '\n# ours   \n[model]\nepochs=3 # few\n[[gate]]  # first\nname="a"\n'
    text += 'metric = "accuracy"\nbound = 1'
    before = text.replace("\n", end).encode()
    path.write_bytes(before)
    added = Gate('it\'s "b"', "label LIKE '%\\n%' OR year > 0", "n_wrong", 3, 1, None)
    assert add_gate(pets, "pets", added) == added
    after = path.read_bytes()
    assert after.startswith(before)
    assert (b"\r\n" in after) == (end == "\r\n") and after.count(b"\n") == len(after.splitlines())
    assert [g.name for g in pets.config("pets").gates] == ["a", added.name]
    assert pets.config("pets").gates[1] == added


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (gate("year = 1999"), "names no example, and would test nothing"),
        (gate("yaer = 2020"), "there is no column 'yaer'; did you mean year?"),
        (gate("predicted = 'cat'"), "that is what a build says"),
        (gate("true; DROP TABLE examples"), "write one condition in SQL"),
        (gate("true) UNION SELECT ('x'"), "write one condition in SQL"),
        (gate("year"), "is no condition: it is INTEGER"),
        (gate("count(*) > 1"), "cannot contain aggregates"),
        (gate("true", 2), "bound is 2, wanted 0 to 1"),
        (gate("true", name="taken"), "has a gate 'taken' already"),
        (gate("true", metric="recall of horse"), "which is no class"),
    ],
)
def test_what_is_no_gate_is_refused_and_nothing_is_written(pets, wrong, sentence):
    add_gate(pets, "pets", gate("true", name="taken"))
    before = pets.config_path("pets").read_bytes()
    with pytest.raises((ConfigError, QueryError)) as caught:
        add_gate(pets, "pets", wrong)
    assert sentence in str(caught.value) and "\n" not in str(caught.value)
    assert pets.config_path("pets").read_bytes() == before


def test_a_gate_on_what_is_not_measured_yet_blocks_no_commit(pets):
    _append(pets, '[[gate]]\nname = "a"\nmetric = "accuracy"\nbound = 1', "pets")
    _append(pets, "condition = \"n_chars > 3 AND imported_label = 'cat'\"", "pets")
    assert standing_errors(pets, "pets") == []
    _append(pets, '[[gate]]\nname = "b"\nmetric = "accuracy"\nbound = 1', "pets")
    _append(pets, "condition = \"imported_label = 'horse'\"", "pets")
    assert [e["subject"] for e in standing_errors(pets, "pets")] == ["b"]


def test_a_file_that_cannot_take_a_table_is_left_as_it_is(pets):
    _append(pets, 'gate = [{name = "a", metric = "accuracy", bound = 1}]', "pets")
    before = pets.config_path("pets").read_bytes()
    with pytest.raises(ConfigError, match="write its gates as tables"):
        add_gate(pets, "pets", gate("true"))
    assert pets.config_path("pets").read_bytes() == before


def test_people_who_add_at_once_lose_no_gate(pets):
    names = [f"g{n}" for n in range(8)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda n: add_gate(pets, "pets", gate("true", name=n)), names))
    assert sorted(g.name for g in pets.config("pets").gates) == names


@pytest.mark.parametrize(
    "condition",
    [
        "(SELECT count(*) FROM read_text('/etc/hostname')) > 0",
        "(SELECT count(*) FROM glob('/etc/*')) > 0",
        "(SELECT count(*) FROM 'dvc.yaml') > 0",
        "(SELECT count(*) FROM secret) > 0",
        "getenv('HOME') = 'x'",
    ],
)
def test_a_condition_reaches_nothing_but_the_examples(pets, condition):
    secret = current_labels(pets, "pets")
    with asking(secret) as ask, pytest.raises(QueryError):
        ask(condition)


def test_a_condition_that_takes_too_long_is_stopped(pets, monkeypatch):
    monkeypatch.setattr(conditions, "TIME_LIMIT_S", 0.2)
    slow = "(SELECT count(*) FROM range(10000000) a, range(1000000) b WHERE a.range > b.range) > 0"
    with asking(current_labels(pets, "pets")) as ask, pytest.raises(QueryError, match="stopped"):
        ask(slow)


def test_what_a_filter_of_browse_names_a_gate_names_too(small):
    build = require_build(small, NAME)
    plain = Filters(label="8", split="test", where="width = 8")
    assert draft_of_filters(small, NAME, build, plain).condition == "label = '8' AND (width = 8)"
    for filters in (
        plain,
        Filters(show="wrong", split="test"),
        Filters(where="loss > 0.5 AND label = '3' -- high"),
    ):
        draft = draft_of_filters(small, NAME, build, filters)
        rows = browse_page(small, NAME, build, filters, page_size=300).rows
        (result,) = judged(small, draft)
        wanted = [r for r in rows.to_pylist() if draft.split in (None, r["split"])]
        assert result.n == len(wanted) > 0
    with pytest.raises(GateError, match="at most 200 examples"):
        draft_of_filters(small, NAME, build, Filters(where="loss > 0 OR true"))
    assert draft_of_examples(small, NAME, ["x003", "x000"], "two").split is None


def test_a_line_is_a_gate_only_if_it_can_be_answered(pets):
    edit(pets, "x2", "tag", "night")
    assert (
        find_gate(pets, "pets", "accuracy on 'night' in tags >= 0.5").condition == "'night' in tags"
    )
    with pytest.raises(GateError, match="there is no column 'hour'"):
        find_gate(pets, "pets", "accuracy on slice hour > 3 >= 0.5")


@pytest.mark.parametrize("path", [TEMPLATE, ROOT_PIPELINE], ids=["template", "root"])
def test_adding_a_gate_trains_nothing(path):
    """Only the checks read the whole of dataset.toml; training reads its own keys of it."""
    stages = YAML(typ="safe").load(path.read_text())["stages"]
    readers = [n for n, s in stages.items() if "dataset.toml" in str(s["do"].get("deps"))]
    assert readers == ["check"]
    for stage in stages.values():
        for params in stage["do"].get("params", []):
            assert "gate" not in str(params)


def _append(workspace: Workspace, text: str, name: str = NAME) -> None:
    path = workspace.config_path(name)
    path.write_text(f"{path.read_text()}{text}\n")
