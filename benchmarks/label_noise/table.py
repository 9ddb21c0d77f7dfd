"""The figures as Markdown."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from benchmarks.label_noise.measure import UPWELL
from benchmarks.label_noise.peers import CLEANLAB_NAMES, ONE_RUN_NAMES, SELF_CONFIDENCE
from benchmarks.label_noise.summary import Row, Summary

Column = tuple[str, Callable[[Row], str]]


def main_table(rows: Sequence[Row]) -> str:
    """One row a kind of errors: Upwell beside cleanlab's best score and the scores of one run."""

    def both(figure: str) -> Callable[[Row], str]:
        return lambda row: (
            f"{row.mean(UPWELL, figure):.3f} / {row.mean(row.best_of_cleanlab, figure):.3f}"
        )

    columns: list[Column] = [
        ("errors", lambda row: f"{row.name} ({100 * row.share_wrong:.1f} %)"),
        ("AP Upwell (worst)", lambda row: _with_worst(row, UPWELL)),
        ("AP cleanlab's best (worst)", lambda row: _with_worst(row, row.best_of_cleanlab)),
        *((f"AP {name}", _mean(name, "ap")) for name in ONE_RUN_NAMES),
        ("(1 − AP) ratio", lambda row: f"{row.ratio:.2f}"),
        ("P@50", both("p_at_50")),
        ("P@n", both("p_at_n")),
        ("ECE", lambda row: (
            f"{row.mean(UPWELL, 'ece'):.3f} / {row.mean(SELF_CONFIDENCE, 'ece'):.3f}"
        )),
        ("CPU s", lambda row: f"{row.seconds('Upwell'):.1f} / {row.seconds('five folds'):.1f}"),
        ("CPU ratio", lambda row: f"{row.compute_ratio:.2f}"),
    ]  # fmt: skip
    return _markdown(columns, rows)


def cleanlab_table(rows: Sequence[Row]) -> str:
    """Average precision of each of cleanlab's scores; the best of a row in bold."""

    def column(name: str) -> Column:
        def cell(row: Row) -> str:
            text = f"{row.mean(name, 'ap'):.3f}"
            return f"**{text}**" if name == row.best_of_cleanlab else text

        return name.removeprefix("cleanlab "), cell

    errors: Column = ("errors", lambda row: row.name)
    return _markdown([errors, *(column(name) for name in CLEANLAB_NAMES)], rows)


def summary_lines(summary: Summary) -> str:
    """Say the figures that the aims are about, a line each."""
    return "\n".join(
        [
            f"- (1 − AP) of Upwell over that of cleanlab's best score: geometric mean "
            f"{summary.ratio:.2f} over the rows, {summary.ratio_of_datasets:.2f} over the "
            f"datasets (aim ≤ 0.6); worst {summary.worst.ratio:.2f}, {summary.worst.name} "
            "(aim ≤ 1.05)",
            f"- expected calibration error: mean {summary.ece:.3f}, worst {summary.worst_ece:.3f} "
            f"(aim ≤ 0.05; cleanlab's self_confidence as odds: {summary.cleanlab_ece:.3f})",
            f"- compute, of the five folds': {summary.compute:.2f} in all, worst "
            f"{summary.worst_compute:.2f} (aim ≤ 0.4)",
        ]
    )


def _mean(method: str, figure: str) -> Callable[[Row], str]:
    return lambda row: f"{row.mean(method, figure):.3f}"


def _with_worst(row: Row, method: str) -> str:
    return f"{row.mean(method, 'ap'):.3f} ({row.worst(method):.3f})"


def _markdown(columns: Sequence[Column], rows: Sequence[Row]) -> str:
    lines = ["| " + " | ".join(title for title, _ in columns) + " |"]
    lines.append("|---" * len(columns) + "|")
    lines += ["| " + " | ".join(cell(row) for _, cell in columns) + " |" for row in rows]
    return "\n".join(lines)
