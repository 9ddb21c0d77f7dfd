"""What buttons do: callbacks that carry the ids they act on, and say how it went."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import streamlit as st

from ide.app import cached, errors, navigate, state
from ide.app.reviews.data import Listing, unjudged
from ide.app.text import count, plain, short
from ide.dataset.errors import BlockedError, UpwellError
from ide.store import bisecting, drill_sentences, drills
from ide.store.build_process import cancel_build, start_build
from ide.store.commits import CommitInfo
from ide.store.committing import commit
from ide.store.reviews import Verdict, save_verdicts
from ide.store.state import edit_example, undo_edit, undo_last

_DONE = {
    "label": "Relabelled",
    "confirm": "Confirmed",
    "exclude": "Excluded",
    "restore": "Restored",
    "split": "Moved",
    "comment": "Comment saved",
}


def edit(
    dataset: str,
    example_id: str,
    action: str,
    value: str | None = None,
    evidence: Mapping[str, Any] | None = None,
) -> None:
    """Make one edit of one example, as who is at the keyboard."""
    try:
        made = edit_example(
            state.workspace(),
            dataset,
            example_id,
            action,
            value,
            annotator=state.annotator(),
            evidence=evidence,
        )
    except UpwellError as error:
        errors.notify(error)
        return
    to = f" as {plain(made.value)}" if action in ("label", "confirm") and made.value else ""
    state.notify(f"{_DONE.get(action, 'Saved')}{to}", "check")


def edit_from(
    dataset: str,
    example_id: str,
    action: str,
    key: str,
    evidence: Mapping[str, Any] | None = None,
) -> None:
    """Make an edit with the value of the widget ``key``, and clear the widget."""
    value = st.session_state.get(key)
    if not value:
        return
    edit(dataset, example_id, action, str(value), evidence)
    st.session_state[key] = "" if action == "comment" else None


def undo(dataset: str, edit_id: str) -> None:
    """Take one edit back."""
    try:
        undo_edit(state.workspace(), dataset, edit_id, annotator=state.annotator())
    except UpwellError as error:
        errors.notify(error)
    else:
        state.notify("Taken back", "undo")


def undo_newest(dataset: str, example_id: str) -> None:
    """Take the newest edit of an example back."""
    try:
        undo_last(state.workspace(), dataset, example_id, annotator=state.annotator())
    except UpwellError as error:
        errors.notify(error)
    else:
        state.notify("Taken back", "undo")


def commit_all(key: str, reason_key: str) -> None:
    """Commit every uncommitted edit with the message, and the reason, in two widgets."""
    reason = st.session_state.get(reason_key)
    made = _commit(state.typed(key), reason)
    if made is not None:
        st.session_state[reason_key] = ""
        state.notify(f"Committed {short(made.revision)}", "check")


def commit_now(dataset: str) -> None:
    """Commit all that can be, with a message that says what changed; errors are for Changes."""
    made = _commit(on_blocked=lambda: navigate.go("changes", dataset))
    if made is not None:
        subject = plain((made.message.splitlines() or [""])[0][:90])
        state.notify(f"Committed {short(made.revision)}: {subject}", "check")


def _commit(
    message: str | None = None,
    reason: str | None = None,
    *,
    on_blocked: Callable[[], None] | None = None,
) -> CommitInfo | None:
    """Commit all that can be; return None where that was refused, which is said.

    on_blocked: called where errors stand that nobody gave a reason for.
    """
    try:
        made = commit(state.workspace(), message, despite_errors=reason)
    except BlockedError as error:
        n = count(len(error.errors), "error")
        state.notify(f"{n} stand. Mend or dismiss them, or say why to commit all the same", "error")
        if on_blocked is not None:
            on_blocked()
        return None
    except UpwellError as error:
        errors.notify(error)
        return None
    cached.forget_history()
    return made


def start_drill(dataset: str, n_errors: int, kind: str) -> None:
    """Plant wrong labels on a branch of its own."""
    try:
        drill = drills.start_drill(state.workspace(), dataset, n_errors=n_errors, kind=kind)
    except UpwellError as error:
        errors.notify(error)
        return
    cached.forget_history()
    n = count(len(drill.planted), "wrong label")
    state.notify(f"{n} planted on {plain(drill.branch)}. Compile, then review", "target")


def end_drill(dataset: str) -> None:
    """Go back to where the drill began, with the work on examples that were not planted."""
    try:
        end = drills.end_drill(state.workspace(), dataset)
    except UpwellError as error:
        errors.notify(error)
        return
    cached.forget_history()
    state.notify(plain(drill_sentences.ended(end)), "logout")


def compile_dataset(names: list[str] | None) -> None:
    """Start a build; None builds every dataset."""
    try:
        start_build(state.workspace(), names)
    except UpwellError as error:
        errors.notify(error)


def cancel() -> None:
    """Cancel the running build."""
    try:
        cancel_build(state.workspace())
    except UpwellError as error:
        errors.notify(error)


def start_bisect(dataset: str, good: str | None, bad: str | None, gate: str | None) -> None:
    """Start a bisection with what was chosen in the form."""
    if not good or not gate:
        state.tell("Choose a revision that passes, and a gate.", "error")
        return
    try:
        bisecting.start_bisect(state.workspace(), dataset, good=good, bad=bad, gate=gate)
    except UpwellError as error:
        state.tell(plain(error), "error")


def cancel_bisect() -> None:
    """Cancel the running bisection; what it built is kept."""
    try:
        bisecting.cancel_bisect(state.workspace())
    except UpwellError as error:
        state.tell(plain(error), "error")


_AT_ONCE = "approved_at_once"  # in the session: dataset → the approvals of the last "approve all"


def approve_all(listing: Listing) -> None:
    """Approve every change of a list that nobody at this keyboard has judged."""
    annotator, span = state.annotator(), listing.span
    verdicts = unjudged(listing, annotator)
    try:
        found = save_verdicts(
            listing.workspace,
            listing.name,
            verdicts,
            annotator=annotator,
            base=span.start,
            head=span.end,
        )
    except UpwellError as error:
        errors.notify(error)
        return
    kept = [verdict for verdict in verdicts if verdict.edit_id not in found.refused]
    taken = [(i, verdict.example_id) for i, verdict in zip(found.saved, kept, strict=True)]
    st.session_state[_AT_ONCE] = {listing.name: taken}
    state.notify(f"{count(len(found.saved), 'change')} approved", "done_all")


def approved_at_once(dataset: str) -> int:
    """Count the approvals that ``take_back_all`` would take back."""
    return len(st.session_state.get(_AT_ONCE, {}).get(dataset, ()))


def take_back_all(listing: Listing) -> None:
    """Take back what was last approved at once, as far as it still stands."""
    taken = st.session_state.pop(_AT_ONCE, {}).get(listing.name, ())
    undos = [Verdict(example_id, "undo", review_id) for review_id, example_id in taken]
    try:
        found = save_verdicts(listing.workspace, listing.name, undos, annotator=state.annotator())
    except UpwellError as error:
        errors.notify(error)
        return
    state.notify(f"{count(len(found.saved), 'approval')} taken back", "undo")
