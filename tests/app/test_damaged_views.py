"""A damaged file in the workbench: its sentence stands where it is read, and the rest works."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

import ide.app
from ide.store.builds import archive_path, current_build
from ide.store.workspace import Workspace
from tests.small import compiled_workspace, copy_workspace

MAIN = Path(ide.app.__file__).parent / "main.py"


@pytest.fixture
def two(tmp_path_factory, tmp_path) -> Workspace:
    small = compiled_workspace(tmp_path_factory.getbasetemp())
    workspace = copy_workspace(small, tmp_path / "w")
    for folder in (workspace.dataset_path, workspace.build_path):
        shutil.copytree(folder("some"), folder("other"))
    for name in ("some", "other"):
        current_build(workspace, name)
    return workspace


def said(app: AppTest) -> str:
    kinds = (app.error, app.warning, app.info, app.caption, app.markdown)
    return "\n".join(str(e.value) for kind in kinds for e in kind).replace("\\", "")


def opened(workspace: Workspace, view: str, name: str, monkeypatch) -> AppTest:
    monkeypatch.setenv("UPWELL_WORKSPACE", str(workspace.root))
    app = AppTest.from_file(str(MAIN), default_timeout=60)
    app.query_params["dataset"] = name
    if view != "home":
        app.switch_page(f"views/{view}.py")
    app.run()
    assert not app.exception
    assert "Something broke" not in str([e.proto for e in app.error])
    return app


PLACES = {
    "suspects.parquet": (b"PAR1 no more", "suspects.parquet is damaged"),
    "metrics.json": (b'{"build_id": 7}', "metrics.json is damaged"),
    "dataset.toml": (b'modality = ["image"]', "modality is ['image']"),
}


@pytest.mark.parametrize("file", PLACES)
def test_home_says_what_is_damaged_and_draws_every_other_dataset(two, monkeypatch, file):
    data, sentence = PLACES[file]
    folder = next(archive_path(two, "some", None).glob("[0-9a-f]*"))
    path = two.config_path("some") if file == "dataset.toml" else folder / file
    path.unlink()
    path.write_bytes(data)
    app = opened(two, "home", "some", monkeypatch)
    assert sentence in said(app)
    assert f"build {current_build(two, 'other').build_id[:4]}" in said(app)  # its card, whole
    if file != "metrics.json":  # which no problem is told from
        assert "some cannot be read" in said(app)  # among the problems
    for view in ("browse", "evals"):
        opened(two, view, "some", monkeypatch)
    assert sentence not in said(opened(two, "evals", "other", monkeypatch))
