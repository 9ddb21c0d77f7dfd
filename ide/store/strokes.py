"""Strokes as a picture: a payload of points has no bytes that a browser could show."""

from __future__ import annotations

from itertools import pairwise

from ide.dataset.reading import as_float, parse_json

MIME = "image/svg+xml"
MAX_POINTS = 4_000  # of a picture; of more, every second one, or every third, … is drawn
SIDE = 320  # pixels that a picture has where nobody says how large it is to be
_EDGE, _WIDTH = 0.06, 0.02  # shares of the side: what stays free around it, and the pen's width


def strokes_svg(payload: bytes, side: int = SIDE) -> bytes:
    """Return strokes (JSON: a list of points x, y, t) as an SVG; without a point to draw, a frame.

    Nothing of the payload but numbers is in it. y grows downwards, as a pen's does on a screen.
    """
    drawn = _lines(_points(payload), side)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{side}" height="{side}" '
        f'viewBox="0 0 {side} {side}"><g fill="none" stroke="#888" stroke-linecap="round" '
        f'stroke-linejoin="round" stroke-width="{max(side * _WIDTH, 2):.1f}">{drawn}</g></svg>'
    ).encode()


def _points(payload: bytes) -> list[tuple[float, float] | None]:
    """Return the points; None where the pen was lifted, which is where one is no point."""
    try:
        listed = parse_json(payload)
    except ValueError:
        return []
    rows = listed if isinstance(listed, list) else []
    step = -(-len(rows) // MAX_POINTS) or 1
    found: list[tuple[float, float] | None] = []
    for row in rows[::step]:
        x, y = (as_float(row.get(k)) for k in "xy") if isinstance(row, dict) else (None, None)
        found.append(None if x is None or y is None else (x, y))
    return found


def _lines(points: list[tuple[float, float] | None], side: int) -> str:
    whole = [point for point in points if point is not None]
    if not whole:
        edge = side * _EDGE
        size = side - 2 * edge
        return (
            f'<rect x="{edge:.1f}" y="{edge:.1f}" width="{size:.1f}" height="{size:.1f}" '
            'stroke-dasharray="4 8"/>'
        )
    low = [min(point[axis] for point in whole) for axis in (0, 1)]
    high = [max(point[axis] for point in whole) for axis in (0, 1)]
    extent = max(high[0] - low[0], high[1] - low[1])
    scale = side * (1 - 2 * _EDGE) / extent if extent > 0 and extent < float("inf") else 0.0
    middle = [low[axis] / 2 + high[axis] / 2 for axis in (0, 1)]

    def place(point: tuple[float, float]) -> str:
        return " ".join(f"{side / 2 + (point[a] - middle[a]) * scale:.1f}" for a in (0, 1))

    path = []
    for before, point in pairwise([None, *points]):
        if point is not None:  # a lone point is a dot
            path.append(f"M{place(point)}h0" if before is None else f"L{place(point)}")
    return f'<path d="{"".join(path)}"/>'
