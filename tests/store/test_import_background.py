"""An import beside the workbench: it comes in whole, or is cancelled and leaves nothing."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from ide.dataset.errors import ImportRefusedError, UntrustedError
from ide.store.importing.background import (
    cancel_import,
    forget_import,
    import_status,
    latest_import,
    start_import,
)
from ide.store.importing.request import ImportRequest
from ide.store.importing.uploads import land_upload
from ide.store.new import new_workspace
from ide.store.workspace import Workspace
from tests.store.importing_tools import labels_by_id, picture, tree, write_csv, write_pictures

pytestmark = pytest.mark.flow


@pytest.fixture
def workspace(tmp_path) -> Workspace:
    return new_workspace(tmp_path / "w")


def ended(run):
    deadline = time.monotonic() + 60
    while import_status(run).state == "running":
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return import_status(run)


def test_an_upload_comes_in_beside_the_workbench_and_its_files_go(workspace):
    upload = land_upload([(f"pets/{c}/1.png", picture(k)) for k, c in enumerate(("cat", "dog"))])
    run = start_import(workspace, ImportRequest(str(upload.source), "pets"), upload)
    assert latest_import(workspace) is run
    with pytest.raises(ImportRefusedError, match="is running already"):
        start_import(workspace, ImportRequest("sklearn:digits", "digits"))
    status = ended(run)
    assert (status.state, status.n_new, status.n_classes) == ("done", 2, 2), status
    assert sorted(labels_by_id(workspace).values()) == ["cat", "dog"]
    assert not upload.source.exists()
    forget_import(workspace)
    assert latest_import(workspace) is None
    refused = ended(start_import(workspace, replace(run.request, source="nothing.csv")))
    assert refused.state == "refused"
    assert "there is no file or folder 'nothing.csv'" in refused.sentence


def test_a_cancelled_import_leaves_nothing(workspace, tmp_path):
    source = write_csv(
        tmp_path / "t.csv", [["text", "label"], *([f"text {k}", "a"] for k in range(300_000))]
    )
    before = tree(workspace.root)
    run = start_import(workspace, ImportRequest(str(source), "texts"))
    while import_status(run).done == 0:
        time.sleep(0.02)
    cancel_import(run)
    assert ended(run).state == "cancelled"
    assert tree(workspace.root) == before
    assert workspace.datasets() == []


def test_an_untrusted_workspace_imports_nothing(workspace, tmp_path, monkeypatch):
    monkeypatch.delenv("UPWELL_TRUST")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "elsewhere"))
    before = tree(workspace.root)
    with pytest.raises(UntrustedError):
        source = str(write_pictures(tmp_path / "pets"))
        start_import(workspace, ImportRequest(source, "pets"))
    assert tree(workspace.root) == before
