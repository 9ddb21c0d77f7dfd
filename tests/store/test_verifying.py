"""The same sources give the same bytes, and where they do not, it is said where first."""

from __future__ import annotations

import re
from pathlib import Path

import pyarrow as pa
import pytest
from ruamel.yaml import YAML

from ide.dataset.errors import ConfigError, DatasetNotFoundError, GitError
from ide.store.builds import current_build
from ide.store.clean_folder import clean_folder
from ide.store.content_name import examples_name
from ide.store.differences import first_difference
from ide.store.files import write_json, write_parquet
from ide.store.lock_copy import copy_lock, put_lock_back
from ide.store.rebuilding import build_at
from ide.store.state import edit_example
from ide.store.verifying import verify
from pipelines.model_facts import CODE
from tests.conftest import git
from tests.small import build_bytes, compiled_workspace, copy_workspace
from tests.store.tiny import tiny_workspace

ROOT = Path(__file__).parents[2]


def test_a_build_is_made_anew_byte_for_byte(tmp_path, tmp_path_factory):
    base = compiled_workspace(tmp_path_factory.getbasetemp())
    workspace = copy_workspace(base, tmp_path / "w")
    edit_example(workspace, "some", "x000", "label", "3", annotator="ada")  # after the build
    build, before = current_build(workspace, "some"), build_bytes(workspace)
    metrics = build.path / "metrics.json"
    was = metrics.read_text()
    metrics.unlink()
    metrics.write_text(re.sub(r'"n": \d+', '"n": 7', was, count=1))
    (found,) = verify(workspace, ["some"])
    assert found.n_files == 15 and list(found.differences) == ["metrics.json"]
    assert re.fullmatch(r"splits\.\w+\.n: \d+ instead of 7", found.differences["metrics.json"])
    assert "(1 later edit is left out), seed 0" in found.made_of and found.causes == ()
    assert build_bytes(workspace) == before
    path = workspace.config_path("some")
    path.write_text(path.read_text().replace("epochs = 3", "epochs = 4"))
    with pytest.raises(ConfigError, match=r"dataset.toml has changed since the build of 'some'"):
        verify(workspace, ["some"])
    with pytest.raises(ConfigError, match=r"at revision HEAD: .* were not DVC's then"):
        build_at(workspace, ["some"], "HEAD")
    with pytest.raises(DatasetNotFoundError, match="'other' at revision HEAD "):
        build_at(workspace, ["other"], "HEAD")
    assert not any((workspace.local_path / "at" / "work").glob("[0-9]/"))


def test_the_first_difference_is_told_by_row_key_or_byte(tmp_path):
    a, b = tmp_path / "a.json", tmp_path / "b.json"
    write_json(a, {"x": {"y": [1, 2]}})
    write_json(b, {"x": {"y": [1, 2]}})
    assert first_difference(a, b) is None
    write_json(b, {"x": {"y": [1, 3]}})
    assert first_difference(a, b) == "x.y.1: 3 instead of 2"
    b.write_text('{"x":{"y":[1,2]}}\n')
    assert first_difference(a, b).startswith("byte 1 (")
    a, b = tmp_path / "a.parquet", tmp_path / "b.parquet"
    table = {"example_id": ["p", "q"], "probs": [[0.5, 0.5], [1.0, 0.0]], "loss": [None, 2.0]}
    write_parquet(a, pa.table(table))
    write_parquet(b, pa.table({**table, "loss": [None, 3.0]}))
    assert first_difference(a, b) == "row 1, example 'q', column loss: 3.0 instead of 2.0"
    write_parquet(b, pa.table({**table, "probs": [[0.5, 0.5], [0.0, 1.0]]}))
    assert first_difference(a, b).startswith("row 1, example 'q', column probs: [0.0, 1.0]")
    write_parquet(b, pa.table(table), metadata={"made": "elsewhere"})
    assert first_difference(a, b).startswith("byte ")


def test_the_identity_covers_the_code_that_dvc_sees_and_the_examples_as_dvc_names_them(tmp_path):
    stages = YAML(typ="safe").load((ROOT / "dvc.yaml").read_text())["stages"]
    deps = stages["compile"]["do"]["deps"]
    assert list(CODE) == [d for d in deps if not d.startswith(("builds/", "datasets/"))]
    workspace = tiny_workspace(tmp_path)
    again = copy_workspace(workspace, tmp_path / "again")
    assert examples_name(workspace, "pets") == examples_name(again, "pets")


def test_a_clean_folder_has_the_revision_alone_wherever_the_workspace_lies(tmp_path):
    """In a subfolder, with links out of it, and with DVC's paths as they are from there."""
    folder = tmp_path / "repo"
    workspace = tiny_workspace(folder / "sub dir", is_repository=False)
    (folder / "common").mkdir()
    (folder / "common/note.txt").write_text("ours\n")
    (workspace.root / "note").symlink_to("../common/note.txt")
    (workspace.root / ".dvc").mkdir()
    config = "[core]\n    remote = s\n['remote \"s\"']\n    url = ../../../store\n"
    (workspace.root / ".dvc/config").write_text(config)
    git(folder, "init", "-q")
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "begin")
    (workspace.root / "new.txt").write_text("not committed")
    commit = git(folder, "rev-parse", "HEAD").strip()
    with clean_folder(workspace, commit) as clean:
        assert clean.root.name == "sub dir" and clean.datasets() == ["pets"]
        assert (clean.root / "note").read_text() == "ours\n"
        assert not (clean.root / "new.txt").exists()
        text = (clean.root / ".dvc/config").read_text()
        assert f"url = {tmp_path / 'store'}\n" in text
        assert f"dir = {workspace.root / '.dvc/cache'}\n" in text
        with clean_folder(workspace, commit) as other:
            assert other.root != clean.root
        kept = clean.root
    assert not kept.exists() and git(folder, "status", "--short").split() == [
        "??",
        '"sub',
        'dir/new.txt"',
    ]
    git(folder, "rm", "-qr", "sub dir/datasets")
    git(folder, "commit", "-qm", "no datasets")
    with (
        pytest.raises(GitError, match="there was no workspace at"),
        clean_folder(workspace, git(folder, "rev-parse", "HEAD").strip()),
    ):
        pass


def test_a_lock_goes_back_only_where_git_has_not_moved(tmp_path):
    workspace = tiny_workspace(tmp_path / "w")
    root, run = workspace.root, tmp_path / "run"
    lock = root / "dvc.lock"
    lock.write_text("main's\n")
    git(root, "add", "-A")
    git(root, "commit", "-qm", "main's build")
    git(root, "branch", "same")
    copy_lock(workspace, run)
    lock.write_text("half a build\n")
    git(root, "switch", "-q", "same")  # git carries the file along
    assert put_lock_back(workspace, run) and lock.read_text() == "main's\n"
    git(root, "switch", "-qc", "other")
    lock.write_text("other's\n")
    git(root, "commit", "-qam", "other's build")
    assert put_lock_back(workspace, run) and lock.read_text() == "other's\n"
    assert not put_lock_back(workspace, tmp_path / "never began")
