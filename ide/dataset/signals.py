"""What one training run says of each label, as numbers that grow with doubt.

None wins everywhere: the record of training finds what is learnt late, neighbours find what stands
alone, the channel knows which classes people confuse. ``label_blend`` learns what to make of them.

At a million examples the (N, K) probabilities are all that costs: they are read once, in chunks
(``evidence``), and what is kept of them has a few numbers an example.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np

from ide.dataset.chunks import map_chunks, spread
from ide.dataset.neighbors import nearest
from ide.dataset.noise_channel import LEARN_FROM, learn_channel

N_NEIGHBORS = 10
VOTE_PRIOR = 0.5  # added to each class's votes: ten neighbours rule nothing out
RAW_VOTE_PRIOR = 1.0  # raw features know less
SMALLEST = 1e-4  # a probability below this is this: one epoch's certainty must not rule the mean

NAMES = (
    "mean_p",  # 1 − the given label's probability, mean over the epochs
    "mean_margin",  # best other − given, mean over the epochs: Pleiss et al. 2020 (AUM)
    "el2n",  # Paul et al. 2021, over all epochs
    "loss",  # of the final network
    "mean_loss",  # over the epochs
    "early_loss",  # over the first half of them, when wrong labels are not learnt by heart yet
    "late_loss",  # over the second half
    "mean_log_margin",  # log of best other over given, mean over the epochs
    "neighbors",  # share of the nearest in the network's features with another label
    "blend",  # 1 − the given label's probability where network and neighbours are multiplied
    "channel",  # log odds that the channel made the label from another
    "pair",  # log odds that it makes this label from the one suggested
)
RAW_NAMES = ("raw_neighbors", "raw_blend")  # where there are neighbours in raw features


@dataclass(frozen=True, slots=True)
class Run:
    """What a training run has recorded of N examples against ``labels``."""

    labels: np.ndarray  # (N,) int of 0 … K−1
    probs: np.ndarray  # (N, K) float32, of the final network
    mean_probs: np.ndarray  # (N, K) float32, over the epochs
    losses: np.ndarray  # (E, N) float32
    margins: np.ndarray  # (E, N) float32, −1 … 1
    el2n: np.ndarray  # (N,) float32, 0 … √2
    near: np.ndarray  # (N, k) int, labels of the nearest in the network's features, −1 = none
    raw_near: np.ndarray | None = None  # (N, k) likewise, of the nearest in raw features

    @property
    def n_classes(self) -> int:
        """K."""
        return int(self.probs.shape[1])

    @property
    def mean_log_margin(self) -> np.ndarray:
        """(N,) float32: log of the best other's over the given label's probability."""
        n = len(self.labels)
        found = np.empty(n, np.float32)

        def work(part: slice) -> None:
            found[part] = mean_log_margin(self.losses[:, part], self.margins[:, part])

        map_chunks(work, n, width=len(self.losses))
        return found

    def blended(self, rows: slice | np.ndarray) -> np.ndarray:
        """Multiply the network's and the neighbours' word on ``rows``, (B, K) float32."""
        return blend(self.mean_probs[rows], self.near[rows])


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is kept of N examples' probabilities: those of ``blended``, but for the last five."""

    signals: np.ndarray  # (N, S) float32, higher = more doubt: NAMES, then RAW_NAMES if known
    own: np.ndarray  # (N,) float32, the given label's
    other: np.ndarray  # (N,) int32, the most probable other class
    other_p: np.ndarray  # (N,) float32, its probability
    suggested: np.ndarray  # (N,) int32, like ``other``, by the second run and its channel too
    suggested_share: np.ndarray  # (N,) float32, its part of what is not the given label's
    loss: np.ndarray  # (N,) float32, −ln p(given) of the final network, ≥ 0
    margin: np.ndarray  # (N,) float32, its p(given) − p(best other), −1 … 1
    n_learnt: np.ndarray  # (N,) int16, epochs in which the given label was the most probable

    def at(self, part: slice) -> Evidence:
        """Return a part of it, to write to."""
        return Evidence(*(getattr(self, f.name)[part] for f in fields(self)))

    @property
    def other_share(self) -> np.ndarray:
        """(N,) float32: the part of ``other`` of what is not the given label's."""
        return share_of_rest(self.other_p, self.own)


