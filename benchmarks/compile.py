"""How long a build of the digits takes: from cold, after label edits, with nothing to do.

python benchmarks/compile.py [--repeats 3]: a clone of this repository in a temporary folder,
compiled by ``upwell compile`` in a fresh process each time; so many repeats of the warm cases.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks.sizes import sized
from ide.store.builds import build_metrics, require_build
from ide.store.state import edit_example, imported_labels
from ide.store.workspace import Workspace

ROOT = Path(__file__).parents[1]


def seconds_of_compile(root: Path) -> tuple[float, float]:
    """Return wall and CPU seconds; on a machine that others use the second says more."""
    start, cpu = time.perf_counter(), _cpu_seconds()
    command = [sys.executable, "-m", "ide.cli", "compile", "digits"]
    environment = {**os.environ, "PYTHONPATH": str(root), "UPWELL_TRUST": "1"}
    subprocess.run(command, cwd=root, env=environment, check=True, capture_output=True)
    return time.perf_counter() - start, _cpu_seconds() - cpu


def _cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=3)
    n_repeats = sized(parser, repeats=1).repeats
    load = os.getloadavg()[0]
    print(f"{os.cpu_count()} cores, load average {load:.1f} before")
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "clone"
        subprocess.run(["git", "clone", "-q", str(ROOT), str(root)], check=True)
        workspace = Workspace(root)
        print(f"cold, no examples yet      {_spread([seconds_of_compile(root)])}  (bound 25)")
        ids = sorted(imported_labels(workspace, "digits"))
        edited, idle, confirmed = [], [], []
        for repeat in range(n_repeats):
            for example_id in ids[repeat * 5 : repeat * 5 + 5]:
                edit_example(workspace, "digits", example_id, "label", "3", annotator="bench")
            edited.append(seconds_of_compile(root))
            edit_example(workspace, "digits", ids[-repeat - 1], "confirm", annotator="bench")
            confirmed.append(seconds_of_compile(root))
            idle.append(seconds_of_compile(root))
        print(f"after five labels          {_spread(edited)}  (bound 12)")
        print(f"after a confirmation       {_spread(confirmed)}")
        print(f"with nothing to do         {_spread(idle)}  (bound 3)")
        accuracy = build_metrics(require_build(workspace, "digits"))["splits"]["test"]["accuracy"]
        print(f"test accuracy of the last  {accuracy['value']:.4f}")


def _spread(values: list[tuple[float, float]]) -> str:
    walls, cpus = zip(*values, strict=True)
    spread = f"{min(walls):5.2f} … {max(walls):5.2f}"
    return f"{statistics.median(walls):6.2f} s ({spread}), CPU {statistics.median(cpus):5.2f} s"


if __name__ == "__main__":
    main()
