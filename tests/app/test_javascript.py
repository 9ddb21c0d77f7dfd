"""The browser's modules, read as text: what JavaScript itself lets pass without a word."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

import ide.app

MODULES = sorted(Path(ide.app.__file__).parent.rglob("*.js"))
CLASS = re.compile(r"^(?:export )?class \w+.*?^}", re.MULTILINE | re.DOTALL)
METHOD = re.compile(r"^  (?:async )?((?:get |set )?\w+)\([^)]*\) \{$", re.MULTILINE)


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.name)
def test_no_class_has_two_methods_of_one_name(module):
    """The later one would take the place of the first: of all calls, also those it is not for."""
    for text in CLASS.findall(module.read_text(encoding="utf-8")):
        names = Counter(METHOD.findall(text))
        assert not [name for name, n in names.items() if n > 1], text.splitlines()[0]


def test_methods_are_found_at_all():
    text = next(path for path in MODULES if path.name == "problems.js").read_text()
    names = METHOD.findall(text)
    assert {"keydown", "settleIn", "get isReady"} <= set(names)
