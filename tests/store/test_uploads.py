"""Uploads land in a scratch folder, stay in it, and go."""

from __future__ import annotations

import tempfile

import pytest

from ide.dataset.errors import ImportRefusedError
from ide.store.importing import uploads
from ide.store.importing.uploads import land_upload


@pytest.fixture(autouse=True)
def scratch(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_an_upload_keeps_its_folders_and_goes_with_its_object(scratch):
    upload = land_upload([("pets/cat/1.png", b"1"), ("pets/dog/1.png", b"2")])
    assert (upload.source / "dog" / "1.png").read_bytes() == b"2"
    assert upload.told(f"{upload.source}/dog is odd") == "pets/dog is odd"
    del upload
    assert list(scratch.iterdir()) == []


@pytest.mark.parametrize(
    "name",
    [
        *("../x.csv", "a/../../x.csv", "/etc/x.csv", "a//x.csv", "", ".", "..", "a/", "a\\b.csv"),
        *("a\0.csv", "a\n.csv", "x" * 300, "/".join("a" * 20), "\u202ecsv.x", "\ud800.csv"),
    ],
)
def test_a_name_that_leads_elsewhere_is_refused_and_leaves_nothing(scratch, name):
    with pytest.raises(ImportRefusedError, match="has a name that cannot be kept"):
        land_upload([(name, b"")])
    assert list(scratch.iterdir()) == []


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        ([("a/1", b""), ("b/1", b"")], "wanted one"),
        ([("a/1", b""), ("a/1", b"")], "came twice"),
        ([("a/1", b""), ("a/1/2", b"")], "came twice"),
        ([("a/1", b"12345"), ("a/2", b"12345")], "wanted at most"),
        ([(f"a/{k}", b"") for k in range(9)], "wanted at most"),
    ],
)
def test_what_is_too_much_or_not_one_thing_is_refused_and_leaves_nothing(
    scratch, monkeypatch, files, sentence
):
    monkeypatch.setattr(uploads, "MAX_UPLOAD_BYTES", 8)
    monkeypatch.setattr(uploads, "MAX_UPLOADED_FILES", 4)
    with pytest.raises(ImportRefusedError, match=sentence):
        land_upload(files)
    assert list(scratch.iterdir()) == []
