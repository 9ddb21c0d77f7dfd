"""The workflows are files that say what they must, run what there is, and give nothing away."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from ide.cli import COMMANDS, run
from ide.dataset.markdown import MARKER
from ide.store.ci import FILES, workflow_files
from tests.store.tiny import tiny_workspace

WORKFLOWS = Path(__file__).parents[1] / ".github" / "workflows"
GITHUB = workflow_files("github")
REPORT, COMMENT = (GITHUB[path] for path in FILES["github"])
GITLAB = workflow_files("gitlab")[".gitlab/upwell.yml"]
EVERY = {
    **{path.name: path.read_text() for path in sorted(WORKFLOWS.glob("*.yml"))},
    "template report": REPORT,
    "template comment": COMMENT,
    "template gitlab": GITLAB,
}


def load(text):
    return YAML(typ="safe").load(text)


def scripts(content):
    """Return every shell script of a workflow."""
    found = []
    for job in content.get("jobs", content).values():
        if isinstance(job, dict):
            steps = job.get("steps", [])
            found += [step["run"] for step in steps if "run" in step]
            found += [*job.get("before_script", []), *job.get("script", [])]
    return found


@pytest.mark.parametrize("name", EVERY)
def test_scripts_are_shell_and_hold_no_expression(name):
    for script in scripts(load(EVERY[name])):
        assert "${{" not in script  # a branch's name is never pasted into a shell
        subprocess.run(["bash", "-n"], input=script, text=True, check=True)


@pytest.mark.parametrize("name", EVERY)
def test_every_upwell_command_and_option_exists(name):
    for script in scripts(load(EVERY[name])):
        for line in re.findall(r"upwell (?!requirement)[a-z]+[^\n;|]*", script):
            words = shlex.split(line.split(" || ")[0])
            command = COMMANDS[words[1]]
            known = {option for parameter in command.params for option in parameter.opts}
            assert {word for word in words if word.startswith("--")} <= known


@pytest.mark.parametrize("name", [n for n in EVERY if "gitlab" not in n])
def test_actions_are_pinned_and_rights_are_least(name):
    content = load(EVERY[name])
    uses = re.findall(r"uses: (\S+)( # v[\d.]+)?", EVERY[name])
    assert all(re.fullmatch(r"actions/[a-z-]+@[0-9a-f]{40}", u) and tag for u, tag in uses)
    assert content["permissions"] in ({}, {"contents": "read"})
    is_comment = "workflow_run" in content["on"]
    assert "secrets." not in EVERY[name] and "pull_request_target" not in EVERY[name]
    for job in content["jobs"].values():
        rights = {"actions": "read", "pull-requests": "write"} if is_comment else None
        assert job.get("permissions") == rights
        for step in job["steps"]:
            if "checkout" in step.get("uses", ""):
                assert not is_comment  # who may write looks at no code of the pull request's
                assert step["with"]["persist-credentials"] is False
                assert step["with"]["fetch-depth"] == 0


def test_this_repository_uses_what_it_hands_out():
    assert (WORKFLOWS / "upwell-comment.yml").read_text() == COMMENT
    ours, theirs = load((WORKFLOWS / "upwell-report.yml").read_text()), load(REPORT)

    def of_upwell(content):
        steps = content["jobs"]["report"]["steps"]
        return [s for s in steps if "Install" not in s.get("name", "") and "run" in s]

    assert of_upwell(ours) == of_upwell(theirs)
    suite = load((WORKFLOWS / "upwell.yml").read_text())
    assert any(step.get("run") == ".ci/run" for step in suite["jobs"]["test"]["steps"])
    assert load(COMMENT)["on"]["workflow_run"]["workflows"] == [theirs["name"]]


def test_the_gitlab_token_is_not_where_the_merge_request_runs():
    content = load(GITLAB)
    assert "UPWELL_TOKEN" not in " ".join(content["upwell-report"]["script"])
    assert content["upwell-comment"]["variables"]["GIT_STRATEGY"] == "none"
    assert content["upwell-comment"]["variables"]["MARKER"] == MARKER


# What `gh api` answers; every call is noted, with the comment that was sent.
GH = """#!/usr/bin/env bash
echo "$*" >> calls
case "$*" in
  *"/pulls -f"*) echo 7;;
  *PATCH*|*POST*) cp body.md posted;;
  *comments*) cat known;;
esac
"""


@pytest.fixture
def post(tmp_path):
    """Run the script that posts a report, with a `gh` that notes what it is asked."""
    (tmp_path / "gh").write_text(GH)
    (tmp_path / "gh").chmod(0o755)
    step = load(COMMENT)["jobs"]["comment"]["steps"][-1]
    names = {
        "LC_ALL": "C.UTF-8",
        "GH_REPO": "o/r",
        "HEAD_OWNER": "o",
        "HEAD_BRANCH": "$(touch pwned)",
        "RUN_URL": "u",
    }
    environment = {**os.environ, **names, "MARKER": step["env"]["MARKER"], "HEAD_SHA": "f" * 40}
    environment["PATH"] = f"{tmp_path}:{os.environ['PATH']}"

    def run_it(known: str) -> str:
        (tmp_path / "known").write_text(known)
        (tmp_path / "calls").write_text("")
        subprocess.run(["bash", "-c", step["run"]], cwd=tmp_path, env=environment, check=True)
        return (tmp_path / "calls").read_text()

    return run_it


def test_one_comment_is_made_then_renewed_and_calls_nobody(post, tmp_path):
    (tmp_path / "report").mkdir()
    (tmp_path / "report" / "report.md").write_text("hello @everyone\n" + "é" * 90_000)
    assert "POST repos/o/r/issues/7/comments" in post("")
    posted = (tmp_path / "posted").read_text()
    assert posted.startswith(MARKER) and "@" not in posted and len(posted) < 65_536
    assert "PATCH repos/o/r/issues/comments/12" in post("12\n34\n")
    assert not (tmp_path / "pwned").exists()


def test_a_report_that_points_elsewhere_is_not_posted(post, tmp_path):
    (tmp_path / "secret").write_text("x")
    (tmp_path / "report").mkdir()
    (tmp_path / "report" / "report.md").symlink_to(tmp_path / "secret")
    assert post("") == "" and not (tmp_path / "posted").exists()


def test_a_workspace_gets_the_files_of_its_host_and_keeps_its_own(tmp_path, capsys):
    workspace = tiny_workspace(tmp_path)
    assert run(["ci", "gitlab", "--workspace", str(tmp_path)]) == 0
    assert run(["ci", "github", "--workspace", str(tmp_path)]) == 0
    assert run(["ci", "github", "--workspace", str(tmp_path)]) == 0  # the same again is no harm
    for path in (*FILES["github"], *FILES["gitlab"], ".gitlab-ci.yml"):
        assert load((workspace.root / path).read_text())
    own = workspace.root / ".github/workflows/upwell-comment.yml"
    own.write_text("name: mine\n")
    capsys.readouterr()
    assert run(["ci", "github", "--workspace", str(tmp_path)]) == 2
    assert "says something else" in capsys.readouterr().err
    assert own.read_text() == "name: mine\n"
    assert json.dumps(load(REPORT))  # plain data, no tags