def blend(probs: np.ndarray, near: np.ndarray, *, prior: float = VOTE_PRIOR) -> np.ndarray:
    """Multiply the network's (N, K) and the neighbours' (N, k) word; rows sum to 1, float32."""
    both = votes(near, probs.shape[1], prior=prior)
    both *= probs
    both /= np.einsum("nk->n", both)[:, None]
    return both


def votes(near: np.ndarray, n_classes: int, *, prior: float = 0.0) -> np.ndarray:
    """Count the labels (N, k) of neighbours, −1 = none, by class: (N, K) float32 + ``prior``."""
    n = len(near)
    cells = near + np.arange(0, n * n_classes, n_classes)[:, None]
    cells = cells.ravel() if near.min(initial=0) >= 0 else cells[near >= 0]
    counts = np.bincount(cells, minlength=n * n_classes).astype(np.float32)
    counts += np.float32(prior)
    return np.asarray(counts.reshape(n, n_classes))


def channel_of(run: Run) -> np.ndarray:
    """Learn the noise channel, (K, K), of a run's labels from network and neighbours."""
    rows = spread(np.arange(len(run.labels)), LEARN_FROM)
    return learn_channel(run.blended(rows), run.labels[rows])


def signals(run: Run) -> np.ndarray:
    """Give (N, S) float32, higher = more doubt, in the order of NAMES, then RAW_NAMES if known."""
    return evidence(run).signals


def evidence(
    run: Run,
    rows: np.ndarray | None = None,
    *,
    again: Run | None = None,
    again_channel: np.ndarray | None = None,
) -> Evidence:
    """Read the probabilities of ``rows`` (N,) of a run once; all of them if left out.

    again, again_channel: the second run of the same examples and the channel that makes
    ``run.labels`` of its classes; without them nothing is suggested.
    """
    n = len(run.labels) if rows is None else len(rows)
    found = _room(n, len(NAMES) + (len(RAW_NAMES) if run.raw_near is not None else 0))
    channel = channel_of(run).astype(np.float32)
    to_label = np.ascontiguousarray(channel.T)  # (K, K): a row is the classes' way to one label
    again_to_label = None
    if again is not None and again_channel is not None:
        again_to_label = np.ascontiguousarray(again_channel.T.astype(np.float32))

    def work(part: slice) -> None:
        chosen: slice | np.ndarray = part if rows is None else rows[part]
        blended = run.blended(chosen)
        _read_record(run, chosen, found.at(part))
        _read_blended(run, chosen, blended, to_label, found.at(part))
        if again is not None and again_to_label is not None:
            blended *= again.mean_probs[chosen]
            blended *= again_to_label[run.labels[chosen]]
            _suggest(blended, run.labels[chosen], found.at(part))

    map_chunks(work, n, width=run.n_classes)
    return found


def _room(n: int, n_signals: int) -> Evidence:
    return Evidence(
        np.empty((n, n_signals), np.float32),
        own=np.empty(n, np.float32),
        other=np.empty(n, np.int32),
        other_p=np.empty(n, np.float32),
        suggested=np.empty(n, np.int32),
        suggested_share=np.empty(n, np.float32),
        loss=np.empty(n, np.float32),
        margin=np.empty(n, np.float32),
        n_learnt=np.empty(n, np.int16),
    )


