"""Print pip's flag for the small build of torch, where this machine has no use for the large one.

On Linux, PyPI's torch brings gigabytes of CUDA. ``make`` asks this file before it installs; what
was chosen, and why, goes to stderr. Needs nothing but Python: it runs before anything is installed.
"""

from __future__ import annotations

import platform
import sys
import urllib.request
from collections.abc import Iterable
from pathlib import Path

CPU_INDEX = "https://download.pytorch.org/whl/cpu"
# what the drivers of NVIDIA, of AMD and of Windows' Linux make where there is such a card
DEVICES = ("/dev/nvidiactl", "/dev/nvidia0", "/dev/kfd", "/dev/dxg")
PATIENCE_S = 3.0


def pip_flags(
    system: str, *, devices: Iterable[str] = DEVICES, index: str = CPU_INDEX
) -> tuple[str, str]:
    """Return pip's flags for torch, "" for none, and the sentence that says why.

    system: as ``platform.system()`` has it. devices: files by which a card is known. index: the
    packages' index with the small builds; it is asked once, for at most ``PATIENCE_S`` seconds.
    """
    if system != "Linux":
        return "", f"torch as PyPI has it, which is small on {system or 'this system'}"
    present = [path for path in devices if Path(path).exists()]
    if present:
        return "", f"torch as PyPI has it, with CUDA, for this machine has a card ({present[0]})"
    if not answers(f"{index}/torch/"):
        return "", f"torch as pip finds it: {index} does not answer from here"
    return f"--extra-index-url {index}", f"the small torch from {index}: this machine has no card"


def answers(url: str) -> bool:
    """Whether an address answers within ``PATIENCE_S`` seconds, and not with a refusal."""
    request = urllib.request.Request(url, method="HEAD")
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE_S):
            return True
    except (OSError, ValueError):  # urllib's own errors are OSErrors
        return False


def main(system: str) -> None:
    """Write the flags to stdout, which make reads, and the sentence to stderr."""
    flags, sentence = pip_flags(system)
    sys.stderr.write(f"{sentence} (another way: make ide PIP_FLAGS=…)\n")
    sys.stdout.write(flags)


if __name__ == "__main__":
    main(platform.system())
