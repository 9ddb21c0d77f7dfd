"""A damaged file is named in a sentence by whoever reads it, and costs nothing else.

Every reader of every kind of file stands in ``READERS``; what befalls the files in
``tests.damage``.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ide.cli
from ide.dataset.config import parse_config
from ide.dataset.drill import Drill, Planted, parse_drill, to_json
from ide.dataset.edit import make_edit, parse_line, to_line
from ide.dataset.errors import UpwellError
from ide.store import git
from ide.store.bisect_state import load_bisect
from ide.store.browse import Filters, browse_page
from ide.store.build_tables import SCHEMAS, read_build_table
from ide.store.builds import archive_path, build_metrics, build_model, current_build, list_builds
from ide.store.commit_cache import known_commits
from ide.store.drills import past_scores
from ide.store.dvc_cache import cached_folder
from ide.store.edit_log import parse_log
from ide.store.estimates import estimate_of, how_many
from ide.store.examples import n_examples, read_examples, read_metadata
from ide.store.importing.content_hashes import content_hashes
from ide.store.importing.tracking import is_stage_output, is_tracked
from ide.store.issues import open_issues
from ide.store.media import measured_path, read_measured
from ide.store.merging_texts import merge_texts
from ide.store.named_data import read_names
from ide.store.params import list_dataset, read_params
from ide.store.payloads import PayloadReader
from ide.store.progress import read_progress
from ide.store.query import query
from ide.store.queue import suspect_queue, yield_rows
from ide.store.runs import load_run, status_of
from ide.store.state import edit_example
from ide.store.status import status
from ide.store.tables import edits_table, metrics_table
from ide.store.training import example_curve, training_curves
from ide.store.workspace import Workspace
from tests.damage import ODD_JSON, ODD_TOML, damages
from tests.small import compiled_workspace, copy_workspace

NAME, OTHER = "some", "other"
SCORE = (
    b'{"dataset": "some", "branch": "b", "kind": "mixed", "n_planted": 1, "build_id": null, '
    b'"curve": [], "rows": [{"who": "ada", "measure": "found", "n": 1, "of": 1}]}'
)
BISECT = (
    b'{"bisect_id": "b1", "state": "done", "dataset": "some", "good": "a", "bad": "b", '
    b'"good_name": "a", "bad_name": "b", "gate": "g", "gate_line": "g", "metric": "loss", '
    b'"bound": 0.5, "is_at_most": true, "started_at": 1.0, "pid": 1, "pid_started_at": null, '
    b'"legs": [], "verdicts": {}, "culprits": [], "notes": [], "doubt": "", "n_built": 0, '
    b'"exit_code": 0}'
)
DRILL = to_json(Drill("some", 0, "mixed", "main", (Planted("x", "1", "2", "train", "uniform"),)))
COMMIT = b'{"version": 2, "prefix": "", "revision": "abc", "edits": []}\n'
DIR = b'[{"md5": "0123456789abcdef0123456789abcdef", "relpath": "part-0.parquet"}]'
MD5 = "0123456789abcdef0123456789abcdef.dir"


@pytest.fixture(scope="module")
def small(tmp_path_factory) -> Workspace:
    """A workspace with a build, and another dataset that nothing befalls."""
    made = compiled_workspace(tmp_path_factory.getbasetemp())
    workspace = copy_workspace(made, tmp_path_factory.mktemp("damage") / "w")
    edit_example(workspace, NAME, "x000", "exclude", annotator="ada", reason="it is blurred")
    gate = '\n[[gate]]\nname = "all"\nmetric = "accuracy"\nbound = 0.1\n'
    path = workspace.config_path(NAME)
    path.write_text(path.read_text() + gate)
    for folder in (workspace.dataset_path, workspace.build_path):
        shutil.copytree(folder(NAME), folder(OTHER))
    for name in (NAME, OTHER):
        current_build(workspace, name)
    for place, data in (
        (".upwell/drills/d1/score.json", SCORE),
        (".upwell/bisect.json", BISECT),
        (".upwell/commits.jsonl", COMMIT),
        ("cache/files/md5/01/23456789abcdef0123456789abcdef.dir", DIR),
        ("datasets/some/examples.dvc", b"outs:\n- md5: " + MD5.encode() + b"\n  nfiles: 1\n"),
        ("drill.json", DRILL.encode()),
    ):
        path = workspace.root / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return workspace


def _archived(file: str) -> Callable[[Workspace], Path]:
    return lambda w: next(archive_path(w, NAME, None).glob("[0-9a-f]*")) / file


def _at(place: str) -> Callable[[Workspace], Path]:
    return lambda w: w.root / place


def _part(w: Workspace) -> Path:
    return w.examples_path(NAME) / "part-0.parquet"


def _progress(w: Workspace) -> Path:
    return next((w.local_path / "runs").glob("*/progress.jsonl"))


def _build(w: Workspace):
    return current_build(w, NAME)


def _text(w: Workspace, place: str) -> bytes:
    return (w.root / place).read_bytes()


def _merged(w: Workspace, place: str) -> None:
    text = _text(w, place)
    merge_texts(w.root, place, text, text + b"\n", text)


Reader = tuple[Callable[[Workspace], Path], Callable[[Workspace], object]]
# what is read by whom; a reader is given a workspace in which its file is damaged
READERS: dict[str, Reader] = {
    **{
        f"table {table}": (
            _archived(f"{table}.parquet"),
            lambda w, t=table: read_build_table(_archived(f"{t}.parquet")(w), t),
        )
        for table in SCHEMAS
        if table != "flips"
    },
    "queue": (_archived("suspects.parquet"), lambda w: suspect_queue(w, NAME)),
    "yield": (_archived("suspects.parquet"), lambda w: yield_rows(w, NAME)),
    "open issues": (_archived("issues.parquet"), lambda w: open_issues(w, NAME)),
    "estimate": (_archived("label_errors.parquet"), lambda w: estimate_of(_build(w))),
    "how many": (_archived("label_errors.parquet"), lambda w: how_many(w, NAME)),
    "curves": (_archived("dynamics.parquet"), lambda w: training_curves(_build(w))),
    "curve": (_archived("dynamics.parquet"), lambda w: example_curve(_build(w), "x000")),
    "browse": (
        _archived("predictions.parquet"),
        lambda w: browse_page(w, NAME, _build(w), Filters()),
    ),
    "metrics": (_archived("metrics.json"), lambda w: build_metrics(_build(w))),
    "all metrics": (
        _archived("metrics.json"),
        lambda w: metrics_table(list_builds(w, NAME)),
    ),
    "model": (_archived("model.json"), lambda w: build_model(_build(w))),
    "builds": (_archived("build.json"), lambda w: list_builds(w, NAME)),
    "build": (_archived("build.json"), _build),
    "examples": (_part, lambda w: read_examples(w, NAME)),
    "examples and payloads": (_part, lambda w: read_examples(w, NAME, ["example_id", "image"])),
    "metadata": (_part, lambda w: read_metadata(w, NAME)),
    "number of examples": (_part, lambda w: n_examples(w, NAME)),
    "payload": (_part, lambda w: PayloadReader(w, NAME).get("x000")),
    "hashes": (_part, lambda w: content_hashes(w, NAME, _part(w), "image", -1)),
    "measured": (lambda w: measured_path(w, NAME), lambda w: read_measured(w, NAME)),
    "run": (_at(".upwell/run.json"), lambda w: (r := load_run(w)) and str(status_of(w, r))),
    "progress": (_progress, lambda w: read_progress(_progress(w))),
    "bisection": (_at(".upwell/bisect.json"), load_bisect),
    "scores": (_at(".upwell/drills/d1/score.json"), lambda w: past_scores(w, NAME)),
    "commits": (_at(".upwell/commits.jsonl"), lambda w: known_commits(w, "")),
    "folder in the cache": (
        _at("cache/files/md5/01/23456789abcdef0123456789abcdef.dir"),
        lambda w: cached_folder(w.root / "cache", MD5),
    ),
    "configuration": (_at("datasets/some/dataset.toml"), lambda w: w.config(NAME)),
    "parameters": (_at("params.yaml"), read_params),
    "listing a dataset": (_at("params.yaml"), lambda w: list_dataset(w, OTHER)),
    "merge of TOML": (
        _at("datasets/some/dataset.toml"),
        lambda w: _merged(w, "datasets/some/dataset.toml"),
    ),
    "merge of YAML": (_at("params.yaml"), lambda w: _merged(w, "params.yaml")),
    "lock": (_at("dvc.lock"), lambda w: read_names(_text(w, "dvc.lock"), "dvc.lock")),
    "pointer": (
        _at("datasets/some/examples.dvc"),
        lambda w: read_names(_text(w, "datasets/some/examples.dvc"), "a.dvc"),
    ),
    "tracked": (_at("datasets/some/examples.dvc"), lambda w: is_tracked(w, NAME)),
    "stages": (_at("dvc.yaml"), lambda w: is_stage_output(w, NAME)),
    "drill": (
        _at("drill.json"),
        lambda w: parse_drill(_text(w, "drill.json").decode(errors="replace"), "drill.json"),
    ),
    "edit log": (
        _at("datasets/some/edits/ada.jsonl"),
        lambda w: edits_table(parse_log(_text(w, "datasets/some/edits/ada.jsonl"), "x").edits, {}),
    ),
}


@contextmanager
def damaged(path: Path, data: bytes) -> Iterator[None]:
    """Have a file hold other bytes; its links elsewhere keep theirs."""
    kept = path.with_name(f"{path.name}.kept")
    path.rename(kept)
    path.write_bytes(data)
    _forget()
    try:
        yield
    finally:
        kept.replace(path)
        _forget()


@cache
def _caches(n_modules: int) -> list[Any]:
    modules = [m for n, m in list(sys.modules.items()) if n.startswith("ide.")]
    return [v for m in modules for v in list(vars(m).values()) if hasattr(v, "cache_clear")]


def _forget() -> None:
    """Empty every cache, as a process that has just begun has them."""
    for value in _caches(len(sys.modules)):
        value.cache_clear()


@pytest.mark.parametrize("reader", READERS)
def test_every_reader_of_a_damaged_file_returns_or_names_it_in_a_sentence(small, reader):
    find, read = READERS[reader]
    path = find(small)
    found = damages(path, path.read_bytes())
    rng = random.Random(reader)
    for what, make in rng.sample(found[:9], 4) + rng.sample(found[9:], min(6, len(found) - 9)):
        with damaged(path, make()):
            try:
                read(small)
            except UpwellError as error:
                assert path.name in str(error) or "has no example" in str(error), what
                assert error.exit_code == 2, what
    read(small)


@settings(max_examples=3)
@given(data=st.data())
@pytest.mark.parametrize("reader", READERS)
def test_no_bytes_whatever_break_a_reader(small, reader, data):
    find, read = READERS[reader]
    path = find(small)
    whole = path.read_bytes()
    start = data.draw(st.integers(0, len(whole)))
    fresh = whole[:start] + data.draw(st.binary(max_size=12)) + whole[start + 4 :]
    with damaged(path, fresh):
        try:
            read(small)
        except UpwellError as error:
            assert error.exit_code == 2


@pytest.mark.parametrize("odd", ODD_TOML)
def test_every_key_of_dataset_toml_may_be_of_any_kind(odd):
    keys = [
        *("title", "modality", "classes", "licence", "source", "description", "gate", "split"),
        *("model", "annotation", "review", "checks", "split.seed", "split.validation", "x"),
        *("split.test", "model.architecture", "model.epochs", "model.batch_size", "a.b.c"),
        *("model.learning_rate", "model.weight_decay", "model.seed", "model.image_size"),
        *("annotation.votes_per_example", "review.error_cost", "checks.source"),
        *("checks.min_class_size", "checks.max_imbalance", "checks.severity"),
        *("checks.severity.leaks", "checks.severity.none", "model.x", '"\\u0000"'),
    ]
    texts = [f'classes = ["a", "b"]\n{key} = {odd}' for key in keys]
    for key in ("name", "condition", "metric", "bound", "tolerance", "split", "x"):
        gate = {"name": '"g"', "metric": '"accuracy"', "bound": "0.5", key: odd}
        lines = "\n".join(f"{k} = {v}" for k, v in gate.items())
        texts.append(f'classes = ["a", "b"]\n[[gate]]\n{lines}')
    for text in texts:
        try:
            parse_config(text, name="pets", where="dataset.toml")
        except UpwellError as error:
            assert str(error).startswith("dataset.toml"), text[:80]
            assert len(str(error)) < 1_000, text[:80]


def test_a_key_that_is_nested_by_its_dots_is_told_in_short():
    deep = ".".join(["a"] * 3_000)
    for text in (f"{deep} = 1", f"title.{deep} = 1", f"[model]\nseed.{deep} = 1"):
        with pytest.raises(UpwellError, match=r"dataset\.toml") as refused:
            parse_config(f"classes = []\n{text}", name="pets", where="dataset.toml")
        assert len(str(refused.value)) < 1_000


LINE = to_line(
    make_edit(
        "x000", "label", "3", annotator="ada", reason="r", evidence={"build_id": "b", "rank": 4}
    )
)


@pytest.mark.parametrize("odd", ODD_JSON)
def test_every_field_of_a_line_may_be_of_any_kind_and_the_rest_of_the_log_counts(odd):
    """A line that is read can be written again, put into a table, and said in words."""
    keys = ("edit_id", "example_id", "action", "value", "previous", "annotator", "made_at")
    keys += ("reason", "evidence", "x")
    places = [*((k, None) for k in keys), *(("evidence", k) for k in ("build_id", "rank", "x"))]
    for key, inner in places:
        fields = json.loads(LINE)
        if inner is None:
            fields[key] = "@odd@"
        else:
            fields[key][inner] = "@odd@"
        line = json.dumps(fields).replace('"@odd@"', odd)
        log = parse_log(f"{LINE}\n{line}\n{LINE}\n".encode(errors="surrogatepass"), "ada.jsonl")
        assert len(log.edits) + len(log.damage) == 3
        assert len(log.edits) >= 2
        assert all(damage.line == 2 for damage in log.damage)
        edits_table(log.edits, {})
        for edit in log.edits:
            assert parse_line(to_line(edit)) == edit


COMMANDS = (
    ("status",),
    ("suspects", NAME),
    ("suspects", OTHER),
    ("sql", f"SELECT count(*) FROM {OTHER}.suspects"),
    ("sql", f'SELECT count(*) FROM "{NAME}".suspects JOIN "{NAME}".labels USING (example_id)'),
)
FILES = (
    *("suspects.parquet", "labels.parquet", "predictions.parquet", "edits.parquet"),
    *("issues.parquet", "label_errors.parquet", "build.json", "metrics.json", "model.json"),
)


@pytest.mark.parametrize(
    "place",
    [
        *(f"build/{file}" for file in FILES),
        *("datasets/some/dataset.toml", "datasets/some/examples/part-0.parquet"),
        *("datasets/some/edits/ada.jsonl", "params.yaml", "dvc.lock", ".upwell/run.json"),
    ],
)
def test_no_damaged_file_ends_a_command_with_a_break_or_costs_another_dataset(small, place, capsys):
    file = place.removeprefix("build/")
    path = _archived(file)(small) if file != place else small.root / place
    found = damages(path, path.read_bytes())
    for what, make in random.Random(place).sample(found, min(2, len(found))):
        data = make()
        for command in COMMANDS:
            with damaged(path, data):
                code = ide.cli.run([*command, "--workspace", str(small.root)])
                said = capsys.readouterr()
                assert code in (0, 1, 2), (what, command, said.err)
                assert "Traceback" not in said.err
                if command[0] == "status" or OTHER in command[-1]:
                    assert code == 0, (what, command, said.err)


def test_a_query_of_a_damaged_table_says_which_file_and_the_others_answer(small, capsys):
    path = _archived("suspects.parquet")(small)
    with damaged(path, b"PAR1 no more"):
        for table in ("suspects", "predictions", "labels"):
            query = f'SELECT count(*) AS n FROM "{NAME}".{table}'
            code = ide.cli.run(["sql", query, "--workspace", str(small.root)])
            said = capsys.readouterr()
            assert code == (2 if table == "suspects" else 0), said.err
            if table == "suspects":
                assert f"{NAME}/{path.parent.name}/suspects.parquet is damaged" in said.err
                assert f"upwell compile {NAME}" in said.err


def test_a_damaged_dataset_toml_is_said_by_status_and_costs_no_other_dataset(small, capsys):
    path = small.config_path(NAME)
    with damaged(path, b'modality = ["image"]\nclasses = []\n'):
        found = {d.name: d for d in status(small).datasets}
        assert "modality is ['image']" in found[NAME].damage[0]
        assert not found[OTHER].damage
        sql = f'SELECT count(*) FROM "{NAME}".labels'
        assert ide.cli.run(["sql", sql, "--workspace", str(small.root)]) == 2
        assert "datasets/some/dataset.toml: modality" in capsys.readouterr().err


ODD_ARGUMENTS = (os.fsdecode(b"\xff\xfe"), "\ud800", "a\0b", "x" * 5_000, "9" * 5_000, "-", "\n")


@pytest.mark.parametrize(
    "command",
    [
        *(("diff", "@"), ("blame", NAME, "@"), ("blame", "@", "x000"), ("sql", "@")),
        *(("edit", NAME, "x001", "--confirm", "--annotator", "ada", "--reason", "@"),),
        *(("edit", NAME, "x001", "--confirm", "--annotator", "@"), ("switch", "@")),
        *(("import", "@", "--name", "x"), ("status", "--workspace", "@"), ("merge", "@")),
        *(("test", NAME, "--gate", "@"), ("suspects", "@"), ("compile", "--at", "@")),
    ],
)
def test_no_argument_whatever_ends_in_a_break_or_is_written(small, command, capsys):
    path = small.edits_path(NAME) / "ada.jsonl"
    before = path.read_bytes()
    for odd in ODD_ARGUMENTS:
        if odd == "\n" and "--reason" in command:
            continue
        arguments = [odd if word == "@" else word for word in command]
        if "--workspace" not in arguments:
            arguments += ["--workspace", str(small.root)]
        assert ide.cli.run(arguments) in (0, 1, 2), odd[:20]  # a long reason is one
        assert "Traceback" not in capsys.readouterr().err
    assert b"\\ud" not in path.read_bytes()
    if "--reason" not in command:
        assert path.read_bytes() == before


@pytest.mark.parametrize("odd", ["\0", "\ud800", "x" * 200_000, "HEAD^{/[}", ":/(", "-h", ""])
def test_no_revision_whatever_breaks_git(small, odd):
    with pytest.raises(UpwellError):
        git.resolve(small.root, odd)
    for ask in (f"SELECT '{odd}", odd):
        with pytest.raises(UpwellError):
            query(small, ask)
