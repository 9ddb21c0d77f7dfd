"""Where a bisection has to stop, and what is open at its end, in sentences."""

from __future__ import annotations

from ide.dataset.bisection import BAD_PASSES, GOOD_FAILS, SKIPPED, Search
from ide.dataset.errors import BisectError
from ide.store.bisect_state import Bisect, Leg, Verdict

MAX_FAILURES = 3  # revisions in a row that cannot be built, before one has been


def check_leg(bisect: Bisect, leg: Leg) -> None:
    """Raise where there is nothing to search."""
    name, span = bisect.dataset, f"{bisect.good_name} and {bisect.bad_name}"
    if not leg.good_key:
        raise BisectError(
            f"there is no dataset {name!r} at {bisect.good_name} ({leg.good[:10]}); name a later "
            f"commit as --good. List them with: upwell log {name}"
        )
    if not leg.stops:
        raise BisectError(
            f"no commit between {span} touches {name!r}, so that none can have broken it"
        )
    if not leg.candidates:
        n = len(leg.stops)
        commits = "1 commit touches" if n == 1 else f"{n:,} commits touch"
        raise BisectError(
            f"{commits} {name!r} between {span}, and none changes what is trained on: the network "
            "is the same at both ends"
        )


def check_end(bisect: Bisect, leg: Leg, step: Search) -> None:
    """Raise where nothing was measured, or what a person said of an end turned out wrong."""
    skipped = [v for v in bisect.verdicts.values() if v.verdict == SKIPPED]
    if len(skipped) == len(bisect.verdicts):
        raise BisectError(f"no revision between could be built; {skipped[-1].says}")
    bound = f"{'≤' if bisect.is_at_most else '≥'} {bisect.bound:g}"
    if step.state == GOOD_FAILS:
        value = bisect.verdicts[leg.good_key].value
        raise BisectError(
            f"good fails the gate already: {bisect.metric} is {value:.4g} at {bisect.good_name} "
            f"({leg.good[:10]}), wanted {bound}. Name an older commit as --good, or a bound that "
            "it kept"
        )
    if step.state == BAD_PASSES:
        value = bisect.verdicts[leg.keys[-1]].value
        raise BisectError(
            f"bad passes the gate: {bisect.metric} is {value:.4g} at {bisect.bad_name} "
            f"({leg.bad[:10]}), and {bound} was wanted, so that nothing is broken there"
        )


def check_verdicts(bisect: Bisect, newest: Verdict) -> None:
    """Raise where it makes no sense to go on: nothing can be built, or nothing measured."""
    failed = [v for v in bisect.verdicts.values() if v.verdict == SKIPPED and v.says]
    if len(failed) < len(bisect.verdicts):
        return
    if newest.build_id is not None:
        raise BisectError(f"the gate {bisect.gate[:120]!r} cannot be judged: {newest.says}")
    if len(failed) >= MAX_FAILURES:
        raise BisectError(f"none of {len(failed):,} revisions could be built; {newest.says}")


def unmeasured(bisect: Bisect, leg: Leg, step: Search) -> str:
    """Say which verdict is only what a person said, or that several commits are left."""
    ends = {step.low: bisect.good_name, step.high: bisect.bad_name}
    for position, name in ends.items():
        verdict = bisect.verdicts.get(leg.keys[position])
        if verdict is None or verdict.verdict == SKIPPED:
            why = f": {verdict.says}" if verdict else ""
            return f"{name} could not be built, so that what you said of it is taken for true{why}"
    return ""
