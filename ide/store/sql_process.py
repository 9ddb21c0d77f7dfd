"""A process of its own for what is asked in SQL: it ends at its limits, whatever it is asked.

DuckDB can be interrupted only between two pieces of work, and counts only a part of its memory.
So SQL that came from a page, a command or a file is answered by a process that the system ends
where its time is over, and that gets no more memory than the machine can spare;
docs/decisions/074-sql-in-a-process-of-its-own.md. ``sql_server`` forks these processes.
"""

from __future__ import annotations

import atexit
import json
import math
import os
import pickle
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from ide.dataset import errors
from ide.dataset.errors import QueryStoppedError, UpwellError
from ide.store.children import python_environment, start_server
from ide.store.sql_server import STARTED

if TYPE_CHECKING:
    import pyarrow as pa

Facts = dict[str, Any]  # what JSON can hold
Answer = tuple[Facts, "list[pa.Table]"]
MAX_MEMORY_BYTES = 4 << 30
_MIN_MEMORY_BYTES = 256 << 20
_START_S = 60.0  # what a process may take to begin and to hand its answer over, besides its limit
_WAIT_S = 0.1  # between two looks at whoever asked
_ARROWS_POOL = "ARROW_DEFAULT_MEMORY_POOL"
_SERVER = "ide.store.sql_server"
_MODULES = ("ide.store.query_answer", "ide.store.conditions")  # what answers; the rest is quick
_ONE_THREAD = {
    _ARROWS_POOL: "system",  # its own allocator takes a gigabyte of addresses to begin with
    "JE_ARROW_MALLOC_CONF": "background_thread:false",
    "OPENBLAS_NUM_THREADS": "1",
}


@dataclass(frozen=True, slots=True)
class Job:
    """What a process is asked: ``function(*arguments, memory_bytes=…)``, and its limits.

    function: ``module:name``, which returns an ``Answer``; nobody here need import it.
    folder, variables: where and in which environment whoever asks is.
    """

    function: str
    arguments: tuple[Any, ...]
    seconds: float | None
    memory_bytes: int
    folder: str
    variables: dict[str, str]


@dataclass(eq=False, slots=True)
class _Process:
    """A process that waits for its job. It ends when ``lifeline`` is closed, as where we end."""

    talk: socket.socket
    lifeline: int
    status: socket.socket

    def end(self) -> int:
        """Have it killed, with all that it has started; return how it ended, once it is gone."""
        self.talk.close()
        os.close(self.lifeline)
        with self.status, suppress(OSError):
            said = b"".join(iter(lambda: self.status.recv(16), b""))
            return int(said) if said else -signal.SIGKILL  # the server was killed too
        return -signal.SIGKILL


