"""Import, from Home: what would come in is shown first, then it is brought in, watched."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import streamlit as st

from ide.app import cached, errors, import_form, navigate, state
from ide.app.gallery import sketches
from ide.app.statusline import POLL_S
from ide.app.text import count, plain, short
from ide.dataset.errors import ImportRefusedError, UnknownClassError, UpwellError
from ide.store.importing.background import (
    ImportRun,
    ImportStatus,
    cancel_import,
    forget_import,
    import_status,
    latest_import,
    start_import,
)
from ide.store.importing.preview import Preview, preview_import
from ide.store.importing.request import ImportRequest
from ide.store.importing.uploads import Upload
from ide.store.trust import is_trusted
from ide.store.workspace import Workspace

_LOOK_S = 8.0  # how long a source is looked at before its rows are only counted
_N_CLASSES, _N_NOTES = 24, 8
_SEEN, _ASKED, _TOLD = "import_preview", "import_asked", "import_told"
_NOUN = {"image": "image", "text": "text", "audio": "recording", "strokes": "drawing"}


@dataclass(frozen=True, slots=True)
class _Seen:
    """What a person looked at: what it would bring, or why it cannot be read."""

    request: ImportRequest | None
    upload: Upload | None = None
    preview: Preview | None = None
    error: UpwellError | None = None


def draw(ws: Workspace, *, is_open: bool) -> None:
    """Draw the way in for examples; ``is_open``: unfolded, as where there are none yet."""
    run = latest_import(ws)
    if run is not None and import_status(run).state == "done" and _is_told(run):
        forget_import(ws)
        run = None
    is_running = run is not None and import_status(run).state == "running"
    is_busy = run is not None or _SEEN in st.session_state
    with st.expander("Import examples", icon=":material/upload:", expanded=is_open or is_busy):
        st.fragment(_panel, run_every=POLL_S if is_running else None)(ws, was_running=is_running)


def _is_told(run: ImportRun) -> bool:
    """Whether this person was told of an import that is done, when they were here before."""
    told_run, visit = st.session_state.setdefault(_TOLD, (run, state.visit()))
    if told_run is run:
        return bool(visit != state.visit())
    st.session_state[_TOLD] = (run, state.visit())
    return False


def _panel(ws: Workspace, *, was_running: bool) -> None:
    with errors.shown():
        run = latest_import(ws)
        status = import_status(run) if run is not None else None
        if was_running and run is not None and status and status.state != "running":
            _arrived(run, status)
        if run is not None and status is not None:
            if status.state == "running":
                _watch(run, status)
            else:
                _outcome(ws, run, status)
            return
        import_form.draw(lambda asked: _look(ws, *asked), _refuse)
        if asked := st.session_state.pop(_ASKED, None):
            _look(ws, *asked)
        seen = st.session_state.get(_SEEN)
        if seen is not None:
            _shown(ws, seen)


def _look(ws: Workspace, request: ImportRequest, upload: Upload | None) -> None:
    """Read what is asked for, and keep what it would bring for the press that imports it."""
    old: _Seen | None = st.session_state.pop(_SEEN, None)
    if old is not None and old.upload is not None and old.upload is not upload:
        old.upload.remove()
    preview = error = None
    place = st.empty()
    with place.container(), st.spinner("Looking at it …"):
        clock = st.empty()

        def on_progress(_stage: str, done: int, total: int | None) -> None:
            of = f" of {total:,}" if total else ""
            clock.caption(f"{done:,}{of}")

        try:
            preview = preview_import(ws, request, seconds=_LOOK_S, on_progress=on_progress)
        except UpwellError as raised:
            error = raised
    place.empty()
    st.session_state[_SEEN] = _Seen(request, upload, preview, error)


def _refuse(error: ImportRefusedError) -> None:
    st.session_state[_SEEN] = _Seen(None, error=error)


def _shown(ws: Workspace, seen: _Seen) -> None:
    """Draw what was looked at, and the buttons that import it or let it go."""
    if seen.error is not None:
        st.error(_told(seen, str(seen.error)), icon=":material/error:")
    found = seen.preview
    if found is None or seen.request is None:
        return
    _facts(found)
    if found.samples:
        sketches(found.samples, key="import_samples")
    for note in found.notes[:_N_NOTES]:
        st.warning(_told(seen, note), icon=":material/info:")
    if found.refusal is not None:
        st.error(_told(seen, str(found.refusal)), icon=":material/block:")
        _mend(seen, found.refusal)
    elif not found.is_whole:
        st.caption(
            f"{found.n_checked:,} of {found.n_rows:,} were looked at. The others are when they are "
            "imported, and nothing comes in where one of them cannot be read."
        )
    _buttons(ws, seen, found)


def _told(seen: _Seen, text: str) -> str:
    return plain(seen.upload.told(text) if seen.upload else text)


def _facts(found: Preview) -> None:
    noun = _NOUN.get(found.modality, "example")
    n = count(found.n_new if found.is_whole else found.n_rows, noun)
    where = "a new dataset" if found.is_new else "added to what is there"
    known = f", {found.n_known:,} known already" if found.n_known else ""
    st.markdown(f"**{plain(found.name)}** · {n}, {where}{known}, from {plain(found.source_name)}")
    classes = _counts(found.n_by_class, "no label")
    lines = [
        f"{count(len(found.n_by_class.keys() - {None}), 'class')}: {classes}",
        f"splits: {_counts(found.n_by_split, 'to be dealt')}",
    ]
    if found.new_classes:
        lines.append(f"classes that it would add: {', '.join(found.new_classes[:_N_CLASSES])}")
    if found.columns:
        columns = (f"{name} ({kind})" for name, kind in found.columns.items())
        lines.append(f"columns kept beside: {', '.join(columns)}")
    st.caption("  \n".join(plain(line) for line in lines))


def _counts(counts: dict[str | None, int], nothing: str) -> str:
    shown = [f"{nothing if k is None else k} {n:,}" for k, n in list(counts.items())[:_N_CLASSES]]
    more = f" and {len(counts) - _N_CLASSES:,} more" if len(counts) > _N_CLASSES else ""
    return ", ".join(shown) + more


def _mend(seen: _Seen, refusal: UpwellError) -> None:
    """Offer to do without what is refused."""
    if seen.request is None:
        return
    if isinstance(refusal, UnknownClassError):
        label, request = "Add these classes", replace(seen.request, add_classes=True)
    else:
        label, request = "Leave out what cannot be read", replace(seen.request, skip_broken=True)
    st.button(
        label,
        icon=":material/build:",
        key="import_mend",
        on_click=lambda: st.session_state.update({_ASKED: (request, seen.upload)}),
    )


def _buttons(ws: Workspace, seen: _Seen, found: Preview) -> None:
    n = f"{found.n_new if found.is_whole else found.n_rows:,}"
    is_nothing = found.is_whole and not found.n_new
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.button(
            f"Import {n} into {plain(found.name)}",
            icon=":material/download:",
            type="primary",
            key="import_start",
            disabled=found.refusal is not None or is_nothing or not is_trusted(ws.root),
            on_click=_start,
            args=(ws, seen),
        )
        st.button(
            "Discard",
            icon=":material/close:",
            key="import_discard",
            on_click=_let_go,
            args=(seen,),
        )
        if not is_trusted(ws.root):
            st.caption("Say on Home first that this workspace is trusted.", width="content")
        elif is_nothing and found.refusal is None:
            st.caption("Nothing of it is new.", width="content")


def _start(ws: Workspace, seen: _Seen) -> None:
    """Import what was looked at; the page is drawn anew, and follows it."""
    if seen.request is None:
        return
    try:
        start_import(ws, seen.request, seen.upload)
    except UpwellError as error:
        errors.notify(error)
        return
    st.session_state.pop(_SEEN, None)
    import_form.forget_files()
    st.rerun()


def _let_go(seen: _Seen) -> None:
    st.session_state.pop(_SEEN, None)
    import_form.forget_files()
    if seen.upload is not None:
        seen.upload.remove()


def _watch(run: ImportRun, status: ImportStatus) -> None:
    of = f" of {status.total:,}" if status.total else ""
    at = f" {status.done:,}{of}" if status.done else ""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(f"Importing into **{plain(run.request.name)}**", width="content")
        st.space("stretch")
        st.button(
            "Cancel",
            icon=":material/cancel:",
            key="import_cancel",
            disabled=not status.is_cancellable,
            on_click=cancel_import,
            args=(run,),
        )
    share = status.done / status.total if status.total else 0.0
    st.progress(min(share, 1.0), text=f"{plain(status.stage or 'starting')}{at}")


def _arrived(run: ImportRun, status: ImportStatus) -> None:
    """Draw the whole page anew, which knows the dataset now."""
    cached.forget_history()
    if status.state == "done":
        state.open_dataset(run.request.name)
    st.rerun()


def _outcome(ws: Workspace, run: ImportRun, status: ImportStatus) -> None:
    """Say how an import ended, and what to do next."""
    name = run.request.name
    if status.state == "done":
        known = f", {status.n_known:,} known already" if status.n_known else ""
        committed = f", committed as {short(status.revision)}" if status.revision else ""
        st.success(
            f"{plain(name)}: {count(status.n_new, 'example')} imported{known}, "
            f"{count(status.n_classes, 'class')}{committed}",
            icon=":material/check:",
        )
    elif status.state == "cancelled":
        st.info(status.sentence, icon=":material/cancel:")
    else:
        st.error(_of_run(run, status.sentence), icon=":material/error:")
    for note in status.notes[:_N_NOTES]:
        st.warning(_of_run(run, note), icon=":material/info:")
    with st.container(horizontal=True, gap="small"):
        if status.state == "done" and name in ws.datasets():
            _next(ws, name)
        st.button(
            "Import more" if status.state == "done" else "Back",
            icon=":material/upload:",
            key="import_again",
            on_click=forget_import,
            args=(ws,),
        )


def _of_run(run: ImportRun, text: str) -> str:
    return plain(run.upload.told(text) if run.upload else text)


def _next(ws: Workspace, name: str) -> None:
    ways: list[tuple[Any, ...]] = [("browse", "Browse", "grid_view", False)]
    if ws.config(name).is_compiled:
        ways.insert(0, ("compile", f"Compile {plain(name)}", "play_circle", True))
    for view, label, icon, is_primary in ways:
        key = f"import_next_{view}"
        navigate.button(view, label, icon, name, key=key, is_primary=is_primary)
