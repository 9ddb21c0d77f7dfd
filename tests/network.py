"""Watching the network: what a server and its children connect to and look up, by audit events."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

_LOCAL_NAMES = ("localhost", "127.0.0.1", "::1", "", "None")
# Python imports this module by itself at its start
_SITE = """
import json, os, sys

NAMES = ("socket.bind", "socket.connect", "socket.sendto", "socket.sendmsg", "socket.getaddrinfo",
         "socket.gethostbyname", "socket.gethostbyaddr", "socket.getnameinfo", "subprocess.Popen")


def write(name, arguments):
    if name in NAMES:
        about = arguments[1] if name in ("socket.bind", "socket.connect", "socket.sendto",
                                         "socket.sendmsg", "subprocess.Popen") else arguments[0]
        file = os.open(os.environ["NETWORK_LOG"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        parts = [str(part) for part in about] if isinstance(about, (tuple, list)) else [str(about)]
        os.write(file, (json.dumps([name, parts]) + "\\n").encode())
        os.close(file)


sys.addaudithook(write)
"""


@contextmanager
def watched(folder: Path) -> Iterator[Path]:
    """Have Pythons that are started now write what they do on the network; yield the file."""
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(_SITE)
    log = folder / "network.jsonl"
    paths = [str(folder), *filter(None, [os.environ.get("PYTHONPATH")])]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NETWORK_LOG", str(log))
        patch.setenv("PYTHONPATH", os.pathsep.join(paths))
        yield log


def outside(log: Path, *, port: int) -> list[tuple[str, list[str]]]:
    """Return what led or would lead out of this machine; ``port`` is one that has to be watched."""
    events = [json.loads(line) for line in log.read_text().splitlines()]
    served = [about for name, about in events if name == "socket.bind" and str(port) in about]
    assert served, "the server was not watched"
    return [(name, about) for name, about in events if not _stays(name, about)]


def _stays(name: str, about: list[str]) -> bool:
    if name == "socket.bind":
        return True
    if name == "subprocess.Popen":  # git is no Python: it is judged by what it is asked
        return not {"fetch", "pull", "push", "clone", "ls-remote"} & set(about)
    return about[0] in _LOCAL_NAMES or about[0].startswith("/")
