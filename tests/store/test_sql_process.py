"""A query ends at its limits, whatever it does, and nothing of it is left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import psutil
import pytest

from ide.dataset.errors import QueryError, QueryStoppedError
from ide.store import browse, conditions, sql_process
from ide.store.browse import Filters, browse_page
from ide.store.plain_conditions import is_plain
from ide.store.query import query
from ide.store.state import current_labels
from tests.store.tiny import tiny_workspace

SLOW = "length(repeat(label, 5)) + levenshtein(repeat(label, 100000), repeat('b', 200000)) > 0"


@pytest.fixture(scope="module")
def pets(tmp_path_factory):
    """A workspace that the tests below only ask."""
    return tiny_workspace(tmp_path_factory.mktemp("limits") / "work")


@pytest.fixture
def little_memory(monkeypatch):
    monkeypatch.setattr(sql_process, "MAX_MEMORY_BYTES", 400 << 20)


def servers() -> list[psutil.Process]:
    """Return the processes that start those that answer us."""
    return [
        process
        for process in psutil.Process().children(recursive=True)
        if "ide.store.sql_server" in process.cmdline()
        and "ide.store.sql_server" not in process.parent().cmdline()
    ]


def workers() -> list[psutil.Process]:
    """Return the processes that answer us, or have."""
    return [process for server in servers() for process in server.children(recursive=True)]


ENDLESS = {
    "levenshtein": "SELECT levenshtein(repeat('a', 200000), repeat('b', 200000))",
    "unions": " UNION ALL ".join(["SELECT 1"] * 20_000),
    "recursion": "WITH RECURSIVE r AS (SELECT 1 n UNION ALL SELECT n+1 FROM r) SELECT max(n)FROM r",
    "product": "SELECT sum(a.range * b.range) FROM range(10000000) a, range(10000000) b",
}


@pytest.mark.parametrize("sql", ENDLESS.values(), ids=ENDLESS)
def test_a_query_is_stopped_at_its_limit_whatever_it_does(pets, sql):
    with pytest.raises(QueryStoppedError) as caught:
        query(pets, sql, timeout_s=0.5)
    assert str(caught.value) == (
        "the query took too long and was stopped after 0.5 s; ask for less, or add a LIMIT"
    )
    assert not workers()


GREEDY = {
    "repeat": "SELECT repeat('x', 1000000000)",
    "list_sort": "SELECT len(list_sort(range(100000000)))",
    "list": "SELECT len(list(range)) FROM range(1000000000)",
    "nesting": f"SELECT {'(' * 100_000}1{')' * 100_000}",
}


@pytest.mark.parametrize("sql", GREEDY.values(), ids=GREEDY)
def test_a_query_gets_no_more_memory_than_the_machine_can_spare(pets, little_memory, sql):
    with pytest.raises(QueryStoppedError, match=r"more memory than (the )?400 MiB"):
        query(pets, sql)
    assert query(pets, "SELECT 1 AS one").table.to_pylist() == [{"one": 1}]


def test_an_answer_has_a_limit_of_bytes_too(pets, monkeypatch):
    monkeypatch.setattr("ide.store.query.MAX_ANSWER_BYTES", 1 << 20)
    found = query(pets, "SELECT repeat('x', 1000) AS x FROM range(10000)", limit=10_000)
    assert found.is_cut
    assert 0 < found.table.nbytes <= 1 << 20
    with pytest.raises(QueryError, match="select fewer columns, or shorter values"):
        query(pets, "SELECT repeat('x', 2000000)")


def test_a_query_ends_where_whoever_asked_stops_waiting(pets):
    class LeftError(Exception):
        pass

    def leave() -> None:
        assert len(workers()) == 1
        raise LeftError

    with pytest.raises(LeftError):
        query(pets, ENDLESS["levenshtein"], on_wait=leave)
    assert not workers()


def test_a_query_ends_with_the_process_that_asked(pets):
    program = (
        "import sys; from pathlib import Path; from ide.store.query import query; "
        "from ide.store.workspace import Workspace; "
        "query(Workspace(Path(sys.argv[1])), sys.argv[2], on_wait=lambda: print('.', flush=True))"
    )
    command = [sys.executable, "-c", program, str(pets.root), ENDLESS["product"]]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as asking:
        asking.stdout.readline()
        (worker,) = workers()
        asking.send_signal(signal.SIGKILL)
        asking.wait()
    worker.wait(timeout=20)


def test_a_process_that_breaks_is_a_sentence_and_harms_nothing_else(pets):
    def break_it() -> None:
        os.kill(workers()[0].pid, signal.SIGSEGV)

    with pytest.raises(QueryStoppedError, match=r"broke the process that answered it \(SIGSEGV\)"):
        query(pets, ENDLESS["product"], on_wait=break_it)
    assert query(pets, "SELECT 1 AS one").table.num_rows == 1


def test_other_queries_go_on_while_one_runs_away(pets):
    answers = []

    def ask_another() -> None:
        if answers:
            raise InterruptedError
        answers.append(query(pets, "SELECT 7 AS seven").table.to_pylist())

    with pytest.raises(InterruptedError):
        query(pets, ENDLESS["product"], on_wait=ask_another)
    assert answers == [[{"seven": 7}]]


def test_what_starts_processes_is_started_once_has_one_thread_and_is_replaced(pets):
    sql_process.end_server()
    sql_process.warm_up()
    (server,) = servers()
    sql_process.warm_up()
    for _ in range(2):
        assert query(pets, "SELECT 1 AS one").table.num_rows == 1
        assert servers() == [server] and not workers()
    assert server.num_threads() == 1, "a fork of it may hang"
    os.kill(server.pid, signal.SIGKILL)
    server.wait(timeout=20)
    assert query(pets, "SELECT 1 AS one").table.num_rows == 1
    sql_process.end_server()
    assert not servers()


def test_a_query_that_runs_while_what_started_it_is_killed_is_a_sentence(pets):
    killed = []

    def kill_once() -> None:
        if not killed:
            killed.extend(servers())
            killed[0].kill()

    with pytest.raises(QueryStoppedError, match="the query"):
        query(pets, ENDLESS["product"], timeout_s=1, on_wait=kill_once)
    assert killed
    assert query(pets, "SELECT 1 AS one").table.num_rows == 1


def test_a_process_is_in_the_folder_and_the_environment_of_whoever_asks(tmp_path, monkeypatch):
    text = "import os\ndef where(**_): return [os.getcwd(), os.environ['ASKED']], []\n"
    (tmp_path / "surroundings.py").write_text(text)
    sql_process.end_server()
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    sql_process.warm_up()
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        monkeypatch.chdir(tmp_path / name)
        monkeypatch.setenv("ASKED", name)
        facts, _ = sql_process.run("surroundings:where", seconds=20, subject="it", advice="no")
        assert facts == [str(tmp_path / name), name]
    sql_process.end_server()


def test_a_condition_of_a_gate_or_of_browse_that_might_not_end_is_stopped_too(pets, monkeypatch):
    monkeypatch.setattr(conditions, "TIME_LIMIT_S", 1.5)  # a busy machine starts one in a second
    monkeypatch.setattr(browse, "TIME_LIMIT_S", 1.5)
    with conditions.asking(current_labels(pets, "pets")) as ask:
        with pytest.raises(QueryStoppedError, match=r"stopped after 1\.5 s; simplify it"):
            ask(SLOW)
        assert ask("repeat(label, 2) = 'catcat'").sum() == ask("label = 'cat'").sum() > 0
    with pytest.raises(QueryStoppedError, match=r"the condition took too long"):
        browse_page(pets, "pets", None, Filters(where=SLOW))
    here = browse_page(pets, "pets", None, Filters(where="label = 'cat'"))
    elsewhere = browse_page(pets, "pets", None, Filters(where="repeat(label, 1) = 'cat'"))
    assert elsewhere.rows.equals(here.rows)
    assert (elsewhere.n_rows, elsewhere.page) == (here.n_rows, here.page)


PLAIN = [
    "",
    "label = 'cat'",
    "example_id IN ('a', 'it''s', '-- no comment')",
    "p > 0.5 AND NOT (label <> '3' OR label IS NULL)",
    "\"label\" ILIKE '%3%' AND list_contains(label, 'x')",
    "LENGTH(label) BETWEEN 1 AND 10 AND p * 2 - 1 > -0.5e3",
]
NOT_PLAIN = [
    "repeat(label, 9) = ''",
    "levenshtein(label, label) > 3",
    "EXISTS (FROM range(9))",
    "label LIKE '%a%b%c%'",
    "label LIKE label",
    "label SIMILAR TO 'a*'",
    "nowhere = 1",
    "\"lower\"('x') = 'x'",
    "label = 1 -- and more",
    "label = ?",
    "label || label = label",
    "label = 'a",
    "label = 'a') OR (1 = 1",
    "(" * 60 + "p" + ")" * 60,
    "p > 0" + " AND p > 0" * 600,
    "CAST(p AS INT) = 1",
    "p::INT = 1",
]


def test_only_conditions_that_are_sure_to_end_are_answered_without_a_process():
    columns = ["label", "p", "example_id", "Exists_not"]
    plain = {condition: is_plain(condition, columns) for condition in (*PLAIN, *NOT_PLAIN)}
    assert [condition for condition, found in plain.items() if found] == PLAIN
