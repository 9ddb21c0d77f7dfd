"""Payloads by id: the right bytes from any thread, in bounded memory, after any change."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pyarrow.parquet as pq
import pytest

from ide.dataset.errors import DatasetNotFoundError, ExampleNotFoundError
from ide.dataset.ids import content_id
from ide.store.examples import example_parts
from ide.store.payloads import PayloadReader, mime_type
from tests.store.importing_tools import bare_workspace, import_quietly, write_csv

N = 1000


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    folder = tmp_path_factory.mktemp("payloads")
    workspace = bare_workspace(folder / "w")
    for first in (0, N // 2):
        rows = [[f"id{k}", f"text {k}", "x"] for k in range(first, first + N // 2)]
        source = write_csv(folder / f"{first}.csv", [["id", "text", "label"], *rows])
        import_quietly(workspace, source)
    return workspace


def test_every_id_gives_its_own_payload(workspace):
    reader = PayloadReader(workspace, "pets")
    for k in range(N):
        payload, mime, digest = reader.get(f"id{k}")
        assert payload == f"text {k}".encode()
        assert (mime, digest) == ("text/plain; charset=utf-8", content_id(payload))


def test_parts_have_small_row_groups(workspace):
    for part in example_parts(workspace, "pets"):
        metadata = pq.ParquetFile(part).metadata
        assert [metadata.row_group(g).num_rows for g in range(2)] == [256, 244]


def test_threads_get_what_they_ask_for_however_small_the_cache(workspace):
    reader = PayloadReader(workspace, "pets", cache_bytes=1)
    with ThreadPoolExecutor(8) as pool:
        ids = [(k * 37) % N for k in range(N)]
        found = list(pool.map(lambda k: reader.get(f"id{k}")[0], ids))
    assert found == [f"text {k}".encode() for k in ids]
    assert len(reader._cache) == 1


def test_what_is_imported_later_is_found_by_an_open_reader(workspace, tmp_path):
    reader = PayloadReader(workspace, "pets")
    with pytest.raises(ExampleNotFoundError):
        reader.get("late")
    rows = [["id", "text", "label"], ["late", "the last", "x"]]
    import_quietly(workspace, write_csv(tmp_path / "late.csv", rows))
    assert reader.get("late")[0] == b"the last"


def test_what_is_not_there(workspace):
    with pytest.raises(DatasetNotFoundError):
        PayloadReader(workspace, "cars")
    with pytest.raises(ExampleNotFoundError, match="no example 'x'"):
        PayloadReader(workspace, "pets").get("x")


def test_the_type_is_told_by_the_first_bytes_only():
    assert mime_type(b"\xff\xd8\xff\xe0") == "image/jpeg"
    assert mime_type(b"RIFF0000WAVE") == "audio/wav"
    assert mime_type(b"fLaC") == "audio/flac"
    assert mime_type(b"<svg onload=alert(1)>") == "application/octet-stream"
    assert mime_type(b"<html>", is_text=True).startswith("text/plain")
