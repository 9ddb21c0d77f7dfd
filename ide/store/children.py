"""Python processes that we start in a workspace: none imports from it, none outlives us.

``-P`` and ``PYTHONSAFEPATH`` keep the folder that a process runs in out of its imports: a file
``dvc.py`` or a folder ``pipelines/`` in a workspace is data, and never the module of that name.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

_LEASH = Path(__file__).with_name("leash.py")


def python_environment(more: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return our own variables and ``more``, for a Python that imports nothing from its folder."""
    variables = {**os.environ, "DVC_NO_ANALYTICS": "1", "PYTHONSAFEPATH": "1", **(more or {})}
    given = variables.get("PYTHONPATH", "")
    kept = [path for path in given.split(os.pathsep) if Path(path).is_absolute()]
    if kept:
        variables["PYTHONPATH"] = os.pathsep.join(kept)
    else:  # an empty or relative entry would be the folder that the process runs in
        variables.pop("PYTHONPATH", None)
    return variables


def start_child(
    arguments: Sequence[str],
    *,
    folder: Path,
    output: IO[bytes] | int,
    environment: Mapping[str, str] | None = None,
    errors: IO[bytes] | int = subprocess.STDOUT,
) -> subprocess.Popen[bytes]:
    """Start ``python -m …`` in a folder, with all its children in a process group of its own.

    arguments: the module and what it is told. The whole group is killed when this process ends,
    however it ends: it reads a pipe whose other end only this process holds.
    """
    read_end, write_end = os.pipe()
    try:
        process = subprocess.Popen(
            [sys.executable, "-P", str(_LEASH), str(read_end), *arguments],
            cwd=folder,
            env=python_environment(environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=errors,
            start_new_session=True,
            pass_fds=(read_end,),
        )
    except BaseException:
        os.close(write_end)
        raise
    finally:
        os.close(read_end)
    _HELD[process.pid] = (process, write_end)
    _let_go_of_ended()
    return process


def start_server(
    module: str, *arguments: str, environment: Mapping[str, str] | None = None
) -> tuple[subprocess.Popen[bytes], socket.socket]:
    """Start ``python -m module``, and return it and the socket by which it is asked.

    Its first argument is the number of the socket's other end. It ends when ours is closed, which
    only this process holds.
    """
    ours, theirs = socket.socketpair()
    with theirs:
        try:
            process = subprocess.Popen(
                [sys.executable, "-P", "-m", module, str(theirs.fileno()), *arguments],
                env=python_environment(environment),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=(theirs.fileno(),),
                start_new_session=True,
            )
        except BaseException:
            ours.close()
            raise
    return process, ours


_HELD: dict[int, tuple[subprocess.Popen[bytes], int]] = {}  # the ends that keep children alive


def _let_go_of_ended() -> None:
    """Close the ends of children that have ended."""
    for pid, (process, write_end) in list(_HELD.items()):
        if process.returncode is not None and _HELD.pop(pid, None) is not None:
            os.close(write_end)


def start_detached(
    module: str,
    *arguments: str,
    folder: Path,
    output: IO[bytes],
    environment: Mapping[str, str] | None = None,
    handles: Sequence[int] = (),
) -> subprocess.Popen[bytes]:
    """Start ``python -m module`` so that it goes on when this process ends.

    handles: open files that it holds on, such as a lock's.
    """
    return subprocess.Popen(
        [sys.executable, "-P", "-m", module, *arguments],
        cwd=folder,
        env=python_environment(environment),
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        pass_fds=handles,
    )
