"""What is recomputed, and what is not; the same bytes for the same labels."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from ide.dataset.edit import make_edit, to_line
from ide.dataset.errors import BuildError
from ide.dataset.schema import (
    BUILD_EDITS,
    DYNAMICS,
    ISSUES,
    LABELS,
    MEDIA,
    PREDICTIONS,
    SLICES,
    SUSPECTS,
    TARGETS,
)
from ide.store.build_process import build_status, run_build
from ide.store.builds import build_metrics, build_table, current_build, edits_since
from ide.store.examples import n_examples
from ide.store.new import new_workspace
from ide.store.runs import load_run, run_folder
from ide.store.state import edit_example
from pipelines.fetch import fetch
from tests.small import N, build_bytes, compiled_workspace, copy_workspace

SCHEMAS = {
    "labels": LABELS,
    "targets": TARGETS,
    "edits": BUILD_EDITS,
    "dynamics": DYNAMICS,
    "predictions": PREDICTIONS,
    "suspects": SUSPECTS,
    "issues": ISSUES,
    "media": MEDIA,
    "slices": SLICES,
}


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    """One workspace for this file; each test leaves it compiled."""
    base = compiled_workspace(tmp_path_factory.getbasetemp())
    return copy_workspace(base, tmp_path_factory.mktemp("pipeline") / "w")


def stages_run(workspace) -> list[str]:
    """Return the stages that the latest build ran, in order."""
    log = (run_folder(workspace, load_run(workspace).run_id) / "dvc.log").read_text()
    return re.findall(r"Running stage '(\w+)@some'", log)


def test_every_file_has_its_columns_and_one_build_id(workspace):
    build = current_build(workspace, "some")
    for name, schema in SCHEMAS.items():
        table = pq.read_table(build.path / f"{name}.parquet")
        assert table.schema.equals(schema), name
        if name in ("dynamics", "predictions", "suspects", "issues", "media", "slices"):
            assert table.schema.metadata[b"upwell.build_id"].decode() == build.build_id
    assert build_metrics(build)["build_id"] == build.build_id
    assert build_table(build, "labels")["example_id"].to_pylist() == [f"x{i:03d}" for i in range(N)]
    assert len(build_table(build, "dynamics")) == 3 * N
    model = json.loads((build.path / "model.json").read_text())
    assert {"architecture", "configuration", "classes", "normalisation", "seed"} <= set(model)
    named = {"upwell", "torch", "numpy", "pyarrow", "pillow", "faiss", "python"}
    assert named == set(model["versions"])


def test_the_network_can_be_rebuilt_from_the_build(workspace):
    from models.checkpoint import load

    build = current_build(workspace, "some")
    model = load(
        build.path / "model.safetensors", json.loads((build.path / "model.json").read_text())
    )
    assert model.classifier.out_features == 10


def test_with_nothing_to_do_nothing_is_done(workspace):
    before, build = build_bytes(workspace), current_build(workspace, "some")
    assert run_build(workspace) == [build]
    assert stages_run(workspace) == []
    assert build_bytes(workspace) == before


def test_a_title_trains_nothing(workspace):
    """Only the checks run anew: all of dataset.toml is theirs, for its [checks] may be missing."""
    path = workspace.config_path("some")
    path.write_text(path.read_text().replace("Some digits", "A few digits"))
    run_build(workspace)
    assert stages_run(workspace) == ["check"]


def test_a_confirmation_trains_nothing(workspace):
    build = current_build(workspace, "some")
    edit_example(workspace, "some", "x007", "confirm", annotator="ada")
    assert edits_since(workspace, build) == 1
    (after,) = run_build(workspace)
    assert stages_run(workspace) == ["snapshot", "check"]
    assert after.build_id == build.build_id
    assert (after.n_edits, after.n_uncommitted_edits) == (1, 1)
    assert edits_since(workspace, after) == 0
    assert build_table(after, "labels", ["n_edits"])["n_edits"].to_pylist()[7] == 1


def test_a_label_recomputes_all_and_damage_is_passed_over(workspace):
    build = current_build(workspace, "some")
    edit_example(workspace, "some", "x000", "label", "3", annotator="ada")
    foreign = to_line(make_edit("x001", "label", "zebra", annotator="eve"))
    (workspace.edits_path("some") / "eve.jsonl").write_text(foreign + "\nrubbish\n")
    (after,) = run_build(workspace)
    assert stages_run(workspace) == ["snapshot", "compile", "rank", "check", "evaluate"]
    assert after.build_id != build.build_id
    assert after.compared_with == build.build_id
    flips = build_table(after, "flips").to_pylist()
    assert "x000" in {row["example_id"] for row in flips}
    assert build_table(after, "labels")["label"].to_pylist()[:2] == ["3", "1"]
    issues = build_table(after, "issues").to_pylist()
    found = {(i["check"], i["example_id"]) for i in issues}
    assert {("unknown_classes", "x001"), ("damaged_log", None)} <= found
    assert any("line 2" in i["message"] for i in issues)
    warnings = " ".join(build_status(workspace).warnings)
    assert "zebra" in warnings
    assert "eve.jsonl, line 2" in warnings


def test_a_stage_that_fails_says_why_and_leaves_the_last_build(workspace):
    before, build = build_bytes(workspace), current_build(workspace, "some")
    path = workspace.config_path("some")
    text = path.read_text()
    path.write_text(text.replace('"1", "2", "3", "4", "5", "6", "7", "8", "9"', '"gnu"'))
    with pytest.raises(BuildError, match="nothing to tell apart: only '0'") as caught:
        run_build(workspace)
    path.write_text(text)
    assert caught.value.exit_code == 3
    assert build_status(workspace).message == str(caught.value)
    assert build_bytes(workspace) == before
    assert current_build(workspace, "some") == build
    run_build(workspace)
    assert stages_run(workspace) == []


def test_fetching_twice_gives_the_same_examples(tmp_path):
    workspace = new_workspace(tmp_path / "w")
    root = Path(__file__).parents[2]
    shutil.copytree(root / "datasets/digits", workspace.dataset_path("digits"), ignore=_examples)
    parts = []
    for _ in range(2):
        shutil.rmtree(workspace.examples_path("digits"), ignore_errors=True)
        fetch(workspace, "digits")
        parts.append({p.name: p.read_bytes() for p in workspace.examples_path("digits").iterdir()})
    assert parts[0] == parts[1]
    assert n_examples(workspace, "digits") == 1797
    toml = (root / "datasets/digits/dataset.toml").read_text()
    assert workspace.config_path("digits").read_text() == toml


def _examples(folder: str, names: list[str]) -> set[str]:
    return {"examples"} & set(names)


def test_new_workspaces_have_the_stages_of_this_repository():
    """Apart from fetch and from the code that the stages of this repository depend on."""
    from ruamel.yaml import YAML

    root = Path(__file__).parents[2]
    yaml = YAML(typ="safe", pure=True)
    ours = yaml.load((root / "dvc.yaml").read_text())["stages"]
    theirs = yaml.load((root / "ide/store/templates/dvc.yaml").read_text())["stages"]
    del ours["fetch"]
    code = set()
    for stage in ours.values():
        deps = stage["do"]["deps"]
        code |= {d for d in deps if not d.startswith(("builds/", "datasets/"))}
        stage["do"]["deps"] = [d for d in deps if d not in code]
    assert ours == theirs
    assert all((root / path).exists() for path in code)
    assert not any(Path(path).is_absolute() for path in code)
