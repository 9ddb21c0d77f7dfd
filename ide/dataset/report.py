"""The report on a change, in Markdown: labels that changed, metrics before and after, flips.

What people wrote (labels, ids, reasons) stands in it as text and can become neither Markdown
nor HTML: a pull request from a stranger is shown with it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from ide.dataset.changes import class_pairs, counts, one_line, summarise
from ide.dataset.estimates import Estimate
from ide.dataset.schema import EXAMPLE_ID, SPLIT, SPLITS

ALPHA = 0.05  # a difference whose p is below this is called one


@dataclass(frozen=True, slots=True)
class DatasetReport:
    """What the report says of one dataset.

    changes: ``changes.CHANGES``. metrics, base_metrics: as in metrics.json, None = no build.
    flips: ``schema.FLIPS`` from the base's build to this one, None where they cannot be paired.
    estimate, base_estimate: how many labels each build thinks wrong, None where it does not tell.
    note: what a reader must know to read the numbers, "" for nothing.
    """

    name: str
    changes: pa.Table
    metrics: Mapping[str, Any] | None = None
    base_metrics: Mapping[str, Any] | None = None
    flips: pa.Table | None = None
    estimate: Estimate | None = None
    base_estimate: Estimate | None = None
    note: str = ""


def report(datasets: Sequence[DatasetReport], *, base: str, head: str, n_rows: int = 50) -> str:
    """Return the whole report; ``n_rows``: how many changes of a dataset are listed."""
    blocks = [f"## Upwell: {escape(base)} → {escape(head)}"]
    if not datasets:
        blocks.append("There are no datasets.")
    for dataset in datasets:
        blocks.append(f"### {escape(dataset.name)}")
        blocks += _label_blocks(dataset.changes, n_rows)
        blocks += _metric_blocks(dataset)
        blocks += _flip_blocks(dataset.flips)
        blocks += _estimate_blocks(dataset.base_estimate, dataset.estimate)
    return "\n\n".join(blocks) + "\n"


def _label_blocks(changes: pa.Table, n_rows: int) -> list[str]:
    """Return the label diff: counts by kind, by class pair, and the first rows."""
    if not len(changes):
        return ["**Labels:** nothing changed."]
    blocks = [f"**Labels:** {summarise(counts(changes))}."]
    pairs = class_pairs(changes)
    if pairs:
        rows = [(code(was), code(now), f"{n:,}") for was, now, n in pairs[:20]]
        blocks.append(_table(("from", "to", "examples"), rows))
    listed = [
        (
            code(row[EXAMPLE_ID]),
            row["kind"],
            code(row["before"]),
            code(row["after"]),
            escape(row["annotator"] or ""),
            escape(one_line(row["reason"], 120)),
        )
        for row in changes.slice(0, n_rows).to_pylist()
    ]
    if len(changes) > n_rows:
        listed.append((f"and {len(changes) - n_rows:,} more", "", "", "", "", ""))
    table = _table(("example", "change", "before", "after", "annotator", "reason"), listed)
    blocks.append(f"<details><summary>The changes</summary>\n\n{table}\n\n</details>")
    return blocks


def _metric_blocks(dataset: DatasetReport) -> list[str]:
    """Return accuracy and macro F1 of each split, before and after."""
    blocks = [f"*{escape(dataset.note)}*"] if dataset.note else []
    if dataset.metrics is None:
        return [*blocks, "**Metrics:** no build of these labels here."]
    before = (dataset.base_metrics or {}).get("splits", {})
    rows = []
    for split in SPLITS:
        now, was = dataset.metrics["splits"].get(split), before.get(split)
        if now is None or not now.get("accuracy"):
            continue
        rows.append(
            (
                split,
                f"{now['n']:,}",
                _interval(was and was.get("accuracy")),
                _interval(now["accuracy"]),
                _difference(was, now),
                _verdict(split, was, now, dataset.flips),
                f"{_number(was and was.get('macro_f1'))} → {_number(now.get('macro_f1'))}",
            )
        )
    columns = ("split", "n", "accuracy before", "after (95 %)", "difference", "noise?", "macro F1")
    return [*blocks, _table(columns, rows)]


def _flip_blocks(flips: pa.Table | None) -> list[str]:
    if flips is None:
        return []
    found = [
        f"{split}: {_n_flips(flips, 'fixed', split):,} fixed, "
        f"{_n_flips(flips, 'broken', split):,} broken"
        for split in SPLITS
        if split in set(flips[SPLIT].to_pylist())
    ]
    return ["**Flips:** " + ("; ".join(found) or "no example changed sides") + "."]


def _estimate_blocks(was: Estimate | None, now: Estimate | None) -> list[str]:
    """Return how many labels are thought wrong, before and after, with 95 % intervals."""
    if now is None:
        return []
    of_all = f" of {now.n:,}" if now.n else ""
    before = f"{was} → " if was else ""
    return [f"**Labels thought wrong (95 %):** {escape(f'{before}{now}')}{of_all}."]


def _n_flips(flips: pa.Table, flip: str, split: str) -> int:
    rows = zip(flips["flip"].to_pylist(), flips[SPLIT].to_pylist(), strict=True)
    return sum(row == (flip, split) for row in rows)


def _verdict(
    split: str, was: Mapping[str, Any] | None, now: Mapping[str, Any], flips: pa.Table | None
) -> str:
    """Say whether two accuracies differ by more than chance, by the best test there is data for."""
    if not was or not was.get("accuracy"):
        return "–"
    if flips is not None:
        p = mcnemar(_n_flips(flips, "fixed", split), _n_flips(flips, "broken", split))
        name = "McNemar"
    else:
        hits = [round(s["accuracy"]["value"] * s["n"]) for s in (was, now)]
        p = two_proportions(hits[0], was["n"], hits[1], now["n"])
        name = "two proportions"
    return f"{'real' if p < ALPHA else 'within noise'} (p = {p:.2g}, {name})"


def mcnemar(n_fixed: int, n_broken: int) -> float:
    """Return the two-sided p that as uneven a split of flips comes about by chance, 0 … 1.

    McNemar's exact test: the same examples are judged twice, so only those that changed sides
    speak, and under no difference each is as likely fixed as broken (McNemar 1947; exact
    binomial). Above 2,000 flips the normal approximation with continuity correction.
    """
    n, few = n_fixed + n_broken, min(n_fixed, n_broken)
    if n == 0:
        return 1.0
    if n > 2_000:
        return math.erfc(max(abs(n_fixed - n_broken) - 1, 0) / math.sqrt(2 * n))
    tail = sum(math.comb(n, k) for k in range(few + 1))
    return min(1.0, float(2 * tail / 2**n))


def two_proportions(k1: int, n1: int, k2: int, n2: int) -> float:
    """Return the two-sided p of the pooled two-proportion z test for k1/n1 and k2/n2, 0 … 1.

    For when the two builds' examples cannot be paired; it sees less than ``mcnemar``.
    """
    if not n1 or not n2:
        return 1.0
    pooled = (k1 + k2) / (n1 + n2)
    spread = math.sqrt(pooled * (1 - pooled) * (1 / n1 + 1 / n2))
    if spread == 0:
        return 1.0
    return math.erfc(abs(k1 / n1 - k2 / n2) / spread / math.sqrt(2))


def _difference(was: Mapping[str, Any] | None, now: Mapping[str, Any]) -> str:
    if not was or not was.get("accuracy"):
        return "–"
    return f"{100 * (now['accuracy']['value'] - was['accuracy']['value']):+.2f} points"


def _interval(estimate: Mapping[str, float] | None) -> str:
    if not estimate:
        return "–"
    return f"{estimate['value']:.4f} ({estimate['low']:.4f} … {estimate['high']:.4f})"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.4f}"


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def code(text: str | None) -> str:
    """Return a value as it was written, set as code; – where there is none."""
    return "–" if text is None else f"<code>{escape(one_line(text, 80))}</code>"


def escape(text: str) -> str:
    """Return text in which nothing is Markdown, HTML or a mention: punctuation as entities."""
    return re.sub(r"[^\w\s,;]|_", lambda m: f"&#{ord(m[0])};", one_line(text, 400), flags=re.ASCII)
