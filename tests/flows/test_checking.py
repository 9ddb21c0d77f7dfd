"""``upwell check`` and what blocks ``upwell commit``, with real git and no build."""

from __future__ import annotations

import io
import json

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

from ide.cli import run
from ide.dataset.errors import BlockedError, ConfigError
from ide.store.blocking import standing_errors
from ide.store.browse import Filters, browse_page
from ide.store.checking import check_now
from ide.store.commits import log
from ide.store.committing import commit
from ide.store.files import write_parquet, write_text
from ide.store.issues import dismissed_issues
from ide.store.state import dataset_state, edit_example
from ide.store.status import status
from ide.store.workspace import Workspace
from tests.conftest import git

TOML = 'modality = "image"\nclasses = ["a", "b"]\n'
OWN = '''\
from ide.dataset.checks import Issue, check


@check("first_of_all", severity="error")
def first_of_all(dataset):
    """Find the first example."""
    yield Issue(dataset.ids[0], None, 1.0, "is the first")


@check("breaks", severity="note")
def breaks(dataset):
    """Break."""
    yield 1 / 0
'''


@pytest.fixture
def pets(tmp_path) -> Workspace:
    """Twelve pictures in a git repository; x3 shows what x0 shows, and is called otherwise."""
    root = tmp_path / "pets"
    folder = root / "datasets/pets"
    write_text(root / "dvc.yaml", "stages: {}\n")
    write_text(folder / "dataset.toml", TOML)
    write_text(folder / "edits/.gitkeep", "")
    generator = np.random.default_rng(0)
    pictures = [_png(generator.integers(0, 256, (9, 9), np.uint8)) for _ in range(12)]
    pictures[3] = pictures[0]
    table = {
        "example_id": [f"x{i}" for i in range(12)],
        "split": ["train", "test"] * 6,
        "label": ["a", "a", "b", "b"] * 3,
        "image": pictures,
    }
    write_parquet(folder / "examples/part-0.parquet", pa.table(table))
    git(tmp_path, "init", "-q", "pets")
    write_text(root / ".gitignore", "/.upwell/\nexamples/\n")
    git(root, "add", "-A")
    git(root, "commit", "-qm", "pets")
    return Workspace(root)


def _png(pixels) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG")
    return stream.getvalue()


def test_checks_without_a_build_block_a_commit_until_mended_or_given_a_reason(pets, capsys):
    at = ["--workspace", str(pets.root)]
    edit_example(pets, "pets", "x5", "confirm", annotator="ada")
    found = check_now(pets, "pets")
    page = browse_page(pets, "pets", None, Filters(where="width = 9 AND brightness > 0.1"))
    assert page.n_rows == 12 and "content_hash" not in page.rows.column_names
    errors = {i["check"] for i in found.issues.to_pylist() if i["severity"] == "error"}
    assert errors == {"conflicting_duplicates", "leaks"}
    assert found.skipped["weak_slices"] == ["a build"] and not found.broken
    assert run(["check", "pets", *at]) == 1
    said = capsys.readouterr()
    assert "pets: error: leaks (1)" in said.out and "Traceback" not in said.err
    assert "checks did not run" in said.err and len(said.err.splitlines()) <= 3

    head = git(pets.root, "rev-parse", "HEAD")
    with pytest.raises(BlockedError, match="2 errors stand") as blocked:
        commit(pets)
    assert blocked.value.exit_code == 1 and git(pets.root, "rev-parse", "HEAD") == head
    assert run(["commit", "--despite-errors", " ", *at]) == 2

    made = commit(pets, "ours", despite_errors="the twins\nare meant")
    assert made.message.splitlines()[0] == "ours"
    assert log(pets)[0].despite_errors == "the twins are meant (conflicting_duplicates 1, leaks 1)"
    capsys.readouterr()
    assert run(["log", "--format", "json", *at]) == 0
    assert json.loads(capsys.readouterr().out)[0]["despite_errors"].startswith("the twins")

    edit_example(pets, "pets", "x3", "exclude", annotator="ada")
    assert standing_errors(pets, "pets") == []
    assert commit(pets).message.splitlines()[-1] != ""
    assert log(pets)[0].despite_errors is None


