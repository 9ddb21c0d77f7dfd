"""The conversation of one keyboard surface with the server: what it may say, and who says it.

A page that draws a surface begins its conversation and gives the browser the name of it, which
nobody can guess and no other page can read. Whoever has the name speaks for the person that the
page was drawn for. Conversations live as long as the Streamlit session that began them.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from secrets import token_urlsafe
from typing import Any
from weakref import WeakValueDictionary

from ide.app.labeler.sync import Message, Receipt, parse_message
from ide.dataset.errors import UpwellError

MAX_AT_ONCE = 2  # messages of one conversation: one is worked on, one waits
RATE = 10.0  # messages a second that a conversation may go on with; a surface sends at most five
BURST = 30.0  # and so many at once after a rest

# what a surface holds already, or asks for by the route where it does not
_HEAVY = frozenset({"rows", "before", "ahead", "states", "history", "examples", "samples", "said"})

Save = Callable[[Message], Receipt]
DataOf = Callable[[Any, Receipt | None], dict[str, Any]]


@dataclass(slots=True, weakref_slot=True, eq=False)
class Conversation:
    """What is said by one surface of one page, and what it is answered.

    save: writes what a message brings. data_of: what the surface is given after a message as it
    came (None: at its beginning).
    """

    save: Save
    data_of: DataOf
    name: str = field(default_factory=lambda: token_urlsafe(32))
    visit: int = 0  # of the page, since which has_spoken and first are
    has_spoken: bool = False
    again: dict[str, Any] | None = None  # what a page that is drawn again gives its surface
    n_at_once: int = 0
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    _credit: float = BURST
    _credited_at: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        _OPEN[self.name] = self

    def may_speak(self) -> bool:
        """Whether a message is taken now; counts it. Fewer a second are, than a flood has."""
        now = time.monotonic()
        self._credit = min(BURST, self._credit + RATE * (now - self._credited_at))
        self._credited_at = now
        if self._credit < 1 or self.n_at_once >= MAX_AT_ONCE:
            return False
        self._credit -= 1
        return True

    def answer(self, value: Mapping[str, Any]) -> dict[str, Any] | None:
        """Save a message and return what the surface is told; None where it is no message.

        What was saved is acknowledged also where nothing more can be told.
        """
        message = parse_message(value)
        if message is None:
            return None
        self.has_spoken = True
        try:
            receipt = self.save(message)
        except UpwellError as error:
            receipt = Receipt(message.client, error=str(error))
        if value.get("is_leaving") is True:
            return {"receipt": receipt.as_data()}
        try:
            return self.data_of(value, receipt)
        except UpwellError as error:
            return {"receipt": receipt.as_data(), "problem": str(error)}

    def given(self, visit: int) -> dict[str, Any]:
        """Return what a drawn page gives its surface.

        A page that is drawn again in one visit costs nothing: its surface has long been told more,
        and asks for what is new.
        """
        if visit != self.visit:
            self.visit, self.has_spoken, self.again = visit, False, None
        own = {"conversation": self.name, "visit": visit}
        if self.again is not None:
            return self.again | own
        data = self.data_of(None, None)
        self.again = {k: type(v)() if k in _HEAVY else v for k, v in data.items()}
        self.again["is_repeat"] = True
        return data | own | {"is_repeat": False}


_OPEN: WeakValueDictionary[str, Conversation] = WeakValueDictionary()


def conversation_named(name: str | None) -> Conversation | None:
    """Return an open conversation; None where there is none of that name."""
    return _OPEN.get(name or "")
