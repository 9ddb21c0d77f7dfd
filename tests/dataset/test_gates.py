"""Gates: what one can be, what it measures, and what its number of examples can tell."""

from __future__ import annotations

import math
import tomllib
from dataclasses import replace
from math import comb

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ide.dataset import gate_words
from ide.dataset.binomial import CHANCE, at_least, at_most, n_to_tell
from ide.dataset.errors import ConfigError, GateError
from ide.dataset.gate_drafts import condition_of, of_class, of_examples, of_slice, tidy
from ide.dataset.gate_metrics import Measured, measure, t_95
from ide.dataset.gates import METRICS, Gate, check_gate, parse_gate, read_gates
from ide.dataset.judging import judge
from ide.dataset.metrics import evaluate, wilson
from ide.store.gate_file import free_name, gate_toml
from tests.strategies import CLASSES

WHERE = "datasets/pets/dataset.toml"
LINES = [f"{kind} of {CLASSES[2]}" if m.of_class else kind for kind, m in METRICS.items()]
texts = st.text(st.characters(blacklist_categories=("Cs", "Cc")), min_size=1, max_size=30)


@st.composite
def gates(draw) -> Gate:
    metric = draw(st.sampled_from(LINES))
    measure_of = METRICS[metric.split(" of ")[0]]
    numbers = st.integers(0, 50) if measure_of.is_count else st.floats(0.01, 1)
    return Gate(
        name=draw(texts.filter(lambda t: t.strip() and t.isprintable())),
        condition=draw(texts.map(str.strip).filter(lambda t: t and t[0] not in "<>=≥≤⩾⩽")),
        metric=metric,
        bound=float(draw(numbers)),
        tolerance=draw(st.none() | numbers.map(float)),
        split=draw(st.sampled_from(("test", "validation", "train", None))),
    )


@st.composite
def rows(draw, *, min_size: int = 0) -> pa.Table:
    n = draw(st.integers(min_size, 12))
    classes = st.lists(st.sampled_from(CLASSES[:3]), min_size=n, max_size=n)
    losses = st.lists(st.floats(0, 5, width=32), min_size=n, max_size=n)
    return table(draw(classes), draw(classes), draw(losses))


def table(labels, predicted, losses=None) -> pa.Table:
    n = len(labels)
    return pa.table(
        {
            "example_id": pa.array([f"x{i:03d}" for i in range(n)], pa.string()),
            "label": pa.array(labels, pa.string()),
            "predicted": pa.array(predicted, pa.string()),
            "loss": pa.array([1.0] * n if losses is None else losses, pa.float32()),
            "is_out_of_sample": pa.array([True] * n, pa.bool_()),
        }
    )


def share(n_right: int, n: int) -> pa.Table:
    return table(["cat"] * n, ["cat"] * n_right + ["dog"] * (n - n_right))


def accuracy(bound: float, **more) -> Gate:
    return Gate("g", "true", "accuracy", bound, **more)


@settings(max_examples=40)
@given(gates())
def test_a_gate_written_and_read_again_is_the_same(gate):
    assert read_gates(tomllib.loads(gate_toml(gate)), WHERE, CLASSES) == (gate,)
    line = parse_gate(gate.text, classes=CLASSES)
    assert replace(line, name=gate.name, tolerance=gate.tolerance) == gate