def test_what_is_dismissed_blocks_nothing_and_is_not_listed(pets, capsys):
    for row in standing_after_a_check(pets):
        edit_example(pets, "pets", row["example_id"], "dismiss", row["issue_id"], annotator="ada")
    assert len(dismissed_issues(dataset_state(pets, "pets"))) == 2
    assert commit(pets).revision
    at = ["--workspace", str(pets.root), "--format", "json"]
    assert run(["check", "pets", *at]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert "leaks" not in {row["check"] for row in listed}


def standing_after_a_check(workspace):
    check_now(workspace, "pets")
    return standing_errors(workspace, "pets")


def test_severities_are_the_datasets_own(pets):
    text = TOML + '[checks.severity]\nleaks = "note"\nconflicting_duplicates = "off"\n'
    write_text(pets.config_path("pets"), text)
    assert standing_after_a_check(pets) == []
    write_text(pets.config_path("pets"), TOML + "[checks.severity]\nleak = 'note'\n")
    with pytest.raises(ConfigError, match="did you mean leaks"):
        check_now(pets, "pets")
    (dataset,) = status(pets).datasets
    assert "datasets/pets/dataset.toml: [checks.severity] 'leak' is no check" in dataset.damage[0]


def test_own_checks_run_beside_ours_and_one_that_breaks_says_where(pets, capsys):
    folder = pets.checks_path("pets")
    write_text(folder / "own.py", OWN)
    write_text(
        folder / "even.sql",
        "SELECT example_id, 'x0' AS other_id, 0.5 AS score, 'is even' AS message, "
        "'note' AS severity FROM pets.labels WHERE example_id IN ('x2', 'x4')",
    )
    write_text(folder / "wrong.sql", "SELECT 1 AS one")
    write_text(folder / "writes.sql", "DROP TABLE pets.labels")
    write_text(folder / "torn.py", "def f(:\n")
    found = check_now(pets, "pets")
    own = [
        (i["check"], i["severity"], i["example_id"], i["other_id"])
        for i in found.issues.to_pylist()
        if i["check"] in ("first_of_all", "even")
    ]
    assert own == [
        ("first_of_all", "error", "x0", None),
        ("even", "note", "x2", "x0"),
        ("even", "note", "x4", "x0"),
    ]
    where = "datasets/pets/checks/"
    assert [s.split(": ")[0] for s in found.broken] == [
        f"{where}own.py, line 13",
        f"{where}torn.py, line 1",
        f"{where}writes.sql",
        f"{where}wrong.sql",
    ]
    assert run(["check", "pets", "--workspace", str(pets.root)]) == 2
    assert not list(folder.rglob("__pycache__"))
    write_text(pets.config_path("pets"), TOML + "[checks.severity]\nfirst_of_all = 'off'\n")
    rest = check_now(pets, "pets").issues["check"].to_pylist()
    assert "first_of_all" not in rest and "even" in rest


def test_an_own_check_takes_no_name_that_is_taken_and_names_no_example_that_is_not(pets):
    folder = pets.checks_path("pets")
    write_text(folder / "leaks.sql", "SELECT example_id FROM pets.labels")
    write_text(folder / "own.py", OWN)
    write_text(folder / "first_of_all.sql", "SELECT example_id FROM pets.labels")
    write_text(folder / "ghost.sql", "SELECT 'ghost' AS example_id")
    write_text(folder / "much.sql", "SELECT example_id, 7 AS score FROM pets.labels")
    found = check_now(pets, "pets")
    where = "datasets/pets/checks/"
    assert found.broken[1:] == (
        f"{where}first_of_all.sql: a check 'first_of_all' is in {where}own.py already; "
        "give this another name",
        f"{where}ghost.sql: check ghost names 'ghost', which is no example",
        f"{where}leaks.sql: a check 'leaks' is in Upwell already; give this another name",
        f"{where}much.sql: check much gives score 7.0, wanted 0 to 1",
    )
    by_check = found.issues["check"].to_pylist()
    assert (by_check.count("leaks"), by_check.count("first_of_all")) == (1, 1)
    assert not {"ghost", "much"} & set(by_check)
