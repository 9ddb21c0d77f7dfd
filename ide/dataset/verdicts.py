"""What people's verdicts say of the labels that nobody judged yet, without a compile.

A verdict is on a *given* label: a confirmation says that it is right, another label that it is
wrong, and an exclusion counts as wrong too, since no label fits (Northcutt et al. 2021, "Pervasive
Label Errors", counts "neither" and "several" among the errors likewise). Undone ones and
conflicts are none. Which given label a verdict is on decides what it is good for:

- the label that the compile ranked: its signals are evidence, in full;
- a label that was put right before the compile, which has learnt from the right one since: its
  signals now are those of another label, and would teach that doubt is unfounded. It counts with
  the odds that the person was shown then, for its pair of classes (3 taken for 8), and not for
  the signals;
- the same without a note of what was shown: it counts as found, and teaches nothing.

The model is a logistic regression on top of the compile's log odds (they are its offset), over the
signals in ``suspects.parquet``, the given class, the suggested one, and the pair of both. Its
weights have normal priors around 0 (Gelman et al. 2008, "A weakly informative default prior
distribution for logistic and other regression models"), so that three verdicts move little and
three hundred much. Only differences between labels are taken from it; whether all odds
are too high or too low is what ``recalibration`` tells.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ide.dataset.logistic import fit_logistic, sigmoid
from ide.dataset.recalibration import logit
from ide.dataset.replay import ExampleState
from ide.dataset.schema import LABEL

SIGNALS = ("loss", "margin", "mean_margin", "el2n", "neighbor_agreement")
SIGNAL_SCALE = 0.4  # standard deviations of the priors: a signal, from as expected to an end,
LEVEL_SCALES = (0.3, 0.3, 0.3)  # a given class, a suggested one, a pair of them,
LINE_SCALE = (1.0, 0.3)  # and offset and slope, which take up what recalibration tells
N_BLOCKS = 50
MAX_LEVELS = 200  # classes or pairs with weights of their own: those judged most
MIN_VERDICTS = 2  # fewer of a pair, and its classes speak for it


@dataclass(frozen=True, slots=True)
class Signals:
    """A build's ranked labels, as columns of length N: their log odds and what they rest on."""

    logits: np.ndarray
    values: np.ndarray  # (N, S) float32, how far each signal's rank is from what the odds expect
    given: np.ndarray  # (N,) codes of classes
    suggested: np.ndarray
    code_by_class: Mapping[str, int]

    @property
    def classes(self) -> list[str]:
        """The classes, in the order of their codes."""
        return list(self.code_by_class)


@dataclass(frozen=True, slots=True)
class Verdicts:
    """Verdicts on given labels, as columns of length M."""

    rows: np.ndarray  # (M,) int: the label's row in the build; -1 = the build ranks it no more
    is_error: np.ndarray  # (M,) bool
    logits: np.ndarray  # (M,) log odds that were shown, NaN where unknown; of rows of -1 only
    given: np.ndarray  # (M,) codes of classes, -1 where unknown
    suggested: np.ndarray


def signals_of(suspects: pa.Table) -> Signals:
    """Prepare a build's suspects (see ``schema.SUSPECTS``) for verdicts; O(N log N), once."""
    given, suggested = suspects[LABEL], suspects["suggested_label"]
    classes = sorted({*given.unique().to_pylist(), *suggested.unique().to_pylist()} - {None})
    code_by_class = {name: code for code, name in enumerate(classes)}
    names = [name for name in SIGNALS if name in suspects.column_names]
    logits = logit(suspects["p_mislabeled"].to_numpy())
    blocks = _blocks(logits)
    columns = [_beyond(_ranks(suspects[name].to_numpy()), blocks) for name in names]
    return Signals(
        logits=logits,
        values=np.stack(columns, 1) if columns else np.zeros((len(logits), 0), np.float32),
        given=_codes(given, classes),
        suggested=_codes(suggested, classes),
        code_by_class=code_by_class,
    )


