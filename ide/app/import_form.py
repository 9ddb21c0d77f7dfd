"""What is to be imported, as a person says it: a path or an upload, and how to read it."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import streamlit as st

from ide.app import trust_card
from ide.dataset.config import is_name
from ide.dataset.errors import ImportRefusedError
from ide.store.files import expanded
from ide.store.importing.request import ImportRequest, class_names
from ide.store.importing.uploads import MAX_UPLOAD_BYTES, Upload, land_upload

PATH, FILE, FOLDER = "A path on this machine", "Upload a file", "Upload a folder"
TABLES = ("csv", "tsv", "jsonl", "ndjson", "parquet")
_KEY, _N_UPLOADS = "import", "import_n_uploads"
_BY_NAME, _NONE = "by its usual name", "there is none"
_PARTS = {
    "label_column": "Labels",
    "payload_column": "Pictures, texts or paths",
    "id_column": "Ids",
    "split_column": "Splits",
}

Asked = tuple[ImportRequest, Upload | None]


def draw(on_asked: Callable[[Asked], None], on_error: Callable[[ImportRefusedError], None]) -> None:
    """Draw the fields; a press on *Look at it* has ``on_asked`` called with what they say."""
    ways = [PATH, FILE, FOLDER] if may_name_paths() else [FILE, FOLDER]
    way = st.segmented_control(
        "Where the examples are", ways, default=ways[0], required=True, key=f"{_KEY}_way"
    )
    with st.form(f"{_KEY}_form", border=False):
        given = _source(way)
        name = st.text_input(
            "Name of the dataset",
            key=f"{_KEY}_name",
            placeholder="as the folder or file is named",
            help="A folder of datasets/ and a SQL schema: lower-case letters, digits and _. The "
            "name of a dataset that is there adds what is new to it.",
            max_chars=63,
        )
        with st.expander("How it is read"):
            options = _options()
        if not st.form_submit_button("Look at it", icon=":material/visibility:", type="primary"):
            return
    try:
        on_asked(_asked(given, name.strip(), options))
    except ImportRefusedError as error:
        on_error(error)


def may_name_paths() -> bool:
    """Whether a visitor may have files of this machine shown: only the person who sits at it."""
    return trust_card.is_local() and not st.get_option("server.corsAllowedOrigins")


def forget_files() -> None:
    """Empty the field of uploads, which lets the server's memory of them go."""
    st.session_state[_N_UPLOADS] = st.session_state.get(_N_UPLOADS, 0) + 1


def _source(way: str) -> Any:
    if way == PATH:
        return st.text_input(
            "Folder or file",
            key=f"{_KEY}_path",
            placeholder="~/pictures/pets, data/reviews.csv, or sklearn:digits to try it",
            help="A folder a class with images in it, a .csv, .jsonl or .parquet table, a folder "
            "of such tables, or scikit-learn's digits.",
        )
    n = st.session_state.get(_N_UPLOADS, 0)
    if way == FILE:
        return st.file_uploader("A table", type=list(TABLES), key=f"{_KEY}_file_{n}")
    return st.file_uploader(
        "A folder: one a class with images in it, or tables",
        accept_multiple_files="directory",
        key=f"{_KEY}_folder_{n}",
        help=f"At most {MAX_UPLOAD_BYTES >> 30} GB together.",
    )


def _options() -> dict[str, Any]:
    options: dict[str, Any] = {}
    with st.grid(4, min_column_width=150, gap="small"):
        for part, label in _PARTS.items():
            chosen = st.selectbox(
                f"{label}: column",
                [_BY_NAME, _NONE] if part != "payload_column" else [_BY_NAME],
                key=f"{_KEY}_{part}",
                accept_new_options=True,
                help="Choose, or type the name of a column.",
            )
            options[part] = {_BY_NAME: None, _NONE: ""}.get(chosen, chosen)
    with st.grid(4, min_column_width=150, gap="small"):
        split = st.selectbox(
            "Split of all",
            ["as it says", "train", "validation", "test", "pool", "none"],
            key=f"{_KEY}_split",
            help="none: no name of a file or folder is a split, and rows are dealt.",
        )
        options["split"] = None if split == "as it says" else split
        classes = st.text_input(
            "Classes",
            key=f"{_KEY}_classes",
            placeholder="cat, dog",
            help="Of a new dataset where not every class stands at a row, or none does.",
        )
        options["classes"] = class_names(classes)
        options["title"] = st.text_input("Title", key=f"{_KEY}_title") or None
        options["licence"] = st.text_input("Licence", key=f"{_KEY}_licence") or None
    return options


def _asked(given: Any, name: str, options: dict[str, Any]) -> Asked:
    """Return what the fields say; uploads are laid into a scratch folder."""
    if not given:
        raise ImportRefusedError("say first what to import: name a folder or a file, or upload it")
    if isinstance(given, str):
        source, upload = _absolute(given.strip()), None
    else:
        files = given if isinstance(given, list) else [given]
        upload = land_upload([(file.name, file.getvalue()) for file in files])
        source = str(upload.source)
    return ImportRequest(source, name or suggested_name(source), **options), upload


def _absolute(path: str) -> str:
    """Return a path that means the same to another process; a scheme stays as it is."""
    if ":" in path.partition("/")[0] or "://" in path:
        return path
    return str(expanded(path).absolute())


def suggested_name(source: str) -> str:
    """Return a name for a dataset by that of its file or folder, such as ``cat_photos``."""
    stem = Path(source.rpartition(":")[2]).stem.lower()
    name = re.sub(r"[^a-z0-9]+", "_", stem).strip("_").lstrip("0123456789_")[:63]
    return name if is_name(name) else "examples"
