"""The report on a change: what it says, when it speaks of noise, and that nothing breaks out."""

from __future__ import annotations

import re

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ide.dataset.changes import CHANGES
from ide.dataset.estimates import Estimate
from ide.dataset.report import DatasetReport, code, escape, mcnemar, report, two_proportions
from ide.dataset.schema import FLIPS


def accuracy(value, n=100):
    return {
        "n": n,
        "accuracy": {"value": value, "low": value - 0.05, "high": value + 0.05},
        "macro_f1": value,
        "loss": 0.1,
    }


def some_changes(n=1, **fields):
    row = {"example_id": "x", "kind": "relabelled", "before": "3", "after": "8", **fields}
    return pa.Table.from_pylist([row] * n, schema=CHANGES)


def some_flips(n_fixed, n_broken):
    rows = [{"split": "test", "flip": "fixed"}] * n_fixed
    rows += [{"split": "test", "flip": "broken"}] * n_broken
    return pa.Table.from_pylist(rows, schema=FLIPS)


def test_it_lists_labels_metrics_and_flips_of_each_dataset():
    text = report(
        [
            DatasetReport(
                "digits",
                some_changes(3, annotator="ada", reason="open loop"),
                metrics={"splits": {"test": accuracy(0.98)}},
                base_metrics={"splits": {"test": accuracy(0.9)}},
                flips=some_flips(9, 1),
            )
        ],
        base="main",
        head="fix",
        n_rows=2,
    )
    assert "**Labels:** 3 relabelled." in text
    assert "| <code>3</code> | <code>8</code> | 3 |" in text
    assert text.count("open loop") == 2 and "and 1 more" in text
    assert "0.9000 (0.8500 … 0.9500) | 0.9800 (0.9300 … 1.0300) | +8.00 points" in text
    assert "real (p = 0.021, McNemar)" in text
    assert "test: 9 fixed, 1 broken." in text


def test_it_says_how_many_labels_are_thought_wrong_before_and_after():
    now, was = Estimate("", 1797, 54.4, 40.6, 69.2), Estimate("", None, 80.0)
    options = {"metrics": {"splits": {}}, "estimate": now}
    line = "**Labels thought wrong (95 %):** "
    both = report(
        [DatasetReport("d", some_changes(), base_estimate=was, **options)], base="a", head="b"
    )
    assert line + escape("80 → 54 (40–70)") + " of 1,797." in both
    alone = report([DatasetReport("d", some_changes(), **options)], base="a", head="b")
    assert line + escape("54 (40–70)") + " of 1,797." in alone
    none = report([DatasetReport("d", some_changes())], base="a", head="b")
    assert "thought wrong" not in none


def test_without_pairs_the_proportions_are_compared_and_without_a_base_nothing_is():
    now = {"splits": {"test": accuracy(0.98)}}
    before = {"splits": {"test": accuracy(0.96)}}
    unpaired = DatasetReport("digits", CHANGES.empty_table(), now, before)
    assert re.search(
        r"within noise \(p = 0\.\d+, two proportions\)", report([unpaired], base="a", head="b")
    )
    alone = DatasetReport("digits", CHANGES.empty_table(), now, note="no build of the base here")
    text = report([alone], base="a", head="b")
    assert "nothing changed" in text and "no build of the base here" in text
    assert "McNemar" not in text and "| – | 0.9800" in text
    nothing = DatasetReport("digits", CHANGES.empty_table())
    assert "no build of these labels here" in report([nothing], base="a", head="b")
    assert "There are no datasets." in report([], base="a", head="b")


HOSTILE = [
    "<script>alert(1)</script>",
    "a | b | c",
    "](javascript:alert(1))",
    "</code></details><img src=x onerror=alert(1)>",
    "x\n\n# Heading",
    "`code` **bold** @everyone #1 http://example.com &lt;",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_what_people_wrote_becomes_neither_markdown_nor_html(text):
    row = dict.fromkeys(("example_id", "before", "after", "annotator", "reason"), text)
    page = report([DatasetReport(text, some_changes(**row), note=text)], base=text, head=text)
    plain = report([DatasetReport("n", some_changes(), note="n")], base="n", head="n")
    assert page.count("\n") == plain.count("\n")
    assert page.count("|") == plain.count("|")
    tags = set(re.findall(r"<[^>]*>", page))
    assert tags == {"<code>", "</code>", "<details>", "</details>", "<summary>", "</summary>"}
    assert not re.search(r"alert\(|\]\(|@everyone|http://|\*\*bold", page)


@given(st.text())
def test_escaped_text_has_no_punctuation_left(text):
    assert not re.search(r"[<>|`*_\[\]()@:/\\\n\r!.-]", re.sub(r"&#\d+;", "", escape(text)))


def test_an_absent_value_is_a_dash_and_an_empty_one_is_not():
    assert (code(None), code("")) == ("–", "<code></code>")


@given(st.integers(0, 60), st.integers(0, 60))
def test_mcnemar_is_a_symmetric_probability_and_sees_only_unevenness(fixed, broken):
    p = mcnemar(fixed, broken)
    assert 0 < p <= 1 and p == mcnemar(broken, fixed)
    if fixed == broken:
        assert p == 1.0


def test_mcnemar_has_the_values_of_the_textbook_and_is_smooth_where_it_approximates():
    assert mcnemar(9, 1) == pytest.approx(0.021484375)
    assert mcnemar(1100, 900) == pytest.approx(mcnemar(1101, 900), rel=0.1)


def test_two_proportions_agree_with_the_textbook():
    assert two_proportions(60, 100, 75, 100) == pytest.approx(0.0237, abs=1e-3)
    assert two_proportions(5, 5, 7, 7) == two_proportions(0, 0, 1, 2) == 1.0
