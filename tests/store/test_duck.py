"""A workspace as SQL: what its tables hold, and what a query may not do."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

import ide
from ide.dataset import schema
from ide.dataset.errors import QueryError, WorkspaceError
from ide.store.committing import commit
from ide.store.duck import BUILD_TABLES, TABLES, connect, literal
from ide.store.files import write_json, write_parquet
from ide.store.query import query
from ide.store.query_answer import answer
from ide.store.state import current_labels
from ide.store.tables import BUILDS, COMMITS, EDITS_WITH_REVISION, METRICS
from tests.conftest import git
from tests.store.tiny import add_dataset, edit, tiny_workspace

METRICS_JSON = {
    "build_id": "b2",
    "n_examples": 6,
    "estimated_label_errors": 1,
    "splits": {
        "test": {
            "n": 2,
            "accuracy": {"value": 0.5, "low": 0.1, "high": 0.9},
            "macro_f1": 0.4,
            "loss": None,
        }
    },
    "classes": [
        {
            "label": "cat",
            "split": "test",
            "n": 1,
            "n_predicted": 1,
            "precision": {"value": 1.0, "low": 0.2, "high": 1.0},
            "recall": None,
            "f1": 1.0,
        }
    ],
    "confusion": {"test": {"classes": ["cat"], "counts": [[1]]}},
}


def archive_build(workspace, name, build_id, *, finished_at, revision=None):
    """Write a finished build as the archive keeps it."""
    folder = workspace.local_path / "builds" / name / build_id
    for table, columns in BUILD_TABLES.items():
        if table != "flips":
            write_parquet(folder / f"{table}.parquet", columns.empty_table())
    suspects = [{"rank": 1, "example_id": "x0", "label": "cat", "suggested_label": "dog"}]
    rows = pa.Table.from_pylist(suspects, schema=schema.SUSPECTS)
    write_parquet(folder / "suspects.parquet", rows)
    write_json(folder / "metrics.json", {**METRICS_JSON, "build_id": build_id})
    write_json(
        folder / "build.json",
        {
            "build_id": build_id,
            "dataset": name,
            "finished_at": finished_at,
            "revision": revision,
            "n_uncommitted_edits": 0,
            "edits_revision": "",
            "n_edits": 0,
            "seconds": 1.5,
            "compared_with": None,
        },
    )
    return folder


@pytest.fixture
def pets(tmp_path):
    return tiny_workspace(tmp_path / "wörk [1] 'x' *")


def test_connect_finds_the_workspace_and_refuses_where_there_is_none(pets, tmp_path):
    with ide.connect(pets.root / "datasets" / "pets") as db:
        assert db.execute("SELECT count(*) FROM pets.examples").fetchall() == [(6,)]
    with pytest.raises(WorkspaceError):
        ide.connect(tmp_path)


def test_every_dataset_has_every_table_with_its_columns_also_without_a_build(pets):
    add_dataset(pets.root, "empty")
    for part in pets.examples_path("empty").iterdir():
        part.unlink()
    expected = {
        "labels": schema.LABELS,
        "edits": EDITS_WITH_REVISION,
        "metrics": METRICS,
        "builds": BUILDS,
        "commits": COMMITS,
        **BUILD_TABLES,
    }
    with connect(pets) as db:
        for name in ("pets", "empty"):
            for table in TABLES:
                columns = [c[0] for c in db.execute(f"FROM {name}.{table} LIMIT 0").description]
                if table in expected:
                    assert columns == expected[table].names
                else:
                    assert {"example_id", "split", "label", "text"} <= set(columns)
        assert db.execute("SELECT count(*) FROM empty.examples").fetchall() == [(0,)]
        assert db.execute("SELECT count(*) FROM pets.suspects").fetchall() == [(0,)]


def test_labels_are_those_in_force(pets):
    edit(pets, "x0", "label", "dog")
    edit(pets, "x1", "exclude", annotator="ben")
    edit(pets, "x2", "split", "train")
    edit(pets, "x5", "label", "<b>|pig</b>")
    with connect(pets) as db:
        found = db.sql("SELECT * FROM pets.labels ORDER BY example_id").to_arrow_table()
    assert found.to_pylist() == current_labels(pets, "pets").to_pylist()


def test_edits_know_the_commit_that_brought_them(pets):
    first = edit(pets, "x0", "label", "dog", reason="it barks", evidence={"rank": 1})
    made = commit(pets)
    second = edit(pets, "x0", "label", "cat", annotator="ben")
    with connect(pets) as db:
        moments = db.execute("SELECT made_at FROM pets.edits ORDER BY 1").fetchall()
        found = db.execute("FROM pets.edits ORDER BY made_at").fetchall()
        commits = db.execute("SELECT revision, author, n_relabelled FROM pets.commits").fetchall()
    assert (found[0][0], found[0][-1]) == (first.edit_id, made.revision)
    assert json.loads(found[0][-2]) == {"rank": 1}
    assert found[1][4] == [first.edit_id] and found[1][-1] is None
    assert moments[1] == (second.made_at.replace(tzinfo=None),)  # UTC
    assert commits[0] == (made.revision, "Ada Lovelace", 1) and len(commits) == 2


def test_without_git_there_are_no_commits_and_all_else(tmp_path):
    pets = tiny_workspace(tmp_path / "work", is_repository=False)
    edit(pets, "x0", "label", "dog")
    with connect(pets) as db:
        counts = [
            db.execute(f"SELECT count(*) FROM pets.{t}").fetchall()[0][0]
            for t in ("edits", "commits", "labels")
        ]
    assert counts == [1, 0, 6]


def test_metrics_are_long_and_cover_every_build_that_is_kept(pets):
    archive_build(pets, "pets", "b1", finished_at=1000.0, revision="a" * 40)
    archive_build(pets, "pets", "b2", finished_at=2000.0)
    with connect(pets) as db:
        accuracy = db.execute(
            "SELECT build_id, is_current, value, low, high, n FROM pets.metrics "
            "WHERE split = 'test' AND label IS NULL AND metric = 'accuracy' ORDER BY finished_at"
        ).fetchall()
        per_class = db.execute(
            "SELECT metric, value FROM pets.metrics WHERE label = 'cat' AND is_current ORDER BY 1"
        ).fetchall()
        whole = db.execute(
            "SELECT value FROM pets.metrics WHERE metric = 'estimated_label_errors' AND is_current"
        ).fetchall()
        suspects = db.execute("SELECT example_id FROM pets.suspects").fetchall()
        builds = db.execute("SELECT build_id, is_current FROM pets.builds").fetchall()
    assert accuracy == [("b1", False, 0.5, 0.1, 0.9, 2), ("b2", True, 0.5, 0.1, 0.9, 2)]
    assert ("precision", 1.0) in per_class and "recall" not in dict(per_class)
    assert (whole, suspects) == ([(1.0,)], [("x0",)])
    assert builds == [("b2", True), ("b1", False)]


@pytest.fixture(scope="module")
def still(tmp_path_factory):
    """A workspace that the tests below only ask."""
    workspace = tiny_workspace(tmp_path_factory.mktemp("still") / "wörk [1] 'x' *")
    edit(workspace, "x0", "label", "dog", evidence={"rank": 1})
    return workspace


def test_a_damaged_part_is_named_in_one_sentence(pets):
    (part,) = pets.examples_path("pets").iterdir()
    part.write_bytes(b"PAR1 is how it begins")
    with connect(pets) as database:
        for table in ("examples", "labels"):
            with pytest.raises(duckdb.Error, match=r"part-\w+\.parquet is damaged"):
                database.sql(f"FROM pets.{table}").fetchall()
        assert database.sql("FROM pets.edits").fetchall() == []


READS = [
    "SELECT 1 AS one",
    "FROM pets.examples",
    "WITH x AS (SELECT 1) SELECT * FROM x",
    "VALUES (1), (2)",
    "TABLE pets.labels",
    "DESCRIBE pets.labels",
    "SUMMARIZE pets.labels",
    "SHOW ALL TABLES",
    "EXPLAIN SELECT 1",
    "EXPLAIN ANALYZE FROM pets.labels",
    "PIVOT pets.labels ON split USING count(*)",
    "SELECT 1; SELECT label, count(*) FROM pets.labels GROUP BY ALL;",
    "SELECT now() - made_at FROM pets.edits",
    "WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r WHERE n < 3) FROM r",
    "WITH x AS (PIVOT pets.labels ON split USING count(*)) FROM x",
    'SELECT \'"type":"INSERT_QUERY_NODE"\' AS "update", 1 AS query, \'copy\' AS c',
    "FROM query_table('pets.labels')",
    "FROM diff('HEAD'), pets.edits_at('HEAD'), RANGE(3), unnest([1]), duckdb_tables()",
    "/* a comment */ SELECT json_extract(evidence, '$.rank') FROM pets.edits -- and another",
]


def answered(workspace, sql) -> pa.Table:
    """Answer a query here, where that costs no process; of the limits, see test_sql_process."""
    limits = {"limit": 1000, "max_bytes": 1 << 20, "memory_bytes": 1 << 30}
    return answer(workspace, sql, **limits)[1][0]


@pytest.mark.parametrize("sql", READS)
def test_whatever_only_reads_is_answered(still, sql):
    assert answered(still, sql).num_columns > 0


REFUSED = [
    "COPY (SELECT 1) TO '{root}/out.csv'",
    "COPY (SELECT 1) TO '{root}/datasets/out.csv'",
    "EXPLAIN ANALYZE COPY (SELECT 1) TO '{root}/datasets/out.csv'",
    "explain /* x */ analyze copy (select 1) to '{root}/datasets/out.csv'",
    "EXPLAIN (ANALYZE, FORMAT json) COPY (SELECT 1) TO '{root}/datasets/out.csv'",
    "ATTACH '{root}/datasets/out.db'",
    "EXPORT DATABASE '{root}/datasets/out'",
    "INSTALL httpfs",
    "LOAD httpfs",
    "SET enable_external_access = true",
    "RESET lock_configuration",
    "PRAGMA database_list",
    "CALL pragma_version()",
    "CREATE TABLE t AS SELECT 1",
    "CREATE MACRO f() AS 1",
    "INSERT INTO pets.edits SELECT * FROM pets.edits",
    "DELETE FROM pets.edits",
    "DROP VIEW pets.labels",
    "BEGIN; SELECT 1",
    "PREPARE q AS SELECT 1",
    "SELECT 1; DROP SCHEMA pets CASCADE",
    "FROM read_text('/etc/passwd')",
    "FROM read_blob('{root}/datasets/../../../../../../etc/passwd')",
    "FROM '/etc/hosts'",
    "FROM read_csv('/etc/passwd')",
    "FROM read_text('/proc/self/environ')",
    "FROM glob('/etc/*')",
    "FROM read_text('{root}/.git/config')",
    "FROM 'http://127.0.0.1:9/x.parquet'",
    "FROM 's3://bucket/x.parquet'",
    "FROM sniff_csv('/etc/passwd')",
    "FROM parquet_metadata('/etc/passwd')",
    "FROM sqlite_scan('/etc/passwd', 't')",
    "FROM query('COPY (SELECT 1) TO ''{root}/datasets/out.csv''')",
    "SELECT getenv('HOME')",
    "WITH x AS (INSERT INTO pets._states SELECT * FROM pets._states RETURNING *) SELECT * FROM x",
    "WITH x AS (DELETE FROM pets.edits RETURNING *) SELECT 1",
    "WITH x AS MATERIALIZED (UPDATE pets.edits SET reason = '' RETURNING *) FROM x",
    "WITH x AS (COPY (SELECT 1) TO '{root}/datasets/out.csv') SELECT 1",
    "SELECT 1; /* , */ with x as (copy (select 1) to '{root}/datasets/out.csv') from x",
    "EXPLAIN ANALYZE WITH x AS (COPY (SELECT 1) TO '{root}/datasets/out.csv') SELECT 1",
    "WITH x AS (COPY (SELECT 1) TO '{root}/datasets/out.csv') PIVOT x ON count USING count(*)",
    "WITH x AS (DELETE FROM pets.edits RETURNING *) FROM (PIVOT x ON action USING count(*))",
    "FROM json_execute_serialized_sql(json_serialize_sql('SELECT 1'))",
    "FROM system.main.\"json_execute_serialized_sql\"('{{}}')",
    "FROM query('FROM json_execute_serialized_sql(''{{}}'')')",
    "PIVOT (FROM query('SELECT 1 AS a')) ON a USING count(*)",
    "FROM enable_logging('QueryLog', storage='file', storage_path='{root}/datasets/logs')",
    "FROM enable_profiling(save_location='{root}/datasets/profile.json')",
    "FROM checkpoint()",
    "FROM python_map_function(1)",
    "FROM workspace",
    "FROM nowhere",
    "SELECT",
    "",
    "not sql",
]


@pytest.mark.parametrize("sql", REFUSED)
def test_whatever_writes_or_leaves_the_workspace_is_refused_in_one_sentence(still, sql):
    before = _files(still)
    with pytest.raises(QueryError) as caught:
        answered(still, sql.format(root=str(still.root).replace("'", "''")))
    assert "\n" not in str(caught.value)
    assert _files(still) == before


def _files(workspace):
    """Return all files but git's, and what the library itself has read of it and keeps."""
    kept = {".git", "commits.jsonl"}
    return sorted(p for p in workspace.root.rglob("*") if not kept & {*p.parts})


