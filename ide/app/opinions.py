"""What a build says of one example: how likely each class is, and how it was learnt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pyarrow as pa

from ide.dataset.schema import EXAMPLE_ID
from ide.store.builds import BuildInfo, build_table

N_PROBABILITIES = 8  # sent of datasets with many classes
MANY_CLASSES = 30
MARGIN, LOSS = "margin", "loss"


def likeliest_of(build: BuildInfo, example_id: str, n_classes: int) -> list[tuple[int, float]]:
    """Return (class index, probability) of the likeliest classes, likeliest first.

    Of up to 30 classes all are returned, of more the first 8; [] where the build has none.
    """
    probs = probs_of(build).row(example_id)
    if probs is None:
        return []
    n = n_classes if n_classes <= MANY_CLASSES else N_PROBABILITIES
    order = np.argsort(-probs, kind="stable")[:n]
    return [(int(k), round(float(probs[k]), 4)) for k in order]


def curves_of(build: BuildInfo, example_id: str) -> dict[str, list[float]]:
    """Return the example's ``loss`` and ``margin`` in each epoch; [] where there is no record."""
    record = training_record(build)
    return {name: _curve(record.row(example_id, name)) for name in (LOSS, MARGIN)}


def _curve(values: np.ndarray | None) -> list[float]:
    return [] if values is None else [round(float(v), 3) for v in np.nan_to_num(values, posinf=99)]


@dataclass(frozen=True, slots=True)
class Probabilities:
    """probs: (N, K) float32, rows sum to 1; in the order of ``index_by_id``."""

    index_by_id: Mapping[str, int]
    probs: np.ndarray

    def row(self, example_id: str) -> np.ndarray | None:
        """Return the (K,) probabilities of an example; None where the build has none."""
        index = self.index_by_id.get(example_id)
        return None if index is None else self.probs[index]


@lru_cache(maxsize=4)
def probs_of(build: BuildInfo) -> Probabilities:
    """Read what the network gives each class, for every example."""
    table = build_table(build, "predictions", [EXAMPLE_ID, "probs"])
    ids = table[EXAMPLE_ID].to_pylist()
    flat = table["probs"].combine_chunks().flatten().to_numpy(zero_copy_only=False)
    return Probabilities({x: i for i, x in enumerate(ids)}, flat.reshape(len(ids), -1))


@dataclass(frozen=True, slots=True)
class Record:
    """The training record, as (N·E,) columns sorted by example and epoch; ``first`` is (N+1,)."""

    index_by_id: Mapping[str, int]
    first: np.ndarray
    values: Mapping[str, np.ndarray]

    def row(self, example_id: str, name: str) -> np.ndarray | None:
        """Return the (E,) values of an example over the epochs; None where there are none."""
        index = self.index_by_id.get(example_id)
        if index is None:
            return None
        return self.values[name][self.first[index] : self.first[index + 1]]


@lru_cache(maxsize=4)
def training_record(build: BuildInfo) -> Record:
    """Read loss and margin of every example in every epoch."""
    table = build_table(build, "dynamics", [EXAMPLE_ID, "epoch", LOSS, MARGIN])
    encoded = table[EXAMPLE_ID].combine_chunks().dictionary_encode()
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.combine_chunks()
    codes = encoded.indices.to_numpy()
    order = np.lexsort((table["epoch"].to_numpy(), codes))
    first = np.searchsorted(codes[order], np.arange(len(encoded.dictionary) + 1))
    values = {name: table[name].to_numpy()[order] for name in (LOSS, MARGIN)}
    return Record({x: i for i, x in enumerate(encoded.dictionary.to_pylist())}, first, values)
