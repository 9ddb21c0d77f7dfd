"""Builds that people look at: whole, the newest first, whoever made them and how often."""

from __future__ import annotations

import json
import shutil
from concurrent.futures import ThreadPoolExecutor

import pyarrow.parquet as pq
import pytest

from ide.cli import run
from ide.dataset.errors import NoBuildError
from ide.dataset.estimates import Estimate
from ide.store.adopting import adopt_build, restore_build
from ide.store.builds import (
    N_KEPT,
    build_metrics,
    build_model,
    build_table,
    current_build,
    edits_since,
    list_builds,
    previous_build,
    require_build,
)
from ide.store.duck import connect
from ide.store.estimates import estimate_of, how_many
from ide.store.files import write_json, write_parquet
from ide.store.queue import queue_of
from ide.store.state import edit_example
from ide.store.workspace import Workspace
from tests.small import PARQUETS, N, build_bytes, compiled_workspace, copy_workspace


@pytest.fixture
def workspace(tmp_path, tmp_path_factory):
    """A compiled workspace."""
    return copy_workspace(compiled_workspace(tmp_path_factory.getbasetemp()), tmp_path / "w")


def make_another(workspace: Workspace, build_id: str) -> None:
    """Write files as another build would have."""
    folder = workspace.build_path("some")
    for file in ("model.json", "metrics.json"):
        facts = json.loads((folder / file).read_text())
        write_json(folder / file, {**facts, "build_id": build_id})
    for name in PARQUETS[3:]:
        table = pq.ParquetFile(folder / f"{name}.parquet").read()
        write_parquet(folder / f"{name}.parquet", table, metadata={"upwell.build_id": build_id})


def test_a_build_made_or_pulled_by_hand_is_adopted(workspace):
    shutil.rmtree(workspace.local_path)
    build = current_build(workspace, "some")
    assert build is not None
    assert build.build_id == build_model(build)["build_id"] == build_metrics(build)["build_id"]
    assert build.seconds is None
    assert build.compared_with is None
    assert len(build_table(build, "flips")) == 0
    assert build_table(build, "flips", ["flip"]).column_names == ["flip"]


def test_adopting_at_the_same_time_makes_one_build(workspace):
    shutil.rmtree(workspace.local_path)
    with ThreadPoolExecutor(8) as pool:
        builds = set(pool.map(lambda _: adopt_build(workspace, "some"), range(16)))
    assert len(builds) == 1
    assert list_builds(workspace, "some") == [builds.pop()]


def test_half_a_build_and_a_mixture_are_not_adopted(workspace):
    build = current_build(workspace, "some")
    folder = workspace.build_path("some")
    metrics = (folder / "metrics.json").read_bytes()
    (folder / "metrics.json").unlink()
    assert current_build(workspace, "some") == build
    (folder / "metrics.json").write_bytes(metrics.replace(build.build_id.encode(), b"0" * 16))
    assert current_build(workspace, "some") == build
    (folder / "metrics.json").write_bytes(b"{")
    assert current_build(workspace, "some") == build
    assert restore_build(workspace, "some")
    assert (folder / "metrics.json").read_bytes() == metrics


def test_a_former_build_made_again_is_the_current_one(workspace):
    first = current_build(workspace, "some")
    original = build_bytes(workspace)
    make_another(workspace, "1" * 16)
    second = current_build(workspace, "some")
    assert (second.build_id, second.compared_with) == ("1" * 16, first.build_id)
    assert previous_build(workspace, "some") == first
    for name, data in original.items():
        if name != "dvc.lock":
            (workspace.build_path("some") / name).write_bytes(data)
    again = current_build(workspace, "some")
    assert (again.build_id, again.compared_with) == (first.build_id, second.build_id)
    assert [b.build_id for b in list_builds(workspace, "some")] == [again.build_id, "1" * 16]


