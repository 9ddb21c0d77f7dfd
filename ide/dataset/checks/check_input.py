"""What a check may know of a dataset."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ide.dataset.check_settings import CheckSettings
from ide.dataset.neighbors import nearest
from ide.dataset.schema import EXAMPLE_ID, LABEL, SPLIT

N_NEIGHBORS = 10
# What a check can need, and what to say where a dataset does not have it.
NEEDS: Mapping[str, str] = {
    "media": "measured media",
    "metadata": "columns of the source",
    "source": "a source column ([checks] source in dataset.toml)",
    "imported_in": "several imports",
    "order": "the order of import",
    "probs": "a build",
    "predicted": "a build",
    "is_out_of_sample": "a build",
    "embeddings": "a build",
    "raw_features": "features of the payloads",
    "texts": "texts",
}


@dataclass(frozen=True, slots=True)
class NamedByGate:
    """A gate of ``dataset.toml``, and how many examples it names."""

    name: str
    where: str  # the split and the condition, in words
    n_examples: int | None  # None: unknown, or it cannot be answered and has a ``problem``
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Remark:
    """What replaying the edit log had to pass over: a line, or an edit of an example."""

    subject: str  # the line or the edit
    message: str
    example_id: str | None = None


@dataclass(frozen=True)  # without slots: neighbours are computed once and kept
class CheckInput:
    """All that a check may know of a dataset; N rows in one order, None for what there is not."""

    labels: pa.Table  # (N,) schema.LABELS: the labels in force
    content_hashes: pa.Array  # (N,) string, equal for equal payloads; null = no payload
    classes: tuple[str, ...]
    modality: str = "image"
    settings: CheckSettings = field(default_factory=CheckSettings)
    gates: tuple[NamedByGate, ...] = ()  # [[gate]] of dataset.toml
    damage: tuple[Remark, ...] = ()  # lines of edit logs that cannot be read
    ignored_edits: tuple[Remark, ...] = ()  # whose value is no class or split
    media: pa.Table | None = None  # (N,) schema.MEDIA: what was measured of each payload
    metadata: pa.Table | None = None  # (N,) the source's own columns; without id, label, split
    imported_in: np.ndarray | None = None  # (N,) str: the part file an example came in
    order: np.ndarray | None = None  # (N,) int: the place in the import
    probs: np.ndarray | None = None  # (N, K) of the build, rows sum to 1
    predicted: np.ndarray | None = None  # (N,) int, of the build: the place in classes
    is_out_of_sample: np.ndarray | None = None  # (N,) bool: the build was not trained on it
    embeddings: np.ndarray | None = None  # (N, D) of the build
    raw_features: np.ndarray | None = None  # (N, D) of the payloads, without a network
    texts: pa.Array | None = None  # (N,) string, where the modality is text

    @property
    def kept(self) -> np.ndarray:
        """Indices of the rows that are not excluded, (M,) int."""
        return np.flatnonzero(~self.labels["is_excluded"].to_numpy())

    def column(self, name: str) -> np.ndarray:
        """A column of ``labels`` as (N,) objects; null is None."""
        return np.array(self.labels[name].to_pylist(), dtype=object)

    @cached_property
    def ids(self) -> np.ndarray:
        """Example ids, (N,) objects."""
        return self.column(EXAMPLE_ID)

    @cached_property
    def splits(self) -> np.ndarray:
        """Splits, (N,) objects."""
        return self.column(SPLIT)

    @cached_property
    def label_numbers(self) -> np.ndarray:
        """(N,) int64: the place of each label in ``classes``, −1 for none and for no class."""
        places = pc.index_in(self.labels[LABEL], value_set=pa.array(self.classes, pa.string()))
        return np.asarray(pc.fill_null(places, -1), dtype=np.int64)

    @cached_property
    def is_usable(self) -> np.ndarray:
        """(N,) bool: has a label that is a class, is not excluded and not in conflict."""
        left_out = self.labels["is_excluded"].to_numpy() | self.labels["is_conflict"].to_numpy()
        usable: np.ndarray = (self.label_numbers >= 0) & ~left_out
        return usable

    @cached_property
    def source(self) -> np.ndarray | None:
        """Who or what each example comes from, (N,) objects; None where no column says it."""
        name = self.settings.source
        if not name or self.metadata is None or name not in self.metadata.column_names:
            return None
        return np.array(self.metadata[name].to_pylist(), dtype=object)

    @cached_property
    def neighbors(self) -> tuple[np.ndarray, np.ndarray]:
        """Nearest kept rows in the build's features: (N, k) int64, −1 = none; (N, k) cosine."""
        assert self.embeddings is not None, "a check that asks for neighbors needs embeddings"
        return self._nearest(self.embeddings)

    @cached_property
    def raw_neighbors(self) -> tuple[np.ndarray, np.ndarray]:
        """Nearest kept rows in the payloads' own features, as ``neighbors``."""
        assert self.raw_features is not None, "a check of raw neighbors needs raw_features"
        return self._nearest(self.raw_features)

    def _nearest(self, features: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        is_kept = ~self.labels["is_excluded"].to_numpy()
        return nearest(features, N_NEIGHBORS, is_candidate=is_kept)

    def by_id(self) -> CheckInput:
        """Return the same with its rows by example id: what checks are given."""
        order = pc.sort_indices(self.labels[EXAMPLE_ID])
        rows = order.to_numpy()
        if np.array_equal(rows, np.arange(len(rows))):
            return self
        taken: dict[str, Any] = {}
        for each in fields(self):
            value = getattr(self, each.name)
            if isinstance(value, np.ndarray):
                taken[each.name] = value[rows]
            elif isinstance(value, pa.Table | pa.Array | pa.ChunkedArray):
                taken[each.name] = value.take(order)
        return replace(self, **taken)
