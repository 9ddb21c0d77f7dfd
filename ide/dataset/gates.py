"""Gates: which examples, which measure, which bound; read from ``dataset.toml`` and from a line.

A gate is a unit test of a dataset: a condition names examples, and what a build makes of them has
to keep a bound. What a gate says of a build is ``ide.dataset.judging``'s.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from ide.dataset.errors import ConfigError, GateError
from ide.dataset.names import is_shown, same_form
from ide.dataset.reading import as_float, shown
from ide.dataset.schema import TEST, TRAIN, VALIDATION

EVERY = "all"  # what ``split`` is in dataset.toml where a gate is about every split
EVERYTHING = "true"  # the condition that every example fulfils
MAX_NAME = 80  # characters
GATE_SPLITS = (TEST, VALIDATION, TRAIN, EVERY)
_KEYS = ("name", "condition", "metric", "bound", "tolerance", "split")
_OF = " of "


@dataclass(frozen=True, slots=True)
class Measure:
    """A kind of metric: its direction, its bounds, and whether it is of one class."""

    summary: str
    is_at_most: bool = False  # the bound is an upper one: lower is better
    of_class: bool = False  # it is written ``recall of 8``
    highest: float = 1.0
    is_count: bool = False


METRICS: Mapping[str, Measure] = {
    "accuracy": Measure("share of the examples whose prediction is their label"),
    "recall": Measure("share of a class's examples that are predicted so", of_class=True),
    "precision": Measure("share of what is predicted as a class that is of it", of_class=True),
    "f1": Measure("harmonic mean of a class's precision and recall", of_class=True),
    "macro_f1": Measure("mean of the classes' f1"),
    "loss": Measure("mean cross-entropy of the labels", is_at_most=True, highest=math.inf),
    "n_wrong": Measure(
        "how many predictions are not the label", is_at_most=True, highest=math.inf, is_count=True
    ),
}


@dataclass(frozen=True, slots=True)
class Gate:
    """One test of a build: ``metric`` on the examples of ``condition`` keeps ``bound``.

    condition: SQL over the label, the split, tags, ids and metadata. metric: one of ``METRICS``,
    with its class where it is of one (``recall of 8``). bound: at least so much; of loss and
    n_wrong at most. tolerance: by how much it may be worse than the base build; None = it is
    compared with none. split: the only split that counts; None = every one.
    """

    name: str
    condition: str
    metric: str
    bound: float
    tolerance: float | None = None
    split: str | None = TEST

    def __post_init__(self) -> None:
        """Bring the names into the form that classes and gates are compared in."""
        object.__setattr__(self, "name", same_form(self.name))
        object.__setattr__(self, "metric", same_form(self.metric))

    @property
    def kind(self) -> str:
        """The metric's name in ``METRICS``."""
        return self.metric.split(_OF, 1)[0]

    @property
    def label(self) -> str | None:
        """The class that the metric is of; None where it is of no class."""
        return self.metric.split(_OF, 1)[1] if _OF in self.metric else None

    @property
    def measure(self) -> Measure:
        """What the metric is like."""
        return METRICS[self.kind]

    @property
    def sign(self) -> str:
        """How the value has to stand to the bound: ``≥`` or ``≤``."""
        return "≤" if self.measure.is_at_most else "≥"

    @property
    def where(self) -> str:
        """Which examples it is about, in words."""
        split = "every split" if self.split is None else self.split
        return split if self.condition == EVERYTHING else f"{split}, {self.condition}"

    @property
    def text(self) -> str:
        """The gate in a line, as ``parse_gate`` reads it."""
        split = "" if self.split == TEST else f"{self.split or EVERY} "
        where = f" on {split}slice {self.condition}" if self.condition != EVERYTHING else ""
        where = where or (f" on {split.strip()}" if split else "")
        return f"{self.metric}{where} {self.sign} {str(self.bound).removesuffix('.0')}"


def read_gates(
    data: Mapping[str, Any], where: str, classes: Collection[str] = ()
) -> tuple[Gate, ...]:
    """Return the ``[[gate]]`` tables of a ``dataset.toml``; raise ``ConfigError`` in a sentence.

    where: the file as a person would write it. classes: those that a metric can be of. Whether a
    condition is SQL, and names an example, is told where it is asked (``ide.store.conditions``).
    """
    tables = data.get("gate", [])
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise ConfigError(f"{where}: gates are tables, each written [[gate]]")
    known_classes = dict.fromkeys(classes)  # a set that keeps the order
    gates: list[Gate] = []
    for number, table in enumerate(tables, 1):
        name = table.get("name")
        which = f"gate {shown(name)}" if isinstance(name, str) and name else f"gate {number}"
        gates.append(_read_gate(table, f"{where}: {which}", known_classes))
    repeated = [name for name, n in Counter(gate.name for gate in gates).items() if n > 1]
    if repeated:
        raise ConfigError(
            f"{where}: two gates have the name {repeated[0]!r}; give each one of its own"
        )
    return tuple(gates)


