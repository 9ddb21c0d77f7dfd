"""A transparent picture stands on white for people, as for the network, in either theme."""

from __future__ import annotations

import re
from pathlib import Path

import ide.app


def test_every_rule_that_fits_a_picture_puts_it_on_white():
    folder = Path(ide.app.__file__).parent
    texts = {path.name: path.read_text() for path in folder.rglob("*.css")}
    rules = [
        (name, r) for name, text in texts.items() for r in re.findall(r"[^{}]+\{[^{}]*\}", text)
    ]
    fitting = [(name, found) for name, found in rules if "object-fit: contain" in found]
    assert len(fitting) >= 7
    assert [name for name, found in fitting if "background: #fff" not in found] == []
