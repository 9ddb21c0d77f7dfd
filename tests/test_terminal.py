"""A terminal shows what data holds and is never steered by it; a pipe gets the data as it is."""

from __future__ import annotations

import io
import json
import sys

import pytest

from ide.cli import run
from ide.cli.terminal import visible
from ide.output import FORMATS
from tests.store.tiny import tiny_workspace

ESCAPE, C1 = "\x1b]0;forged\x07", "\x9b31m"
QUERY = f"SELECT '{ESCAPE}' AS a, '{C1}' AS \"b\x1b[2J\", 'grün 👩\u200d🔬' AS c, E'x\\ty' AS d"


class _Stream(io.StringIO):
    def __init__(self, *, is_terminal: bool) -> None:
        super().__init__()
        self._is_terminal = is_terminal

    def isatty(self) -> bool:
        return self._is_terminal


@pytest.fixture
def pets(tmp_path, monkeypatch):
    workspace = tiny_workspace(tmp_path / "work")
    monkeypatch.chdir(workspace.root)
    return workspace


@pytest.fixture
def said(monkeypatch):
    """Run a command and return all that it says, on a terminal or into a pipe."""

    def call(*arguments: str, is_terminal: bool) -> str:
        stream = _Stream(is_terminal=is_terminal)
        monkeypatch.setattr(sys, "stdout", stream)
        monkeypatch.setattr(sys, "stderr", stream)
        run(arguments)
        assert sys.stdout is stream
        return stream.getvalue()

    return call


def steers(text: str) -> bool:
    return any(ord(c) < 32 and c not in "\n\t" for c in text) or any(c in text for c in "\x7f\x9b")


@pytest.mark.parametrize("style", FORMATS)
def test_data_is_text_on_a_terminal_in_every_format(pets, said, style):
    assert not steers(said("sql", QUERY, "--format", style, is_terminal=True))


def test_a_pipe_gets_the_data_as_it_is(pets, said):
    lines = said("sql", QUERY, "--format", "csv", is_terminal=False).splitlines()
    assert lines == ["a,b\x1b[2J,c,d", f"{ESCAPE},{C1},grün 👩\u200d🔬,x\ty"]


def test_json_on_a_terminal_is_still_the_data(pets, said):
    (row,) = json.loads(said("sql", QUERY, "--format", "json", is_terminal=True))
    assert list(row.values()) == [ESCAPE, C1, "grün 👩\u200d🔬", "x\ty"]


@pytest.mark.parametrize(
    "arguments",
    [
        ("sql", f'FROM "{ESCAPE}"'),
        ("blame", "pets", ESCAPE),
        ("edit", "pets", "x0", "--label", ESCAPE),
        ("status", "--workspace", f"/no/{ESCAPE}"),
        (ESCAPE,),
        ("sql", f"--{ESCAPE}"),
        ("import", f"{ESCAPE}\nupwell: all is well", "--name", "other"),
    ],
    ids=["query", "id", "label", "path", "command", "option", "file"],
)
def test_an_error_is_text_on_a_terminal_too_and_one_line_where_it_is_ours(pets, said, arguments):
    text = said(*arguments, is_terminal=True)
    assert "forged" in text
    assert not steers(text)
    assert "\nupwell: all is well" not in text


def test_names_in_other_scripts_and_joined_signs_are_left_as_they_are():
    assert visible("Ünïcödé ελ 中文 שלום 👩\u200d🔬\tx\n") == "Ünïcödé ελ 中文 שלום 👩\u200d🔬\tx\n"
    assert visible("a\u202eb\rc\udcff") == "a\\u202eb\\u000dc\\udcff"
