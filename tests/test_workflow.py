"""The workflow file is YAML that says what it must."""

from __future__ import annotations

from pathlib import Path

from ruamel.yaml import YAML

WORKFLOW = Path(__file__).parents[1] / ".github" / "workflows" / "upwell.yml"


def test_the_workflow_compiles_a_pull_request_and_publishes_its_report():
    content = YAML(typ="safe").load(WORKFLOW)
    assert "pull_request" in content["on"]
    assert content["permissions"] == {"contents": "read"}
    test, report = content["jobs"]["test"], content["jobs"]["report"]
    assert any(step.get("run") == ".ci/run" for step in test["steps"])
    commands = " ".join(step.get("run", "") for step in report["steps"])
    assert "-c constraints.txt" in commands and "upwell compile" in commands
    assert 'upwell report --base "origin/$BASE" >> "$GITHUB_STEP_SUMMARY"' in commands
    assert "${{" not in commands  # a branch's name is never pasted into a shell
    checkout = next(s for s in report["steps"] if "checkout" in s.get("uses", ""))
    assert checkout["with"]["fetch-depth"] == 0
