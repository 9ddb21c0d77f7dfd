"""One plain sentence why an example stands where it stands among the suspects.

There are far fewer sentences than examples: each half is written once for each way that it can
turn out, and the halves are put together by number.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ide.dataset.schema import SUSPECT_THRESHOLD

VERBS = ("looks like", "could be", "fits")


def reasons(
    *,
    classes: Sequence[str],
    labels: np.ndarray,
    suggested: np.ndarray,
    p_mislabeled: np.ndarray,
    n_for_label: np.ndarray,
    n_for_suggested: np.ndarray,
    n_neighbors: np.ndarray,
    n_learnt: np.ndarray,
    n_epochs: int,
    is_train: np.ndarray,
) -> pa.StringArray:
    """Say of M labelled examples what the neighbours and the training record show.

    labels, suggested: (M,) int, indices of ``classes``. p_mislabeled: (M,) of 0 … 1. n_for_label,
    n_for_suggested: (M,) int, how many of the ``n_neighbors`` (M,) have that class. n_learnt: (M,)
    int of 0 … n_epochs, the epochs in which the given label had the greatest probability.
    is_train: (M,) bool; what is not trained on is not learnt but recognised.
    """
    is_suspect = p_mislabeled > SUSPECT_THRESHOLD
    is_doubtful = (n_for_suggested > n_for_label) | (2 * n_learnt < n_epochs)
    is_other = is_suspect | is_doubtful
    verb = np.where(is_suspect, 0, np.where(is_doubtful, 1, 2))
    shown = np.where(is_other, suggested, labels)
    n_for = np.where(is_other, n_for_suggested, n_for_label)

    def seen(v: int, s: int, k: int, n: int) -> str:
        return f"{VERBS[v]} {classes[s]}: {_near(classes[s], k, n)}"

    def learnt(g: int, e: int, t: int) -> str:
        return _learnt(classes[g], e, n_epochs, bool(t))

    return pc.binary_join_element_wise(
        _written(seen, verb, shown, n_for, n_neighbors),
        _written(learnt, labels, n_learnt, is_train.astype(np.int8)),
        pa.scalar(""),
    )


def _written(write: Callable[..., str], *columns: np.ndarray) -> pa.StringArray:
    """Call ``write`` once for each combination in the ``columns`` (M,), int ≥ 0."""
    code, sizes = np.zeros(len(columns[0]), np.int64), []
    for column in columns:
        sizes.append(int(column.max(initial=0)) + 1)
        code = code * sizes[-1] + column
    is_met = np.zeros(int(np.prod(sizes)), bool)
    is_met[code] = True
    place_of = np.cumsum(is_met, dtype=np.int32) - np.int32(1)
    met = np.unravel_index(np.flatnonzero(is_met), sizes)
    texts = [write(*case) for case in zip(*(part.tolist() for part in met), strict=True)]
    return pa.array(texts, pa.string()).take(pa.array(place_of[code]))


def _near(shown: str, k: int, n: int) -> str:
    return f"{k} of its {n} nearest {'is' if k == 1 else 'are'} {shown}, " if n else ""


def _learnt(given: str, n_learnt: int, n_epochs: int, is_train: bool) -> str:
    word = "learnt" if is_train else "recognised"
    epochs = "1 epoch" if n_epochs == 1 else f"{n_epochs} epochs"
    if n_learnt == 0:
        return f"never {word} as {given} in {epochs}"
    if n_learnt == n_epochs:
        return f"{word} as {given} in {'all ' if n_epochs > 1 else ''}{epochs}"
    only = "only " if 2 * n_learnt < n_epochs else ""
    return f"{word} as {given} in {only}{n_learnt} of {epochs}"
