"""Splits follow from the seed and the ids, keep their shares, and never move."""

from collections import Counter

from hypothesis import assume, given
from hypothesis import strategies as st

from ide.dataset.splits import assign_splits, class_sizes

shares = st.tuples(st.floats(0, 0.9), st.floats(0, 0.9)).filter(lambda s: sum(s) < 1)
labelled = st.dictionaries(
    st.text("abcdef0123456789", min_size=1, max_size=6),
    st.sampled_from(["cat", "dog", "owl", None]),
    max_size=60,
)


def split(examples, *, share, seed=0, counts=None):
    ids, labels = list(examples), list(examples.values())
    validation, test = share
    found = assign_splits(ids, labels, seed=seed, validation=validation, test=test, counts=counts)
    return dict(zip(ids, found, strict=True))


@given(labelled, shares, st.integers(0, 9), st.randoms())
def test_the_order_of_the_examples_does_not_matter(examples, share, seed, random):
    shuffled = list(examples.items())
    random.shuffle(shuffled)
    assert split(dict(shuffled), share=share, seed=seed) == split(examples, share=share, seed=seed)


@given(labelled, shares, st.integers(0, 9))
def test_each_class_has_its_shares_within_one(examples, share, seed):
    counts = Counter((examples[i], s) for i, s in split(examples, share=share, seed=seed).items())
    for label, n in Counter(examples.values()).items():
        if label is None:
            assert counts[None, "pool"] == n
            continue
        assert abs(counts[label, "validation"] - share[0] * n) <= 1
        assert abs(counts[label, "test"] - share[1] * n) <= 1
        assert counts[label, "train"] >= 1
        assert counts[label, "pool"] == 0


@given(labelled, labelled, shares)
def test_another_class_changes_no_split_of_the_first(examples, others, share):
    cats = dict.fromkeys(examples, "cat")
    dogs = {i: "dog" for i in others if i not in cats}
    alone = split(cats, share=share)
    together = split(cats | dogs, share=share)
    assert {i: together[i] for i in cats} == alone


@given(st.lists(st.integers(1, 7), min_size=1, max_size=12), shares)
def test_what_is_added_batch_by_batch_keeps_the_shares_of_the_whole(sizes, share):
    counts, n = Counter(), 0
    for size in sizes:
        batch = {f"id{n + k}": "cat" for k in range(size)}
        n += size
        counts.update(("cat", s) for s in split(batch, share=share, counts=counts).values())
    assert abs(counts["cat", "test"] - share[1] * n) <= 2
    assert abs(counts["cat", "validation"] - share[0] * n) <= 2
    assert sum(counts.values()) == n


def test_examples_one_at_a_time_reach_every_split():
    counts = Counter()
    for k in range(100):
        (new,) = split({f"id{k}": "cat"}, share=(0.15, 0.25), counts=counts).values()
        counts["cat", new] += 1
    assert counts == {("cat", "train"): 60, ("cat", "validation"): 15, ("cat", "test"): 25}


@given(labelled, shares)
def test_another_seed_deals_otherwise_and_the_same_the_same(examples, share):
    assume(len(examples) > 1)
    assert split(examples, share=share, seed=1) == split(examples, share=share, seed=1)


def test_seeds_differ():
    examples = {f"id{k}": "cat" for k in range(100)}
    first, second = (split(examples, share=(0.2, 0.2), seed=s) for s in (0, 1))
    assert first != second


@given(st.integers(0, 1000), shares)
def test_a_class_keeps_one_to_train_on(n, share):
    n_test, n_validation = class_sizes(n, validation=share[0], test=share[1])
    assert n_test >= 0 and n_validation >= 0
    assert n == 0 or n_test + n_validation < n
