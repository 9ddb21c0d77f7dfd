"""The graph of commits: every line leads from a commit to its parent."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ide.store.commit_graph import lanes


@st.composite
def histories(draw):
    """Commits newest first, each with one to three older parents, the oldest with none."""
    n = draw(st.integers(1, 12))
    found = []
    for i in range(n):
        older = list(range(i + 1, n))
        chosen = draw(st.lists(st.sampled_from(older), max_size=3, unique=True)) if older else []
        found.append((str(i), tuple(str(p) for p in chosen or older[:1])))
    return found


@given(histories())
def test_following_the_lines_down_from_a_commit_ends_at_its_parents(commits):
    found = lanes(commits)
    at = {commit: i for i, (commit, _) in enumerate(commits)}
    for i, (_, parents) in enumerate(commits):
        ends = set()
        for start, to, part in found[i].lines:
            if part == "below":
                assert start == found[i].lane
                ends.add(_follow(found, commits, i + 1, to))
        assert ends == {at[p] for p in parents}


def _follow(found, commits, row, column):
    """Return the row of the commit that a line in a column, below the row before, leads to."""
    while row < len(commits):
        if (column, found[row].lane, "above") in found[row].lines:
            return row
        assert (column, column, "through") in found[row].lines
        row += 1
    return None


def test_a_branch_stands_beside_and_meets_again():
    commits = [("m", ("a", "b")), ("a", ("r",)), ("b", ("r",)), ("r", ())]
    assert [place.lane for place in lanes(commits)] == [0, 0, 1, 0]
