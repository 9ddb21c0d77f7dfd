"""What a stage depends on is what it imports: no file too few, none too many."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from pipelines.code_graph import LEFT_OUT, ROOT, code_of, dependencies_of, with_code
from pipelines.code_graph import with_dependencies as renewed
from pipelines.model_facts import CODE

STAGES = YAML(typ="safe").load((ROOT / "dvc.yaml").read_text())["stages"]
HINT = "write them anew with: make deps"


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_depends_on_every_file_that_it_imports_and_on_no_other(stage):
    deps = STAGES[stage]["do"]["deps"]
    code = [dep for dep in deps if not dep.startswith(("builds/", "datasets/"))]
    assert code == list(dependencies_of(stage)), HINT
    covered = {p.relative_to(ROOT).as_posix() for d in code for p in (ROOT / d).rglob("*.py")}
    assert set(code_of(stage)) <= covered | set(code)


def test_the_identity_of_a_build_has_the_code_that_compile_imports():
    assert dependencies_of("compile") == CODE, HINT
    text = (ROOT / "pipelines/model_facts.py").read_text()
    assert with_code(text) == text
    text = (ROOT / "dvc.yaml").read_text()
    assert renewed(text) == text
    bare = "\n".join(line for line in text.splitlines() if "- ide/dataset/" not in line) + "\n"
    assert renewed(bare) == text


def test_what_python_loads_when_a_stage_starts_is_in_the_graph():
    """The graph is read from the source; here Python itself says what it imported."""
    code = (
        "import sys, pipelines.rank\n"
        "print('\\n'.join(m.__file__ for n, m in sorted(sys.modules.items())"
        " if n.split('.')[0] in ('ide', 'models', 'pipelines')))"
    )
    run = [sys.executable, "-P", "-c", code]
    loaded = subprocess.check_output(run, cwd=ROOT, text=True).split()
    names = {Path(path).relative_to(ROOT).as_posix() for path in loaded}
    own = {n for n in names if not n.endswith("__init__.py")}
    wanted = {n for n in own if n.startswith(("models/", "pipelines/")) and n not in LEFT_OUT}
    assert wanted <= set(code_of("rank"))
    assert {"ide/dataset/suspects_table.py", "ide/dataset/order.py"} <= own & set(code_of("rank"))


def test_what_is_left_out_is_there_and_says_why():
    assert all((ROOT / name).exists() and why for name, why in LEFT_OUT.items())