def _codes(names: pa.ChunkedArray, classes: list[str]) -> np.ndarray:
    codes = pc.index_in(names, value_set=pa.array(classes, names.type)).fill_null(0)
    return np.asarray(codes.to_numpy().astype(np.int64))


def verdicts_of(
    signals: Signals,
    *,
    row_by_id: Mapping[str, int],
    states: Mapping[str, ExampleState],
    imported: Mapping[str, str | None],
    shown: Callable[[ExampleState], Mapping[str, object] | None],
) -> Verdicts:
    """Find the verdicts that stand. ``shown``: the evidence of a state's edit in force, or None."""
    found = (
        verdict_of(signals, state, row=row_by_id.get(x, -1), imported=imported.get(x), shown=shown)
        for x, state in states.items()
    )
    return as_columns(each for each in found if each is not None)


# a verdict's row, whether the label was wrong, the log odds shown, the given class, the suggested
Verdict = tuple[int, bool, float, int, int]


def verdict_of(
    signals: Signals,
    state: ExampleState,
    *,
    row: int,
    imported: str | None,
    shown: Callable[[ExampleState], Mapping[str, object] | None],
) -> Verdict | None:
    """Return the verdict on one example's given label; None where none stands.

    row: the example's row in the build, -1 = the build does not rank it.
    """
    if not state.is_judged or imported is None:
        return None
    codes = signals.code_by_class
    ranked = signals.classes[signals.given[row]] if row >= 0 else None
    label = state.label if state.label is not None else imported
    if row >= 0 and (state.is_excluded or label != ranked or ranked == imported):
        return row, state.is_excluded or label != ranked, np.nan, -1, -1
    evidence = shown(state) or {}
    p, suggested = evidence.get("p_mislabeled"), evidence.get("suggested_label")
    odds = float(logit(np.array(p))) if isinstance(p, int | float) else np.nan
    is_error = state.is_excluded or label != imported
    return -1, is_error, odds, codes.get(imported, -1), codes.get(str(suggested), -1)


def as_columns(found: Iterable[Verdict]) -> Verdicts:
    """Return verdicts as columns, in their order."""
    columns = list(zip(*found, strict=True)) or [()] * 5
    rows, is_error, logits, given, suggested = columns
    return Verdicts(
        rows=np.array(rows, np.int64),
        is_error=np.array(is_error, bool),
        logits=np.array(logits, float),
        given=np.array(given, np.int64),
        suggested=np.array(suggested, np.int64),
    )


def learn(signals: Signals, verdicts: Verdicts) -> tuple[np.ndarray, np.ndarray]:
    """Give the (N,) log odds after the verdicts, and those of the judged rows without their own.

    The second are for ``recalibration``: (R,) of the verdicts with a row, in their order, each
    as the other verdicts put it (approximate leave-one-out: Rad & Maleki 2020, "A scalable
    estimate of the out-of-sample prediction error via approximate leave-one-out").
    Milliseconds at 10,000 labels; every label is touched once.
    """
    rows = verdicts.rows
    is_here = rows >= 0
    is_used = is_here | (np.isfinite(verdicts.logits) & (verdicts.given >= 0))
    if not is_used.any():
        return signals.logits, signals.logits[rows[is_here]]
    rows, is_here = rows[is_used], is_here[is_used]
    offset = np.where(is_here, signals.logits[rows], verdicts.logits[is_used])
    given = np.where(is_here, signals.given[rows], verdicts.given[is_used])
    suggested = np.where(is_here, signals.suggested[rows], verdicts.suggested[is_used])
    values = np.where(is_here[:, None], signals.values[rows], 0)
    keys = (given, suggested, _pair(given, suggested, len(signals.code_by_class)))
    levels = [_common(given), _common(suggested), _common(keys[2], MIN_VERDICTS)]
    scales = [*LINE_SCALE, *[SIGNAL_SCALE] * values.shape[1]]
    columns = [np.ones((len(rows), 1)), offset[:, None], values]
    for key, known, scale in zip(keys, levels, LEVEL_SCALES, strict=True):
        columns.append((key[:, None] == known).astype(float))
        scales += [scale] * len(known)
    design = np.concatenate(columns, axis=1)
    weights, hessian = fit_logistic(
        design,
        verdicts.is_error[is_used],
        precision=1 / np.square(scales),
        offset=offset,
        max_step=2.0,
    )
    covariance = np.linalg.inv(hessian)
    logits = _shifted(signals, weights, levels)
    own = _own_share(design, offset, verdicts.is_error[is_used], weights, covariance)
    return logits, (logits[rows] - own)[is_here]