def test_a_build_outlives_the_cache_that_dvc_links_it_from(workspace, tmp_path):
    """As with DVC's ``cache.type = symlink``."""
    shutil.rmtree(workspace.local_path)
    folder, cache = workspace.build_path("some"), tmp_path / "cache"
    folder.rename(cache)
    folder.mkdir()
    for file in cache.iterdir():
        (folder / file.name).symlink_to(file)
    build = adopt_build(workspace, "some")
    shutil.rmtree(cache)
    assert len(build_table(build, "predictions")) > 0
    assert restore_build(workspace, "some")
    assert all(file.exists() for file in folder.iterdir())


def test_the_newest_builds_are_kept(workspace):
    for number in range(N_KEPT + 3):
        make_another(workspace, f"{number:016x}")
        adopt_build(workspace, "some")
    builds = list_builds(workspace, "some")
    assert [b.build_id for b in builds] == [
        f"{number:016x}" for number in reversed(range(3, N_KEPT + 3))
    ]
    folders = {path.name for path in builds[0].path.parent.iterdir() if path.is_dir()}
    assert folders == {b.build_id for b in builds}


def test_edits_since_the_build_are_counted(workspace):
    build = require_build(workspace, "some")
    assert edits_since(workspace, build) == 0
    edit_example(workspace, "some", "x000", "label", "7", annotator="ada")
    edit_example(workspace, "some", "x001", "exclude", annotator="bob")
    assert edits_since(workspace, build) == 2


def test_without_a_build_a_sentence_says_what_to_do(workspace):
    shutil.rmtree(workspace.local_path)
    shutil.rmtree(workspace.build_path("some"))
    assert current_build(workspace, "some") is None
    assert previous_build(workspace, "some") is None
    with pytest.raises(NoBuildError, match="upwell compile some"):
        require_build(workspace, "some")


def make_older(workspace: Workspace) -> None:
    """Take from the current build what builds have had since issue 3 alone."""
    build = require_build(workspace, "some")
    for file in ("second_look.parquet", "label_errors.parquet", "media.parquet"):
        (build.path / file).unlink()
        (workspace.build_path("some") / file).unlink()
    table = build_table(build, "suspects")
    older = table.drop_columns(["p_suggested", "is_ambiguous"])
    write_parquet(build.path / "suspects.parquet", older)


def test_a_build_of_an_older_version_is_still_read_and_put_back(workspace):
    make_older(workspace)
    build = require_build(workspace, "some")
    assert len(build_table(build, "label_errors")) == 0
    assert estimate_of(build) == Estimate("", None, build_metrics(build)["estimated_label_errors"])
    assert how_many(workspace, "some") is None
    with connect(workspace) as database:
        sql = 'SELECT count(*), count(p_suggested), count(is_ambiguous) FROM "some".suspects'
        assert database.sql(sql).fetchall() == [(N, 0, 0)]
        assert database.sql('FROM "some".label_errors').fetchall() == []
    (workspace.build_path("some") / "metrics.json").write_text("{}")
    assert restore_build(workspace, "some")
    assert not (workspace.build_path("some") / "label_errors.parquet").exists()
    restored = json.loads((workspace.build_path("some") / "metrics.json").read_text())
    assert restored == build_metrics(build)


def test_the_list_of_suspects_ends_with_how_many_there_are(workspace, capsys):
    command = ["suspects", "some", "--limit", "1", "--workspace", str(workspace.root)]
    assert run(command) == 0
    assert capsys.readouterr().out.endswith(f"\n\n{how_many(workspace, 'some')}\n")
    assert run([*command, "--format", "json"]) == 0
    assert len(json.loads(capsys.readouterr().out)) == 1


def test_a_review_begins_with_the_builds_own_interval(workspace):
    build = require_build(workspace, "some")
    found, left = estimate_of(build), queue_of(workspace, "some", build).found
    assert (left.n_left_low, left.n_left_high) == found.bounds
    assert left.n_left == pytest.approx(found.n_errors, rel=1e-3)
