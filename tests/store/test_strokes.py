"""Strokes are drawn: whatever their points are, as a picture of numbers and nothing else."""

from __future__ import annotations

import json
from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st

from ide.store.strokes import MAX_POINTS, SIDE, strokes_svg

NUMBERS = st.floats() | st.integers() | st.integers(-(10**400), 10**400) | st.none() | st.text()
POINTS = st.fixed_dictionaries({"x": NUMBERS, "y": NUMBERS}) | st.none() | st.integers()


def places(svg: bytes) -> list[float]:
    path = ElementTree.fromstring(svg).find(".//{*}path")
    text = path.get("d").replace("h0", "")
    return [float(n) for pair in text.replace("L", "M").split("M")[1:] for n in pair.split()]


def line(*points: tuple[float, float]) -> bytes:
    return json.dumps([{"x": x, "y": y, "t": 0} for x, y in points]).encode()


@given(st.lists(POINTS, max_size=8))
def test_any_points_make_a_picture_whose_lines_lie_within_it(points):
    svg = strokes_svg(json.dumps(points).encode())
    root = ElementTree.fromstring(svg)
    assert {child.tag.rpartition("}")[2] for child in root.iter()} <= {"svg", "g", "path", "rect"}
    if root.find(".//{*}path") is not None:
        assert all(0 <= place <= SIDE for place in places(svg))


@given(st.binary(max_size=40))
def test_what_is_no_list_of_points_is_a_frame(payload):
    assert ElementTree.fromstring(strokes_svg(payload)).find(".//{*}rect") is not None


def test_a_shape_keeps_its_proportions_and_stands_in_the_middle():
    wide = places(strokes_svg(line((0, 0), (100, 10))))
    xs, ys = wide[0::2], wide[1::2]
    assert max(xs) - min(xs) > 9 * (max(ys) - min(ys))
    assert abs((min(ys) + max(ys)) / 2 - SIDE / 2) < 0.2
    moved = places(strokes_svg(line((7_000, 7_000), (7_100, 7_010))))
    assert moved == wide


def test_a_lone_point_is_a_dot_and_a_point_that_is_none_lifts_the_pen():
    assert b"h0" in strokes_svg(line((5, 5)))
    lifted = b'[{"x": 0, "y": 0}, null, {"x": 9, "y": 9}]'
    assert b"L" not in strokes_svg(lifted)


def test_a_long_drawing_is_drawn_to_its_end():
    many = line(*((i, 0) for i in range(3 * MAX_POINTS)))
    assert max(places(strokes_svg(many))[0::2]) > SIDE * 0.93
