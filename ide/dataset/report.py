"""The report on a change: what it says of each dataset, as blocks that a writer turns into pages.

The most important comes first: a sentence with the verdict, the gates, the numbers, the labels
that changed, what broke and which edits probably did it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from ide.dataset.attribution import CAUSES
from ide.dataset.changes import counts, summarise
from ide.dataset.document import BAD, DIM, GOOD, Block, Heading, Paragraph, Span, Strong
from ide.dataset.effort import Effort
from ide.dataset.estimates import Estimate
from ide.dataset.report_checks import check_blocks, gate_blocks
from ide.dataset.report_flips import flip_blocks
from ide.dataset.report_labels import label_blocks
from ide.dataset.report_metrics import key_words, metric_blocks, unpaired_verdict, verdict
from ide.dataset.schema import ISSUES
from ide.dataset.significance import Moved
from ide.dataset.two_builds import TwoBuilds, headline_split


@dataclass(frozen=True, slots=True)
class DatasetReport:
    """What the report says of one dataset.

    changes: ``changes.CHANGES``. metrics, base_metrics: as in metrics.json, None = no build.
    pair: both builds on the newer one's labels, None where they cannot be paired.
    causes: ``attribution.CAUSES``. moved: the slices that moved, of ``n_slices`` looked at. gates:
    results, None where there is no build to judge. new_issues, gone_issues: ``schema.ISSUES``.
    estimate, base_estimate: how many labels each build thinks wrong, None where it does not tell.
    effort: what the edits cost. seconds: what the build took. note: what a reader must know to
    read the numbers, "" for nothing.
    """

    name: str
    changes: pa.Table
    metrics: Mapping[str, Any] | None = None
    base_metrics: Mapping[str, Any] | None = None
    pair: TwoBuilds | None = None
    causes: pa.Table = field(default_factory=CAUSES.empty_table)
    moved: Sequence[Moved] = ()
    n_slices: int = 0
    gates: Sequence[Any] | None = ()
    new_issues: pa.Table = field(default_factory=ISSUES.empty_table)
    gone_issues: pa.Table = field(default_factory=ISSUES.empty_table)
    estimate: Estimate | None = None
    base_estimate: Estimate | None = None
    effort: Effort | None = None
    seconds: float | None = None
    note: str = ""


def title_blocks(title: str, note: str = "", *, has_datasets: bool = True) -> list[Block]:
    """Return how a report begins. note: what a reader must know of base and head."""
    blocks: list[Block] = [Heading(2, f"Upwell: {title}")]
    if note:
        blocks.append(Paragraph((Strong(note, DIM),)))
    if not has_datasets:
        blocks.append(Paragraph(("There are no datasets.",)))
    return blocks


def dataset_blocks(dataset: DatasetReport) -> list[Block]:
    """Return what the report says of a dataset."""
    blocks: list[Block] = [Heading(3, dataset.name), _summary(dataset)]
    if dataset.note:
        blocks.append(Paragraph((Strong(f"{dataset.note[0].upper()}{dataset.note[1:]}.", DIM),)))
    blocks += gate_blocks(dataset.gates)
    blocks += metric_blocks(
        dataset.metrics,
        dataset.base_metrics,
        dataset.pair,
        moved=dataset.moved,
        n_slices=dataset.n_slices,
    )
    blocks += label_blocks(dataset.changes)
    blocks += flip_blocks(dataset.pair.flips if dataset.pair else None, dataset.causes)
    blocks += check_blocks(dataset.new_issues, dataset.gone_issues)
    return blocks + _cost_blocks(dataset)


def _summary(dataset: DatasetReport) -> Paragraph:
    """Say the verdict in a line: metrics, labels, flips, gates."""
    parts: list[Span] = []
    if dataset.metrics is None:
        parts.append(Strong("No build of these labels here"))
    elif split := headline_split(dataset.metrics["splits"]):
        parts.append(_of_split(dataset, split))
    found = summarise(counts(dataset.changes))
    parts.append(f"Labels: {found}." if found else "Labels: nothing changed.")
    if dataset.gates is None:
        parts.append(Strong("The gates cannot be judged without a build.", BAD))
    elif dataset.gates:
        n_failed = sum(not gate.is_passed for gate in dataset.gates)
        of = f"{len(dataset.gates):,} gates"
        said = f"{n_failed:,} of {of} failed." if n_failed else f"All {of} passed."
        said = said.replace("All 1 gates", "The gate").replace("of 1 gates", "of 1 gate")
        parts.append(Strong(said, BAD if n_failed else GOOD))
    spaced = [span for part in parts for span in (part, " ")]
    return Paragraph(tuple(spaced[:-1]))


def _of_split(dataset: DatasetReport, split: str) -> Strong:
    name = f"{split.capitalize()} accuracy"
    shift = dataset.pair.shifts.get(split) if dataset.pair else None
    if shift is None:
        return _unpaired(dataset, split, name)
    found = verdict(shift)
    said = f"{name} on the same labels {shift.before:.4f} → {shift.after:.4f}"
    said = f"{said} (the network {100 * shift.network:+.2f} points)"
    if not found.is_real:
        return Strong(f"{said}: within noise; {key_words(shift)}.")
    word, tone = ("better", GOOD) if shift.network > 0 else ("worse", BAD)
    return Strong(f"{said}: {word}, more than noise; {key_words(shift)}.", tone)


def _unpaired(dataset: DatasetReport, split: str, name: str) -> Strong:
    """Say two accuracies, each on its own labels; neither is called better."""
    assert dataset.metrics is not None
    now = dataset.metrics["splits"][split]
    was = (dataset.base_metrics or {}).get("splits", {}).get(split)
    value = (now.get("accuracy") or {}).get("value")
    if value is None:
        return Strong(f"{name}: not measured.")
    if was is None or unpaired_verdict(was, now) is None:
        return Strong(f"{name} {value:.4f}, with nothing to compare.")
    before = was["accuracy"]["value"]
    points = f"{100 * (value - before):+.2f} points"
    return Strong(f"{name} {before:.4f} → {value:.4f} ({points}), each on its own labels.")


def _cost_blocks(dataset: DatasetReport) -> list[Block]:
    """Say how many labels are thought wrong, before and after, and what all of it cost."""
    blocks: list[Block] = []
    now, was = dataset.estimate, dataset.base_estimate
    if now is not None:
        of_all = f" of {now.n:,}" if now.n else ""
        before = f"{was} → " if was else ""
        said = f" {before}{now}{of_all} (95 %)."
        blocks.append(Paragraph((Strong("Labels thought wrong:"), said)))
    parts = []
    if dataset.effort and dataset.effort.n_edits:
        parts.append(_effort(dataset.effort))
    if dataset.seconds:
        parts.append(f"the build took {_duration(dataset.seconds)}")
    if parts:
        blocks.append(Paragraph((Strong("Cost:"), f" {'; '.join(parts)}.")))
    return blocks


def _effort(found: Effort) -> str:
    """Say what the edits cost the people: ``212 edits by 2 annotators in about 14 min …``."""
    edits = f"{found.n_edits:,} edit{'' if found.n_edits == 1 else 's'}"
    n = len(found.annotators)
    who = f"{n:,} annotator{'' if n == 1 else 's'}"
    said = f"{edits} of {found.n_examples:,} example{'' if found.n_examples == 1 else 's'} by {who}"
    if found.seconds < 1:
        return said
    each = found.seconds / found.n_edits
    return f"{said} in about {_duration(found.seconds)} ({each:.1f} s an edit, pauses left out)"


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes = seconds / 60
    return f"{minutes:.0f} min" if minutes < 90 else f"{minutes / 60:.1f} h"
