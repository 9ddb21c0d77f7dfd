"""The report on a change: what it says, when it speaks of noise, and that nothing breaks out."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from html import unescape
from html.parser import HTMLParser

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ide.dataset.attribution import CAUSES
from ide.dataset.changes import CHANGES
from ide.dataset.document import Look
from ide.dataset.edit import make_edit
from ide.dataset.effort import effort
from ide.dataset.estimates import Estimate
from ide.dataset.gates import Gate
from ide.dataset.html_page import html_page
from ide.dataset.judging import GateResult
from ide.dataset.markdown import MARKER, MAX_CHARS, code, escape, markdown
from ide.dataset.report import DatasetReport, dataset_blocks, title_blocks
from ide.dataset.schema import FLIPS, ISSUES
from ide.dataset.significance import Moved
from ide.dataset.two_builds import Shift, TwoBuilds


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


def some_flips(n_fixed, n_broken, **fields):
    both = {"split": "test", "label": "3", "base_label": "3", **fields}
    rows = [{**both, "example_id": f"f{i}", "flip": "fixed"} for i in range(n_fixed)]
    rows += [{**both, "example_id": f"b{i}", "flip": "broken"} for i in range(n_broken)]
    return pa.Table.from_pylist(rows, schema=FLIPS)


def a_pair(before, after, flips=None, n=100, answer_key=0.0):
    """Two builds on one set of labels, from the accuracies of either on the test split."""
    flips = some_flips(0, 0) if flips is None else flips
    n_of = [flips["flip"].to_pylist().count(f) for f in ("fixed", "broken", "relabelled")]
    shift = Shift("test", n, before, after, answer_key, *n_of)
    sides = [{"splits": {"test": accuracy(value, n)}, "classes": []} for value in (before, after)]
    return TwoBuilds({"test": shift}, *sides, pa.table({}), flips)


def some_causes(**fields):
    row = {"example_id": "b0", "flip": "broken", "edit_id": "e", "edited_id": "y", "score": 0.04}
    row |= {
        "kind": "relabelled",
        "before": "3",
        "after": "8",
        "nearness": 1,
        "says": "y was",
        **fields,
    }
    return pa.Table.from_pylist([row], schema=CAUSES)


def some_issues(**fields):
    row = {"check": "near_leaks", "severity": "error", "example_id": "x", "message": "leaks"}
    return pa.Table.from_pylist([{**row, "issue_id": "i", **fields}], schema=ISSUES)


def some_gate(name="eights", *, is_passed=False, says="It fails.", **fields):
    gate = Gate(name, "label = '8'", "accuracy", 0.9)
    return GateResult(gate, 5, 0.6, 0.2, 0.9, None, is_passed, says, **fields)


def text_of(*reports, **options):
    return markdown(
        [(title_blocks("a → b", **options), {}), *((dataset_blocks(r), {}) for r in reports)]
    )


def page_of(*reports, looks=None):
    parts = [(dataset_blocks(r), looks or {}) for r in reports]
    return html_page([(title_blocks("a → b"), {}), *parts], title="a → b")


def full(text="x", **fields):
    """Make a report with everything in it, and a text of a stranger's wherever one can be."""
    change = dict.fromkeys(("example_id", "before", "after", "annotator", "reason"), text)
    flip = dict.fromkeys(("label", "base_label", "base_predicted", "predicted"), text)
    cause = dict.fromkeys(("edited_id", "before", "after", "says"), text)
    issue = dict.fromkeys(("example_id", "message"), text)
    made = {
        "metrics": {"splits": {"test": accuracy(0.9)}},
        "base_metrics": {"splits": {"test": accuracy(0.98)}},
        "pair": a_pair(0.98, 0.9, some_flips(1, 9, **flip), answer_key=0.023),
        "causes": some_causes(**cause),
        "moved": [Moved(text, "test", 9, 0, 9, 1.0, 0.0, 0.0, 0.3, 0.004)],
        "n_slices": 9,
        "gates": [some_gate(text, says=text, failed_ids=(text,)), some_gate(is_passed=True)],
        "new_issues": some_issues(**issue),
        "gone_issues": some_issues(**issue),
        "estimate": Estimate("", 1797, 54.4, 40.6, 69.2),
        "note": text,
    }
    return DatasetReport(text, some_changes(**change), **{**made, **fields})


