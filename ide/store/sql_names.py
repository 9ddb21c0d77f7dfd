"""Datasets whose names are words of SQL, such as ``order``: a query may write them as they are."""

from __future__ import annotations

from collections.abc import Collection

import duckdb


def quote_datasets(sql: str, names: Collection[str]) -> str:
    """Return a query with the datasets before a dot in quotes where SQL has such a word.

    Only what DuckDB's own tokens call a word and what a dot follows: no text, no comment, and
    nothing that could have meant anything else, as a word of SQL has no parts.
    """
    try:
        data = sql.encode()  # offsets of tokens are in bytes
        tokens = duckdb.tokenize(sql)
    except (UnicodeEncodeError, duckdb.Error):  # what is wrong with it is said by who runs it
        return sql
    starts = [offset for offset, _ in tokens] + [len(data)]
    pieces: list[bytes] = []
    end = 0
    for place, (offset, kind) in enumerate(tokens):
        word = data[offset : starts[place + 1]].split(b".")[0].strip()
        after = data[offset + len(word) :].lstrip()
        is_part = data[:offset].rstrip().endswith(b".")
        is_dataset = kind == duckdb.token_type.keyword and word.decode().lower() in names
        if is_dataset and after.startswith(b".") and not is_part:
            pieces += [data[end:offset], b'"', word.lower(), b'"']
            end = offset + len(word)
    return b"".join([*pieces, data[end:]]).decode()