@pytest.mark.parametrize(
    ("text", "gate"),
    [
        ("accuracy >= 0.9", ("true", "accuracy", 0.9, "test")),
        ("accuracy on slice label = '8' ≥ 0.95", ("label = '8'", "accuracy", 0.95, "test")),
        ("accuracy on slice year >= 2000 >= .5", ("year >= 2000", "accuracy", 0.5, "test")),
        ("recall of a cat on validation>=1", ("true", "recall of a cat", 1.0, "validation")),
        ("loss on all where label = 'on' <= 2e-1", ("label = 'on'", "loss", 0.2, None)),
        ("n_wrong on testing = 3 ≤ 4", ("testing = 3", "n_wrong", 4.0, "test")),
    ],
)
def test_a_line_is_a_gate_and_its_text_the_same_gate(text, gate):
    found = parse_gate(text)
    assert (found.condition, found.metric, found.bound, found.split) == gate
    again = parse_gate(found.text)
    assert (again.condition, again.metric, again.bound, again.split) == gate
    assert parse_gate(" night ", [accuracy(0.5), of_slice("x", name="night")]).condition == "x"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "is no gate; write one such as"),
        ("nigth", "did you mean 'night'?"),
        ("acuracy >= 0.9", "did you mean accuracy?"),
        ("accuracy > 0.9", "held to >="),
        ("loss >= 0.9", "held to <="),
        ("accuracy >= 95", "wanted 0 to 1"),
        ("accuracy >= 0.9.5", "wanted a number"),
        ("recall >= 0.9", "wanted recall of CLASS"),
        ("recall of cta >= 0.9", "did you mean cat?"),
        ("accuracy of cat >= 0.9", "wanted accuracy"),
    ],
)
def test_a_line_that_is_no_gate_gets_a_sentence(text, sentence):
    with pytest.raises(GateError) as caught:
        parse_gate(text, [of_slice("x", name="night")], classes=CLASSES)
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("keys", "sentence"),
    [
        ("metric='accuracy'\nbound=1", "gate 1 has no name"),
        ("name='a'\nbound=1", "has no metric"),
        ("name='a'\nmetric='accuracy'", "has no bound"),
        ("name='a'\nmetric='accuracy'\nbound=1\nbond=2", "'bond' is not a key of a gate; did you"),
        ("name='a'\nmetric='accuracy'\nbound=1\nslice='x'", "did you mean condition?"),
        ("name='a'\nmetric='accuracy'\nbound=true", "bound is True, wanted a number"),
        ("name='a'\nmetric='accuracy'\nbound=1.5", "bound is 1.5, wanted 0 to 1"),
        ("name='a'\nmetric='accuracy'\nbound=nan", "bound is nan, wanted 0 to 1"),
        ("name='a'\nmetric='accuracy'\nbound=0", "which nothing can fail"),
        ("name='a'\nmetric='n_wrong'\nbound=1.5", "wanted a whole number"),
        ("name='a'\nmetric='loss'\nbound=-1", "bound is -1, wanted 0 or more"),
        ("name='a'\nmetric='accuracy'\nbound=1\ntolerance=-1", "tolerance is -1"),
        ("name='a'\nmetric='accuracy'\nbound=1\ncondition=3", "condition is 3, wanted text"),
        ("name='a'\nmetric='accuracy'\nbound=1\ncondition=' '", "the condition is empty"),
        ("name='a'\nmetric='accuracy'\nbound=1\nsplit='tset'", "split is 'tset'"),
        ("name='a'\nmetric='f1 of dog'\nbound=1\n[[gate]]\nname='b'", "gate 'b' has no metric"),
        ("name='''a\nb'''\nmetric='accuracy'\nbound=1", "wanted a line"),
    ],
)
def test_a_mistake_in_a_gate_is_one_sentence_that_names_the_file_and_the_gate(keys, sentence):
    with pytest.raises(ConfigError, match=r"^datasets/pets/dataset\.toml: gate ") as caught:
        read_gates(tomllib.loads(f"[[gate]]\n{keys}"), WHERE, CLASSES)
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


def test_two_gates_have_two_names():
    one = "[[gate]]\nname='a'\nmetric='accuracy'\nbound=1\n"
    with pytest.raises(ConfigError, match="two gates have the name 'a'"):
        read_gates(tomllib.loads(one * 2), WHERE)
    assert free_name("a", {"a", "a 2"}) == "a 3"


@settings(max_examples=40)
@given(rows(min_size=1), st.sampled_from(LINES), st.randoms())
def test_the_order_of_examples_changes_nothing(found, metric, random):
    gate = Gate("g", "true", metric, 0.5)
    order = list(range(len(found)))
    random.shuffle(order)
    assert judge(gate, found.take(order)) == judge(gate, found)


