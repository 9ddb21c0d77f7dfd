"""Checks of a dataset: what is wrong with it that no network needs to be asked about.

A check is a pure function of a ``CheckInput`` that yields ``Issue``\\ s, one file each, registered
under its name with the severity of what it finds.
"""

from ide.dataset.check_settings import CheckSettings
from ide.dataset.checks import (  # noqa: F401  (each registers itself)
    blank_images,
    blurred_images,
    boilerplate,
    bright_images,
    clipped_audio,
    conflicting_duplicates,
    conflicts,
    damaged_log,
    dark_images,
    drift_imports,
    drift_splits,
    empty,
    exact_duplicates,
    gates,
    imbalance,
    leaks,
    near_conflicts,
    near_duplicates,
    near_leaks,
    non_random_order,
    nuisances,
    nulls,
    odd_lengths,
    odd_sizes,
    other_languages,
    outliers,
    overlapping_classes,
    repeated_ids,
    same_source,
    silent_audio,
    small_classes,
    unknown_classes,
    unreadable,
    weak_slices,
)
from ide.dataset.checks.check_input import CheckInput
from ide.dataset.checks.registry import CHECKS, Check, Issue, check, run_checks, skipped_checks

__all__ = [
    "CHECKS",
    "Check",
    "CheckInput",
    "CheckSettings",
    "Issue",
    "check",
    "run_checks",
    "skipped_checks",
]
