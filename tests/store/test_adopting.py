"""Adopting what one run has built of several datasets: all of it counts, or none does."""

from __future__ import annotations

import shutil

import pytest

from ide.dataset.errors import BuildError, StorageError
from ide.store.adopting import adopt_together
from ide.store.builds import archive_path, build_table, current_build, list_builds
from ide.store.files import read_parquet, write_parquet
from ide.store.workspace import Workspace
from tests.small import compiled_workspace, copy_workspace

NAMES = ("some", "other")


@pytest.fixture
def two(tmp_path_factory, tmp_path) -> Workspace:
    """Two datasets with a whole build each in ``builds/``, of which none is adopted."""
    small = compiled_workspace(tmp_path_factory.getbasetemp())
    workspace = copy_workspace(small, tmp_path / "w")
    shutil.copytree(workspace.dataset_path("some"), workspace.dataset_path("other"))
    shutil.copytree(workspace.build_path("some"), workspace.build_path("other"))
    shutil.rmtree(workspace.local_path / "builds")
    return workspace


def tree(workspace: Workspace) -> dict[str, bytes]:
    root = workspace.local_path / "builds"
    files = (path for path in root.rglob("*") if path.is_file() and path.name != ".lock")
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in files}


def rejudge(workspace: Workspace, name: str) -> None:
    """Change a file of a build that stays the same build, as a check that is run again does."""
    path = workspace.build_path(name) / "issues.parquet"
    table = read_parquet(path)
    metadata = {k.decode(): v.decode() for k, v in table.schema.metadata.items()}
    path.unlink()
    write_parquet(path, table.slice(0, max(len(table) - 1, 0)), metadata=metadata)


def test_builds_of_one_run_are_adopted_together(two):
    builds = adopt_together(two, NAMES, seconds=2.0)
    assert [b.dataset for b in builds] == list(NAMES)
    assert [current_build(two, name) for name in NAMES] == builds
    assert adopt_together(two, NAMES, seconds=9.0) == builds  # once is enough


def test_a_second_dataset_whose_build_is_not_whole_leaves_the_first_as_it_was(two):
    (two.build_path("other") / "metrics.json").write_text("{}")
    with pytest.raises(BuildError, match=r"'other' is not whole"):
        adopt_together(two, NAMES, seconds=None)
    assert tree(two) == {}


def test_a_second_dataset_that_the_disk_refuses_leaves_the_first_as_it_was(two):
    archive = archive_path(two, "other", None)
    archive.parent.mkdir(parents=True)
    archive.write_text("a file where the folder should be")
    before = tree(two)
    with pytest.raises(StorageError, match="could not"):
        adopt_together(two, NAMES, seconds=None)
    assert tree(two) == before


def test_a_refusal_at_the_last_moment_takes_back_what_had_its_place(two):
    """Of a build that is new, and of one whose files were being renewed."""
    (build,) = adopt_together(two, ["some"], seconds=None)
    in_the_way = archive_path(two, "other", None) / build.build_id
    in_the_way.parent.mkdir(parents=True)
    in_the_way.write_text("a file where the build's folder should be")
    before = tree(two)
    rejudge(two, "some")
    for is_new in (False, True):
        if is_new:
            shutil.rmtree(archive_path(two, "some", None))
            before = tree(two)
        with pytest.raises(StorageError, match="keep the build in"):
            adopt_together(two, NAMES, seconds=None)
        assert tree(two) == before
    in_the_way.unlink()
    assert len(adopt_together(two, NAMES, seconds=None)) == 2


def test_a_damaged_build_is_no_hindrance_to_the_one_that_mends_it(two):
    adopt_together(two, ["some"], seconds=None)
    (old,) = list_builds(two, "some")
    for file in ("build.json", "predictions.parquet"):
        path = old.path / file
        path.unlink()
        path.write_bytes(b"damaged")
    (mended,) = adopt_together(two, ["some"], seconds=None)
    assert mended.build_id == old.build_id
    assert len(build_table(mended, "predictions")) == 300
