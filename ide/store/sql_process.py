"""A process of its own for what is asked in SQL: it ends at its limits, whatever it is asked.

DuckDB can be interrupted only between two pieces of work, and counts only a part of its memory.
So SQL that came from a page, a command or a file is answered by a process that the system ends
where its time is over, and that gets no more memory than the machine can spare;
docs/decisions/074-sql-in-a-process-of-its-own.md.
"""

from __future__ import annotations

import atexit
import json
import os
import pickle
import signal
import subprocess
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import psutil

from ide.dataset import errors
from ide.dataset.errors import QueryStoppedError, UpwellError
from ide.store.children import start_worker

if TYPE_CHECKING:
    import pyarrow as pa

Facts = dict[str, Any]  # what JSON can hold
Answer = tuple[Facts, "list[pa.Table]"]
MAX_MEMORY_BYTES = 4 << 30
_MIN_MEMORY_BYTES = 256 << 20
_START_S = 60.0  # what a process may take to begin and to hand its answer over, besides its limit
_WAIT_S = 0.1  # between two looks at whoever asked
_ARROWS_POOL = "ARROW_DEFAULT_MEMORY_POOL"
_WORKER = "ide.store.sql_worker"


@dataclass(frozen=True, slots=True)
class Job:
    """What a process is asked: ``function(*arguments, memory_bytes=…)``, and its limits.

    function: ``module:name``, which returns an ``Answer``; nobody here need import it.
    """

    function: str
    arguments: tuple[Any, ...]
    seconds: float | None
    memory_bytes: int


@dataclass(eq=False, slots=True)
class _Process:
    """A process that waits for its job. It ends when ``lifeline`` is closed, as where we end."""

    lifeline: int
    popen: subprocess.Popen[bytes]

    def end(self) -> None:
        """Kill it, with all that it has started, and wait until it is gone."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.popen.pid, signal.SIGKILL)
        self.popen.wait()
        for stream in (self.popen.stdin, self.popen.stdout, self.popen.stderr):
            with suppress(OSError):
                if stream is not None:
                    stream.close()
        os.close(self.lifeline)


@dataclass(slots=True)
class _Spare:
    """A process that was started ahead, so that the next question need not wait for one."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    process: _Process | None = None

    def take(self) -> _Process | None:
        """Return the spare process, if there is a living one; it is nobody else's then."""
        with self.lock:
            process, self.process = self.process, None
        if process is not None and process.popen.poll() is not None:
            process.end()
            return None
        return process


_SPARE = _Spare()


def warm_up() -> None:
    """Start the process of the next question ahead; it ends by itself where none comes."""
    with _SPARE.lock:
        if _SPARE.process is None or _SPARE.process.popen.poll() is not None:
            worn, _SPARE.process = _SPARE.process, _start("ide.store.query_answer")
            if worn is not None:
                worn.end()


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
    job = Job(function, arguments, seconds, memory_limit_bytes())
    process = _SPARE.take() or _start()
    try:
        answer = _asked(process, job, on_wait)
    except subprocess.TimeoutExpired:
        raise QueryStoppedError(_too_long(subject, job, advice)) from None
    finally:
        process.end()
    if process.popen.returncode == 0:
        return _decoded(answer, subject, job, advice)
    raise _ended(process.popen.returncode, subject, job, advice)


def memory_limit_bytes() -> int:
    """Return how much memory a question may take: half of what is free, and 4 GiB at most."""
    free = int(psutil.virtual_memory().available) // 2
    return max(_MIN_MEMORY_BYTES, min(MAX_MEMORY_BYTES, free))


def _start(*modules: str) -> _Process:
    """Start a process; modules: what it is to import before it is asked."""
    # Arrow's own allocator takes a gigabyte of addresses to begin with
    popen, lifeline = start_worker(_WORKER, *modules, environment={_ARROWS_POOL: "system"})
    return _Process(lifeline, popen)


def _asked(process: _Process, job: Job, on_wait: Callable[[], None] | None) -> bytes:
    """Hand a job over and return all that the process says; it ends itself at its limit."""
    request: bytes | None = pickle.dumps(job)
    if on_wait is None:
        patience = None if job.seconds is None else job.seconds + _START_S
        return process.popen.communicate(request, patience)[0]
    while True:
        try:
            return process.popen.communicate(request, _WAIT_S)[0]
        except subprocess.TimeoutExpired:
            request = None  # it has been taken
            on_wait()


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
def end_spare() -> None:
    """End the process that was started ahead, where there is one."""
    process = _SPARE.take()
    if process is not None:
        process.end()
