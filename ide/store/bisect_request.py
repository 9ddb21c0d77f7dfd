"""What a bisection is asked for, checked before anything is begun."""

from __future__ import annotations

import time
from dataclasses import replace

from ide.dataset.edit import new_edit_id
from ide.dataset.errors import BisectError, ConfigError
from ide.dataset.gates import Gate
from ide.store import git
from ide.store.bisect_path import check_ancestry
from ide.store.bisect_state import RUNNING, Bisect
from ide.store.dvc import listed_datasets, require_dvc
from ide.store.gate_columns import n_named
from ide.store.gates import find_gate
from ide.store.state import imported_labels
from ide.store.workspace import Workspace


def request_of(workspace: Workspace, name: str, *, good: str, bad: str, gate: str) -> Bisect:
    """Check what is asked for; nothing is begun yet."""
    config = workspace.config(name)
    if not config.is_compiled:
        raise ConfigError(f"{name!r} holds {config.modality}, and only images compile so far")
    if name not in listed_datasets(workspace):
        raise ConfigError(
            f"{name!r} is not in params.yaml, so that it is not built; "
            f"add a line '  - {name}' under 'datasets:'"
        )
    root = workspace.root
    ends = [git.resolve(root, revision) for revision in (good, bad)]
    check_ancestry(root, *ends)
    require_dvc(workspace)
    if not imported_labels(workspace, name):
        raise BisectError(
            f"the examples of {name!r} are not on this machine. Bring them with: upwell pull"
        )
    found = gate_of(workspace, name, gate)
    return Bisect(
        bisect_id=new_edit_id(),
        state=RUNNING,
        dataset=name,
        good=ends[0],
        bad=ends[1],
        good_name=good,
        bad_name=bad,
        gate=gate,
        gate_line=found.text,
        metric=found.metric,
        bound=found.bound,
        is_at_most=found.measure.is_at_most,
        started_at=time.time(),
        pid=0,
        pid_started_at=None,
    )


def gate_of(workspace: Workspace, name: str, text: str) -> Gate:
    """Read the gate; of one with a tolerance only the bound counts, as there is no base build.

    Raises ``GateError`` and ``BisectError`` where it is none that a build can be judged by.
    """
    gate = find_gate(workspace, name, text)
    if not gate.measure.is_at_most and gate.bound == 0:
        raise BisectError(
            f"the gate {text[:120]!r} has no bound, only a tolerance; write what is wanted, such "
            f'as --gate "{gate.metric} >= 0.95"'
        )
    if not n_named(workspace, name, gate):
        raise BisectError(
            f"the gate {text[:120]!r} names no example of {name!r}, so that nothing can be "
            f"measured: {gate.where}"
        )
    return replace(gate, tolerance=None)
