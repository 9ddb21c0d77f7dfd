"""A workbench ends when it is asked to, whatever its visitors do."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import streamlit

from ide.app.end_in_time import END_S
from tests.conftest import _wait_until_healthy, free_port
from tests.store.tiny import tiny_workspace

STATIC = Path(streamlit.__file__).parent / "static" / "static"
LARGE = max(STATIC.glob("js/*.js"), key=lambda path: path.stat().st_size)


@pytest.mark.parametrize("asked", [signal.SIGTERM, signal.SIGINT])
def test_a_visitor_who_does_not_read_his_answer_keeps_no_server_from_its_end(tmp_path, asked):
    port = free_port()
    command = [sys.executable, "-m", "ide.cli", "open", "--headless", "--port", str(port)]
    with subprocess.Popen(
        command,
        cwd=tiny_workspace(tmp_path / "work").root,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            _wait_until_healthy(f"http://localhost:{port}", process)
            with socket.socket() as visitor:
                visitor.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                visitor.connect(("127.0.0.1", port))
                path = f"/static/{LARGE.relative_to(STATIC).as_posix()}"
                visitor.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost:{port}\r\n\r\n".encode())
                time.sleep(0.3)  # the answer begins, and is not read
                process.send_signal(asked)
                output, _ = process.communicate(timeout=END_S + 15)
        finally:
            process.kill()
    assert "Traceback" not in output, output