def check_gate(gate: Gate, classes: Collection[str], where: str = "the gate") -> Gate:
    """Return a gate that can be one, or raise ``ConfigError`` saying what is wrong."""
    _check_name(gate.name, where)
    if not gate.condition.strip():
        raise ConfigError(
            f"{where}: the condition is empty; write one in SQL such as label = '3', or leave the "
            "key out for every example"
        )
    _check_metric(gate.metric, classes, where)
    if gate.split not in (None, TEST, VALIDATION, TRAIN):
        raise ConfigError(
            f"{where}: split is {shown(gate.split)}, wanted one of {', '.join(GATE_SPLITS)}"
        )
    _check_bound(gate, where)
    _check_tolerance(gate, where)
    return gate


def gate_table(gate: Gate) -> dict[str, str | float | int]:
    """Return a gate as a table of ``dataset.toml``; what is the default is left out."""
    table: dict[str, str | float | int] = {"name": gate.name}
    if gate.condition != EVERYTHING:
        table["condition"] = gate.condition
    if gate.split != TEST:
        table["split"] = gate.split or EVERY
    table["metric"] = gate.metric
    table["bound"] = int(gate.bound) if gate.measure.is_count else float(gate.bound)
    if gate.tolerance is not None:
        table["tolerance"] = int(gate.tolerance) if gate.measure.is_count else float(gate.tolerance)
    return table


_LINE = re.compile(
    r"\s*(?P<metric>.+?)"
    r"(?:\s+on\s+(?:(?P<split>test|validation|train|all)\b\s*)?"
    r"(?:(?:slice\s+|where\s+)?(?P<condition>[^\s<>=≥≤⩾⩽].*?))?)?"
    r"\s*(?P<sign>>=|<=|≥|≤|⩾|⩽|>|<|==|=)\s*(?P<bound>[-+]?[0-9.][-+0-9.eE]*)\s*",
    re.IGNORECASE | re.DOTALL,
)
_AT_MOST = frozenset({"<=", "≤", "⩽"})
_AT_LEAST = frozenset({">=", "≥", "⩾"})
_EXAMPLE = "accuracy on slice label = '8' >= 0.95"


def parse_gate(text: str, known: Sequence[Gate] = (), *, classes: Collection[str] = ()) -> Gate:
    """Read a gate off a line: its name in ``known``, or such as ``accuracy on slice … >= 0.95``.

    The line is METRIC [on [SPLIT] [[slice] CONDITION]] >= BOUND; ≥ and ≤ are read too; the last
    comparison is the bound's. classes: those that a metric can be of; none given = any.
    Raises ``GateError`` with a sentence.
    """
    said = same_form(text.strip())
    by_name = {gate.name: gate for gate in known}
    if said in by_name:
        return by_name[said]
    found = _LINE.fullmatch(text)
    if not said or found is None:
        raise GateError(_no_gate(said, list(by_name)))
    metric, sign = same_form(found["metric"]), found["sign"]
    split = (found["split"] or TEST).lower()
    try:
        bound = float(found["bound"])
        _check_metric(metric, classes, f"the gate {said[:120]!r}")
        gate = Gate(
            name=said[:MAX_NAME],
            condition=(found["condition"] or EVERYTHING).strip(),
            metric=metric,
            bound=bound,
            split=None if split == EVERY else split,
        )
        if sign not in (_AT_MOST if gate.measure.is_at_most else _AT_LEAST):
            wanted = "<=" if gate.measure.is_at_most else ">="
            raise GateError(
                f"the gate {said[:120]!r} has {sign}, and {gate.kind} is held to {wanted}"
            )
        _check_bound(gate, f"the gate {said[:120]!r}")
    except ConfigError as error:
        raise GateError(str(error)) from None
    except ValueError:
        raise GateError(
            f"the gate {said[:120]!r} ends with {found['bound'][:40]!r}, wanted a number such as "
            "0.95"
        ) from None
    return gate


