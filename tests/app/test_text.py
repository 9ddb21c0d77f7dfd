"""What people wrote is shown as they wrote it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from ide.app.text import code


@given(st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1).filter(str.strip))
def test_code_shows_any_text_as_it_is_on_one_line(text):
    (block,) = [t for t in MarkdownIt().parse(f"a {code(text)} b") if t.type == "inline"]
    shown = [t.content for t in block.children if t.type == "code_inline"]
    assert [" ".join(each.split()) for each in shown] == [" ".join(text.split())]


@pytest.mark.parametrize("name", ["00307-fdcffd0d", "a_b*c", "`", "a``b`", "a\\b"])
def test_a_name_bears_no_backslash_that_is_not_its_own(name):
    assert code(name).count("\\") == name.count("\\")
