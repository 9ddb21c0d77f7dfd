"""The benchmark as a picture: what each method's average precision leaves to be desired."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from html import escape
from math import log10

from benchmarks.label_noise.measure import UPWELL
from benchmarks.label_noise.peers import ONE_RUN_NAMES
from benchmarks.label_noise.summary import Row

LEFT, PLOT_WIDTH, RIGHT = 190, 560, 30
TOP, ROW_HEIGHT, GAP, BOTTOM = 84, 24, 10, 48  # GAP: between datasets
TICKS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
CLEANLAB = "cleanlab's best score"
# readable on white and on near-black alike
TEXT, GRID, OURS, THEIRS, OTHERS = "#7a828c", "#8a929c", "#2f8fe6", "#e0762f", "#8a929c"
STYLE = f"""
text {{ font: 12px system-ui, sans-serif; fill: {TEXT} }}
.title {{ font-size: 14px; font-weight: 600 }}
.grid {{ stroke: {GRID}; stroke-opacity: .25 }}
.gain {{ stroke: {TEXT}; stroke-opacity: .7; stroke-width: 2 }}
.other {{ fill: none; stroke: {OTHERS}; stroke-width: 1.5 }}
"""


def chart(rows: Sequence[Row]) -> str:
    """Draw an SVG: a line a row, a mark a method, 1 − AP on a logarithmic scale, left = better."""
    scale = _Scale([_left_over(row, m) for row in rows for m in (UPWELL, CLEANLAB, *ONE_RUN_NAMES)])
    tops = _tops(rows)
    height = tops[-1] + ROW_HEIGHT + BOTTOM
    width = LEFT + PLOT_WIDTH + RIGHT
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}" role="img" aria-labelledby="title">',
        f"<style>{STYLE}</style>",
        '<text id="title" class="title" x="16" y="26">What the ranking of wrong labels leaves '
        "to be desired: 1 − average precision</text>",
        *_legend(),
        *_axis(scale, height),
    ]
    for row, top in zip(rows, tops, strict=True):
        parts += _line(row, top + ROW_HEIGHT / 2, scale)
    return "\n".join([*parts, "</svg>\n"])


def _tops(rows: Sequence[Row]) -> list[int]:
    """Give the upper edge of each row in pixels, a gap where another dataset begins."""
    tops = [TOP]
    for above, row in itertools.pairwise(rows):
        tops.append(tops[-1] + ROW_HEIGHT + (GAP if row.dataset != above.dataset else 0))
    return tops


class _Scale:
    """From 1 − AP to pixels."""

    def __init__(self, values: Sequence[float]) -> None:
        self.is_cut = min(values) < TICKS[0]
        self.low = max((t for t in TICKS if t <= min(values)), default=TICKS[0])
        self.high = min((t for t in TICKS if t >= max(values)), default=TICKS[-1])

    def __call__(self, value: float) -> float:
        share = log10(max(value, self.low) / self.low) / log10(self.high / self.low)
        return round(LEFT + PLOT_WIDTH * share, 1)

    def name(self, tick: float) -> str:
        return f"≤ {tick:g}" if self.is_cut and tick == self.low else f"{tick:g}"


def _left_over(row: Row, method: str) -> float:
    return 1 - row.mean(row.best_of_cleanlab if method == CLEANLAB else method, "ap")


def _line(row: Row, y: float, scale: _Scale) -> list[str]:
    ours, theirs = (scale(_left_over(row, method)) for method in (UPWELL, CLEANLAB))
    marks = [_mark(name, scale(_left_over(row, name)), y) for name in ONE_RUN_NAMES]
    return [
        f'<text x="{LEFT - 16}" y="{y + 4}" text-anchor="end">{escape(row.name)}</text>',
        f'<line class="gain" x1="{ours}" y1="{y}" x2="{theirs}" y2="{y}"/>',
        *marks,
        _mark(CLEANLAB, theirs, y),
        _mark(UPWELL, ours, y),
    ]


def _mark(method: str, x: float, y: float) -> str:
    if method == UPWELL:
        return f'<circle cx="{x}" cy="{y}" r="5.5" fill="{OURS}"/>'
    if method == CLEANLAB:
        return f'<rect x="{x - 4.5}" y="{y - 4.5}" width="9" height="9" fill="{THEIRS}"/>'
    shapes = {
        "AUM": f"M{x - 4} {y + 3.5}H{x + 4}L{x} {y - 4}Z",
        "EL2N": f"M{x - 3.5} {y - 3.5}L{x + 3.5} {y + 3.5}M{x - 3.5} {y + 3.5}L{x + 3.5} {y - 3.5}",
        "neighbour voting": f"M{x} {y - 4.5}L{x + 4.5} {y}L{x} {y + 4.5}L{x - 4.5} {y}Z",
    }
    return f'<path class="other" d="{shapes[method]}"/>'


def _legend() -> list[str]:
    parts, x = [], 26
    for method in (UPWELL, CLEANLAB, *ONE_RUN_NAMES):
        parts.append(_mark(method, x, 50))
        parts.append(f'<text x="{x + 12}" y="54">{escape(method)}</text>')
        x += 40 + 6.4 * len(method)
    return parts


def _axis(scale: _Scale, height: int) -> list[str]:
    parts, bottom = [], height - BOTTOM
    for tick in TICKS:
        if scale.low <= tick <= scale.high:
            x = scale(tick)
            parts.append(f'<line class="grid" x1="{x}" y1="{TOP - 8}" x2="{x}" y2="{bottom + 4}"/>')
            parts.append(
                f'<text x="{x}" y="{bottom + 20}" text-anchor="middle">{scale.name(tick)}</text>'
            )
    middle = LEFT + PLOT_WIDTH / 2
    text = "1 − average precision, mean over the seeds (logarithmic; further left is better)"
    parts.append(f'<text x="{middle}" y="{bottom + 38}" text-anchor="middle">{text}</text>')
    return parts
