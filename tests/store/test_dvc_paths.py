"""Any name of a folder works, or is refused in one sentence before anything is written."""

from __future__ import annotations

import pytest

from ide.dataset.errors import ConfigError
from ide.store.dvc import require_dvc
from ide.store.dvc_config import default_remote, dvc_settings, write_clean_config
from ide.store.importing import import_source
from ide.store.importing.tracking import is_tracked
from ide.store.new import new_workspace
from ide.store.query import query
from ide.store.remotes import pull, push
from ide.store.transferring import transfer
from ide.store.workspace import Workspace
from tests.store.importing_tools import tree, write_csv

STUMBLED_OVER = ["w{a}", "{", "x}", "${x}", "{phase}", "%(a)s", "two\nlines", "nonutf\udcff"]
FINE = 'w [1]*? "q" it\'s $x %20 %s #h ;&|\\ ,@=~ :é中'


def write_table(folder):
    return write_csv(folder / "t.csv", [["text", "label"], ["a", "x"], ["b", "y"]])


@pytest.mark.parametrize("name", STUMBLED_OVER)
def test_a_folder_that_dvc_stumbles_over_is_refused_and_nothing_is_made(tmp_path, name):
    for path in (tmp_path / name, tmp_path / name / "work"):
        with pytest.raises(ConfigError, match="cannot be used: DVC and git stumble over") as caught:
            new_workspace(path)
        assert "\n" not in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_a_workspace_that_came_into_such_a_folder_is_refused_before_anything_is_written(tmp_path):
    """As a clone does, or a folder that was renamed."""
    work = new_workspace(tmp_path / "work")
    import_source(work, str(write_table(tmp_path)), name="t", track=False)
    work.root.rename(tmp_path / "w{a}")
    workspace = Workspace.find(tmp_path / "w{a}")
    before = tree(workspace.root)
    for doing in (
        lambda: import_source(workspace, str(write_table(tmp_path)), name="t"),
        lambda: require_dvc(workspace),  # each build begins with it
        lambda: push(workspace),
        lambda: pull(workspace),
    ):
        with pytest.raises(ConfigError, match=r"'\{' and '\}' in a path\. Rename the folder"):
            doing()
    assert tree(workspace.root) == before


def test_a_cache_or_a_remote_that_dvc_stumbles_over_is_refused_too(tmp_path):
    workspace = new_workspace(tmp_path / "work")
    (tmp_path / "s{x}").mkdir()
    config = workspace.root / ".dvc" / "config"
    config.write_text(f"[core]\nremote = s\n['remote \"s\"']\nurl = {tmp_path}/s{{x}}\n")
    remote = default_remote(workspace)
    with pytest.raises(ConfigError, match=r"the remote 's' .*dvc remote modify s url FOLDER"):
        transfer(workspace, [], remote, direction="push", on_progress=print)
    config.write_text(f"[cache]\ndir = {tmp_path}/s{{x}}\n")
    with pytest.raises(ConfigError, match=r"DVC's cache .*dvc cache dir FOLDER"):
        import_source(workspace, str(write_table(tmp_path)), name="t")
    config.write_text("['remote \"s\"']\nurl = /x/%(a)s\n")
    with pytest.raises(ConfigError, match="DVC's settings cannot be read"):
        default_remote(workspace)


def test_any_other_name_of_a_folder_works(tmp_path):
    workspace = new_workspace(tmp_path / FINE)
    import_source(workspace, str(write_table(tmp_path)), name="t")
    assert is_tracked(workspace, "t")
    assert query(workspace, "SELECT count(*) AS n FROM t.labels").table.to_pylist() == [{"n": 2}]
    clean = tmp_path / FINE / ".upwell" / "at"
    clean.mkdir(parents=True)
    write_clean_config(workspace, clean)
    settings = dvc_settings(Workspace(clean))
    assert settings["cache"]["dir"] == str(workspace.root / ".dvc" / "cache")


def test_a_name_that_begins_with_a_tilde_is_a_name_where_there_is_no_such_user(
    tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    assert new_workspace("~nobody-of-that-name").root == tmp_path / "~nobody-of-that-name"
