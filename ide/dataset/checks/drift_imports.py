"""Imports that differ from those before them."""

from __future__ import annotations

from collections.abc import Iterator

from ide.dataset.checks.drift import shifts
from ide.dataset.checks.registry import CheckInput, Issue, check

MAX_IMPORTS = 10  # the newest are looked at


@check("drift_imports", severity="note", needs=["media", "imported_in"])
def drift_imports(dataset: CheckInput) -> Iterator[Issue]:
    """Find imports whose examples differ from those that were imported before.

    Univariate tests with a correction, after Rabanser, Günnemann & Lipton ("Failing loudly",
    NeurIPS 2019); see ``checks/drift.py``. Score: the effect, Kolmogorov's D or Cramér's V.
    """
    assert dataset.imported_in is not None
    kept = dataset.kept
    own = dataset.imported_in[kept]
    parts = {}
    for name in sorted(set(own.tolist()))[1:][-MAX_IMPORTS:]:  # parts are named in their order
        parts[name] = (kept[own == name], kept[own < name])
    for shift in shifts(dataset, parts, without=set()):
        yield Issue(
            None,
            None,
            shift.effect,
            f"{shift.part} is not like the imports before it: {shift.sentence} "
            f"(effect {shift.effect:.2f}, p {shift.p:.1g})",
            subject=f"{shift.part}:{shift.column}",
        )
