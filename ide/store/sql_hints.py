"""What was probably meant where DuckDB refuses a query: one plain sentence beside its own."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches

from ide.dataset.schema import PAYLOAD_BY_MODALITY

Columns = Mapping[str, Mapping[str, str]]  # table, such as digits.labels → column → type

_N_NAMED = 3
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_NO_COLUMN = re.compile(
    r'Referenced column "(?P<a>[^"]+)" not found|does not have a column named "(?P<b>[^"]+)"'
)
_NO_FUNCTION = re.compile(r"given name and argument types '(?P<name>\S+?)\((?P<types>.*?)\)'")
_NO_TABLE = re.compile(r"Table with name (?P<name>\S+) does not exist")
_NOT_GROUPED = re.compile(r"must appear in the GROUP BY clause")
_IN_WHERE = re.compile(r"WHERE clause cannot contain (?P<what>aggregates|window)")
_NO_NUMBER = re.compile(r"Could not convert string '(?P<value>.*?)' to (?P<kind>\w+)", re.DOTALL)
_TWO_TYPES = re.compile(r"Cannot (?:compare|mix) values of type (?P<a>\w+) .*?type (?P<b>\w+)")


@dataclass(frozen=True, slots=True)
class Known:
    """What a query could have named. ``words``: those of SQL that are no names unless quoted."""

    columns: Columns
    modalities: Mapping[str, str] = field(default_factory=dict)  # of each dataset
    words: frozenset[str] = frozenset()


def hint(said: str, sql: str, known: Known) -> str:
    """Return what to do about DuckDB's refusal ``said`` of a query; "" where nobody knows."""
    for find in _HINTS:
        if sentence := find(said, sql, known):
            return sentence
    return ""


def _no_column(said: str, sql: str, known: Known) -> str:
    match = _NO_COLUMN.search(said)
    if match is None:
        return ""
    name = match["a"] or match["b"]
    tables = _tables_of(sql, known)
    every = {column for columns in known.columns.values() for column in columns}
    if f'"{name}"' in sql and name not in every:
        return f"Text stands in single quotes, '{name[:40]}'; double quotes are for names."
    if sentence := _other_modality(name, sql, known):
        return sentence
    if having := [t for t in _in_datasets_of(sql, known) if name in known.columns[t]]:
        many = f"{', '.join(having[:_N_NAMED])} {'has' if len(having) == 1 else 'have'} it"
        return f"{name} is no column of what the query reads; {many}: JOIN … USING (example_id)."
    here = {column for table in tables for column in known.columns[table]}
    if near := get_close_matches(name.lower(), sorted(here or every), n=1):
        return f"Did you mean {_written(near[0], known)}?"
    if tables:
        listed = ", ".join(list(known.columns[tables[0]])[:12])
        return f"The columns of {tables[0]} are {listed}."
    return ""


def _other_modality(name: str, sql: str, known: Known) -> str:
    """Say which payload a dataset has where the query names another kind's."""
    if name not in PAYLOAD_BY_MODALITY.values():
        return ""
    for dataset in _datasets_of(sql, known):
        modality = known.modalities.get(dataset)
        if modality is not None and PAYLOAD_BY_MODALITY[modality] != name:
            own = PAYLOAD_BY_MODALITY[modality]
            return (
                f"{dataset} has no column {name}, for it is of kind {modality}: what a person "
                f"looks at is the column {own} of {dataset}.examples."
            )
        if modality is not None and f"{dataset}.examples" not in _tables_of(sql, known):
            return f"{name} is a column of {dataset}.examples: JOIN it USING (example_id)."
    return ""


def _no_function(said: str, sql: str, known: Known) -> str:
    match = _NO_FUNCTION.search(said)
    if match is None:
        return ""
    types = match["types"].upper()
    if "BLOB" in types:
        dataset = next(iter(_datasets_of(sql, known)), "DATASET")
        return (
            "A file's bytes can be counted, with octet_length(…), and not read as text; what was "
            f"measured of them, such as seconds, width and height, stands in {dataset}.media."
        )
    if "VARCHAR" in types and re.search(r"avg|sum|mean|median|stddev|round|abs", match["name"]):
        return "That column is text; where it holds numbers, write TRY_CAST(column AS DOUBLE)."
    return ""


