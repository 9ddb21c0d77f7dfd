"""Raw features are made once, and anew when the examples are others."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pyarrow as pa

from ide.dataset.schema import PAYLOAD_TYPES
from ide.store.files import write_parquet
from pipelines.features import read_raw_features
from tests.store.tiny import tiny_workspace


def test_features_are_kept_until_the_examples_change(tmp_path):
    workspace = tiny_workspace(tmp_path, is_repository=False)
    config = workspace.config("pets")
    made = read_raw_features(workspace, config)
    (kept,) = (workspace.local_path / "features" / "pets").iterdir()
    np.testing.assert_array_equal(read_raw_features(workspace, config), made)
    kept.write_bytes(kept.read_bytes()[:-7])  # a damaged file is made again
    np.testing.assert_array_equal(read_raw_features(workspace, config), made)
    more = pa.table(
        {
            "example_id": ["y0"],
            "split": ["train"],
            "label": ["cat"],
            "text": pa.array(["another"], PAYLOAD_TYPES["text"]),
            "year": pa.array([2026], pa.int32()),
        }
    )
    write_parquet(workspace.examples_path("pets") / "part-000000000002.parquet", more)
    assert len(read_raw_features(workspace, config)) == len(made) + 1 == 7
    assert len(list(kept.parent.iterdir())) == 1


def test_a_stage_needs_no_pandas_unless_a_dataset_has_checks_in_python(tmp_path):
    code = (
        "import sys; from pipelines.stage import _leave_pandas_out; _leave_pandas_out('pets');"
        "import pyarrow as pa; pa.array([1]); pa.scalar(1); print('pandas' in sys.modules)"
    )
    run = [sys.executable, "-c", code]
    folder = tmp_path / "datasets" / "pets" / "checks"
    folder.mkdir(parents=True)
    assert subprocess.check_output(run, cwd=tmp_path, text=True).strip() == "False"
    (folder / "own.py").write_text("import pandas\n")
    assert subprocess.check_output(run, cwd=tmp_path, text=True).strip() == "True"
