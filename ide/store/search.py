"""Search: the examples whose text, file names and other columns hold some words.

No SQL and no pattern: a word is looked for as it stands, so that a quote, a percent sign or a
bracket is a letter as any other. Upper and lower case are one, and so are the two ways in which
Unicode writes an accented letter; a letter and its accented one are not.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache

import pyarrow as pa
import pyarrow.compute as pc

from ide.dataset.errors import QueryError
from ide.dataset.reading import is_text
from ide.dataset.schema import EXAMPLE_ID, LABEL, SPLIT
from ide.store.examples import example_parts, examples_revision, open_part, part_batches
from ide.store.files import damage_named
from ide.store.workspace import Workspace

MAX_WORDS = 20
MAX_CHARACTERS = 500
_BATCH_ROWS = 8192
# marks, parts of Hangul, and letters that are others in NFC: without one of them a text is in it
_MAY_BE_OTHER = (
    r"[\p{M}\x{1100}-\x{11ff}\x{2000}\x{2001}\x{2126}\x{212a}\x{212b}\x{2329}\x{232a}"
    r"\x{f900}-\x{fb4f}\x{2f800}-\x{2fa1f}\x{340}-\x{387}\x{1f71}-\x{1fff}"
    r"\x{958}-\x{95f}\x{9dc}-\x{9df}\x{a33}-\x{a5e}\x{b5c}\x{b5d}\x{f43}-\x{f69}\x{2adc}\x{1d15e}-\x{1d1c0}]"
)
_BETWEEN = "\x1f"  # two columns: no word reaches from one into the next


def words_of(search: str) -> tuple[str, ...]:
    """Return the words of a search as they are looked for, each once; raise ``QueryError``."""
    if not is_text(search):
        raise QueryError("the search holds half of a character, which UTF-8 cannot; type it anew")
    words = tuple(dict.fromkeys(search[: MAX_CHARACTERS + 1].split()))
    if len(search) > MAX_CHARACTERS or len(words) > MAX_WORDS:
        raise QueryError(
            f"a search has at most {MAX_WORDS} words of {MAX_CHARACTERS} characters in all, and "
            f"this one has {len(search):,}; leave some out"
        )
    return tuple(pc.utf8_lower(pc.utf8_normalize(pa.array(words, pa.string()), "NFC")).to_pylist())


def matching_ids(workspace: Workspace, name: str, search: str) -> pa.Table:
    """Return the ids of the examples that hold every word, as a table with one column.

    Looked for in the id, in a text, and in every column of the source but label and split: what
    people said since then, and what a drill planted, is not searched.
    """
    return _matching(workspace, name, examples_revision(workspace, name), words_of(search))


@lru_cache(maxsize=16)
def _matching(workspace: Workspace, name: str, _revision: str, words: tuple[str, ...]) -> pa.Table:
    found = [pa.array([], pa.string())]
    with damage_named(workspace.examples_path(name)):
        for batch in _batches(workspace, name):
            ids = batch[EXAMPLE_ID].combine_chunks()
            found.append(ids.filter(_holds(_searched(batch), words)).cast(pa.string()))
    return pa.table({EXAMPLE_ID: pa.chunked_array(found)})


def _batches(workspace: Workspace, name: str) -> Iterator[pa.Table]:
    """Yield the examples, some at a time, without what holds no words."""
    config = workspace.config(name)
    for path in example_parts(workspace, name):
        with open_part(workspace, path) as file:
            schema = file.schema_arrow
        left_out = {LABEL, SPLIT, *((config.payload_column,) if config.modality != "text" else ())}
        columns = [f.name for f in schema if f.name not in left_out and not _is_bytes(f.type)]
        yield from part_batches(workspace, path, batch_size=_BATCH_ROWS, columns=columns)


def _is_bytes(kind: pa.DataType) -> bool:
    is_variable = pa.types.is_binary(kind) or pa.types.is_large_binary(kind)
    return bool(is_variable or pa.types.is_fixed_size_binary(kind))


def _searched(batch: pa.Table) -> pa.Array:
    """Return what is searched of each row, in lower case: its columns one after the other."""
    columns = [_as_text(batch[i].combine_chunks()) for i in range(batch.num_columns)]
    between = pa.scalar(_BETWEEN, pa.large_string())
    joined = pc.binary_join_element_wise(*columns, between, null_handling="skip")
    return pc.utf8_lower(_in_form(joined))


def _in_form(texts: pa.Array) -> pa.Array:
    """Return texts in NFC; only those are gone through that may not be in it."""
    is_other = pc.match_substring_regex(texts, _MAY_BE_OTHER)
    if not pc.any(is_other).as_py():
        return texts
    return pc.replace_with_mask(texts, is_other, pc.utf8_normalize(texts.filter(is_other), "NFC"))


def _as_text(column: pa.Array) -> pa.Array:
    try:
        return column.cast(pa.large_string())
    except (pa.ArrowNotImplementedError, pa.ArrowInvalid):  # a list, a struct, a span of time
        texts = [None if value is None else str(value) for value in column.to_pylist()]
        return pa.array(texts, pa.large_string())


def _holds(texts: pa.Array, words: Sequence[str]) -> pa.Array:
    """Return which texts hold all words."""
    found = pa.array([True] * len(texts), pa.bool_())
    for word in words:
        found = pc.and_(found, pc.match_substring(texts, word))
    return found
