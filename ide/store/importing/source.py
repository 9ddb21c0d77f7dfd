"""What every kind of source gives to an import: rows, and what is known of them beforehand."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from ide.dataset.edit import WHOLE_DATASET
from ide.dataset.errors import ImportRefusedError
from ide.dataset.names import is_shown, same_form
from ide.dataset.schema import POOL, TEST, TRAIN, VALIDATION

SPLIT_ALIASES = {
    "train": TRAIN,
    "training": TRAIN,
    "validation": VALIDATION,
    "valid": VALIDATION,
    "val": VALIDATION,
    "dev": VALIDATION,
    "test": TEST,
    "testing": TEST,
    "pool": POOL,
    "unlabeled": POOL,
    "unlabelled": POOL,
}
NO_SPLIT = "none"  # what --split says where names of files and folders are no splits
# what may stand beside a split's name in a folder's: train2017, test_set
_BESIDE_SPLIT = frozenset({"set", "data", "split", "images", "image", "imgs", "img", "folder"})
MAX_NAME = 200  # characters of a label or an id; more is text in the wrong column


@dataclass(frozen=True, slots=True)
class SourceRow:
    """One example as the source has it; its payload is not looked at yet."""

    where: str  # file and row, as a refusal names it
    payload: Any  # bytes, text, None, or a function that reads it
    label: str | None
    split: str | None = None
    example_id: str | None = None  # None = by content
    metadata: Mapping[str, Any] = field(default_factory=dict)  # what JSON can hold


@dataclass(frozen=True, slots=True)
class Source:
    """An opened source: rows come one by one, so that memory stays bounded."""

    name: str  # what dataset.toml says of where the examples come from
    modality: str
    rows: Iterator[SourceRow]
    n_rows: int | None = None
    title: str | None = None
    description: str | None = None
    licence: str | None = None
    metadata_types: Mapping[str, pa.DataType] = field(default_factory=dict)
    is_text_table: bool = False  # metadata are text whose type is to be found
    notes: tuple[str, ...] = ()  # what a person should know of how it was read
    classes: tuple[str, ...] = ()  # in their order, also those that no row has


@dataclass(frozen=True, slots=True)
class Columns:
    """Which columns of a table play which part.

    None = the one with a usual name; "" = none of them.
    """

    label: str | None = None
    payload: str | None = None
    example_id: str | None = None
    split: str | None = None
    split_of_all: str | None = None  # of every row; NO_SPLIT = none that a name says


def split_in_file_name(name: str) -> str | None:
    """Return the split that a file's name says, such as test-00000-of-00001.parquet's."""
    words = re.findall(r"[a-z]+", name.lower().partition(".")[0])
    splits = {SPLIT_ALIASES[w] for w in words if SPLIT_ALIASES.get(w, POOL) != POOL}
    return splits.pop() if len(splits) == 1 else None


def split_of_folder(name: str) -> str | None:
    """Return the split that a folder is, such as train, Test, train2017 or test_set; or None."""
    words = re.findall(r"[^\W\d_]+", name.lower())
    splits = {SPLIT_ALIASES[w] for w in words if w in SPLIT_ALIASES}
    others = [w for w in words if w not in SPLIT_ALIASES and w not in _BESIDE_SPLIT]
    return splits.pop() if len(splits) == 1 and not others else None


def as_label(value: Any, where: str) -> str | None:
    """Return a label as text (None, NaN and empty = nobody has labelled it), or refuse it."""
    text = _as_name(value, where, "label")
    return same_form(text) if text else None


def as_example_id(value: Any, where: str) -> str:
    """Return an id as text, or refuse it."""
    text = _as_name(value, where, "id")
    if not text:
        raise ImportRefusedError(
            f"{where}: the id is empty. Give every row an id, or say --id-column '' and ids are "
            "made from the content. Nothing was imported."
        )
    if text == WHOLE_DATASET:
        raise ImportRefusedError(
            f"{where}: the id is {text!r}, which stands for the whole dataset in the edit log. "
            "Give the row another id. Nothing was imported."
        )
    return text


def as_split_of_all(name: str | None) -> str | None:
    """Return what ``--split`` says: one of ``schema.SPLITS``, ``NO_SPLIT``, or None; or refuse."""
    if name is None or name.lower() == NO_SPLIT:
        return NO_SPLIT if name else None
    split = SPLIT_ALIASES.get(name.strip().lower())
    if split is None:
        raise ImportRefusedError(
            f"--split is {name[:60]!r}, wanted one of {TRAIN}, {VALIDATION}, {TEST}, {POOL}, or "
            f"{NO_SPLIT} where no name of a file or folder is a split. Nothing was imported."
        )
    return split


def as_split(value: Any, where: str, column: str) -> str | None:
    """Return one of ``schema.SPLITS`` (None = to be dealt), or refuse what a column has."""
    text = _as_name(value, where, "split")
    if not text:
        return None
    split = SPLIT_ALIASES.get(text.lower())
    if split is None:
        raise ImportRefusedError(
            f"{where}: {text[:60]!r} is not a split; wanted one of {', '.join(SPLIT_ALIASES)}. If "
            f"the column {column[:60]!r} is none of splits, say --split-column ''. "
            "Nothing was imported."
        )
    return split


def _as_name(value: Any, where: str, what: str) -> str | None:
    if value is None or value != value:  # noqa: PLR0124 (NaN)
        return None
    if isinstance(value, float) and value.is_integer():
        value = int(value)  # what pandas makes of whole numbers beside a null
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        if not isinstance(value, bool):
            raise ImportRefusedError(
                f"{where}: the {what} is {str(value)[:60]!r}, wanted text or a number. "
                "Nothing was imported."
            )
        value = str(value).lower()
    text = str(value).strip()
    if len(text) > MAX_NAME:
        raise ImportRefusedError(
            f"{where}: the {what} has {len(text):,} characters, wanted at most {MAX_NAME}; is "
            f"this the right column for it? Nothing was imported."
        )
    if not is_shown(text):
        raise ImportRefusedError(
            f"{where}: the {what} {text[:60]!r} holds a character that cannot be shown. "
            "Nothing was imported."
        )
    return text
