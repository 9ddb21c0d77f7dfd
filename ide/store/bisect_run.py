"""The search itself: which revision next, its build, its verdict; and into what a merge brought.

Every verdict is on the disk before the next build begins. A build that is there already, of this
bisection or of anybody's, is judged and not made again; so a bisection that was cancelled goes on
where it stood when it is started anew.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import replace

from ide.dataset.bisection import (
    BAD,
    BAD_PASSES,
    FOUND,
    GOOD,
    PROBE,
    SKIPPED,
    Search,
    doubt,
    is_close,
    search,
)
from ide.dataset.errors import (
    BuildCancelledError,
    BuildError,
    BuildRunningError,
    ConfigError,
    DatasetNotFoundError,
    ExamplesMissingError,
    GitError,
)
from ide.dataset.gates import Gate
from ide.store import git
from ide.store.bisect_path import Stop, read_path
from ide.store.bisect_refusals import check_end, check_leg, check_verdicts, unmeasured
from ide.store.bisect_state import Bisect, Leg, Verdict, save_bisect, save_progress
from ide.store.build_of import build_of_revision, kept_builds
from ide.store.builds import BuildInfo
from ide.store.files import storage_errors
from ide.store.gates import judge_gates
from ide.store.rebuilding import build_at
from ide.store.workspace import Workspace

_UNBUILDABLE = (BuildError, ConfigError, DatasetNotFoundError, ExamplesMissingError, GitError)
_TELL_S = 0.25
_WAIT_S = 1.0  # until it is asked again whether another build has ended


class Bisection:
    """One bisection under way; ``bisect`` is what is known of it, and stands on the disk."""

    def __init__(
        self, workspace: Workspace, bisect: Bisect, gate: Gate, is_cancelled: threading.Event
    ) -> None:
        self._workspace, self._gate, self._is_cancelled = workspace, gate, is_cancelled
        self.bisect = bisect
        self._told_at = 0.0
        self._n_built_before = 0  # in the legs before this one

    def run(self) -> Bisect:
        """Search to the end and return what was found; raise the sentence of why it cannot be."""
        leg = self._leg(self.bisect.good, self.bisect.bad)
        check_leg(self.bisect, leg)
        step = self._search(leg)
        check_end(self.bisect, leg, step)
        while True:
            found = leg.candidates[step.low : step.high]
            self._save(culprits=tuple(stop.revision for stop in found), n_left=len(found))
            deeper = self._into_merge(found[0]) if len(found) == 1 else None
            if deeper is None:
                break
            leg, step = deeper
        self._save(doubt=self._doubt(leg, step), n_builds_left=0)
        return self.bisect

    def _leg(self, good: str, bad: str, merge: str | None = None) -> Leg:
        name = self.bisect.dataset
        key, stops = read_path(self._workspace, name, good, bad)
        leg = Leg(good, bad, key, tuple(stops), merge)
        self._n_built_before = self.bisect.n_built
        verdicts = dict(self.bisect.verdicts)
        for stop in stops:
            if not stop.key:
                verdicts[""] = Verdict(SKIPPED, stop.revision, says=f"{name!r} is not there")
        self._save(legs=(*self.bisect.legs, leg), verdicts=verdicts)
        return leg

    def _search(self, leg: Leg) -> Search:
        """Judge revisions of a leg until its culprit is found: first those that are built."""
        keys, weights = leg.keys, _weights(leg)
        kept = self._kept(leg)
        while True:
            known = {p: v.verdict for p, k in enumerate(keys) if (v := self.bisect.verdicts.get(k))}
            unbuilt = {p: SKIPPED for p in range(len(keys)) if p not in known and p not in kept}
            step = search(weights, known | unbuilt)
            if step.state != PROBE:
                n_built = self.bisect.n_built - self._n_built_before
                step = search(weights, known, n_built=n_built)
            self._save(n_left=step.n_left, n_builds_left=step.n_builds)
            if step.probe is None:
                return step
            self._probe(keys[step.probe], _revision(leg, step.probe), kept.get(step.probe))

    def _kept(self, leg: Leg) -> dict[int, BuildInfo]:
        """Return position → the build of it that is there, or of an equal revision."""
        builds = kept_builds(self._workspace, self.bisect.dataset)
        revisions, counts = {b.revision for b in builds}, {b.n_edits for b in builds}
        places = {key: p for p, key in reversed(list(enumerate(leg.keys)))}
        found: dict[int, BuildInfo] = {}
        asked = [s for s in leg.stops if s.revision in revisions or s.n_edits in counts]
        for key, revision in [(leg.good_key, leg.good), *((s.key, s.revision) for s in asked)]:
            place = places[key]
            if place not in found and (build := self._build_of(revision)):
                found[place] = build
        return {p: found[places[key]] for p, key in enumerate(leg.keys) if places[key] in found}

    def _build_of(self, revision: str) -> BuildInfo | None:
        try:
            return build_of_revision(self._workspace, self.bisect.dataset, revision)
        except (ConfigError, GitError):  # said when it is to be built
            return None

    def _probe(self, key: str, revision: str, kept: BuildInfo | None) -> None:
        """Find the verdict of a revision, and put it on the disk."""
        if self._is_cancelled.is_set():
            raise BuildCancelledError(_CANCELLED)
        begun = time.monotonic()
        self._save(probing=revision)
        self._tell("looking for its build" if kept else "starting", is_urgent=True)
        try:
            build = kept or self._build(revision)
            verdict = self._judge(build, revision)
        except _UNBUILDABLE as error:
            if isinstance(error, BuildCancelledError):
                raise
            verdict = Verdict(SKIPPED, revision, says=str(error))
        seconds = round(time.monotonic() - begun, 1)
        verdict = replace(verdict, seconds=seconds, is_kept=kept is not None)
        self._save(verdicts={**self.bisect.verdicts, key: verdict}, probing=None)
        check_verdicts(self.bisect, verdict)

    def _build(self, revision: str) -> BuildInfo:
        """Build a revision beside the working tree; wait where another build runs."""
        while True:
            try:
                with storage_errors(self._workspace.local_path, "build in"):
                    (build,) = build_at(
                        self._workspace,
                        [self.bisect.dataset],
                        revision,
                        on_progress=self._tell,
                        is_cancelled=self._is_cancelled,
                    )
            except BuildRunningError as error:
                self._tell(f"waiting: {error}", is_urgent=True)
                if self._is_cancelled.wait(_WAIT_S):
                    raise BuildCancelledError(_CANCELLED) from None
            else:
                self._save(n_built=self.bisect.n_built + 1)
                return build

    def _judge(self, build: BuildInfo, revision: str) -> Verdict:
        """Return what the gate says of a build."""
        name = self.bisect.dataset
        (result,) = judge_gates(self._workspace, name, build=build, gates=[self._gate])
        if result.value is None:
            return Verdict(SKIPPED, revision, says=result.says, build_id=build.build_id)
        return Verdict(
            GOOD if result.is_passed else BAD,
            revision,
            value=result.value,
            low=result.low,
            high=result.high,
            n=result.n,
            is_close=is_close(result.low, result.high, self._gate.bound),
            says=result.says,
            build_id=build.build_id,
        )

    def _into_merge(self, culprit: Stop) -> tuple[Leg, Search] | None:
        """Search what a culprit merge brought from its other sides; None where that is clean."""
        root = self._workspace.root
        for other in culprit.parents:
            result = git.attempt(root, "merge-base", culprit.came_from, other)
            base = result.stdout.decode().strip()
            if other == culprit.came_from or result.returncode != 0 or base == other:
                continue
            leg = self._leg(base, other, culprit.revision)
            if not leg.candidates or not leg.good_key:
                continue
            step = self._search(leg)
            if step.state == FOUND:
                return leg, step
            self._note(culprit, other, base, step)
        return None

    def _note(self, merge: Stop, other: str, base: str, step: Search) -> None:
        """Say why a merge itself is the culprit, and no commit that it brought."""
        what = f"{merge.revision[:10]} is a merge; what it brought ({other[:10]})"
        note = (
            f"{what} passes by itself, so that only both sides together fail"
            if step.state == BAD_PASSES
            else f"{what} failed before the sides parted ({base[:10]}), and only the other side "
            "had mended it"
        )
        self._save(notes=(*self.bisect.notes, note))

    def _doubt(self, leg: Leg, step: Search) -> str:
        """Return what speaks against the culprit, in words; "" where nothing does."""
        before, after = (self.bisect.verdicts.get(leg.keys[p]) for p in (step.low, step.high))
        if not before or not after or SKIPPED in (before.verdict, after.verdict):
            return unmeasured(self.bisect, leg, step)
        failed = [set(self._failed(_revision(leg, p))) for p in (step.low, step.high)]
        return doubt(
            is_close_before=before.is_close,
            is_close_after=after.is_close,
            n_broken=len(failed[1] - failed[0]),
            n_fixed=len(failed[0] - failed[1]),
        )

    def _failed(self, revision: str) -> Sequence[str]:
        build = self._build_of(revision)
        if build is None:
            return ()
        name = self.bisect.dataset
        (result,) = judge_gates(self._workspace, name, build=build, gates=[self._gate])
        return result.failed_ids

    def _tell(self, text: str, *, is_urgent: bool = False) -> None:
        """Put on the disk how far the build is, a few times a second."""
        if is_urgent or time.monotonic() - self._told_at > _TELL_S:
            self._told_at = time.monotonic()
            save_progress(self._workspace, self.bisect.bisect_id, text)

    def _save(self, **changes: object) -> None:
        self.bisect = save_bisect(self._workspace, self.bisect, **changes)


_CANCELLED = "the bisection was cancelled"


def _weights(leg: Leg) -> list[float]:
    """Return how likely each candidate is: by the labels it changed; a new [model] as the most."""
    candidates = leg.candidates
    most = max((stop.n_changes for stop in candidates), default=1)
    return [1.0 + stop.n_changes + (most if stop.note else 0) for stop in candidates]


def _revision(leg: Leg, position: int) -> str:
    return leg.candidates[position - 1].revision if position else leg.good
