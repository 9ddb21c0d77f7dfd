"""``dataset.toml``: what a dataset is, how it is split, and what it compiles to."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import MISSING, dataclass, field, fields, replace
from difflib import get_close_matches
from typing import Any, TypeVar

from ide.dataset.check_settings import OFF, SEVERITIES, CheckSettings
from ide.dataset.errors import ConfigError
from ide.dataset.gates import Gate, read_gates
from ide.dataset.names import same_form
from ide.dataset.reading import as_float, parse_toml, shown
from ide.dataset.schema import PAYLOAD_BY_MODALITY

_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
# a dataset is a schema in DuckDB; these would shadow schemas that it has of its own
_RESERVED_NAMES = frozenset(
    {"main", "memory", "temp", "system", "pg_catalog", "information_schema"}
)


@dataclass(frozen=True, slots=True)
class SplitConfig:
    """How examples without a split of their own are divided; the rest is for training."""

    seed: int = 0
    validation: float = 0.15  # share of each class, 0 … 1
    test: float = 0.25


@dataclass(frozen=True, slots=True)
class ModelConfig:
    """What a dataset compiles to; with the labels and the seed it decides every byte."""

    architecture: str = "small_cnn"
    epochs: int = 30
    batch_size: int = 64
    learning_rate: float = 0.003  # the peak of the schedule
    weight_decay: float = 0.01
    seed: int = 0
    image_size: int = 32  # pixels a side that examples are resized to


@dataclass(frozen=True, slots=True)
class AnnotationConfig:
    """How people's verdicts become one label; 0 votes = the last label stands."""

    votes_per_example: int = 0


@dataclass(frozen=True, slots=True)
class ReviewConfig:
    """When reviewing suspects has paid: see ``ide.dataset.yields``."""

    error_cost: float = 20.0  # judgements that finding one wrong label is worth


@dataclass(frozen=True, slots=True)
class DatasetConfig:
    """One dataset's ``dataset.toml``."""

    name: str
    title: str
    modality: str
    classes: tuple[str, ...]
    licence: str | None = None
    source: str | None = None
    description: str | None = None
    split: SplitConfig = SplitConfig()
    model: ModelConfig = ModelConfig()
    annotation: AnnotationConfig = AnnotationConfig()
    review: ReviewConfig = ReviewConfig()
    checks: CheckSettings = field(default_factory=CheckSettings)
    gates: tuple[Gate, ...] = ()

    @property
    def is_compiled(self) -> bool:
        """Whether there is an architecture for this modality; the others are labelled only."""
        return self.modality in COMPILED_MODALITIES

    @property
    def payload_column(self) -> str:
        """The column of ``examples/*.parquet`` that holds what a person looks at."""
        return PAYLOAD_BY_MODALITY[self.modality]


_SECTIONS = ("split", "model", "annotation", "review", "checks")
_TOP_LEVEL = {"title", "modality", "classes", "licence", "source", "description", "gate"}
_BOUNDS = {
    "validation": (0.0, 0.9),
    "test": (0.0, 0.9),
    "epochs": (1, 10_000),
    "batch_size": (1, 65_536),
    "learning_rate": (1e-7, 10.0),
    "weight_decay": (0.0, 10.0),
    "image_size": (4, 1_024),
    "seed": (0, 2**31 - 1),
    "votes_per_example": (0, 1_000),
    "error_cost": (1.0, 1e6),
    "min_class_size": (0, 1_000_000),
    "max_imbalance": (1.0, 1e9),
}

COMPILED_MODALITIES = frozenset({"image"})  # grows with models/

Section = TypeVar(
    "Section", SplitConfig, ModelConfig, AnnotationConfig, ReviewConfig, CheckSettings
)


def is_name(name: str) -> bool:
    """Whether a name can be that of a dataset: a folder and a SQL schema."""
    return _NAME.fullmatch(name) is not None and name not in _RESERVED_NAMES


def check_name(name: str) -> str:
    """Return ``name`` if it can name a dataset, or raise ``ConfigError``."""
    if name in _RESERVED_NAMES:
        raise ConfigError(
            f"{name!r} cannot name a dataset: SQL has a schema of that name; take another one"
        )
    if not is_name(name):
        raise ConfigError(
            f"{name[:80]!r} cannot name a dataset: it is a folder and a SQL schema, so use up to "
            "63 lower-case letters, digits or '_', a letter first, such as 'digits'"
        )
    return name


