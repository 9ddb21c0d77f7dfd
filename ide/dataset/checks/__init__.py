"""Checks of a dataset: what is wrong with it that no network needs to be asked about.

A check is a pure function of a ``CheckInput`` that yields ``Issue``\\ s, one file each, registered
under its name with the severity of what it finds.
"""

from ide.dataset.check_settings import CheckSettings
from ide.dataset.checks import (  # noqa: F401  (each registers itself)
    conflicting_duplicates,
    conflicts,
    exact_duplicates,
    leaks,
    small_classes,
    unknown_classes,
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
