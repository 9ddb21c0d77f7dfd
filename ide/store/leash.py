"""Runs a module as ``python -m`` does, and ends with whoever started it.

``python -P leash.py FD MODULE …``: FD is the reading end of a pipe that only the starter can write
to. When the starter is gone, however that came, the pipe ends, and with it the process group that
this process leads: stages that DVC started, and what they started. A signal at the parent's death
(Linux's PR_SET_PDEATHSIG) would reach this process only, and come when a mere thread ends.
"""

from __future__ import annotations

import os
import runpy
import signal
import sys
import threading


def _follow(handle: int) -> None:
    """Wait for the pipe's end, then kill the group: nobody is left who could ask it to end."""
    while os.read(handle, 1):
        pass
    os.killpg(os.getpgrp(), signal.SIGKILL)


def main() -> None:
    """Tie this process to its starter, and run the module."""
    handle, module, *arguments = sys.argv[1:]
    os.set_inheritable(int(handle), False)  # a stage that held it too would be no harm, but idle
    threading.Thread(target=_follow, args=(int(handle),), daemon=True).start()
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
