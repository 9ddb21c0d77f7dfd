"""What benchmarks in a browser share: a Chromium, and the workbench as a process of its own."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]


def chromium_path() -> str | None:
    """Return a Chromium of the system's; None = Playwright's own."""
    names = ("chromium", "chromium-browser", "google-chrome")
    return os.environ.get("UPWELL_CHROMIUM") or next(filter(None, map(shutil.which, names)), None)


@contextmanager
def served(command: Sequence[str], environment: Mapping[str, str] | None = None) -> Iterator[str]:
    """Start a server on a free port, the last argument of ``command``, and yield its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, *command, str(port)],
        env={**os.environ, **(environment or {})},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    address = f"http://localhost:{port}"
    try:
        _wait_for(address, process)
        yield address
    finally:
        process.terminate()
        process.wait(timeout=20)


def workbench_command(root: Path) -> list[str]:
    """Return what serves a workspace; the port follows."""
    return ["-m", "ide.cli", "open", "--headless", "--workspace", str(root), "--port"]


def _wait_for(address: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise SystemExit(f"the server at {address} ended with {process.returncode}")
        try:
            urllib.request.urlopen(f"{address}/_stcore/health", timeout=1).close()
            return
        except OSError:
            time.sleep(0.1)
    raise SystemExit(f"the server at {address} was not there within a minute")