@settings(max_examples=40)
@given(rows(min_size=1), st.sampled_from(LINES))
def test_a_value_lies_in_its_interval_and_says_what_it_is(found, metric):
    gate = Gate("g", "true", metric, 0.5)
    now = measure(gate, found)
    result = judge(gate, found)
    assert (now.value, now.n) == (result.value, result.n)
    if now.value is None:
        assert not result.is_passed and "It tests nothing" in result.says
    else:
        assert now.low <= now.value + 1e-9 and now.value <= now.high + 1e-9
        assert ("It passes" in result.says) == result.is_passed
        assert result.is_passed or result.failed_ids


@given(st.integers(1, 40), st.data())
def test_a_bound_that_passes_passes_with_more_right(n, data):
    k = data.draw(st.integers(0, n))
    bound = data.draw(st.floats(0.01, 1))
    if judge(accuracy(bound), share(k, n)).is_passed:
        assert judge(accuracy(bound), share(min(n, k + 1), n)).is_passed
        assert judge(accuracy(bound), share(k + 1, n + 1)).is_passed


@settings(max_examples=30)
@given(rows(min_size=1))
def test_metrics_are_those_of_a_build(found):
    def places(column):
        return np.array([CLASSES.index(v) for v in found[column].to_pylist()])

    n = len(found)
    probs = np.full((n, len(CLASSES)), 0.25)
    splits = np.array(["test"] * n, object)
    whole = evaluate(places("label"), places("predicted"), probs, splits, CLASSES)

    def value(metric):
        return measure(Gate("g", "true", metric, 0.5), found).value

    assert value("accuracy") == whole["splits"]["test"]["accuracy"]["value"]
    assert value("macro_f1") == pytest.approx(whole["splits"]["test"]["macro_f1"])
    for row in whole["classes"]:
        for kind in ("precision", "recall"):
            assert value(f"{kind} of {row['label']}") == row[kind]["value"]
        assert value(f"f1 of {row['label']}") == pytest.approx(row["f1"])


def test_no_example_never_passes():
    for metric in LINES:
        result = judge(Gate("g", "x", metric, 0.0, tolerance=1.0), share(0, 0), n_named=0)
        assert not result.is_passed
        assert "names no example" in result.says
    assert "of the 3 examples" in judge(accuracy(0.5), share(0, 0), n_named=3).says


def test_a_tolerance_is_against_the_base_on_the_examples_of_both():
    worse = judge(accuracy(0.1, tolerance=0.1), share(5, 10), share(7, 10))
    assert not worse.is_passed
    assert (worse.value, worse.base_value) == (0.5, 0.7)
    assert "worse by 0.20, more than the tolerance of 0.10 (2 broken, 0 fixed" in worse.says
    assert judge(accuracy(0.1, tolerance=0.2), share(5, 10), share(7, 10)).is_passed
    assert judge(accuracy(0.1, tolerance=0.0), share(7, 10), share(7, 10)).is_passed
    alone = judge(accuracy(0.1, tolerance=0.0), share(7, 10))
    assert alone.is_passed and "was not judged" in alone.says
    lower = Gate("g", "true", "n_wrong", 9, tolerance=1)
    assert judge(lower, share(6, 10), share(7, 10)).is_passed
    assert not judge(lower, share(5, 10), share(7, 10)).is_passed
    assert "4 of the 10" in judge(accuracy(0.1), share(6, 6), share(7, 10)).says


@given(st.integers(0, 30), st.integers(0, 30), st.floats(0, 1))
def test_tails_of_a_binomial_are_exact(k, n, p):
    every = [comb(n, i) * p**i * (1 - p) ** (n - i) for i in range(n + 1)]
    assert at_least(k, n, p) == pytest.approx(sum(every[k:]), abs=1e-12)
    assert at_most(k, n, p) == pytest.approx(sum(every[: k + 1]), abs=1e-12)