def _not_grouped(said: str, _sql: str, _known: Known) -> str:
    if _NOT_GROUPED.search(said):
        return "Put GROUP BY ALL behind FROM and WHERE: it groups by whatever is not aggregated."
    if _IN_WHERE.search(said):
        return "What is asked of whole groups stands in HAVING, behind GROUP BY, not in WHERE."
    return ""


def _types(said: str, _sql: str, _known: Known) -> str:
    if match := _NO_NUMBER.search(said):
        value = match["value"][:40]
        return f"That column holds text, such as '{value}': compare it with text, as in = '3'."
    if match := _TWO_TYPES.search(said):
        return f"One side is {match['a']} and the other {match['b']}: put text in single quotes."
    return ""


def _no_table(said: str, sql: str, known: Known) -> str:
    match = _NO_TABLE.search(said)
    if match is None:
        return ""
    name = match["name"].rstrip("!").strip('"').lower()
    last = name.rpartition(".")[2]
    tables = _in_datasets_of(sql, known)
    if having := [table for table in tables if table.partition(".")[2] == last]:
        return f"Each dataset has its own: write {_listed(having)}."
    tails = sorted({table.partition(".")[2] for table in tables})
    if near := get_close_matches(last, tails, n=1):
        return f"Did you mean {_listed([t for t in tables if t.endswith(f'.{near[0]}')])}?"
    return ""


def _syntax(said: str, sql: str, known: Known) -> str:
    if "unterminated" in said:
        return "A single quote begins a text that none ends; within a text it is written twice, ''."
    if "syntax error" not in said:
        return ""
    bare = _without_quoted(sql)
    for name in _to_be_quoted(known):
        if re.search(rf"(?<!\w){re.escape(name)}(?!\w)", bare, re.IGNORECASE):
            return (
                f'Write "{name}" in double quotes: as it stands, SQL takes it for something else.'
            )
    near = re.search(r'at or near "(.+?)"', said)
    end = bare.rstrip(" \n;").lower()
    if "at end of input" in said or (near and end.endswith(near[1].lower())):
        return "The query ends too early: a bracket, a value or a table is missing at its end."
    if match := re.search(r"(?<![\w.])([a-z]\w*-[\w-]*\w)(?=\s*\.)", bare, re.IGNORECASE):
        return f'A name with a hyphen stands in double quotes: "{match[1]}".'
    return ""


def _to_be_quoted(known: Known) -> Iterable[str]:
    """Return the names that are none to SQL as they stand: words of its own, odd letters."""
    names = {part for table in known.columns for part in table.split(".")}
    names |= {column for columns in known.columns.values() for column in columns}
    return sorted(n for n in names if n.lower() in known.words or not _PLAIN.fullmatch(n))


def _written(name: str, known: Known) -> str:
    """Return a name as a query has to write it."""
    return f'"{name}"' if name in _to_be_quoted(known) else name


def _without_quoted(sql: str) -> str:
    """Return a query without what stands in quotes or is a comment."""
    return re.sub(
        r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|--[^\n]*|/\*.*?\*/", " ", sql, flags=re.DOTALL
    )


def _datasets_of(sql: str, known: Known) -> list[str]:
    """Return the datasets that a query names, in its order; all where it names none."""
    bare = sql.replace('"', "").lower()
    names = sorted({table.partition(".")[0] for table in known.columns})
    places = {n: re.search(rf"(?<![\w.]){re.escape(n)}\s*\.", bare) for n in names}
    named = {n: match.start() for n, match in places.items() if match}
    return sorted(named, key=named.__getitem__) or names


def _tables_of(sql: str, known: Known) -> list[str]:
    """Return the tables that a query names."""
    bare = re.sub(r"\s*\.\s*", ".", sql.replace('"', "").lower())
    return [t for t in known.columns if re.search(rf"(?<![\w.]){re.escape(t)}(?!\w)", bare)]


def _in_datasets_of(sql: str, known: Known) -> list[str]:
    datasets = set(_datasets_of(sql, known))
    return [table for table in known.columns if table.partition(".")[0] in datasets]


def _listed(tables: list[str]) -> str:
    return " or ".join(tables[:_N_NAMED])


_HINTS: tuple[Callable[[str, str, Known], str], ...] = (
    _no_column,
    _no_function,
    _not_grouped,
    _types,
    _no_table,
    _syntax,
)
