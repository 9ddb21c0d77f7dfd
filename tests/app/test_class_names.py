"""Class names on the screen: as they are, whole where there is room, else without their middle."""

from __future__ import annotations

import html

import pytest

from ide.app.charts import literal
from ide.app.evals_page import weakest
from ide.app.text import middle_cut


@pytest.mark.parametrize("name", ["<b>", "a<br>b", "R&amp;D", "<unk>", "$x^2$", "a & b", "?"])
def test_a_name_is_no_markup_in_a_chart(name):
    shown = literal(name)
    assert "<" not in shown and "$" not in shown
    assert html.unescape(shown) == name


def test_of_a_long_name_the_middle_goes():
    assert middle_cut("product 0027", 24) == "product 0027"
    names = [f"a class of a rather long name, {k}" for k in ("left", "right")]
    cut = [middle_cut(name, 24) for name in names]
    assert cut[0] != cut[1] and all(len(c) == 24 and "…" in c for c in cut)
    assert cut[0].startswith("a class") and cut[0].endswith("left")


def test_the_weakest_classes_come_first_and_those_without_a_number_last():
    rows = [{"label": f"c{k}", "f1": None if k == 3 else k / 10} for k in range(10)]
    assert [r["label"] for r in weakest(rows, 3)] == ["c0", "c1", "c2"]
    assert weakest(rows, 99)[-1]["label"] == "c3"
