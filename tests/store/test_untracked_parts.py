"""A part that DVC does not know is named, tracked by the next commit, and never thrown away."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys

import pyarrow.parquet as pq
import pytest

from ide.dataset.errors import ConfigError, GitError, ImportRefusedError
from ide.store.branches import create_branch, switch_branch
from ide.store.committing import commit
from ide.store.examples import example_parts, n_examples
from ide.store.importing import import_source
from ide.store.importing.tracking import is_tracked
from ide.store.laying_out import lay_out_data
from ide.store.new import new_workspace
from ide.store.state import edit_example
from ide.store.status import status, status_as_dict
from ide.store.untracked_parts import compare_with_pointer
from ide.store.workspace import Workspace
from tests.conftest import git
from tests.store.importing_tools import texts, write_csv

# The import kills itself with SIGKILL at the moment at which it would call DVC.
KILLED = """
import os, signal, sys
from ide.store.importing import import_source
from ide.store.workspace import Workspace

def kill(event, arguments):
    if event == "subprocess.Popen" and "dvc" in list(arguments[1]):
        os.kill(os.getpid(), signal.SIGKILL)

sys.addaudithook(kill)
import_source(Workspace.find(sys.argv[1]), sys.argv[2], name=sys.argv[3])
"""


def table(folder, n, first=0, name="t.csv"):
    rows = [
        ["id", "text", "label"],
        *([f"e{first + k}", *r] for k, r in enumerate(texts(n, first))),
    ]
    return write_csv(folder / name, rows)


def import_killed(workspace, source, name):
    command = [sys.executable, "-c", KILLED, str(workspace.root), str(source), name]
    assert subprocess.run(command, check=False, timeout=100).returncode == -signal.SIGKILL


@pytest.fixture(scope="module")
def begun(tmp_path_factory):
    """A workspace with git and DVC: seven texts, tracked and committed; a branch ``other``."""
    folder = tmp_path_factory.mktemp("begun")
    workspace = new_workspace(folder / "w")
    import_source(workspace, str(table(folder, 7)), name="pets")
    commit(workspace)
    create_branch(workspace, "other")
    switch_branch(workspace, "main")
    return workspace


@pytest.fixture
def pets(begun, tmp_path):
    shutil.copytree(begun.root, tmp_path / "w", symlinks=True)
    return Workspace.find(tmp_path / "w")


def test_what_a_killed_import_left_is_named_and_the_next_commit_tracks_it(pets, tmp_path):
    import_killed(pets, table(tmp_path, 3, first=50), "pets")
    assert n_examples(pets, "pets") == 10 and not is_tracked(pets, "pets")
    (path,) = status(pets).untracked_parts
    found = status_as_dict(status(pets))
    assert found["untracked_parts"] == [path]
    assert path in found["notes"][0] and "upwell commit" in found["notes"][0]

    edit_example(pets, "pets", "e50", "label", "good", annotator="ada")
    assert "examples changed" in commit(pets).message
    assert is_tracked(pets, "pets") and status(pets).untracked_parts == ()
    assert "nfiles: 2" in git(pets.root, "show", "HEAD:datasets/pets/examples.dvc")

    switch_branch(pets, "other")
    assert n_examples(pets, "pets") == 7
    switch_branch(pets, "main")
    assert n_examples(pets, "pets") == 10


def test_a_dataset_whose_first_import_was_killed_is_listed_and_tracked_by_a_commit(pets, tmp_path):
    import_killed(pets, table(tmp_path, 4), "fish")
    params = pets.root / "params.yaml"
    params.write_text(params.read_text().replace("  - fish\n", ""))  # killed a moment earlier
    assert [p for p in status(pets).untracked_parts if "/fish/" in p]
    commit(pets)
    assert "fish" in params.read_text() and status(pets).untracked_parts == ()
    files = git(pets.root, "ls-files", "datasets/fish").split()
    assert "datasets/fish/examples.dvc" in files and not any("parquet" in f for f in files)


def test_nothing_moves_while_a_part_is_known_to_no_pointer(pets, tmp_path):
    import_source(pets, str(table(tmp_path, 3, first=50)), name="pets", track=False)
    parts = example_parts(pets, "pets")
    with pytest.raises(GitError, match=r"part-\w+\.parquet is a part that DVC does not know"):
        switch_branch(pets, "other")
    assert git(pets.root, "branch", "--show-current").strip() == "main"
    (note,) = lay_out_data(pets)
    assert "upwell commit" in note
    assert example_parts(pets, "pets") == parts
    create_branch(pets, "mine")  # which moves nothing: the part comes along
    assert example_parts(pets, "pets") == parts


def test_an_import_beside_parts_that_are_not_here_is_refused(pets, tmp_path):
    """Tracking what is left would have dropped them from the pointer, for everybody."""
    source = table(tmp_path, 3, first=50)
    (part,) = example_parts(pets, "pets")
    fewer = pq.read_table(part).slice(3)
    part.unlink()
    pointer = pets.examples_path("pets").with_name("examples.dvc").read_bytes()
    with pytest.raises(ConfigError, match="not on this machine"):
        import_source(pets, str(source), name="pets")
    assert pets.examples_path("pets").with_name("examples.dvc").read_bytes() == pointer
    pq.write_table(fewer, part.with_name("part-0123456789ab.parquet"))
    assert compare_with_pointer(pets, "pets").missing == (part.name,)
    for refused in (lambda: import_source(pets, str(source), name="pets"), lambda: commit(pets)):
        with pytest.raises(ImportRefusedError, match=f"names {part.name}, which is not in"):
            refused()
    assert pets.examples_path("pets").with_name("examples.dvc").read_bytes() == pointer