def _read_record(run: Run, rows: slice | np.ndarray, found: Evidence) -> None:
    """Put what the record and the final network say, all but the last of NAMES, in ``found``."""
    labels, record, out = run.labels[rows], run.losses[:, rows], found.signals
    margins, losses = run.margins[:, rows], np.minimum(record, np.float32(-np.log(SMALLEST)))
    half = max(1, len(losses) // 2)
    out[:, 0] = 1 - of_label(run.mean_probs, labels, rows)
    out[:, 1] = -margins.mean(0)
    out[:, 2] = run.el2n[rows]
    found.loss[:], found.margin[:] = loss_and_margin(run.probs[rows], labels)
    found.n_learnt[:] = np.add.reduce(margins > 0, axis=0, dtype=np.int16)
    out[:, 3] = np.minimum(found.loss, np.float32(-np.log(1e-6)))
    out[:, 4] = losses.mean(0)
    out[:, 5] = losses[:half].mean(0)
    out[:, 6] = losses[half:].mean(0) if len(losses) > half else out[:, 4]
    out[:, 7] = mean_log_margin(record, margins)
    out[:, 8] = disagreement(run.near[rows], labels)


def _read_blended(
    run: Run,
    rows: slice | np.ndarray,
    blended: np.ndarray,
    to_label: np.ndarray,
    found: Evidence,
) -> None:
    """Put what the blend (B, K) says in ``found``, of B."""
    labels, here = run.labels[rows], np.arange(len(blended))
    own, out = of_label(blended, labels), found.signals
    made = np.einsum("nk,nk->n", blended, to_label[labels])  # P(given label)
    right = own * to_label[labels, labels] / np.maximum(made, np.finfo(np.float32).tiny)
    right = right.clip(1e-6, 1 - 1e-6)
    if run.raw_near is not None:
        near = run.raw_near[rows]
        out[:, -2] = disagreement(near, labels)
        out[:, -1] = 1 - _raw_blend(blended, near, labels, own)
    blended[here, labels] = -1
    other = blended.argmax(1)
    found.own[:], found.other[:], found.other_p[:] = own, other, blended[here, other]
    blended[here, labels] = own
    out[:, 9] = 1 - own
    out[:, 10] = np.log(1 - right) - np.log(right)
    out[:, 11] = np.log(to_label[labels, other] + np.float32(SMALLEST))
    out[:, 11] -= np.log(to_label[labels, labels] + np.float32(SMALLEST))


def _raw_blend(
    blended: np.ndarray, near: np.ndarray, labels: np.ndarray, own: np.ndarray
) -> np.ndarray:
    """Give ``blend(blended, near, prior=RAW_VOTE_PRIOR)`` at the labels, from (B, k) labels."""
    voted = np.take_along_axis(blended, np.maximum(near, 0), 1)
    total = RAW_VOTE_PRIOR + np.where(near >= 0, voted, 0).sum(1)
    n_own = np.count_nonzero(near == labels[:, None], axis=1)
    return np.asarray(own * (n_own + RAW_VOTE_PRIOR) / total)


def _suggest(both: np.ndarray, labels: np.ndarray, found: Evidence) -> None:
    """Put the most probable other class by (B, K) weights in ``found``."""
    here = np.arange(len(both))
    total = np.maximum(np.einsum("nk->n", both), np.finfo(np.float32).tiny)
    given = of_label(both, labels) / total
    both[here, labels] = -1
    suggested = both.argmax(1)
    found.suggested[:] = suggested
    found.suggested_share[:] = share_of_rest(both[here, suggested] / total, given)


def share_of_rest(p: np.ndarray, given: np.ndarray) -> np.ndarray:
    """Give p / (1 − given), at most 1, of two classes' probabilities (N,)."""
    return np.asarray((p / np.maximum(1 - given, np.float32(1e-6))).clip(0, 1))


def mean_log_margin(losses: np.ndarray, margins: np.ndarray) -> np.ndarray:
    """Give log(best other / given), mean over (E, N) epochs; higher = more doubt."""
    others = np.exp(-losses)
    others -= margins
    np.log(np.maximum(others, np.float32(SMALLEST), out=others), out=others)
    others += np.minimum(losses, np.float32(-np.log(SMALLEST)))
    return np.asarray(others.mean(0))


def of_label(
    values: np.ndarray, labels: np.ndarray, rows: slice | np.ndarray | None = None
) -> np.ndarray:
    """Take from (N, K) the value at each label, (N,); rows: those that the labels are of."""
    if isinstance(rows, slice):
        values, rows = values[rows], None
    return np.asarray(values[np.arange(len(labels)) if rows is None else rows, labels])


def loss_and_margin(probs: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Give −ln p(given), ≥ 0, and p(given) − p(best other), −1 … 1, of (N, K) probabilities."""
    own, others = of_label(probs, labels), probs.copy()
    others[np.arange(len(labels)), labels] = 0
    return np.abs(np.log(np.maximum(own, np.float32(1e-12)))), own - others.max(1)


def best_other(values: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Give the class of the greatest of (N, K) that is not the label, (N,) int; ties: the lower."""
    others = values.copy()
    others[np.arange(len(labels)), labels] = -1
    return np.asarray(others.argmax(1))


def disagreement(near: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Give the share 0 … 1 of the neighbours (N, k) of another label; a half where none voted."""
    n, own = n_votes(near), n_votes_for(near, labels)
    return np.where(n > 0, 1 - own / np.maximum(n, 1), 0.5).astype(np.float32)


def n_votes(near: np.ndarray) -> np.ndarray:
    """Count the neighbours that vote, (N,), of (N, k) labels, −1 = none."""
    return np.asarray(np.count_nonzero(near >= 0, axis=1))


def n_votes_for(near: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Count the neighbours (N, k) that bear the label, (N,)."""
    return np.asarray(np.count_nonzero(near == labels[:, None], axis=1))


@dataclass(frozen=True, slots=True)
class Training:
    """A training run's record and predictions of N examples, whoever they are."""

    probs: np.ndarray  # (N, K) float32, of the final network
    mean_probs: np.ndarray  # (N, K) float32
    losses: np.ndarray  # (E, N) float32, against the labels that it was given
    margins: np.ndarray  # (E, N) float32
    el2n: np.ndarray  # (N,) float32
    embeddings: np.ndarray  # (N, D)
    neighbors: np.ndarray | None = None  # (N, k) of ``nearest``, where they are known already

    def nearest(self, is_candidate: np.ndarray) -> Training:
        """Return the same with its neighbours; is_candidate: (N,) bool, who may be one."""
        if self.neighbors is not None:
            return self
        found = nearest(self.embeddings, N_NEIGHBORS, is_candidate=is_candidate)[0]
        return replace(self, neighbors=found)

    def of(
        self,
        rows: np.ndarray,
        labels: np.ndarray,
        *,
        is_candidate: np.ndarray,
        raw_neighbors: np.ndarray | None = None,
    ) -> Run:
        """Give the record of ``rows`` (M,), whose neighbours vote with ``labels`` (N,).

        is_candidate: (N,) bool, who votes. raw_neighbors: (N, k) of ``neighbors.nearest``. Where
        ``rows`` is everyone, nothing large is copied.
        """
        chosen = slice(None) if len(rows) == len(labels) else rows
        neighbors = self.nearest(is_candidate).neighbors
        assert neighbors is not None
        return Run(
            labels=labels[chosen],
            probs=self.probs[chosen],
            mean_probs=self.mean_probs[chosen],
            losses=self.losses[:, chosen],
            margins=self.margins[:, chosen],
            el2n=self.el2n[chosen],
            near=labels_of(neighbors[chosen], labels),
            raw_near=None if raw_neighbors is None else labels_of(raw_neighbors[chosen], labels),
        )


def raw_neighbors_of(features: np.ndarray | None, is_candidate: np.ndarray) -> np.ndarray | None:
    """Give the (N, k) nearest candidates by raw features (N, D); None where there are none."""
    if features is None:
        return None
    return nearest(features, N_NEIGHBORS, is_candidate=is_candidate)[0]


def labels_of(neighbors: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Give the labels of neighbours (M, k), −1 = none, of all labels (N,): (M, k) likewise."""
    if not len(labels):
        return np.full(neighbors.shape, -1, np.int32)
    small = labels.astype(np.int16 if labels.max() < 2**15 else np.int32)
    theirs = small[neighbors]
    if neighbors.min(initial=0) < 0:
        theirs[neighbors < 0] = -1
    return np.asarray(theirs)