def _no_gate(said: str, names: Sequence[str]) -> str:
    """Say that a line is no gate, and what would be one."""
    near = get_close_matches(said, names, n=1)
    if near:
        return f"there is no gate {said[:120]!r}; did you mean {near[0]!r}?"
    have = f", or the name of one in dataset.toml: {', '.join(names[:10])}" if names else ""
    return f"{said[:120]!r} is no gate; write one such as {_EXAMPLE!r}{have}"


def _read_gate(table: Mapping[str, Any], where: str, classes: Collection[str]) -> Gate:
    for key in table:
        if key not in _KEYS:
            near = ["condition"] if key == "slice" else get_close_matches(key, _KEYS, n=1)
            hint = f"did you mean {near[0]}?" if near else f"known: {', '.join(_KEYS)}"
            raise ConfigError(f"{where}: {shown(key)} is not a key of a gate; {hint}")
    for key in ("name", "metric", "bound"):
        if key not in table:
            raise ConfigError(f"{where} has no {key}; {_WANTED[key]}")
    for key in ("name", "condition", "metric", "split"):
        if key in table and not isinstance(table[key], str):
            raise ConfigError(f"{where}: {key} is {shown(table[key])}, wanted text in quotes")
    split = table.get("split", TEST)
    gate = Gate(
        name=table["name"],
        condition=table.get("condition", EVERYTHING).strip(),
        metric=table["metric"],
        bound=_number(table, "bound", where),
        tolerance=_number(table, "tolerance", where) if "tolerance" in table else None,
        split=None if split == EVERY else split,
    )
    return check_gate(gate, classes, where)


_WANTED = {
    "name": 'give it one, such as name = "eights"',
    "metric": f'wanted one of {", ".join(METRICS)}, such as metric = "accuracy"',
    "bound": "give it one, such as bound = 0.95",
}


def _number(table: Mapping[str, Any], key: str, where: str) -> float:
    value = table[key]
    number = value if isinstance(value, float) else as_float(value)
    if number is None:
        raise ConfigError(f"{where}: {key} is {shown(value)}, wanted a number such as 0.95")
    return number


def _check_name(name: str, where: str) -> None:
    if not name.strip() or len(name) > MAX_NAME or not is_shown(name):
        raise ConfigError(
            f"{where}: name is {name[:MAX_NAME]!r}, wanted a line of 1 to {MAX_NAME} characters"
        )


def _check_metric(metric: str, classes: Collection[str], where: str) -> None:
    kind, of, label = metric.partition(_OF)
    if kind not in METRICS:
        near = get_close_matches(kind, METRICS, n=1)
        hint = f"did you mean {near[0]}?" if near else f"known: {', '.join(METRICS)}"
        raise ConfigError(f"{where}: there is no metric {kind[:60]!r}; {hint}")
    if METRICS[kind].of_class != bool(of):
        wanted = f"{kind} of CLASS" if METRICS[kind].of_class else kind
        raise ConfigError(f"{where}: metric is {metric[:80]!r}, wanted {wanted}")
    if of and classes and label not in classes:
        near = get_close_matches(label, classes, n=1)
        shown = ", ".join(list(classes)[:20]) + (", …" if len(classes) > 20 else "")
        hint = f"did you mean {near[0]}?" if near else f"classes: {shown}"
        raise ConfigError(f"{where}: metric is of {label[:60]!r}, which is no class; {hint}")


def _check_bound(gate: Gate, where: str) -> None:
    measure, bound = gate.measure, gate.bound
    if not (math.isfinite(bound) and 0 <= bound <= measure.highest):
        wanted = "0 or more" if math.isinf(measure.highest) else "0 to 1"
        raise ConfigError(f"{where}: bound is {bound:g}, wanted {wanted} for {gate.kind}")
    if measure.is_count and bound != int(bound):
        raise ConfigError(f"{where}: bound is {bound:g}, wanted a whole number for {gate.kind}")
    if not measure.is_at_most and bound == 0 and gate.tolerance is None:
        raise ConfigError(
            f"{where}: bound is 0, which nothing can fail; wanted more, or a tolerance against "
            "the base build"
        )


def _check_tolerance(gate: Gate, where: str) -> None:
    tolerance = gate.tolerance
    if tolerance is None:
        return
    if not (math.isfinite(tolerance) and 0 <= tolerance <= gate.measure.highest):
        wanted = "0 or more" if math.isinf(gate.measure.highest) else "0 to 1"
        raise ConfigError(f"{where}: tolerance is {tolerance:g}, wanted {wanted} for {gate.kind}")
    if gate.measure.is_count and tolerance != int(tolerance):
        raise ConfigError(f"{where}: tolerance is {tolerance:g}, wanted a whole number")
