"""Writing a gate into ``dataset.toml``: at its end, and not a byte of the rest is touched."""

from __future__ import annotations

from dataclasses import replace

import tomlkit

from ide.dataset.config import parse_config
from ide.dataset.errors import ConfigError
from ide.dataset.gates import EVERYTHING, Gate, check_gate, gate_table
from ide.store.compile_lock import folder_lock
from ide.store.files import storage_errors, write_bytes
from ide.store.gate_columns import n_named
from ide.store.workspace import Workspace


def add_gate(workspace: Workspace, name: str, gate: Gate) -> Gate:
    """Add a gate to a dataset's ``dataset.toml`` and return it once it is on the disk.

    Its name has to be new, and its condition has to name an example by the labels of now. Raises
    ``ConfigError`` or ``QueryError``; then nothing was written. Two that add at a time wait for
    one another.
    """
    path = workspace.config_path(workspace.require(name))
    where = workspace.relative(path)
    with folder_lock(workspace.local_path / "config"):
        config = workspace.config(name)
        check_gate(gate, config.classes, f"{where}: gate {gate.name!r}")
        if gate.name in [g.name for g in config.gates]:
            raise ConfigError(
                f"{where} has a gate {gate.name!r} already; give this one another name"
            )
        _require_examples(workspace, name, gate)
        with storage_errors(path, "read"):
            before = path.read_bytes()
        after = before + _block(before, gate)
        _require_only_added(after.decode("utf-8"), workspace, name, gate)
        write_bytes(path, after)
    return gate


def gate_toml(gate: Gate) -> str:
    """Return a gate as it stands in ``dataset.toml``."""
    lines = [f"{key} = {_value(value)}" for key, value in gate_table(gate).items()]
    return "\n".join(["[[gate]]", *lines, ""])


def free_name(wanted: str, taken: set[str]) -> str:
    """Return a name like the wanted one that no gate has yet."""
    names = [wanted, *(f"{wanted} {n}" for n in range(2, len(taken) + 3))]
    return next(n for n in names if n not in taken)


def _block(before: bytes, gate: Gate) -> bytes:
    """Return what to add, with the line ends that the file has."""
    end = b"\r\n" if b"\r\n" in before else b"\n"
    gap = b"" if not before or before.endswith(b"\n") else end
    return gap + end + gate_toml(gate).encode().replace(b"\n", end)


def _value(value: str | float) -> str:
    if isinstance(value, str):
        return tomlkit.string(value).as_string()
    return repr(value)


def _require_only_added(text: str, workspace: Workspace, name: str, gate: Gate) -> None:
    """See that the new text says what the old one said, and the gate besides."""
    where = workspace.relative(workspace.config_path(name))
    config = workspace.config(name)
    added = replace(config, gates=(*config.gates, gate))
    own = tuple(config.checks.severity)  # of our own checks and the dataset's; all were known
    try:
        is_added = parse_config(text, name=name, where=where, own_checks=own) == added
    except ConfigError:
        is_added = False
    if not is_added:
        raise ConfigError(
            f"{where} cannot take a gate at its end; write its gates as tables, [[gate]], and not "
            "as gate = [ … ], and try again. Nothing was written"
        )


def _require_examples(workspace: Workspace, name: str, gate: Gate) -> None:
    if n_named(workspace, name, gate) == 0:
        what = "the dataset is empty" if gate.condition == EVERYTHING else "no example is of"
        raise ConfigError(
            f"gate {gate.name!r} names no example, and would test nothing: {what} "
            f"{gate.where[:160]}"
        )
