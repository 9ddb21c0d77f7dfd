"""The documentation is checked: what exists is described, and what is described exists."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pyarrow as pa
import pytest

from ide import cli
from ide.dataset import schema
from ide.dataset.checks import CHECKS
from ide.dataset.edit import ACTIONS

ROOT = Path(__file__).parent.parent
PAGES = sorted((ROOT / "docs").glob("*.md"))
TABLES = [name for name in dir(schema) if isinstance(getattr(schema, name), pa.Schema)]


def page(name: str) -> str:
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("command", sorted(cli.COMMANDS))
def test_every_command_and_option_is_described(command):
    text = page("commands.md")
    assert f"## upwell {command}" in text
    section = text.split(f"## upwell {command}\n")[1].split("\n## ")[0]
    for parameter in cli.COMMANDS[command].params:
        if isinstance(parameter, click.Option) and parameter.name not in ("root", "style"):
            assert f"`{parameter.opts[-1]}" in section, (command, parameter.opts)
            assert parameter.help and parameter.help in section, (command, parameter.opts)


@pytest.mark.parametrize("check", sorted(CHECKS))
def test_every_check_is_described(check):
    """A row says its severity, what it finds, needs and costs, and what to do."""
    rows = [row for row in page("checks.md").splitlines() if row.startswith(f"| `{check}` |")]
    cells = [cell.strip() for cell in rows[0].strip("|").split("|")]
    assert len(rows) == 1 and len(cells) == 6 and all(cells)
    assert cells[1] == CHECKS[check].severity and "?" not in cells[4]


@pytest.mark.parametrize("table", TABLES)
def test_every_column_is_described(table):
    text = page("sql.md")
    for column in getattr(schema, table).names:
        assert f"`{column}`" in text, (table, column)


@pytest.mark.parametrize("action", ACTIONS)
def test_every_action_is_described(action):
    assert f"`{action}`" in page("edit-log.md")


@pytest.mark.parametrize("view", sorted(p.stem for p in (ROOT / "ide/app/views").glob("[a-z]*.py")))
def test_every_view_is_described(view):
    assert f"## {view.capitalize() if view != 'sql' else 'SQL'}" in page("workbench.md")


def test_the_readme_names_words_that_the_makefile_has():
    words = set(re.findall(r"\$ make (\w+)", (ROOT / "README.md").read_text()))
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert {"ide", "test"} <= words <= targets


@pytest.mark.parametrize("path", [ROOT / "README.md", *PAGES], ids=lambda p: p.name)
def test_commands_in_the_docs_exist_with_their_options(path):
    """Every `upwell …` that a page shows parses, up to its arguments."""
    text = path.read_text(encoding="utf-8")
    for line in re.findall(r"^\$ upwell (.+)$|`upwell ([a-z][^`]*)`", text, re.MULTILINE):
        words = (line[0] or line[1]).split()
        assert words[0] in cli.COMMANDS, (path.name, words)
        options = {o for p in cli.COMMANDS[words[0]].params for o in p.opts}
        for option in re.findall(r"(?<=\s)(--?[a-z][a-z-]*)", " ".join(words)):
            assert option in options, (path.name, words, option)


@pytest.mark.parametrize("path", [ROOT / "README.md", *PAGES], ids=lambda p: p.name)
def test_links_lead_somewhere(path):
    for target in re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", path.read_text(encoding="utf-8")):
        if not target.startswith(("http:", "https:", "mailto:")):
            assert (path.parent / target).exists(), (path.name, target)


def test_no_page_is_orphaned():
    readme = (ROOT / "README.md").read_text()
    everything = readme + "".join(p.read_text() for p in PAGES)
    for path in PAGES:
        assert f"{path.name})" in everything, path.name


def test_the_changelog_has_the_version_or_is_unreleased():
    import ide

    text = (ROOT / "CHANGELOG.md").read_text()
    assert "## Unreleased" in text or f"## {ide.__version__}" in text
