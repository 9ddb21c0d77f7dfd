"""The first fence of a query: only statements that DuckDB itself parses as reading.

What a statement is called is not enough: a SELECT can begin with a WITH that inserts or copies
into a file, and some table functions run other SQL. So its parsed tree is looked through, and
what is not known to read is refused; docs/decisions/021-sql-reads-only.md.
"""

from __future__ import annotations

import re
from itertools import pairwise

import duckdb

from ide.dataset.errors import QueryError

_EXPLAIN = re.compile(r"\s*EXPLAIN\b\s*(?:ANALYZE\b\s*)?(?:\([^()]*\)\s*)?", re.IGNORECASE)
# DuckDB runs a PIVOT as several statements, and these words cannot begin one that writes
_SELECTS = re.compile(r"\s*(?:PIVOT|UNPIVOT|FROM|SELECT|WITH|\()", re.IGNORECASE)
_NODE = re.compile(r'"type":"(\w+_NODE)"')
_READING_NODES = frozenset({"SELECT_NODE", "SET_OPERATION_NODE", "RECURSIVE_CTE_NODE", "CTE_NODE"})
_WRITING_WORDS = frozenset({"insert", "update", "delete", "merge", "copy"})
_TABLE_FUNCTION = '"type":"TABLE_FUNCTION"'
_FUNCTION_NAME = re.compile(r'"function":\{.*?"function_name":"((?:[^"\\]|\\.)*)"')
# table functions of DuckDB that read what the second fence lets them read, or only count
_READING_FUNCTIONS = re.compile(
    r"(duckdb|parquet|pragma)_\w+|read_(?!duckdb)\w+|range|generate_series|unnest|repeat|repeat_row|"
    r"glob|sniff_csv|query_table|json_each|json_tree|summary|test_all_types|test_vector_types|"
    r"icu_calendar_names|pg_timezone_names|"
    r"diff|\w+_at"  # ours
)
_ONLY_READS = (
    "is refused: a query here only reads (SELECT, FROM, WITH, VALUES, PIVOT, DESCRIBE, SUMMARIZE, "
    "SHOW, EXPLAIN). To write a file: upwell export; to change a label: upwell edit"
)


def reading_statements(connection: duckdb.DuckDBPyConnection, sql: str) -> list[str]:
    """Split a query into statements, or raise ``QueryError`` where one does not only read."""
    statements = connection.extract_statements(sql)
    if not statements:
        raise QueryError("the query is empty; try: SELECT * FROM duckdb_tables()")
    for statement in statements:
        _require_reading(connection, statement)
    return [statement.query for statement in statements]


def _require_reading(connection: duckdb.DuckDBPyConnection, statement: duckdb.Statement) -> None:
    kind, text = statement.type, statement.query
    if kind == duckdb.StatementType.SELECT:
        _require_reading_tree(connection, text)
    elif kind == duckdb.StatementType.MULTI and _SELECTS.match(text):
        _require_reading_words(connection, text)
    elif kind == duckdb.StatementType.EXPLAIN and (inner := _explained(connection, text)):
        for one in inner:
            _require_reading(connection, one)
    else:
        raise QueryError(f"{kind.name.replace('_', ' ')} {_ONLY_READS}")


def _explained(connection: duckdb.DuckDBPyConnection, text: str) -> list[duckdb.Statement] | None:
    """Return what is explained, which EXPLAIN ANALYZE runs; None where that is no SELECT."""
    inner = _EXPLAIN.sub("", text, count=1)
    if inner == text:
        return None
    try:
        statements = connection.extract_statements(inner)
    except duckdb.Error:
        return None
    is_select = all(s.type == duckdb.StatementType.SELECT for s in statements)
    return statements if is_select else None


def _require_reading_tree(connection: duckdb.DuckDBPyConnection, text: str) -> None:
    """Look through a SELECT as DuckDB has parsed it; text in it cannot look like a node."""
    rows = connection.execute("SELECT json_serialize_sql(?)", [text]).fetchall()
    tree = str(rows[0][0])
    nodes = set(_NODE.findall(tree))
    if not nodes:
        raise QueryError(f"a statement that cannot be looked through {_ONLY_READS}")
    for node in sorted(nodes - _READING_NODES):
        raise QueryError(f"{node.split('_')[0]} within WITH {_ONLY_READS}")
    for reference in tree.split(_TABLE_FUNCTION)[1:]:
        name = _FUNCTION_NAME.search(reference)
        if name is None or not _READING_FUNCTIONS.fullmatch(name[1].lower()):
            raise QueryError(f"{name[1] if name else 'a function'}() {_ONLY_READS}")


def _require_reading_words(connection: duckdb.DuckDBPyConnection, text: str) -> None:
    """Look through the words of a PIVOT, whose tree DuckDB does not tell."""
    refused = _refused_functions(connection)
    words = _words(text)
    for (word, is_quoted), (after, _) in pairwise([*words, ("", False)]):
        is_writing = word in _WRITING_WORDS and not is_quoted
        if is_writing or (word in refused and after == "("):
            raise QueryError(f"{word.upper()} within a PIVOT {_ONLY_READS}")


def _words(text: str) -> list[tuple[str, bool]]:
    """Return the names, words and signs of a statement in small letters; whether it was quoted."""
    data = text.encode()
    tokens = duckdb.tokenize(text)
    ends = [start for start, _ in tokens[1:]] + [len(data)]
    words = []
    for (start, kind), end in zip(tokens, ends, strict=True):
        if kind not in (duckdb.token_type.string_const, duckdb.token_type.comment):
            word = data[start:end].decode(errors="replace").strip()
            words.append((word.strip('"').lower(), word.startswith('"')))
    return words


def _refused_functions(connection: duckdb.DuckDBPyConnection) -> frozenset[str]:
    """Return the names of DuckDB's table functions that are not known to read only.

    ``json_execute_serialized_sql`` and ``query`` run SQL that nobody has looked through.
    """
    rows = connection.execute(
        "SELECT DISTINCT function_name FROM duckdb_functions() "
        "WHERE function_type = 'table' AND internal"
    ).fetchall()
    names = (str(name).lower() for (name,) in rows)
    return frozenset(name for name in names if not _READING_FUNCTIONS.fullmatch(name))