def test_it_begins_with_the_verdict_and_says_what_each_part_found():
    text = text_of(full("note"))
    assert text.startswith(MARKER)
    assert (
        "**Test accuracy on the same labels 0.9800 → 0.9000 (the network -8.00 points): worse, "
        "more than noise; the answer key +2.30 points.**"
    ) in text
    assert "**1 of 2 gates failed.**" in text and "1 relabelled" in text
    assert "0.9800 (0.9300 … 1.0300) | 0.9000 (0.8500 … 0.9500) | **-8.00 points**" in text
    assert "real (p = 0.021, McNemar) | +2.30 points" in text
    assert "test: 1 fixed, 9 broken." in text
    assert "9 classes and slices of held-out examples were looked at; 1 moved" in text
    assert "New: 1 near leaks. Gone: 1 near leaks." in text
    assert "**Labels thought wrong:** 54 (40–70) of 1,797" in text


def test_a_corrected_answer_key_is_not_called_a_better_network():
    rows = [{"example_id": f"x{i}", "split": "test", "label": "8", "base_label": "3"} for i in "ab"]
    flips = pa.Table.from_pylist([{**r, "flip": "relabelled"} for r in rows], schema=FLIPS)
    pair = a_pair(0.95, 0.95, flips, answer_key=0.02)
    now, was = ({"splits": {"test": accuracy(v)}} for v in (0.95, 0.93))
    text = text_of(DatasetReport("d", some_changes(), now, was, pair))
    assert "(the network +0.00 points): within noise; the answer key +2.00 points.**" in text
    assert "test: 0 fixed, 0 broken, 2 by their label alone." in text
    assert "The 2 whose label alone changed sides" in text and "probably by" not in text


def test_without_pairs_the_proportions_are_compared_and_without_a_base_nothing_is():
    now, before = ({"splits": {"test": accuracy(value)}} for value in (0.98, 0.96))
    unpaired = DatasetReport("digits", CHANGES.empty_table(), now, before)
    text = text_of(unpaired)
    assert re.search(r"within noise \(p = 0\.\d+, two proportions\)", text)
    assert "(+2.00 points), each on its own labels." in text and "cannot be told apart" in text
    alone = DatasetReport("digits", CHANGES.empty_table(), now, note="no build of the base here")
    text = text_of(alone)
    assert "Nothing changed." in text and "No build of the base here." in text
    assert "McNemar" not in text and "| – | 0.9800" in text and "nothing to compare" in text
    nothing = DatasetReport("digits", CHANGES.empty_table(), gates=None)
    assert "No build of these labels here" in text_of(nothing)
    assert "gates cannot be judged without a build" in text_of(nothing)
    assert "There are no datasets." in text_of(has_datasets=False)


def test_labels_thought_wrong_stand_before_and_after():
    now, was = Estimate("", 1797, 54.4, 40.6, 69.2), Estimate("", None, 80.0)
    report = DatasetReport("d", some_changes(), estimate=now, base_estimate=was)
    assert "80 → 54 (40–70) of 1,797" in text_of(report)
    assert "thought wrong" not in text_of(DatasetReport("d", some_changes()))


def test_edits_that_did_it_are_counted_by_what_they_did():
    text = text_of(full("x", causes=some_causes(), pair=a_pair(0.98, 0.96, some_flips(0, 2))))
    assert "| relabelled <code>3</code> → <code>8</code> | 1 | 1 | 0 |" in text
    assert "y was; 4 % of its neighbours' vote moved" in text
    assert text.count("no edit near it") == 1


@pytest.mark.parametrize("n", [500, 5_000])
def test_markdown_fits_into_a_comment_and_says_what_it_left_out(n):
    rows = [
        {"example_id": f"x{i}", "kind": "relabelled", "before": f"<{i % 50}>", "after": "8"}
        for i in range(n)
    ]
    many = pa.Table.from_pylist([{**r, "reason": "<" * 100} for r in rows], schema=CHANGES)
    text = text_of(DatasetReport("d", many))
    assert len(text) <= MAX_CHARS and f"{n:,} relabelled" in text and "more" in text
    everything = text_of(*[DatasetReport(f"d{i}", many) for i in range(6)])
    assert len(everything) <= MAX_CHARS
    page = page_of(DatasetReport("d", many))
    assert "are left out here" in page and len(page) < 1_000_000


