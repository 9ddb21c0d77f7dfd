"""A process that answers one question, and ends; ``sql_server`` forks it."""

from __future__ import annotations

import json
import os
import pickle
import resource
import signal
import threading
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import IO

_NICE = 5  # the workbench and a build come first
_OTHER_BYTES = 256 << 20  # code, stacks and what Python holds, where the system does not tell


def answer_one(talk: int, lifeline: int) -> None:
    """Read a job from a socket, answer it there, and leave the rest to the system.

    lifeline: a pipe's end; when the other end is closed, nobody waits any more.
    """
    threading.Thread(target=_end_with_parent, args=(lifeline,), daemon=True).start()
    said = os.fdopen(os.dup(talk), "wb")
    with os.fdopen(talk, "rb") as asked:
        job = pickle.load(asked)
    os.environ.clear()
    os.environ.update(job.variables)
    with suppress(OSError):  # the folder may be gone, and no question needs it
        os.chdir(job.folder)
    _limit_memory(job.memory_bytes)
    with suppress(OSError):
        os.nice(_NICE)
    if job.seconds is not None:  # the system ends us then, whatever we are doing
        signal.setitimer(signal.ITIMER_REAL, max(job.seconds, 0.001))
    _answer(job, said)
    said.flush()
    os._exit(0)  # what has been allocated need not be given back piece by piece


def _answer(job: object, said: IO[bytes]) -> None:
    import duckdb
    import pyarrow as pa

    from ide.dataset.errors import UpwellError
    from ide.store.sql_process import Job

    assert isinstance(job, Job)
    header: dict[str, object] = {"is_out_of_memory": False, "error": None, "n_tables": 0}
    tables: list[pa.Table] = []
    try:
        module, _, name = job.function.partition(":")
        header["facts"], tables = getattr(import_module(module), name)(
            *job.arguments, memory_bytes=job.memory_bytes
        )
        header["n_tables"] = len(tables)
    except (MemoryError, duckdb.OutOfMemoryException, pa.ArrowMemoryError):
        header["is_out_of_memory"] = True
    except Exception as error:  # noqa: BLE001 – it is raised on the other side
        attributes = vars(error) if isinstance(error, UpwellError) else {}
        header["error"] = {
            "kind": type(error).__name__,
            "sentence": str(error),
            "attributes": attributes,
        }
    said.write(json.dumps(header, default=str).encode() + b"\n")
    for table in tables:
        with pa.ipc.new_stream(said, table.schema) as writer:
            writer.write_table(table)


def _limit_memory(n_bytes: int) -> None:
    """Bound what is allocated from here on, by whomever; and be the first to go where RAM ends.

    DuckDB has a limit of its own, which much of what it allocates does not count for.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    limit = _allocated_bytes() + n_bytes
    hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
    if hard != resource.RLIM_INFINITY:
        limit = min(limit, hard)
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_DATA, (limit, hard))
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")


def _allocated_bytes() -> int:
    with suppress(OSError, ValueError, StopIteration):
        lines = Path("/proc/self/status").read_text().splitlines()
        found = next(line for line in lines if line.startswith("VmData:"))
        return int(found.split()[1]) * 1024
    return _OTHER_BYTES


def _end_with_parent(lifeline: int) -> None:
    """End this process and its children where the other end of the pipe is closed."""
    with suppress(OSError):
        os.read(lifeline, 1)
    os.killpg(0, signal.SIGKILL)
