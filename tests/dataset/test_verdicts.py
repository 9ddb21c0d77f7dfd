"""Verdicts on some labels correct the odds of the others: three a little, three hundred much."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from ide.dataset.edit import make_edit
from ide.dataset.replay import replay
from ide.dataset.verdicts import Verdicts, learn, signals_of, verdicts_of

N = 600
CLASSES = ("a", "b", "c")


@pytest.fixture(scope="module")
def suspects():
    rng = np.random.default_rng(0)
    given = rng.integers(0, 3, N)
    p = np.sort(rng.beta(0.6, 1.2, N))[::-1]
    return pa.table(
        {
            "rank": np.arange(1, N + 1),
            "example_id": [f"x{i:03d}" for i in range(N)],
            "label": [CLASSES[k] for k in given],
            "suggested_label": [CLASSES[k] for k in (given + rng.integers(1, 3, N)) % 3],
            "p_mislabeled": pa.array(p, pa.float32()),
            "loss": pa.array(rng.exponential(1, N), pa.float32()),
            "neighbor_agreement": pa.array(np.where(rng.random(N) < 0.1, np.nan, rng.random(N))),
        }
    )


@pytest.fixture(scope="module")
def signals(suspects):
    return signals_of(suspects)


def verdicts(rows, is_error):
    rows = np.asarray(rows)
    none = np.full(len(rows), -1)
    return Verdicts(rows, np.asarray(is_error, bool), np.full(len(rows), np.nan), none, none)


def pair_rows(suspects, given, suggested):
    rows = zip(suspects["label"].to_pylist(), suspects["suggested_label"].to_pylist(), strict=True)
    return np.array([i for i, pair in enumerate(rows) if pair == (given, suggested)])


def test_no_verdict_changes_nothing(signals):
    logits, own = learn(signals, verdicts(np.array([], int), []))
    assert logits.tobytes() == signals.logits.tobytes()
    assert len(own) == 0


def test_the_order_of_verdicts_changes_nothing(signals):
    rng = np.random.default_rng(1)
    rows, is_error = rng.permutation(N)[:80], rng.random(80) < 0.5
    order = rng.permutation(80)
    one, _ = learn(signals, verdicts(rows, is_error))
    two, _ = learn(signals, verdicts(rows[order], is_error[order]))
    assert np.allclose(one, two)


def test_three_verdicts_move_little_and_many_move_the_pair_they_are_about(suspects, signals):
    pairs = pair_rows(suspects, "a", "b")
    other = pair_rows(suspects, "c", "b")
    few, _ = learn(signals, verdicts(pairs[:3], [False] * 3))
    rows = np.concatenate([pairs[:40], other[:40]])
    many, _ = learn(signals, verdicts(rows, [False] * 40 + [True] * 40))
    assert np.abs(few - signals.logits)[100:].mean() < 0.2
    moved = many - signals.logits
    assert moved[pairs[40:]].mean() < -0.3
    assert moved[other[40:]].mean() > 0.3
    assert np.abs(few - signals.logits).mean() < np.abs(moved).mean()


def test_a_signal_that_tells_right_from_wrong_is_learnt(suspects, signals):
    loss = suspects["loss"].to_numpy()
    rows = np.arange(0, N, 2)
    logits, _ = learn(signals, verdicts(rows, loss[rows] > np.median(loss)))
    moved, rest = logits - signals.logits, np.arange(1, N, 2)
    is_high = loss[rest] > np.median(loss)
    assert moved[rest][is_high].mean() > moved[rest][~is_high].mean() + 0.3


def test_a_judged_row_is_put_as_the_others_put_it(suspects, signals):
    """Leaving one out by the formula is leaving it out by fitting again."""
    rng = np.random.default_rng(2)
    rows = rng.permutation(N)[:60]
    is_error = rng.random(60) < 0.5
    _, own = learn(signals, verdicts(rows, is_error))
    for i in (0, 17, 59):
        keep = np.arange(60) != i
        without, _ = learn(signals, verdicts(rows[keep], is_error[keep]))
        whole, _ = learn(signals, verdicts(rows, is_error))
        assert abs(own[i] - without[rows[i]]) < abs(whole[rows[i]] - without[rows[i]]) + 0.15


# ---- which verdicts count ----


def standing(signals, edits, ranked=("x000",), imported="a", shown=None):
    row_by_id = {"x000": 0} if "x000" in ranked else {}
    return verdicts_of(
        signals, row_by_id=row_by_id, states=replay(edits), imported={"x000": imported},
        shown=lambda _: shown,
    )  # fmt: skip


def edit(action, value=None, *, annotator="ada", **options):
    return make_edit("x000", action, value, annotator=annotator, **options)


@pytest.fixture
def label(suspects):
    return suspects["label"][0].as_py()


@pytest.mark.parametrize(
    ("action", "is_error"), [("confirm", False), ("label", True), ("exclude", True)]
)
def test_what_a_verdict_says_of_the_label_that_was_ranked(signals, label, action, is_error):
    value = {"confirm": label, "label": next(c for c in CLASSES if c != label)}.get(action)
    found = standing(signals, [edit(action, value)], imported=label)
    assert (found.rows.tolist(), found.is_error.tolist()) == ([0], [is_error])


def test_an_undone_verdict_and_a_conflict_are_none(signals, label):
    one = edit("label", "b")
    assert (
        len(standing(signals, [one, edit("undo", one.edit_id, previous=[one.edit_id])]).rows) == 0
    )
    rivals = [edit("label", "b"), edit("label", "c", annotator="ben")]
    assert len(standing(signals, rivals).rows) == 0


def test_a_label_that_was_put_right_before_the_compile_counts_for_its_pair_alone(signals, label):
    """The build ranks the right label now: its signals say nothing of the wrong one."""
    before = next(c for c in CLASSES if c != label)
    shown = {"p_mislabeled": 0.9, "suggested_label": label}
    found = standing(signals, [edit("label", label)], imported=before, shown=shown)
    assert found.rows.tolist() == [-1]
    assert found.is_error.tolist() == [True]
    assert found.logits[0] == pytest.approx(np.log(9))
    codes = signals.code_by_class
    assert (found.given[0], found.suggested[0]) == (codes[before], codes[label])
    logits, own = learn(signals, found)
    assert len(own) == 0
    assert not np.array_equal(logits, signals.logits)
    unknown = standing(signals, [edit("label", label)], imported=before)
    assert np.array_equal(learn(signals, unknown)[0], signals.logits)


def test_a_label_given_to_the_pool_judges_no_label(signals):
    assert len(standing(signals, [edit("label", "b")], ranked=(), imported=None).rows) == 0
