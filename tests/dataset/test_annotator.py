"""Annotators: names in every script stay apart, and are safe as the name of a file."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ide.dataset.annotator import MAX_BYTES, MAX_CHARACTERS, annotator_slug, is_annotator
from ide.dataset.edit import make_edit, parse_line, to_line

NAMES = {
    "Ada Lovelace": "ada-lovelace",
    "José": "josé",
    "Jose": "jose",
    "Zoë": "zoë",
    "Ünal": "ünal",
    "Łukasz Żak": "łukasz-żak",
    "İpek": "ipek",
    "Weiß": "weiß",
    "O’Brien": "o-brien",
    "Иван": "иван",
    "山田 太郎": "山田-太郎",
    "佐藤 花子": "佐藤-花子",
    "محمد علی": "محمد-علی",
    "नरेन्द्र मोदी": "नरेन्द्र-मोदी",
    "Nguyễn Văn A": "nguyễn-văn-a",
}


@pytest.mark.parametrize(("name", "slug"), NAMES.items())
def test_a_name_keeps_its_letters_in_every_script(name, slug):
    assert annotator_slug(name) == slug
    assert parse_line(to_line(make_edit("x", "exclude", annotator=slug))).annotator == slug


def test_names_stay_distinct():
    names = [
        *NAMES,
        "🦄",
        "🐴",
        "？？",
        "é" * 80,
        "é" * 81,
        "山" * 70 + "a",
        "山" * 70 + "b",
        "../..",
    ]
    assert len({annotator_slug(name) for name in names}) == len(names)


def test_one_name_is_one_annotator_however_it_is_written():
    for name in NAMES:
        for form in ("NFC", "NFD", "NFKC", "NFKD"):
            assert annotator_slug(unicodedata.normalize(form, name)) == annotator_slug(name)
    assert annotator_slug("ИВАН") == annotator_slug(" Иван\ufe0f ") == "иван"


@pytest.mark.parametrize("name", ["", "   ", "../..", "--", "."])
def test_a_name_that_says_nothing_is_someone(name):
    assert annotator_slug(name) == "someone"


@given(st.text(max_size=300))
def test_every_name_becomes_one_that_a_file_can_have(name):
    slug = annotator_slug(name)
    assert annotator_slug(slug) == slug and is_annotator(slug)
    assert 0 < len(slug) <= MAX_CHARACTERS and len(slug.encode()) <= MAX_BYTES
    assert not set(slug) & set("/\\:\0\n") and not slug.startswith(".") and slug.isprintable()


@pytest.mark.parametrize(
    "name",
    ["José", "jose\u0301", "é/a", "../é", ".é", "é.", "é\n", "é" * 65, "山\u200b", "\u202eé"],
)
def test_a_name_that_is_not_its_own_slug_names_no_log(name):
    assert not is_annotator(name)
