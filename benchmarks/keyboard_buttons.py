"""What benchmarks/keyboard.py compares with: labelling by Streamlit buttons with ``shortcut=``."""

from __future__ import annotations

import json
import os
from pathlib import Path

import streamlit as st

from ide.store.payloads import PayloadReader
from ide.store.queue import suspect_queue
from ide.store.workspace import Workspace


@st.cache_resource
def load() -> tuple[list[str], PayloadReader]:
    """Read the queue once, as a well-kept page would."""
    workspace, name = Workspace.find(os.environ["UPWELL_WORKSPACE"]), os.environ["BENCH_DATASET"]
    ids = suspect_queue(workspace, name, with_judged=True)["example_id"].to_pylist()
    return ids, PayloadReader(workspace, name)


def label(value: str) -> None:
    """Write the label of the current example down, and go on."""
    example_id = ids[st.session_state.position]
    with Path(os.environ["BENCH_LOG"]).open("a", encoding="utf-8") as log:
        log.write(json.dumps([example_id, value]) + "\n")
    st.session_state.position += 1


ids, reader = load()
st.session_state.setdefault("position", 0)
current = ids[st.session_state.position]
with st.container(key="id"):
    st.write(current)
st.image(reader.get(current)[0], width=400)
for column, value in zip(st.columns(10), "0123456789", strict=True):
    column.button(value, shortcut=value, on_click=label, args=(value,))