HOSTILE = [
    "<script>alert(1)</script>",
    "a | b | c",
    "](javascript:alert(1))",
    "</code></details><img src=x onerror=alert(1)>",
    "x\n\n# Heading",
    "`code` **bold** @everyone #1 http://example.com &lt; ![x](y) $a$ ~~b~~ !12",
    '" onmouseover="alert(1)',
    "\u202eevil\u2066",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_what_people_wrote_becomes_neither_markdown_nor_html(text):
    page, plain = text_of(full(text)), text_of(full("n"))
    assert page.count("\n") == plain.count("\n")
    assert page.count("|") == plain.count("|")
    tags = set(re.findall(r"<[^>]*>", page.removeprefix(MARKER)))
    assert tags == {"<code>", "</code>", "<details>", "</details>", "<summary>", "</summary>"}
    assert not re.search(r"\]\(|@everyone|http://|\*\*bold|\u202e", page)


def test_texts_stand_beside_their_ids_and_pictures_do_not():
    changes = some_changes(annotator="ada")
    looks = {"x": Look(text="so | **bold** it is")}
    text = markdown([(dataset_blocks(DatasetReport("d", changes)), looks)])
    assert "| example | text | annotator | reason |" in text
    assert "| so &#124; &#42;&#42;bold&#42;&#42; it is | ada |" in text
    picture = {"x": Look(image="data:image/png;base64,AA==")}
    assert "data:" not in markdown([(dataset_blocks(DatasetReport("d", changes)), picture)])


def test_references_stay_broken_where_entities_are_read_as_characters():
    """GitHub and GitLab look for them in what the Markdown made, not in the Markdown."""
    text = unescape(escape("@ada #1 !2 ~bug %v1 $3 http://x.org www.x.org a@b.org"))
    assert not re.search(r"[@#!~%$]\w|://|www\.x", text)


class _Tags(HTMLParser):
    """Collects the tags and attributes of a page."""

    def __init__(self, page):
        super().__init__()
        self.seen = set()
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.seen |= {(tag, name) for name, _ in attrs} | {(tag, None)}


@pytest.mark.parametrize("text", HOSTILE)
def test_a_page_has_the_same_tags_whatever_people_wrote(text):
    looks = {i: Look(text=text) for i in ("x", text, "b0", "f0")}
    bad = {text: Look(image=f"javascript:{text}")}
    page, plain = page_of(full(text), looks={**looks, **bad}), page_of(full("n"), looks=looks)
    assert _Tags(page).seen <= _Tags(plain).seen | {("blockquote", None)}
    assert {tag for tag, _ in _Tags(page).seen} & {"script", "a", "iframe", "link"} == set()
    assert "javascript:" not in page.replace("](javascript:", "") and "\u202e" not in page


def test_a_page_may_load_nothing_but_its_own_pictures():
    page = page_of(full(), looks={"x": Look(image="data:image/png;base64,AA==")})
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', page)[1]
    assert policy.startswith("default-src 'none'; img-src data:; style-src 'sha256-")
    assert "https:" not in page.replace("http-equiv", "") and " style=" not in page
    assert 'src="data:image/png;base64,AA=="' in page and page == page_of(
        full(), looks={"x": Look(image="data:image/png;base64,AA==")}
    )


@given(st.text())
def test_escaped_text_has_nothing_left_that_means_something(text):
    left = re.sub(r"&#\d+;", "", escape(text))
    assert not re.search(r"[<>|`*_\[\]@#!~$^{}/\\\n\r]|\w:\w", left)


def test_plain_writing_stays_as_it_is():
    assert (
        escape("0.95, +1.2 and near-by (95 %): so. Fine")
        == "0.95, +1.2 and near-by (95 %): so. Fine"
    )
    assert (
        escape("1. list, 12) list") == "1&#46; list, 12) list" and escape("- item") == "&#45; item"
    )


def test_an_absent_value_is_a_dash_and_an_empty_one_is_not():
    assert (code(None), code("")) == ("–", "<code></code>")


def test_effort_adds_up_gaps_and_leaves_out_pauses():
    start = datetime(2026, 1, 1, tzinfo=UTC)

    def at(seconds, annotator):
        made_at = start + timedelta(seconds=seconds)
        return make_edit("x", "label", "3", annotator=annotator, made_at=made_at)

    edits = [at(s, "ada") for s in (0, 4, 10, 1_000, 1_003)] + [at(5, "ben")]
    found = effort([*edits, *edits[::-1]])
    assert (found.n_edits, found.n_examples, found.annotators) == (6, 1, ("ada", "ben"))
    assert found.seconds == pytest.approx(13)
