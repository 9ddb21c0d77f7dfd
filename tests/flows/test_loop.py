"""The loop, end to end: planted errors rise to the top, are fixed, and the network recovers."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ide.store.build_process import run_build
from ide.store.builds import build_metrics, build_table, current_build
from ide.store.committing import commit
from ide.store.examples import read_examples
from ide.store.importing import import_source
from ide.store.new import new_workspace
from ide.store.queue import suspect_queue
from ide.store.state import current_labels, edit_example
from ide.store.status import status
from tests.conftest import git

N_PLANTED = 60
N_LOOKED_AT = 66
N_FOUND_AT_LEAST = 54


def plant(table: pa.Table, *, seed: int) -> tuple[pa.Table, dict[str, str]]:
    """Give 60 examples, of any split, another class; return the table and the true labels."""
    generator = np.random.default_rng(seed)
    labels = table["label"].to_pylist()
    classes = sorted(set(labels))
    truth = {}
    for row in generator.choice(len(labels), N_PLANTED, replace=False):
        truth[table["example_id"][int(row)].as_py()] = labels[row]
        labels[row] = str(generator.choice([c for c in classes if c != labels[row]]))
    index = table.column_names.index("label")
    return table.set_column(index, "label", pa.array(labels)), truth


@pytest.mark.flow
def test_planted_errors_rise_are_fixed_and_the_network_recovers(compiled_digits, tmp_path):
    clean = build_metrics(current_build(compiled_digits, "digits"))
    table = read_examples(compiled_digits, "digits", ["example_id", "image", "label", "split"])
    planted, truth = plant(table, seed=3)
    pq.write_table(planted, tmp_path / "planted.parquet")
    workspace = new_workspace(tmp_path / "workspace")
    import_source(workspace, str(tmp_path / "planted.parquet"), name="digits")
    _same_model(compiled_digits, workspace)
    git(workspace.root, "add", "-A")
    git(workspace.root, "commit", "-qm", "digits with planted errors")

    run_build(workspace, ["digits"], on_progress=lambda _: None)
    top = suspect_queue(workspace, "digits").slice(0, N_LOOKED_AT).to_pylist()
    found = [row for row in top if row["example_id"] in truth]
    assert len(found) >= N_FOUND_AT_LEAST
    suggested_right = sum(row["suggested_label"] == truth[row["example_id"]] for row in found)
    assert suggested_right >= 0.9 * len(found)
    _beats_the_plain_loss(workspace, truth, len(found))

    for row in found:
        edit_example(
            workspace,
            "digits",
            row["example_id"],
            "label",
            truth[row["example_id"]],
            annotator="ada",
        )
    made = commit(workspace, None, None)
    assert f"{len(found)} relabelled" in made.message
    assert not status(workspace).datasets[0].edits

    run_build(workspace, ["digits"], on_progress=lambda _: None)
    labels = current_labels(workspace, "digits")
    now = dict(zip(labels["example_id"].to_pylist(), labels["label"].to_pylist(), strict=True))
    assert sum(now[i] != label for i, label in truth.items()) == N_PLANTED - len(found)
    fixed = build_metrics(current_build(workspace, "digits"))
    assert _accuracy(fixed) >= _accuracy(clean) - 0.005
    flips = build_table(current_build(workspace, "digits"), "flips")
    assert "fixed" in flips["flip"].to_pylist()


def _accuracy(metrics: dict) -> float:
    return metrics["splits"]["test"]["accuracy"]["value"]


def _same_model(source, target) -> None:
    """Compile with the configuration of the clean workspace, so that accuracies compare."""
    text = source.config_path("digits").read_text()
    target.config_path("digits").write_text(text)


def _beats_the_plain_loss(workspace, truth: dict[str, str], n_found: int) -> None:
    predictions = build_table(current_build(workspace, "digits"), "predictions")
    by_loss = predictions.sort_by([("loss", "descending")])["example_id"].to_pylist()
    assert n_found >= sum(i in truth for i in by_loss[:N_LOOKED_AT])
