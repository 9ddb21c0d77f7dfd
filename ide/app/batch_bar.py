"""The bar over Browse: select, and label, exclude or tag at once what is selected."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import streamlit as st

from ide.app import errors, navigate, selection, state
from ide.app.selection import Selection
from ide.app.text import count, plain
from ide.dataset.errors import EditError, UpwellError
from ide.store.batch_edits import (
    MAX_AT_ONCE,
    Batch,
    States,
    evidence_by_id,
    judge_many,
    seen_of,
    undo_many,
)
from ide.store.browse import PAGE_SIZE, BrowsePage, Filters, browse_ids
from ide.store.builds import BuildInfo
from ide.store.state import dataset_state
from ide.store.workspace import Workspace

_DONE = {
    "label": "labelled {}",
    "exclude": "excluded",
    "restore": "restored",
    "tag": "tagged {}",
    "untag": "without the tag {} now",
}
_ASKED = {
    "label": "Label {} as {}",
    "exclude": "Exclude {}",
    "restore": "Restore {}",
    "tag": "Tag {} as {}",
    "untag": "Take the tag {1} off {0}",
}


@dataclass(frozen=True, slots=True)
class Bar:
    """What the bar stands over."""

    workspace: Workspace
    name: str
    build: BuildInfo | None
    filters: Filters
    page: BrowsePage
    chosen: Selection
    tags: tuple[str, ...]
    listed: Callable[[], Sequence[str]]  # the ids of all that match, in their order


def redraw_around(chosen: Selection) -> None:
    """Draw the whole page once after something was saved: its counts stand around the bar."""
    if chosen.is_saved:
        chosen.is_saved = False
        st.rerun()


def draw(bar: Bar) -> None:
    """Draw what can be done, or the question that waits."""
    if bar.chosen.question is not None:
        _question(bar, bar.chosen.question)
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="batch"):
        _select(bar)
        if bar.chosen.meant:
            _act(bar)
        elif last := selection.last_batch(bar.name):
            batch, said = last
            st.button(
                f"Undo: {said}",
                icon=":material/undo:",
                key="batch_undo",
                type="tertiary",
                on_click=partial(_undo, bar, batch),
            )


def _select(bar: Bar) -> None:
    """Draw how many are selected, and the ways to select more or none."""
    chosen, page = bar.chosen, bar.page
    n = len(chosen.meant)
    if n:
        all_that = " that match" if chosen.everything is not None else ""
        st.markdown(f"**{n:,}** selected{all_that}", width="content")
        _small("None", "batch_none", partial(chosen.choose, ()))
    else:
        st.caption("Select", width="content")
    if n < len(page.rows):
        _small("All on this page", "batch_page", partial(chosen.choose, tuple(chosen.seen)))
    if page.n_pages > 1 and chosen.everything is None:
        _small(f"All {page.n_rows:,} that match", "batch_all", partial(_choose_all, bar))


def _small(label: str, key: str, on_click: partial[None]) -> None:
    st.button(label, key=key, type="tertiary", on_click=on_click)


def _choose_all(bar: Bar) -> None:
    """Select all that match, each as it stands now."""
    ws, name, chosen = bar.workspace, bar.name, bar.chosen
    try:
        states = dataset_state(ws, name)  # before the ids: see seen_of
        ids = browse_ids(ws, name, bar.build, bar.filters, limit=MAX_AT_ONCE + 1)
        if len(ids) > MAX_AT_ONCE:
            raise EditError(f"more than {MAX_AT_ONCE:,} match, which is the most; narrow them")
        seen = seen_of(states, ids)
    except UpwellError as error:
        errors.notify(error)
        return
    chosen.choose([i for i in chosen.seen if i in seen], seen)


def _act(bar: Bar) -> None:
    """Draw what can be done with what is selected."""
    meant, classes = bar.chosen.meant, bar.workspace.config(bar.name).classes
    on_choice = partial(_judge_by, bar)
    _choice("Label as …", list(classes), "label", on_choice)
    if not all(s.is_excluded for s in meant.values()):
        _button("Exclude", "block", partial(_judge, bar, "exclude", None))
    if any(s.is_excluded for s in meant.values()):
        _button("Restore", "restore_from_trash", partial(_judge, bar, "restore", None))
    _choice("Tag as …", list(bar.tags), "tag", on_choice, takes_new=True)
    if tags := sorted({tag for s in meant.values() for tag in s.tags}):
        _choice("Take off a tag …", tags, "untag", on_choice)
    if len(meant) == 1:
        (example_id,) = meant
        _button("Open", "open_in_full", partial(_open, bar, example_id))


def _open(bar: Bar, example_id: str) -> None:
    state.set_example_list(bar.name, bar.listed())
    navigate.go("example", bar.name, example=example_id)


def _button(label: str, icon: str, on_click: partial[None]) -> None:
    key = f"batch_{label.lower()}"
    st.button(label, icon=f":material/{icon}:", key=key, on_click=on_click)


def _choice(
    words: str,
    options: list[str],
    action: str,
    on_choice: partial[None],
    *,
    takes_new: bool = False,
) -> None:
    key = f"batch_{action}"
    st.selectbox(
        words,
        options,
        index=None,
        placeholder=words,
        key=key,
        width=170,
        label_visibility="collapsed",
        accept_new_options=takes_new,
        on_change=on_choice,
        args=(action, key),
    )


def _judge_by(bar: Bar, action: str, key: str) -> None:
    """Judge what is selected by what a widget says, and clear the widget."""
    value = st.session_state.get(key)
    st.session_state[key] = None
    if value:
        _judge(bar, action, str(value))


def _judge(bar: Bar, action: str, value: str | None) -> None:
    """Judge what is selected; more than a page is asked about first."""
    chosen = bar.chosen
    meant = dict(chosen.meant)
    if len(meant) > PAGE_SIZE:
        chosen.question = selection.Question(action, value, meant)
    else:
        _save(bar, action, value, meant)


def _save(bar: Bar, action: str, value: str | None, meant: States) -> None:
    ws, name = bar.workspace, bar.name
    try:
        batch = judge_many(
            ws,
            name,
            action,
            value,
            seen=meant,
            annotator=state.annotator(),
            evidence=evidence_by_id(ws, name, bar.build, meant),
        )
    except UpwellError as error:
        bar.chosen.question = None
        errors.notify(error)
        return
    said = f"{batch.n_examples:,} {_DONE[action].format(plain(value))}"
    selection.saved(bar.chosen, name, batch, said)
    skipped = f"; {batch.n_skipped:,} were so already" if batch.n_skipped else ""
    state.notify(f"{said}{skipped}", "done_all")
    if batch.n_conflicts:
        n = count(batch.n_conflicts, "example")
        text = f"{n} in conflict now: somebody else said something else meanwhile"
        state.notify(text, "error")


def _question(bar: Bar, question: selection.Question) -> None:
    """Ask before more than a page is judged."""
    n = count(len(question.seen), "example")
    asked = _ASKED[question.action].format(f"**{n}**", plain(question.value))
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="batch"):
        n_pages = -(-len(question.seen) // PAGE_SIZE)
        pages = f"They fill {n_pages:,} pages; this one shows {len(bar.page.rows):,} of them."
        st.markdown(f"{asked}? {pages}", width="content")
        save = partial(_save, bar, question.action, question.value, question.seen)
        st.button(f"Yes, {n}", key="batch_yes", type="primary", on_click=save)
        st.button("No", key="batch_no", on_click=partial(_answer_no, bar.chosen))


def _answer_no(chosen: Selection) -> None:
    chosen.question = None


def _undo(bar: Bar, batch: Batch) -> None:
    """Take the last batch back."""
    try:
        undone = undo_many(bar.workspace, bar.name, batch.edit_ids, annotator=state.annotator())
    except UpwellError as error:
        errors.notify(error)
        return
    selection.forget_last()
    bar.chosen.is_saved = True
    left = f"; {count(undone.n_skipped, 'edit')} left, replaced since" if undone.n_skipped else ""
    state.notify(f"{count(undone.n_examples, 'example')} as before{left}", "undo")
