"""Ids are made from content, and no two examples share one."""

from hypothesis import given
from hypothesis import strategies as st

from ide.dataset.ids import content_id, free_id

some_ids = st.lists(st.sampled_from(["a", "b", "a-2", "a-3", "b-2", "a-2-2"]), max_size=12)


def test_an_id_is_the_first_sixteen_digits_of_blake2b():
    """The digits of RFC 7693's own example, BLAKE2b of "abc"."""
    assert content_id(b"abc") == "ba80a53f981c4d0d"


@given(st.binary(), st.binary())
def test_the_same_content_has_the_same_id_and_another_another(first, second):
    assert (content_id(first) == content_id(second)) == (first == second)


@given(some_ids)
def test_ids_dealt_one_after_another_are_unique_and_keep_their_names(ids):
    taken = set()
    for wanted in ids:
        free = free_id(wanted, taken)
        assert free == wanted or (wanted in taken and free.startswith(f"{wanted}-"))
        assert free not in taken
        taken.add(free)


def test_repeats_are_numbered_from_two():
    assert free_id("x", {"x"}) == "x-2"
    assert free_id("x", {"x", "x-2"}) == "x-3"
    assert free_id("y", {"x"}) == "y"
