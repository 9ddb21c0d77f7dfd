"""Diffs of examples, and SQL of the past, on real git and DVC."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import ide
from ide.dataset.errors import DatasetNotFoundError, QueryError
from ide.store.committing import commit
from ide.store.files import write_parquet, write_text
from ide.store.history import diff, diff_and_notes
from ide.store.query import query
from tests.conftest import git
from tests.store.tiny import edit, tiny_workspace


def dvc(root, *arguments):
    command = [sys.executable, "-m", "dvc", *arguments]
    subprocess.run(command, cwd=root, check=True, capture_output=True)


@pytest.fixture(scope="module")
def pets(tmp_path_factory):
    """Six examples; then x0 and x1 come anew and x9 besides, x5 goes; HEAD has edits of three."""
    pets = tiny_workspace(tmp_path_factory.mktemp("past") / "work")
    folder = pets.examples_path("pets")
    ignored = pets.root / ".gitignore"
    ignored.write_text("/.upwell/\n/builds/\n")
    write_text(pets.root / ".dvc" / "config", "[core]\n    analytics = false\n")
    write_text(pets.root / ".dvc" / ".gitignore", "/cache\n/tmp\n/config.local\n")
    dvc(pets.root, "add", "-q", "datasets/pets/examples")
    git(pets.root, "add", "-A")
    git(pets.root, "commit", "-qm", "examples")
    git(pets.root, "tag", "six")
    (old,) = folder.glob("*.parquet")
    table = pq.read_table(old)
    old.unlink()
    write_parquet(folder / "part-2.parquet", table.slice(2, 3))
    anew = {**table.slice(0, 3).to_pydict(), "example_id": ["x0", "x1", "x9"]}
    anew |= {"label": ["cat", "<b>|pig</b>", "dog"]}
    write_parquet(folder / "part-3.parquet", pa.table(anew, schema=table.schema))
    edit(pets, "x0", "label", "dog", reason="barks | <i>")
    edit(pets, "x9", "label", "cat", annotator="ben")
    edit(pets, "x2", "exclude")
    dvc(pets.root, "add", "-q", "datasets/pets/examples")
    commit(pets)
    return pets


def rows(table):
    names = ("example_id", "kind", "before", "after", "annotator")
    return [tuple(row[n] for n in names) for row in table.to_pylist()]


THERE = [
    ("x0", "relabelled", "cat", "dog", "ada"),
    ("x1", "relabelled", "dog", "<b>|pig</b>", None),
    ("x2", "excluded", "cat", None, "ada"),
    ("x5", "removed", None, None, None),
    ("x9", "added", None, "cat", "ben"),
]


def test_a_diff_has_the_examples_that_came_and_went_and_those_that_came_anew(pets):
    assert rows(diff(pets, "six", "HEAD")) == THERE
    assert rows(diff(pets, "six")) == THERE
    back = [
        (i, kind, before, after) for i, kind, before, after, _ in rows(diff(pets, "HEAD", "six"))
    ]
    assert back == [
        ("x0", "relabelled", "dog", "cat"),
        ("x1", "relabelled", "<b>|pig</b>", "dog"),
        ("x2", "restored", None, "cat"),
        ("x5", "added", None, None),
        ("x9", "removed", "cat", None),
    ]
    assert len(diff(pets)) == len(diff(pets, "six", "six")) == 0
    first = diff(pets, "six~1", "six")["kind"].to_pylist()
    assert first == []  # DVC had no pointer before, so nobody knows, and no example is made up
    assert "no pointer of DVC's" in diff_and_notes(pets, "six~1", "six")[1][0]


def test_what_is_not_in_the_cache_is_said_and_not_guessed(pets, tmp_path):
    shutil.copytree(pets.root, tmp_path / "work", symlinks=True)
    shutil.rmtree(tmp_path / "work" / ".dvc" / "cache")
    away = type(pets)(tmp_path / "work")
    table, (note,) = diff_and_notes(away, "six", "HEAD")
    assert {kind for _, kind, *_ in rows(table)} == {"relabelled", "excluded"}
    assert "not in DVC's cache on this machine. Get them with: dvc fetch" in note
    with pytest.raises(QueryError, match="not in DVC's cache"):
        query(away, "FROM pets.labels_at('six')")


def test_a_cache_that_all_workspaces_of_a_person_share_is_found(pets, tmp_path, monkeypatch):
    work, cache = tmp_path / "work", tmp_path / "cache"
    shutil.copytree(pets.root, work, symlinks=True)
    (work / ".dvc" / "cache").rename(cache)
    monkeypatch.setenv("DVC_GLOBAL_CONFIG_DIR", str(tmp_path / "settings"))
    write_text(tmp_path / "settings" / "config", f"[cache]\n    dir = {cache}\n")
    assert rows(diff(type(pets)(work), "six", "HEAD")) == THERE


def test_sql_has_the_diff_and_tables_as_of_a_revision(pets):
    answer = query(
        pets, "SELECT example_id, kind, before, after, annotator FROM diff('six', 'HEAD')"
    )
    assert rows(answer.table) == THERE
    then = query(pets, "SELECT example_id, label FROM pets.labels_at('six') ORDER BY ALL").table
    assert then["example_id"].to_pylist() == [f"x{i}" for i in range(6)]
    assert then["label"].to_pylist() == ["cat", "dog", "cat", "dog", "cat", None]
    with ide.connect(pets.root) as db:
        for table in ("examples", "labels", "edits", "commits"):
            now = db.sql(f"FROM pets.{table} ORDER BY ALL").fetchall()
            assert db.sql(f"FROM pets.{table}_at('HEAD') ORDER BY ALL").fetchall() == now
        assert db.sql("SELECT count(*) FROM pets.edits_at('six')").fetchall() == [(0,)]
        counted = "SELECT l.example_id FROM pets.labels l ANTI JOIN pets.labels_at('six') o"
        assert db.sql(f"{counted} USING (example_id)").fetchall() == [("x9",)]


@pytest.mark.parametrize(
    ("sql", "says"),
    [
        ("FROM diff('--output=x')", "is no revision here"),
        ("FROM diff('nosuch', 'HEAD')", "is no revision here"),
        ("FROM diff('HEAD', name := '../etc')", "no dataset"),
        ("FROM pets.labels_at(NULL)", "which revision"),
        ("FROM pets.suspects_at('HEAD')", "no build of 'pets' at HEAD is kept"),
        ("SELECT _upwell_build_file('pets', 'HEAD', '../../x')", "is no table of a build"),
        ("SELECT _upwell_parts('../..', 'HEAD')", "no dataset"),
    ],
)
def test_sql_of_what_is_not_there_is_one_sentence(pets, sql, says):
    with pytest.raises(QueryError) as caught:
        query(pets, sql)
    assert says in str(caught.value) and "\n" not in str(caught.value)


def test_the_queries_of_the_docs_are_answered(pets):
    page = (Path(__file__).parents[2] / "docs" / "sql.md").read_text().split("## The past")[1]
    asked = [sql for block in page.split("```sql")[1:] for sql in block.split("```")[0].split(";")]
    asked = [sql.replace("digits", "pets") for sql in asked if sql.strip()]
    assert len(asked) == 5
    for sql in asked:
        if "suspects_at" in sql:
            with pytest.raises(QueryError, match="no build of 'pets'"):
                query(pets, sql)
        else:
            assert len(query(pets, sql).table) > 0


def test_a_dataset_that_is_gone_can_be_named_and_is_compared(pets, tmp_path):
    shutil.copytree(pets.root, tmp_path / "work", symlinks=True)
    away = type(pets)(tmp_path / "work")
    shutil.rmtree(away.dataset_path("pets"))
    gone = [(i, kind, before) for i, kind, before, *_ in rows(diff(away))]
    assert gone == [
        ("x0", "removed", "dog"),
        ("x1", "removed", "<b>|pig</b>"),
        ("x2", "removed", "cat"),
        ("x2", "restored", None),
        ("x3", "removed", "dog"),
        ("x4", "removed", "cat"),
        ("x9", "removed", "cat"),
    ]
    assert rows(diff(away, "HEAD", "HEAD", ["pets"])) == []
    with pytest.raises(DatasetNotFoundError):
        diff(away, "HEAD", names=["birds"])
