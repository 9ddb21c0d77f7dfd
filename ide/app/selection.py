"""What is selected in Browse, and what the person was shown of it when she selected it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import streamlit as st

from ide.app.gallery import Choice
from ide.store.batch_edits import Batch, States

_SELECTION = "upwell_browse_selection"
_LAST = "upwell_browse_last"


@dataclass(slots=True)
class Question:
    """A judgement of more than is on the page, which waits for a yes."""

    action: str
    value: str | None
    seen: States


@dataclass(slots=True)
class Selection:
    """What is selected of one page, which ``about`` names.

    seen: the states of the page's examples as it was drawn. everything: those of all that match,
    where these were selected. epoch: changes where the page chooses, and not the browser.
    """

    about: Any
    epoch: int
    seen: States = field(default_factory=dict)
    ids: list[str] = field(default_factory=list)
    first: tuple[str, ...] = ()  # what the page chose, where it did, for a table to begin with
    everything: States | None = None
    question: Question | None = None
    is_saved: bool = False  # something was, and the page around does not show it yet

    def choose(self, ids: Sequence[str], everything: States | None = None) -> None:
        """Select examples of the page, or all that match, in the place of what was."""
        self.ids, self.everything, self.question = list(ids), everything, None
        self.first, self.epoch = tuple(ids), self.epoch + 1

    @property
    def meant(self) -> States:
        """The states, as they were shown, of what is selected."""
        if self.everything is not None:
            return self.everything
        return {i: self.seen[i] for i in self.ids}

    def as_choice(self) -> Choice:
        """Return it as the grid draws it."""
        return Choice(self.ids, self.epoch, self._hear)

    def _hear(self, said: object) -> None:
        """Take the browser's choice: ids of the page, unless the page has chosen since."""
        if not isinstance(said, Mapping) or said.get("epoch") != self.epoch:
            return
        if isinstance(ids := said.get("ids"), list):
            self.hear_rows([i for i in ids if isinstance(i, str)])

    def hear_rows(self, ids: Sequence[str]) -> None:
        """Take what the browser has chosen of the page."""
        asked = frozenset(ids)
        self.ids = [i for i in self.seen if i in asked]
        self.everything = self.question = None


def selection(about: Any, seen: States) -> Selection:
    """Return the selection of a page that is about to be drawn; another page begins without."""
    found: Selection | None = st.session_state.get(_SELECTION)
    if found is None or found.about != about:
        found = Selection(about, found.epoch + 1 if found else 1)
        st.session_state[_SELECTION] = found
    found.seen = seen
    found.ids = [i for i in found.ids if i in seen]
    return found


def saved(chosen: Selection, dataset: str, batch: Batch, said: str) -> None:
    """Remember what was saved last, to be taken back; nothing is selected then."""
    chosen.choose(())
    chosen.is_saved = True
    st.session_state[_LAST] = (dataset, batch, said) if batch.edit_ids else None


def last_batch(dataset: str) -> tuple[Batch, str] | None:
    """Return the batch of this dataset that would be taken back, and what was said of it."""
    found: tuple[str, Batch, str] | None = st.session_state.get(_LAST)
    return found[1:] if found and found[0] == dataset else None


def forget_last() -> None:
    """Nothing is left to take back."""
    st.session_state[_LAST] = None
