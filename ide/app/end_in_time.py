"""The end of a server that was asked to end, also where a connection to it does not close."""

from __future__ import annotations

import logging
import os
import signal
import threading
from types import FrameType

END_S = 3.0  # that connections have to close


def end_in_time() -> None:
    """Have the first signal to end followed by a second one, which waits for nobody.

    To be called in the main thread once Uvicorn listens for signals. It waits for each connection
    without a limit, such as one whose message broke off, and ends at once where a second SIGINT
    asks it to, as a second Ctrl+C does.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        _follow(number)


def _follow(number: signal.Signals) -> None:
    asked = signal.getsignal(number)
    if not callable(asked):  # nobody listens: the signal ends the process by itself
        return

    def handle(caught: int, frame: FrameType | None) -> None:
        asked(caught, frame)
        timer = threading.Timer(END_S, _insist)
        timer.daemon = True
        timer.start()

    signal.signal(number, handle)


def _insist() -> None:
    logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL + 1)  # of what is cut off now
    os.kill(os.getpid(), signal.SIGINT)
