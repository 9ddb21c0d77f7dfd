"""``python -P -m ide.store.sql_server CONTROL MODULE…``: start a process for each question.

It imports DuckDB and Arrow once, and forks: a process then begins in a hundredth of a second. It
has one thread and opens no database, so that nothing of it can hang in a fork; what each process
allocates, locks or breaks is its own. Started and asked by ``sql_process``:
docs/decisions/101-a-process-for-sql-is-forked.md.

CONTROL: the number of a socket. Each message on it brings three handles: where a process is
asked and answers, the end of a pipe whose other end whoever asked holds open, and where this
server says how the process ended. MODULE: what to import while nobody has asked yet.
"""

from __future__ import annotations

import os
import selectors
import signal
import socket
import sys
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from typing import NoReturn

from ide.store.sql_worker import answer_one
from ide.without_pandas import leave_pandas_out

STARTED = b"+"
_IDLE_S = 600.0  # after which the next question is not waited for any more
_N_HANDLES = 3


@dataclass(frozen=True, slots=True)
class _Worker:
    """A forked process, and the handles that tell of it."""

    pid: int
    lifeline: int  # ends where nobody waits for the answer any more
    ended: int  # a pipe that ends with the process
    status: int  # where its end is told


def main() -> None:
    """Fork a process for each message, until whoever started us is gone or long silent."""
    control = socket.socket(fileno=int(sys.argv[1]))
    leave_pandas_out()
    for module in sys.argv[2:]:
        import_module(module)
    events = selectors.DefaultSelector()
    events.register(control, selectors.EVENT_READ)
    workers: dict[int, _Worker] = {}
    while True:
        ready = events.select(None if workers else _IDLE_S)
        if not ready and not workers:
            return
        for key, _ in ready:
            if key.fileobj is control:
                message, handles, _, _ = socket.recv_fds(control, 1, _N_HANDLES)
                if not message:
                    _kill(*workers)
                    return
                worker = _fork(*handles)
                workers[worker.pid] = worker
                events.register(worker.lifeline, selectors.EVENT_READ, worker)
                events.register(worker.ended, selectors.EVENT_READ, worker)
                continue
            worker = key.data
            if workers.get(worker.pid) is worker:  # else it was seen to by its other handle
                _kill(worker.pid)
                events.unregister(worker.lifeline)
                events.unregister(worker.ended)
                _tell_end(workers.pop(worker.pid))


def _fork(talk: int, lifeline: int, status: int) -> _Worker:
    """Fork a process that is asked, and answers, by ``talk``."""
    ended, is_living = os.pipe()
    pid = os.fork()
    if pid == 0:
        _become_worker(talk, lifeline, is_living)
    with suppress(ProcessLookupError, PermissionError):
        os.setpgid(pid, pid)  # the process does it too: whichever is first
    os.close(talk)
    os.close(is_living)
    with suppress(OSError):
        os.write(status, STARTED)
    return _Worker(pid, lifeline, ended, status)


def _become_worker(talk: int, lifeline: int, is_living: int) -> NoReturn:
    """Keep three handles of all that the server has, and answer."""
    code = 1
    try:
        with suppress(PermissionError):
            os.setpgid(0, 0)
        kept = sorted({talk, lifeline, is_living})
        for low, high in zip((2, *kept), (*kept, os.sysconf("SC_OPEN_MAX")), strict=True):
            os.closerange(low + 1, high)
        answer_one(talk, lifeline)
        code = 0
    finally:
        os._exit(code)


def _kill(*pids: int) -> None:
    """Kill processes with all that they have started; none was waited for yet, so they are ours."""
    for pid in pids:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, signal.SIGKILL)


def _tell_end(worker: _Worker) -> None:
    """Wait for a process that has ended or was killed, and say how it ended."""
    _, status = os.waitpid(worker.pid, 0)
    with suppress(OSError):
        os.write(worker.status, str(os.waitstatus_to_exitcode(status)).encode())
    for handle in (worker.lifeline, worker.ended, worker.status):
        os.close(handle)


if __name__ == "__main__":
    main()
