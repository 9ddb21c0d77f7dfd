"""Import from Home: what would come in is shown first, and only a press brings it in."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import pytest
from streamlit import config
from streamlit.testing.v1 import AppTest

import ide.app
from ide.app import import_form
from ide.store.importing.background import import_status, latest_import
from ide.store.new import new_workspace
from ide.store.workspace import Workspace
from tests.store.importing_tools import (
    labels_by_id,
    picture,
    texts,
    tree,
    write_csv,
    write_pictures,
)
from tests.traps import trapped_workspace

MAIN = Path(ide.app.__file__).parent / "main.py"


@pytest.fixture(autouse=True)
def scratch(tmp_path, monkeypatch):
    """Where uploads land; the workbench is reached from this machine alone."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    before = config.get_option("server.address")
    config.set_option("server.address", "127.0.0.1")
    yield folder
    config.set_option("server.address", before)


@pytest.fixture
def workspace(tmp_path) -> Workspace:
    return new_workspace(tmp_path / "w")


def home(workspace: Workspace, monkeypatch) -> AppTest:
    monkeypatch.setenv("UPWELL_WORKSPACE", str(workspace.root))
    return AppTest.from_file(str(MAIN), default_timeout=60).run()


def look(app: AppTest, path: object, name: str = "") -> AppTest:
    app.text_input(key="import_path").input(str(path))
    app.text_input(key="import_name").input(name)
    return press(app, "Look at it")


def press(app: AppTest, label: str) -> AppTest:
    next(b for b in app.button if b.label.replace("\\", "") == label).click()
    return app.run()


def said(app: AppTest) -> str:
    kinds = (app.error, app.warning, app.info, app.success, app.caption, app.markdown)
    return "\n".join(str(e.value) for kind in kinds for e in kind).replace("\\", "")


def finish(app: AppTest, workspace: Workspace) -> AppTest:
    deadline = time.monotonic() + 60
    while import_status(latest_import(workspace)).state == "running":
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return app.run()


@pytest.mark.flow
def test_an_empty_workspace_leads_to_a_preview_and_only_a_press_imports(
    workspace, tmp_path, monkeypatch
):
    source = write_pictures(tmp_path / "Pet Photos")
    before = tree(workspace.root)
    app = look(home(workspace, monkeypatch), source)
    assert not app.exception
    assert "**pet_photos** · 6 images, a new dataset" in said(app)
    assert "2 classes: cat 3, dog 3" in said(app)
    assert tree(workspace.root) == before
    app = finish(press(app, "Import 6 into pet_photos"), workspace)
    assert workspace.datasets() == ["pet_photos"]
    assert "2 classes, committed as" in said(app)
    app = press(app, "Compile pet_photos")
    assert app.title[0].value == "Compile"
    assert "2 classes, committed as" not in said(
        app.switch_page("views/home.py").run()
    )  # it was told once


def test_what_is_refused_is_named_and_can_be_left_out(workspace, tmp_path, monkeypatch):
    source = write_pictures(tmp_path / "pets")
    (source / "cat" / "x.png").write_bytes(b"no picture")
    app = look(home(workspace, monkeypatch), source)
    assert "pets/cat/x.png: not an image" in said(app)
    assert next(b for b in app.button if b.key == "import_start").disabled
    app = press(app, "Leave out what cannot be read")
    assert not next(b for b in app.button if b.key == "import_start").disabled
    assert "1 broken example was left out" in said(app)


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        ("", "say first what to import"),
        ("/nothing/here", "there is no file or folder"),
        ("https://example.org/x.csv", "is an address, not a file here"),
        ("\0", "there is no file or folder"),
        ("x" * 5000, "there is no file or folder"),
        (__file__, "is not a kind of file that can be imported"),
    ],
)
def test_a_path_that_cannot_be_read_gets_a_sentence(workspace, monkeypatch, path, sentence):
    app = look(home(workspace, monkeypatch), path)
    assert not app.exception
    assert sentence in said(app)
    assert not [b for b in app.button if b.key == "import_start"]


def test_an_upload_is_looked_at_in_a_scratch_folder_and_is_gone_when_it_is_discarded(
    workspace, scratch, monkeypatch
):
    before = tree(workspace.root)
    app = home(workspace, monkeypatch)
    app.segmented_control(key="import_way").set_value(import_form.FOLDER).run()
    app.file_uploader[0].set_value(
        [(f"pets/{c}/1.png", picture(k), "image/png") for k, c in enumerate(("cat", "dog"))]
    )
    app = press(app, "Look at it")
    assert "**pets** · 2 images, a new dataset, from pets" in said(app)
    assert len(list(scratch.iterdir())) == 1
    app = press(app, "Discard")
    assert list(scratch.iterdir()) == []
    assert tree(workspace.root) == before
    app.file_uploader[0].set_value([("../../x.csv", b"text,label", "text/csv")])
    assert "has a name that cannot be kept" in said(press(app, "Look at it"))
    assert list(scratch.iterdir()) == []


def test_who_comes_over_the_network_names_no_path_of_this_machine(workspace, monkeypatch):
    config.set_option("server.address", "0.0.0.0")
    app = home(workspace, monkeypatch)
    assert import_form.PATH not in app.segmented_control(key="import_way").options
    assert not [field for field in app.text_input if field.key == "import_path"]


def test_an_untrusted_workspace_shows_a_preview_runs_nothing_and_imports_nothing(
    tmp_path, monkeypatch
):
    monkeypatch.delenv("UPWELL_TRUST")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    workspace = trapped_workspace(tmp_path / "w", tmp_path / "fired")
    monkeypatch.chdir(workspace.root)
    labels = labels_by_id(workspace)
    source = write_csv(tmp_path / "t.csv", [["text", "label"], *texts(3)])
    app = home(workspace, monkeypatch)
    app = look(app, source, "more")
    assert "**more** · 3 texts, a new dataset" in said(app)
    assert next(b for b in app.button if b.key == "import_start").disabled
    assert list((tmp_path / "fired").iterdir()) == []
    assert (workspace.datasets(), labels_by_id(workspace)) == (["pets"], labels)