def parse_config(
    text: str, *, name: str, where: str, own_checks: Collection[str] = ()
) -> DatasetConfig:
    """Read a ``dataset.toml``; raise ``ConfigError`` naming the file and the key that is wrong.

    ``where`` is the file's path as a person would write it; ``own_checks`` the names of the
    dataset's own checks, whose severity can be set as that of ours.
    """
    try:
        data = parse_toml(text)
    except ValueError as error:
        raise ConfigError(f"{where} is not TOML: {error}. Mend the line and try again.") from None
    _refuse_unknown(data, _TOP_LEVEL | set(_SECTIONS), where)
    modality = data.get("modality", "image")
    if not isinstance(modality, str) or modality not in PAYLOAD_BY_MODALITY:
        raise ConfigError(
            f"{where}: modality is {shown(modality)}, wanted one of "
            f"{', '.join(PAYLOAD_BY_MODALITY)}"
        )
    split = _section(SplitConfig, data, "split", where)
    if split.validation + split.test >= 1:
        raise ConfigError(
            f"{where}: [split] validation + test is {split.validation + split.test:g}, "
            "wanted less than 1, so that something is left to train on"
        )
    return DatasetConfig(
        name=check_name(name),
        title=_text(data, "title", where) or name,
        modality=modality,
        classes=_classes(data, where),
        licence=_text(data, "licence", where),
        source=_text(data, "source", where),
        description=_text(data, "description", where),
        split=split,
        model=_section(ModelConfig, data, "model", where),
        annotation=_section(AnnotationConfig, data, "annotation", where),
        review=_section(ReviewConfig, data, "review", where),
        checks=_checks(data, where, own_checks),
        gates=read_gates(data, where, _classes(data, where)),
    )


def _refuse_unknown(data: Mapping[str, Any], known: set[str], where: str) -> None:
    unknown = sorted(set(data) - known)
    if unknown:
        raise ConfigError(
            f"{where}: {shown(unknown[0])} is not a key here; known: {', '.join(sorted(known))}"
        )


def _text(data: Mapping[str, Any], key: str, where: str) -> str | None:
    value = data.get(key)
    if value is not None and not isinstance(value, str):
        raise ConfigError(f"{where}: {key} is {shown(value)}, wanted text in quotes")
    return value


def _classes(data: Mapping[str, Any], where: str) -> tuple[str, ...]:
    classes = data.get("classes")
    if not isinstance(classes, list) or not all(isinstance(c, str) and c for c in classes):
        raise ConfigError(f'{where}: classes must be a list of names in quotes, such as ["a", "b"]')
    classes = [same_form(c) for c in classes]
    repeated = [c for c, n in Counter(classes).items() if n > 1]
    if repeated:
        raise ConfigError(
            f"{where}: class {shown(min(repeated))} stands twice in classes; keep one"
        )
    return tuple(classes)


def _section(kind: type[Section], data: Mapping[str, Any], key: str, where: str) -> Section:
    """Build a section's dataclass from its table, each value of its default's type."""
    table = data.get(key, {})
    if not isinstance(table, dict):
        raise ConfigError(f"{where}: {key} must be a table, written [{key}]")
    known: dict[str, Any] = {f.name: f.default for f in fields(kind) if f.default is not MISSING}
    _refuse_unknown(table, set(known), f"{where}: [{key}]")
    values: dict[str, Any] = {}
    for name, value in table.items():
        default = known[name]
        wanted = float if isinstance(default, float) else type(default)
        if wanted is float:
            number = as_float(value)
            value = value if number is None else number  # noqa: PLW2901
            is_wanted = number is not None
        else:
            is_wanted = type(value) is wanted
        if not is_wanted:
            raise ConfigError(
                f"{where}: [{key}] {name} is {shown(value)}, wanted {_kind(wanted)} such as "
                f"{default!r}"
            )
        low, high = _BOUNDS.get(name, (None, None))
        if low is not None and high is not None and not low <= value <= high:
            raise ConfigError(
                f"{where}: [{key}] {name} is {shown(value)}, wanted {low:g} to {high:g}"
            )
        values[name] = value
    return kind(**values)


def _kind(wanted: type) -> str:
    return {int: "a whole number", float: "a number", str: "text in quotes"}.get(
        wanted, wanted.__name__
    )


def _checks(data: Mapping[str, Any], where: str, own_checks: Collection[str]) -> CheckSettings:
    """Read ``[checks]`` and ``[checks.severity]``."""
    table = data.get("checks", {})
    severity = table.get("severity", {}) if isinstance(table, dict) else {}
    if not isinstance(severity, dict):
        raise ConfigError(f"{where}: severity must be a table, written [checks.severity]")
    if severity:
        from ide.dataset.checks import CHECKS  # here, for few datasets name one

        known = sorted({*CHECKS, *own_checks})
        for name, value in severity.items():
            if name not in known:
                near = get_close_matches(name, known, n=1)
                raise ConfigError(
                    f"{where}: [checks.severity] {shown(name)} is no check; "
                    + (f"did you mean {near[0]}?" if near else f"known: {', '.join(known)}")
                )
            if not isinstance(value, str) or value not in (*SEVERITIES, OFF):
                raise ConfigError(
                    f"{where}: [checks.severity] {name} is {shown(value)}, wanted one of "
                    f"{', '.join((*SEVERITIES, OFF))}"
                )
    rest = {k: v for k, v in table.items() if k != "severity"} if severity else table
    settings = _section(CheckSettings, {**data, "checks": rest}, "checks", where)
    return replace(settings, severity=severity)
