"""How many labels a build thinks wrong, also one made before builds told it by class."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import pyarrow as pa

from ide.dataset.estimates import Estimate, estimate_of_all, sentence
from ide.store.builds import BuildInfo, build_metrics, build_table, require_build
from ide.store.workspace import Workspace


@lru_cache(maxsize=16)
def label_errors(build: BuildInfo) -> pa.Table:
    """Return ``schema.LABEL_ERRORS`` of a build; empty where it was made before there were any."""
    return build_table(build, "label_errors")


def estimate_of(build: BuildInfo) -> Estimate | None:
    """Return how many labels are thought wrong: with an interval, else metrics.json's number."""
    return estimate_of_all(label_errors(build)) or estimate_of_metrics(build_metrics(build))


def estimate_of_metrics(metrics: Mapping[str, Any] | None) -> Estimate | None:
    """Return the number in a metrics.json, which has no interval; None where it has none."""
    number = (metrics or {}).get("estimated_label_errors")
    return Estimate("", None, float(number)) if isinstance(number, int | float) else None


def how_many(workspace: Workspace, name: str) -> str | None:
    """Say in a sentence how many labels the current build thinks wrong; None where it is older."""
    return sentence(label_errors(require_build(workspace, name)))
