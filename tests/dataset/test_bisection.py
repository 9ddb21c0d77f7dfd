"""Laws of the search: it ends at the commit that broke the gate, within its bound of builds."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ide.dataset.bisection import (
    BAD,
    BAD_PASSES,
    FOUND,
    GOOD,
    GOOD_FAILS,
    PROBE,
    SKIPPED,
    doubt,
    group,
    most_builds,
    path,
    search,
)


def run(weights, truth, known=()):
    """Search to its end; ``truth`` tells the verdict of each position, ``known`` those given."""
    verdicts = {p: truth[p] for p in known}
    built = []
    step = search(weights, verdicts)
    while step.state == PROBE:
        assert step.probe not in verdicts, "asked twice"
        assert len(built) + step.n_builds <= most_builds(len(weights)) + truth.count(SKIPPED)
        verdicts[step.probe] = truth[step.probe]
        built += [step.probe] if truth[step.probe] != SKIPPED else []
        step = search(weights, verdicts, n_built=len(built))
    return step, built


def broken_at(culprit, n):
    return [GOOD] * culprit + [BAD] * (n + 1 - culprit)


@pytest.mark.parametrize("n", [*range(1, 34), 63, 64, 65, 127, 128, 129])
def test_every_culprit_is_found_within_the_bound(n):
    heavy_tail = [float(3**i) for i in range(n)]
    for weights in ([1.0] * n, heavy_tail, heavy_tail[::-1], [0.0] * n):
        for culprit in range(1, n + 1):
            step, built = run(weights, broken_at(culprit, n))
            assert (step.state, step.low, step.high) == (FOUND, culprit - 1, culprit)
            assert {culprit - 1, culprit} <= set(built)  # nothing is taken on trust
            assert len(built) <= most_builds(n)


@given(st.data())
def test_what_is_known_costs_nothing_and_helps(data):
    n = data.draw(st.integers(1, 40))
    weights = data.draw(st.lists(st.floats(0, 500), min_size=n, max_size=n))
    culprit = data.draw(st.integers(1, n))
    known = data.draw(st.sets(st.integers(0, n)))
    step, built = run(weights, broken_at(culprit, n), known)
    assert (step.low, step.high) == (culprit - 1, culprit)
    assert len(built) <= most_builds(n)
    assert not known & set(built)


@given(st.data())
def test_whatever_the_verdicts_it_ends_between_one_that_passes_and_one_that_fails(data):
    n = data.draw(st.integers(1, 30))
    truth = data.draw(
        st.lists(st.sampled_from([GOOD, BAD, SKIPPED]), min_size=n + 1, max_size=n + 1)
    )
    known = data.draw(st.sets(st.integers(0, n)))
    step, _ = run([1.0] * n, truth, known)
    if step.state == GOOD_FAILS:
        assert truth[0] == BAD
    elif step.state == BAD_PASSES:
        assert truth[n] == GOOD
    else:
        assert truth[step.low] == GOOD or (step.low == 0 and truth[0] == SKIPPED)
        assert truth[step.high] == BAD or (step.high == n and truth[n] == SKIPPED)
        assert set(truth[step.low + 1 : step.high]) <= {SKIPPED}
        assert GOOD not in [truth[p] for p in known if p > step.high]  # the last change counts


def test_a_revision_that_cannot_be_built_is_passed_by():
    truth = broken_at(5, 8)
    truth[4] = SKIPPED
    step, _ = run([1.0] * 8, truth)
    assert (step.low, step.high) == (3, 5)  # one of two: the skipped one, or the next
    truth = broken_at(7, 8)
    truth[4] = SKIPPED
    step, _ = run([1.0] * 8, truth)
    assert (step.low, step.high) == (6, 7)


def test_an_end_of_which_a_wrong_thing_was_said_is_noticed():
    assert run([1.0] * 9, [BAD] * 10)[0].state == GOOD_FAILS
    assert run([1.0] * 9, [GOOD] * 10)[0].state == BAD_PASSES
    assert run([1.0] * 9, [BAD] * 10, known={0})[1] == []


def test_the_large_commit_is_looked_at_first():
    weights = [5.0] * 16
    weights[11] = 200.0
    step, built = run(weights, broken_at(12, 16))
    assert step.high == 12
    assert len(built) == 2


def test_sixteen_commits_take_at_most_five_builds():
    assert most_builds(16) == 5
    assert max(len(run([1.0] * 16, broken_at(c, 16))[1]) for c in range(1, 17)) == 5


def test_neighbours_that_are_equal_are_one():
    assert group(["a", "a", "b", "a", "a"]) == [0, 0, 1, 2, 2]
    assert group([]) == []


@given(st.data())
def test_a_path_leads_from_good_to_bad_by_parents(data):
    """In any history: each step is to a child, and the first parent is left only if it must be."""
    n = data.draw(st.integers(2, 12))
    every = {"0": ()}
    for i in range(1, n):
        some = data.draw(st.lists(st.integers(0, i - 1), min_size=1, max_size=3, unique=True))
        every[str(i)] = tuple(map(str, some))
    good, bad = str(data.draw(st.integers(0, n - 1))), str(n - 1)

    def descends(commit):
        return commit == good or any(descends(p) for p in every[commit])

    between = {c: every[c] for c in every if c != good and descends(c)} | {bad: every[bad]}
    found = path(between, good, bad)
    if bad == good or not descends(bad):
        assert found == []
        return
    assert found[-1] == bad
    for before, after in pairwise([good, *found]):
        assert before in every[after]
        firsts = every[after][: every[after].index(before)]
        assert not any(descends(p) for p in firsts)


def test_doubt_is_said_where_chance_could_have_done_it():
    clear = {"is_close_before": True, "is_close_after": True}
    assert "both verdicts" in doubt(**clear, n_broken=3, n_fixed=2)
    assert doubt(**clear, n_broken=20, n_fixed=2) == ""
    assert doubt(is_close_before=False, is_close_after=False, n_broken=0, n_fixed=0) == ""