@dataclass(slots=True)
class _Server:
    """The process that forks one for each question; it is started at the first of them."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    popen: subprocess.Popen[bytes] | None = None
    control: socket.socket | None = None

    def start(self) -> socket.socket:
        """Return the socket of a living server; the caller holds the lock."""
        if self.control is not None and self.popen is not None and self.popen.poll() is None:
            return self.control
        self.end()
        self.popen, self.control = start_server(_SERVER, *_MODULES, environment=_ONE_THREAD)
        return self.control

    def end(self) -> None:
        """End it, where there is one; what it has started ends with it."""
        if self.control is not None:
            self.control.close()
        if self.popen is not None:
            self.popen.kill()
            self.popen.wait()
        self.popen = self.control = None

    def fork(self) -> _Process:
        """Return a process of its own for one question."""
        for _ in range(2):  # it may end by itself at the very moment that it is asked
            process, is_started = self._asked()
            if is_started:
                return process
            process.end()
            with self.lock:
                self.end()
        raise QueryStoppedError("no process could be started to answer SQL; try again")

    def _asked(self) -> tuple[_Process, bool]:
        talk, their_talk = socket.socketpair()
        status, their_status = socket.socketpair()
        status.settimeout(_START_S)
        watched, lifeline = os.pipe()
        process = _Process(talk, lifeline, status)
        try:
            with self.lock, suppress(BrokenPipeError, ConnectionResetError):
                handles = [their_talk.fileno(), watched, their_status.fileno()]
                socket.send_fds(self.start(), [b"?"], handles)
        finally:
            their_talk.close()
            their_status.close()
            os.close(watched)
        with suppress(OSError):
            return process, status.recv(1) == STARTED
        return process, False


_SERVER_OF_THIS = _Server()


def warm_up() -> None:
    """Start what the next question needs ahead; it ends by itself where none comes."""
    with _SERVER_OF_THIS.lock:
        _SERVER_OF_THIS.start()


def run(
    function: str,
    *arguments: Any,
    seconds: float | None,
    subject: str,
    advice: str,
    on_wait: Callable[[], None] | None = None,
) -> Answer:
    """Return what a function returns that is called in a process of its own; see ``Job``.

    seconds: after which the process is ended; None = never. subject, advice: of the sentence
    that says so. on_wait: called some times a second while it runs; what it raises ends it.
    Raises what the function raises of ``UpwellError``, and ``QueryStoppedError`` at a limit.
    """
    variables = python_environment({_ARROWS_POOL: "system"})
    job = Job(function, arguments, seconds, memory_limit_bytes(), _folder(), variables)
    process = _SERVER_OF_THIS.fork()
    code = 0
    try:
        answer = _asked(process, job, on_wait)
    except TimeoutError:
        raise QueryStoppedError(_too_long(subject, job, advice)) from None
    finally:
        code = process.end()
    if code == 0:
        return _decoded(answer, subject, job, advice)
    raise _ended(code, subject, job, advice)


def memory_limit_bytes() -> int:
    """Return how much memory a question may take: half of what is free, and 4 GiB at most."""
    free = int(psutil.virtual_memory().available) // 2
    return max(_MIN_MEMORY_BYTES, min(MAX_MEMORY_BYTES, free))


def _folder() -> str:
    """Return the folder that this process is in; the root, where it is gone."""
    with suppress(OSError):
        return str(Path.cwd())
    return "/"


def _asked(process: _Process, job: Job, on_wait: Callable[[], None] | None) -> bytes:
    """Hand a job over and return all that the process says; it ends itself at its limit.

    Raises ``TimeoutError`` where it does not.
    """
    patience = math.inf if job.seconds is None else job.seconds + _START_S
    deadline = time.monotonic() + patience
    with suppress(BrokenPipeError, ConnectionResetError):  # it has ended: its status says how
        process.talk.sendall(pickle.dumps(job))
    process.talk.settimeout(_WAIT_S)
    said = bytearray()
    while True:
        try:
            part = process.talk.recv(1 << 20)
        except TimeoutError:
            if on_wait is not None:
                on_wait()
            elif time.monotonic() > deadline:
                raise
        except ConnectionResetError:
            return bytes(said)
        else:
            if not part:
                return bytes(said)
            said += part


def _decoded(answer: bytes, subject: str, job: Job, advice: str) -> Answer:
    import pyarrow as pa  # while it is imported, the process has begun

    header, _, rest = answer.partition(b"\n")
    facts = json.loads(header)
    if facts["is_out_of_memory"]:
        raise QueryStoppedError(_too_much(subject, job, advice))
    if facts["error"] is not None:
        raise _as_raised(**facts["error"])
    reader = pa.BufferReader(rest)
    tables = [pa.ipc.open_stream(reader).read_all() for _ in range(facts["n_tables"])]
    return facts["facts"], tables


def _as_raised(kind: str, sentence: str, attributes: Facts) -> Exception:
    """Return an error as the process raised it: of its class, with its values."""
    known = getattr(errors, kind, None)
    if not (isinstance(known, type) and issubclass(known, UpwellError)):
        return RuntimeError(f"{kind}: {sentence}")
    error = known.__new__(known)
    Exception.__init__(error, sentence)
    vars(error).update(attributes)
    return error


def _ended(code: int, subject: str, job: Job, advice: str) -> QueryStoppedError:
    """Say why a process ended without an answer."""
    if code == -signal.SIGALRM:
        return QueryStoppedError(_too_long(subject, job, advice))
    if code == -signal.SIGKILL:  # by the system, which was out of memory
        return QueryStoppedError(_too_much(subject, job, advice))
    how = signal.Signals(-code).name if code < 0 else f"code {code}"
    return QueryStoppedError(
        f"{subject} broke the process that answered it ({how}), and nothing else: it is nested too "
        f"deep, or took more memory than {_size(job.memory_bytes)}; {advice}"
    )


def _too_long(subject: str, job: Job, advice: str) -> str:
    return f"{subject} took too long and was stopped after {job.seconds or 0:g} s; {advice}"


def _too_much(subject: str, job: Job, advice: str) -> str:
    limit = _size(job.memory_bytes)
    return f"{subject} needs more memory than the {limit} that it may take; {advice}"


def _size(n_bytes: int) -> str:
    return f"{n_bytes / (1 << 30):.1f} GiB" if n_bytes >= 1 << 30 else f"{n_bytes >> 20} MiB"


@atexit.register
def end_server() -> None:
    """End the process that starts the others, where there is one."""
    with _SERVER_OF_THIS.lock:
        _SERVER_OF_THIS.end()