def test_tails_of_many_examples_are_quick_and_add_up():
    n, p = 1_000_000, 0.95
    for k in (949_000, 950_000, 950_500):
        assert at_least(k + 1, n, p) + at_most(k, n, p) == pytest.approx(1)
    assert gate_words.power(accuracy(p), n).endswith("right would be needed to tell 0.95")


@given(st.floats(0.06, 0.999))
def test_so_many_are_needed_and_no_fewer(bound):
    n = n_to_tell(bound)
    assert bound**n <= CHANCE + 1e-6
    assert n == 1 or bound ** (n - 1) > CHANCE - 1e-6
    assert n_to_tell(0.95) == 59
    assert n_to_tell(1.0) is None


def test_a_gate_on_five_examples_is_judged_as_five_examples():
    assert judge(accuracy(0.95), share(5, 5)).says == (
        "5 of 5 right: accuracy 1.00 (95 %: 0.57 to 1.00), wanted ≥ 0.95. It passes, and cannot "
        "tell more: with 5 examples a true accuracy of 0.57 would pass one time in 17; 59, all of "
        "them right, would be needed to tell 0.95."
    )
    assert "It fails, within chance" in judge(accuracy(0.95), share(4, 5)).says
    assert "It fails, beyond chance" in judge(accuracy(0.95), share(41, 60)).says
    assert "It passes, beyond chance." in judge(accuracy(0.95), share(59, 59)).says
    assert "no number of examples can tell" in judge(accuracy(1.0), share(5, 5)).says
    assert "every one has to be right, and 2 are not." in judge(accuracy(1.0), share(3, 5)).says


@given(st.integers(1, 80), st.data(), st.floats(0.05, 0.99))
def test_what_is_beyond_chance_stays_so_with_more_of_the_same(n, data, bound):
    k = data.draw(st.integers(0, n))
    gate, now = accuracy(bound), Measured(n, k / n, *wilson(k, n), k)
    is_kept = judge(gate, share(k, n)).is_passed
    if k in (0, n) and gate_words.is_beyond_chance(gate, now, is_kept=is_kept):
        m = n + 1
        more = Measured(m, k / n, *wilson(m if k else 0, m), m if k else 0)
        assert gate_words.is_beyond_chance(gate, more, is_kept=is_kept)
    said = gate_words.judgement(gate, now, is_kept=is_kept)
    assert said.startswith("It passes" if is_kept else "It fails")
    assert said.endswith(".") and "\n" not in said


@given(st.floats(0, 1))
def test_a_share_is_never_written_as_an_end_that_it_is_not(value):
    text = gate_words.number(accuracy(0.5), value)
    assert float(text) == pytest.approx(value, abs=0.05)
    assert (float(text) in (0, 1)) == (value in (0, 1)) or min(value, 1 - value) < 1e-7


@pytest.mark.parametrize(
    ("n_free", "t"), [(1, 12.7062), (2, 4.3027), (3, 3.1824), (5, 2.5706), (30, 2.0423)]
)
def test_student_s_t_is_that_of_the_tables(n_free, t):
    assert t_95(n_free) == pytest.approx(t, abs=0.004)


def test_a_loss_of_one_example_is_bounded_by_nothing():
    now = measure(Gate("g", "true", "loss", 1.0), table(["cat"], ["cat"], [0.5]))
    assert (now.value, now.low, math.isinf(now.high)) == (0.5, 0.0, True)


@given(texts, texts)
def test_drafts_are_gates_whatever_ids_and_classes_are_called(example_id, label):
    drafts = [
        of_examples(f"example {example_id}", [example_id, "x"], ["test", None]),
        of_slice(condition_of([("label", label), ("split", None)], "year > 2000 -- new")),
        of_class(label, wanted=0.999),
    ]
    for draft in drafts:
        assert read_gates(tomllib.loads(gate_toml(draft)), WHERE, [label]) == (draft,)
        assert check_gate(draft, [label]) == draft
    assert drafts[2].bound == 0.99
    assert tidy("a\nb") == "a b" and len(tidy("x" * 999)) == 80
