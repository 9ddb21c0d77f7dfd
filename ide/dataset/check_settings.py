"""What a dataset asks of the checks: ``[checks]`` in its ``dataset.toml``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

SEVERITIES = ("error", "warning", "note")  # most severe first
OFF = "off"  # a check of this severity is not run


@dataclass(frozen=True, slots=True)
class CheckSettings:
    """Thresholds that a person may need, the source's column, and severities by check."""

    source: str = ""  # the column of who or what an example comes from: a speaker; "" = none
    min_class_size: int = 10  # fewer training examples than this are hardly learnt
    max_imbalance: float = 20.0  # the largest class has at most so many times the smallest
    severity: Mapping[str, str] = field(default_factory=dict)  # check → severity, or off
