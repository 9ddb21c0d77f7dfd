"""One plain sentence why an example stands where it stands among the suspects."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ide.dataset.schema import SUSPECT_THRESHOLD


def reasons(
    *,
    classes: Sequence[str],
    labels: np.ndarray,
    suggested: np.ndarray,
    p_mislabeled: np.ndarray,
    votes: np.ndarray,
    n_neighbors: np.ndarray,
    n_learnt: np.ndarray,
    n_epochs: int,
    is_train: np.ndarray,
) -> list[str]:
    """Say of M labelled examples what the neighbours and the training record show.

    labels, suggested: (M,) int, indices of ``classes``. p_mislabeled: (M,) of 0 … 1. votes: (M, K)
    int, how many of the ``n_neighbors`` (M,) have each class. n_learnt: (M,) int of 0 … n_epochs,
    the epochs in which the given label had the greatest probability. is_train: (M,) bool; what is
    not trained on is not learnt but recognised.
    """
    rows = np.arange(len(labels))
    is_suspect = p_mislabeled > SUSPECT_THRESHOLD
    is_doubtful = (votes[rows, suggested] > votes[rows, labels]) | (2 * n_learnt < n_epochs)
    shown = np.where(is_suspect | is_doubtful, suggested, labels)
    verbs = np.where(is_suspect, "looks like", np.where(is_doubtful, "could be", "fits"))
    near = zip(votes[rows, shown].tolist(), n_neighbors.tolist(), strict=True)
    learnt = zip(n_learnt.tolist(), is_train.tolist(), strict=True)
    return [
        f"{verb} {classes[s]}: {_near(classes[s], k, n)}{_learnt(classes[g], e, n_epochs, t)}"
        for verb, s, g, (k, n), (e, t) in zip(verbs, shown, labels, near, learnt, strict=True)
    ]


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