def _own_share(
    design: np.ndarray,
    offset: np.ndarray,
    is_error: np.ndarray,
    weights: np.ndarray,
    covariance: np.ndarray,
) -> np.ndarray:
    """Give by how much each verdict's own weight has moved its own log odds, (M,)."""
    p = sigmoid(offset + design @ weights)
    leverage = np.einsum("md,dc,mc->m", design, covariance, design, optimize=True)
    return np.asarray(leverage * (is_error - p) / np.maximum(1 - leverage * p * (1 - p), 1e-3))


def _shifted(signals: Signals, weights: np.ndarray, levels: list[np.ndarray]) -> np.ndarray:
    """Add to all N log odds what signals, classes and pairs say; offset and slope stay out."""
    n_values = signals.values.shape[1]
    logits = signals.logits + signals.values @ weights[2 : 2 + n_values].astype(np.float32)
    begin = 2 + n_values
    n_classes = len(signals.code_by_class)
    by_given, by_suggested = np.zeros(n_classes), np.zeros(n_classes)
    for effects, known in zip((by_given, by_suggested), levels[:2], strict=True):
        effects[known] = weights[begin : begin + len(known)]
        begin += len(known)
    logits = logits + by_given[signals.given] + by_suggested[signals.suggested]
    if len(known := levels[2]):
        pairs = _pair(signals.given, signals.suggested, n_classes)
        at = np.minimum(np.searchsorted(known, pairs), len(known) - 1)
        logits += np.where(known[at] == pairs, weights[begin:][at], 0)
    return np.asarray(logits)


def _common(keys: np.ndarray, at_least: int = 1) -> np.ndarray:
    """Give the most frequent keys, sorted; -1 is none."""
    known, counts = np.unique(keys[keys >= 0], return_counts=True)
    known, counts = known[counts >= at_least], counts[counts >= at_least]
    return np.sort(known[np.argsort(-counts, kind="stable")[:MAX_LEVELS]])


def _pair(given: np.ndarray, suggested: np.ndarray, n_classes: int) -> np.ndarray:
    return np.where((given >= 0) & (suggested >= 0), given * n_classes + suggested, -1)


def _blocks(logits: np.ndarray) -> np.ndarray:
    """Number (N,) labels by blocks of much the same odds, N_BLOCKS of them."""
    order = np.argsort(-logits, kind="stable")
    blocks = np.empty(len(logits), np.int64)
    blocks[order] = np.arange(len(logits)) * N_BLOCKS // max(1, len(logits))
    return blocks


def _beyond(ranks: np.ndarray, blocks: np.ndarray) -> np.ndarray:
    """Take from (N,) ranks the mean of their block: what the odds say already is no news."""
    counts = np.maximum(np.bincount(blocks, minlength=N_BLOCKS), 1)
    means = np.bincount(blocks, ranks, minlength=N_BLOCKS) / counts
    return np.asarray((ranks - means[blocks]).astype(np.float32))


def _ranks(values: np.ndarray) -> np.ndarray:
    """Give each value's rank as -1 (least) … 1 (greatest), float32; 0 where it is not known."""
    is_known = np.isfinite(values)
    known = values[is_known]
    ranks = np.zeros(len(values), np.float32)
    order = np.argsort(known)
    first = np.flatnonzero(np.diff(known[order], prepend=np.nan) != 0)  # of each run of equals
    counts = np.diff(first, append=len(known))
    middle = np.repeat(first + (counts - 1) / 2, counts)
    of_known = np.empty(len(known), np.float32)
    of_known[order] = 2 * middle / max(1, len(known) - 1) - 1
    ranks[is_known] = of_known if len(known) > 1 else 0
    return ranks
