"""Live yield measured: do its intervals cover, does its stopping rule save, do verdicts help?

    python benchmarks/yield_rule.py [--data FILE] [--seeds 3]

FILE is cifar10n_labels_predprobs.parquet: 50,000 labels by people whose truth is known, with
published out-of-sample probabilities of two networks. Odds are fitted to them on the truth (then
they are calibrated) and afterwards put wrong on purpose: too high or too low by e^0.5, too bold
or too timid by a fifth. Planted: errors among 2,000 digits-like labels whose odds are off by as
much as the prior says, at random.

1. Coverage: of all reviews stopped after n verdicts, the share whose 95 % interval of the errors
   left holds the truth.
2. The rule: the loss (judgements, and 20 for each error left) where it stops, beside the best stop
   in hindsight, judging nothing, judging all, and stopping at odds of one half.
3. Verdicts: average precision of the labels not judged, in the compile's order and as the verdicts
   re-order them. The order is weakened with noise, so that something is left to learn: from the
   classes alone, or also from neighbours whose agreement is a signal that the noise spared.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score

sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks.sizes import sized
from ide.dataset.logistic import sigmoid
from ide.dataset.recalibration import LOCAL, OFFSET, SLOPE, logit
from ide.dataset.verdicts import Verdicts, learn, signals_of
from ide.dataset.yields import ERROR_COST, live_yield

RANKINGS = {
    "aggre, resnet18": ("aggre_label", "pred_probs_aggregate_resnet18"),
    "aggre, swin": ("aggre_label", "pred_probs_aggregate_swin"),
    "worse, resnet18": ("worse_label", "pred_probs_worst_resnet18"),
    "worse, swin": ("worse_label", "pred_probs_worst_swin"),
    "random1, resnet18": ("random_label1", "pred_probs_aggregate_resnet18"),
}
DISTORTIONS = ((0.0, 1.0), (0.5, 1.0), (-0.5, 1.0), (0.0, 1.2), (0.0, 0.8))
N_VERDICTS = (0, 30, 100, 300, 1000, 3000)
N = 10_000  # labels of a review
BATCH = 50  # judgements between two looks at the rule


def main() -> None:
    """Measure all three and print a table each."""
    options = _options()
    table = pq.read_table(options.data) if Path(options.data).is_file() else None
    if table is None:
        print(f"{options.data} is not here: only planted errors are measured", file=sys.stderr)
    rankings = RANKINGS if table is not None else {}
    reviews = {name: [] for name in [*rankings, "planted"]}
    for seed in range(options.seeds):
        rng = np.random.default_rng(seed)
        for name, columns in RANKINGS.items():
            if table is not None:
                x, is_error = _calibrated(table, *columns, rng)
                for offset, slope in DISTORTIONS:
                    reviews[name].append((offset + slope * x, is_error))
            reviews["planted"].append(_planted(rng))
    print(f"{N:,} labels a review (planted: 2,000), {options.seeds} seeds\n")
    _coverage(reviews)
    _rule(reviews)
    if table is not None:
        _verdicts(table, options.seeds)


def _coverage(reviews: dict) -> None:
    print("share of 95 % intervals of the errors left that hold the truth, by verdicts given")
    print(f"{'':20}" + "".join(f"{n:>8,}" for n in N_VERDICTS))
    for name, found in reviews.items():
        cells = []
        for n in N_VERDICTS:
            hits = [_covers(x, is_error, n) for x, is_error in found if n < len(x)]
            cells.append(f"{np.mean(hits):8.2f}" if hits else f"{'–':>8}")
        print(f"{name:20}" + "".join(cells))


def _covers(x: np.ndarray, is_error: np.ndarray, n: int) -> bool:
    order = np.argsort(-x, kind="stable")
    p, is_error = sigmoid(x[order]), is_error[order]
    found = live_yield(p[:n], is_error[:n], p[n:])
    return bool(found.n_left_low <= is_error[n:].sum() <= found.n_left_high)


def _rule(reviews: dict) -> None:
    print(
        f"\nloss in judgements (an error left costs {ERROR_COST:g}), as a multiple of hindsight's"
    )
    heads = ("errors", "the rule", "judge none", "judge all", "odds 1/2", "stopped at", "best at")
    print(f"{'':20}" + "".join(f"{head:>12}" for head in heads))
    for name, found in reviews.items():
        rows = np.array([_losses(x, is_error) for x, is_error in found])
        ratios = rows[:, 1:5] / rows[:, 5:6]
        means = [rows[:, 0].mean(), *ratios.mean(0), rows[:, 6].mean(), rows[:, 7].mean()]
        print(f"{name:20}" + "".join(f"{m:12,.0f}" if m >= 30 else f"{m:12.2f}" for m in means))


def _losses(x: np.ndarray, is_error: np.ndarray) -> tuple[float, ...]:
    """Give errors, loss by the rule, of none, all, odds 1/2, hindsight; where the two stop."""
    order = np.argsort(-x, kind="stable")
    p, is_error = sigmoid(x[order]), is_error[order]
    left = is_error.sum() - np.concatenate([[0], np.cumsum(is_error)])
    loss = np.arange(len(p) + 1) + ERROR_COST * left
    n = 0
    while n < len(p):
        pays = live_yield(p[:n], is_error[:n], p[n:]).n_worth
        if not pays:
            break
        n = min(len(p), n + max(BATCH, pays // 8))
    best = int(loss.argmin())
    half = int((p > 0.5).sum())
    return left[0], loss[n], loss[0], loss[-1], loss[half], loss[best], n, best


def _verdicts(table: pa.Table, n_seeds: int) -> None:
    counts = (50, 100, 200, 500)
    print("\naverage precision of the labels not judged: as compiled -> as the verdicts order them")
    print(f"{'':20}{'noise':>6} {'':10}" + "".join(f"{n:>18}" for n in counts) + f"{'ms':>8}")
    for name in ("aggre, resnet18", "worse, resnet18", "random1, resnet18"):
        for noise, has_neighbors in ((0.0, False), (1.0, False), (1.0, True), (2.0, True)):
            pairs, seconds = [], []
            for seed in range(n_seeds):
                rng = np.random.default_rng(seed)
                suspects, is_error = _weakened(table, *RANKINGS[name], noise, rng)
                suspects = suspects if has_neighbors else suspects.drop("neighbor_agreement")
                signals = signals_of(suspects)
                pairs.append([_gain(signals, is_error, n, seconds) for n in counts])
            cells = [f"{a:.3f} -> {b:.3f}" for a, b in np.mean(pairs, 0)]
            kind = "neighbors" if has_neighbors else ""
            print(f"{name:20}{noise:6.1f} {kind:10}" + "".join(f"{c:>18}" for c in cells), end="")
            print(f"{1000 * np.median(seconds):8.1f}")
    _scale()


def _gain(signals, is_error, n: int, seconds: list[float]) -> tuple[float, float]:
    start = time.perf_counter()
    logits, _ = learn(signals, _first(n, is_error))
    seconds.append(time.perf_counter() - start)
    rest = is_error[n:]
    before = average_precision_score(rest, signals.logits[n:])
    return before, average_precision_score(rest, logits[n:])


def _first(n: int, is_error: np.ndarray) -> Verdicts:
    none = np.full(n, -1)
    return Verdicts(np.arange(n), is_error[:n], np.full(n, np.nan), none, none)


def _scale() -> None:
    """Print what a verdict costs at a million labels."""
    rng = np.random.default_rng(0)
    n, classes = 1_000_000, np.array([f"c{i}" for i in range(100)])
    p = np.sort(rng.beta(0.3, 3, n))[::-1].astype(np.float32)
    columns = {k: rng.random(n, np.float32) for k in ("loss", "margin", "mean_margin", "el2n")}
    suspects = pa.table(
        {"label": classes[rng.integers(0, 100, n)], "p_mislabeled": p, **columns}
        | {"suggested_label": classes[rng.integers(0, 100, n)]}
    )
    times = [time.perf_counter()]
    signals = signals_of(suspects)
    times.append(time.perf_counter())
    is_error = rng.random(1000) < p[:1000]
    logits, own = learn(signals, _first(1000, is_error))
    times.append(time.perf_counter())
    live_yield(sigmoid(own), is_error, sigmoid(logits[1000:]))
    times.append(time.perf_counter())
    once, learnt, counted = np.diff(times)
    print(f"\n1,000,000 labels, 1,000 verdicts: {once:.1f} s once a build; then for each answer")
    print(f"{learnt:.2f} s to learn and apply, {counted:.2f} s to count what is left")


def _calibrated(table: pa.Table, label: str, probs: str, rng) -> tuple[np.ndarray, np.ndarray]:
    """Give log odds that are calibrated on the truth, and what is wrong, of N labels drawn."""
    given, _, p, is_error = _drawn(table, label, probs, rng)
    own = p[np.arange(N), given]
    return _fitted(np.log1p(-own) - np.log(own), is_error), is_error


def _weakened(table: pa.Table, label: str, probs: str, noise: float, rng):
    """Give suspects in the order of noisy probabilities, and what is wrong."""
    given, _, clean, is_error = _drawn(table, label, probs, rng)
    noisy = _softmax(np.log(clean) + noise * rng.gumbel(size=clean.shape))
    own = noisy[np.arange(N), given]
    others = noisy.copy()
    others[np.arange(N), given] = -1
    x = _fitted(np.log1p(-own) - np.log(own), is_error)
    order = np.argsort(-x, kind="stable")
    names = np.array([f"c{k}" for k in range(clean.shape[1])])
    votes = rng.binomial(10, clean[np.arange(N), given]) / 10
    suspects = pa.table(
        {
            "label": names[given[order]],
            "suggested_label": names[others.argmax(1)[order]],
            "p_mislabeled": sigmoid(x[order]),
            "loss": -np.log(own[order]),
            "margin": (own - others.max(1))[order],
            "neighbor_agreement": votes[order],
        }
    )
    return suspects, is_error[order]


def _drawn(table: pa.Table, label: str, probs: str, rng):
    rows = rng.permutation(len(table))[:N]
    classes = sorted(set(table["true_label"].to_pylist()))
    code = {name: k for k, name in enumerate(classes)}
    given = np.array([code[name] for name in table[label].to_pylist()])[rows]
    true = np.array([code[name] for name in table["true_label"].to_pylist()])[rows]
    flat = table[probs].combine_chunks().flatten().to_numpy()
    p = np.clip(flat.reshape(len(table), -1)[rows].astype(float), 1e-6, None)
    return given, true, p / p.sum(1, keepdims=True), given != true


def _planted(rng) -> tuple[np.ndarray, np.ndarray]:
    """Give log odds, off by a draw of the prior, and errors planted by the true ones."""
    x = rng.normal(-3, 2.5, 2000)
    bump = LOCAL * rng.normal() * np.sin(x / 2 + rng.uniform(0, 6))
    truth = x + OFFSET * rng.normal() + SLOPE * rng.normal() * x + bump
    return x, rng.random(len(x)) < sigmoid(truth)


def _fitted(scores: np.ndarray, is_error: np.ndarray) -> np.ndarray:
    x = logit(sigmoid(scores))[:, None]
    return LogisticRegression(C=1e6).fit(x, is_error).decision_function(x)


def _softmax(scores: np.ndarray) -> np.ndarray:
    e = np.exp(scores - scores.max(1, keepdims=True))
    return np.clip(e / e.sum(1, keepdims=True), 1e-9, 1 - 1e-9)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", default="cifar10n_labels_predprobs.parquet")
    parser.add_argument("--seeds", type=int, default=3)
    return sized(parser, data="", seeds=1)


if __name__ == "__main__":
    main()
