"""The one place where the workbench tells people that something went wrong."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from ide.app import state
from ide.app.text import plain
from ide.dataset.errors import StorageError, UpwellError

_LOG = logging.getLogger(__name__)


@contextmanager
def shown() -> Iterator[None]:
    """Show what is raised inside as a sentence: what, and what to do; never a traceback.

    Streamlit steers a script by exceptions of its own that are no ``Exception``; they pass.
    """
    try:
        yield
    except UpwellError as error:
        explain(error)
    except Exception as error:  # noqa: BLE001 – the last boundary before a person
        _LOG.exception("the workbench broke")
        st.error(
            "What was saved is safe. Reload the page; if it happens again, report the details.",
            title="Something broke here",
            icon=":material/bug_report:",
        )
        with st.expander("Details"):
            st.code("".join(traceback.format_exception(error)), language=None)


def explain(error: UpwellError) -> None:
    """Show an error that a person can mend, as its sentence."""
    is_storage = isinstance(error, StorageError)
    icon = ":material/hard_drive:" if is_storage else ":material/info:"
    (st.error if is_storage else st.warning)(plain(error), icon=icon)


def notify(error: UpwellError) -> None:
    """Have it said at the edge of the page: a button was pressed, and the page stays."""
    state.notify(plain(error), "error")


def show_notices() -> None:
    """Say what callbacks had to say; they themselves may draw nothing."""
    for text, icon in state.notices():
        st.toast(text, icon=f":material/{icon}:", duration="long" if icon == "error" else "short")
