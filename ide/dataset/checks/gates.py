"""Gates that test nothing."""

from __future__ import annotations

from collections.abc import Iterator

from ide.dataset.checks.registry import CheckInput, Issue, check


@check("gates", severity="error")
def gates(dataset: CheckInput) -> Iterator[Issue]:
    """Find gates of dataset.toml that name no example, or whose condition cannot be answered.

    Such a gate tests nothing, and fails until it does. Score 1; the gate is the subject.
    """
    for gate in dataset.gates:
        if gate.problem is not None:
            message = f"gate {gate.name}: {gate.problem}"
        elif gate.n_examples == 0:
            message = f"gate {gate.name} names no example: none is of {gate.where[:160]}"
        else:
            continue
        yield Issue(None, None, 1.0, message, subject=gate.name)