def test_examples_that_dvc_links_from_its_cache_are_answered_and_nothing_beside_them(
    pets, tmp_path
):
    (part,) = pets.examples_path("pets").iterdir()
    cached = part.rename(tmp_path / "cached.parquet")
    secret = tmp_path / "secret.parquet"
    secret.write_bytes(cached.read_bytes())
    part.symlink_to(cached)
    (pets.datasets_path / "secret.parquet").symlink_to(secret)
    assert len(query(pets, "SELECT label FROM pets.examples").table) == 6
    for path in (secret, pets.datasets_path / "secret.parquet"):
        with pytest.raises(QueryError, match="Permission"):
            query(pets, f"FROM read_blob({literal(str(path))})")


def test_a_table_that_is_not_there_is_answered_with_those_that_are(still):
    with pytest.raises(QueryError, match=r"Datasets: pets; tables of each: examples, labels"):
        query(still, "FROM pets.nothing_of_the_kind")
    with pytest.raises(QueryError, match=r"Did you mean pets\.labels\?"):
        query(still, "FROM pets.lables")


def test_a_long_result_is_cut_and_says_so(still):
    found = query(still, "FROM range(1000)", limit=10)
    assert (len(found.table), found.is_cut) == (10, True)
    assert not query(still, "FROM range(10)", limit=10).is_cut


def test_a_query_that_takes_too_long_is_stopped(still):
    with pytest.raises(QueryError, match="took too long"):
        query(
            still,
            "SELECT sum(a.range * b.range) FROM range(10000000) a, range(10000000) b",
            timeout_s=0.2,
        )


def test_a_dataset_named_like_a_word_of_sql_is_a_schema_too(tmp_path):
    workspace = tiny_workspace(tmp_path / "work", "select", "order")
    git(workspace.root, "status")
    found = query(workspace, 'SELECT count(*) AS n FROM "select".labels, "order".labels')
    assert found.table.to_pylist() == [{"n": 36}]


@pytest.mark.parametrize("table", TABLES)
def test_every_table_and_column_is_in_the_docs(still, table):
    page = (Path(__file__).parents[2] / "docs" / "sql.md").read_text()
    assert f"**{table}**" in page
    with connect(still) as db:
        columns = [c[0] for c in db.execute(f"FROM pets.{table} LIMIT 0").description]
    missing = [c for c in columns if f"`{c}`" not in page and c != "year"]
    assert not missing
