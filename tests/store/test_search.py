"""Search in Browse: plain words over text, file names and metadata, whatever the words are."""

from __future__ import annotations

import unicodedata

import pyarrow as pa
import pytest

from ide.dataset.errors import QueryError
from ide.store.browse import Filters, browse_ids
from ide.store.files import write_parquet
from ide.store.gate_drafts import draft_of_filters
from tests.store.tiny import edit, tiny_workspace

TEXTS = {
    "a1": "The refund never came, O'Brien says",
    "a2": "CAFÉ au lait, 100% arabica",
    "a3": "under_score and 50% off",
    "a4": unicodedata.normalize("NFD", "café noir"),
    "a5": "'; DROP TABLE joined; --",
    "a6": None,
}
PATHS = [f"mails/inbox/{x}.eml" for x in TEXTS]


@pytest.fixture
def mails(tmp_path):
    workspace = tiny_workspace(tmp_path / "work", is_repository=False)
    folder = workspace.examples_path("pets")
    n = len(TEXTS)
    table = {
        "example_id": list(TEXTS),
        "split": ["train"] * n,
        "label": ["cat"] * n,
        "text": pa.array(list(TEXTS.values()), pa.string()),
        "path": PATHS,
        "year": pa.array(range(2020, 2020 + n), pa.int32()),
        "topics": pa.array([["billing", "late"]] + [None] * (n - 1), pa.list_(pa.string())),
        "thumb": pa.array([b"refund"] * n, pa.binary()),
    }
    write_parquet(folder / "part-000000000001.parquet", pa.table(table))
    return workspace


def found(workspace, search: str, **filters) -> list[str]:
    asked = Filters(search=search, order="id", **filters)
    return browse_ids(workspace, "pets", None, asked, limit=100)


@pytest.mark.parametrize(
    ("search", "ids"),
    [
        ("refund", ["a1"]),
        ("CAME   Refund", ["a1"]),  # every word, in any order, in any case
        ("refund noir", []),
        ("refund a1.eml", ["a1"]),  # one word in the text, one in the file's name
        ("2023", ["a4"]),
        ("billing", ["a1"]),  # within a list
        ("inbox", list(TEXTS)),
        ("", list(TEXTS)),
        ("  ", list(TEXTS)),
    ],
)
def test_every_word_has_to_be_in_the_text_a_name_or_another_column(mails, search, ids):
    assert found(mails, search) == ids


@pytest.mark.parametrize(
    ("search", "ids"),
    [
        ("café", ["a2", "a4"]),  # however Unicode writes it
        (unicodedata.normalize("NFD", "Café"), ["a2", "a4"]),
        ("cafe", []),
        ("%", ["a2", "a3"]),
        ("r_s", ["a3"]),
        ("re_und", []),
        ("O'Brien", ["a1"]),
        ("'; DROP", ["a5"]),
        ('"', []),
        ("\\", []),
        (".*", []),
        ("cat", []),  # a label is no text of the source
    ],
)
def test_accents_wildcards_and_quotes_are_letters_as_any_other(mails, search, ids):
    assert found(mails, search) == ids


def test_a_search_narrows_with_the_other_filters_and_a_condition_in_its_own_process(mails):
    assert found(mails, "inbox", where="year > 2022") == ["a4", "a5", "a6"]
    assert found(mails, "inbox", where="regexp_matches(path, 'a[12]')") == ["a1", "a2"]
    edit(mails, "a2", "tag", "hard")
    assert found(mails, "inbox", tag="hard") == ["a2"]
    assert found(mails, "refund", tag="hard") == []
    assert found(mails, "", tag="' OR TRUE --") == []


def test_a_search_that_cannot_be_one_is_refused_in_a_sentence(mails):
    for search in ("\ud800", " ".join(map(str, range(30))), "y" * 600):
        with pytest.raises(QueryError, match=r"the search|a search"):
            found(mails, search)


def test_a_gate_of_a_search_and_a_tag_names_the_examples_that_they_name_now(mails):
    edit(mails, "a3", "tag", "hard")
    draft = draft_of_filters(mails, "pets", None, Filters(search="off", tag="hard"))
    assert "a3" in str(draft) and "a1" not in str(draft)
    assert "with off" in draft.name and "tagged hard" in draft.name
