"""What adding examples costs: read, copied, pushed, pulled, when some are added to many.

python benchmarks/adding.py [--there 50000] [--new 1000]: images of 28×28 pixels in
a workspace with a folder as DVC's remote and a bare repository as git's, in a temporary folder.
"""

from __future__ import annotations

import argparse
import io
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import psutil
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks.sizes import sized
from ide.store.committing import commit
from ide.store.importing import import_source
from ide.store.new import new_workspace
from ide.store.remotes import pull, push
from ide.store.trust import trust
from ide.store.workspace import Workspace


def write_source(path: Path, n: int, *, seed: int) -> None:
    """Write n noisy images with one of ten labels, as a Parquet table."""
    generator = np.random.default_rng(seed)
    pixels = generator.integers(0, 256, (n, 28, 28), dtype=np.uint8)
    images = []
    for image in pixels:
        sink = io.BytesIO()
        Image.fromarray(image).save(sink, "PNG", compress_level=1)
        images.append(sink.getvalue())
    labels = [str(k) for k in generator.integers(0, 10, n)]
    ids = [f"s{seed}-{i:06d}" for i in range(n)]
    pq.write_table(pa.table({"id": ids, "label": labels, "image": images}), path)


def measure(what: str, root: Path, work) -> None:
    """Do something, and print its seconds, what was read, and by how much both stores grew."""
    before, read, start = _sizes(root), _read(), time.perf_counter()
    work()
    seconds = time.perf_counter() - start
    grown = [
        f"{name} +{(after - before[name]) / 1e6:.1f} MB" for name, after in _sizes(root).items()
    ]
    print(f"{what:34} {seconds:6.2f} s, read {(_read() - read) / 1e6:7.1f} MB, {', '.join(grown)}")


def _sizes(root: Path) -> dict[str, int]:
    folders = {"cache": root / "ada" / ".dvc" / "cache", "remote": root / "store"}
    return {
        name: sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
        for name, folder in folders.items()
    }


def _read() -> int:
    """Return the bytes that this process and its ended children have read."""
    own = psutil.Process().io_counters()
    return int(own.read_chars)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--there", type=int, default=50_000)
    parser.add_argument("--new", type=int, default=1_000)
    options = sized(parser, there=40, new=10)
    n_there, n_new = options.there, options.new
    os.environ["DVC_NO_ANALYTICS"] = "1"
    print(f"{os.cpu_count()} cores, load average {os.getloadavg()[0]:.1f} before")
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        write_source(root / "there.parquet", n_there, seed=0)
        write_source(root / "new.parquet", n_new, seed=1)
        workspace = new_workspace(root / "ada")
        _remotes(root, workspace.root)

        def import_(source: str) -> None:
            import_source(workspace, str(root / source), name="noise")
            commit(workspace, despite_errors="a benchmark")

        measure(f"import {n_there:,}, commit", root, lambda: import_("there.parquet"))
        measure("push", root, lambda: push(workspace))
        _run(root, "git", "clone", "-q", "hub.git", "ben")
        ben = Workspace(root / "ben")
        trust(ben)
        measure("pull in a clone", root, lambda: pull(ben))
        measure(f"import {n_new:,} more, commit", root, lambda: import_("new.parquet"))
        measure("push", root, lambda: push(workspace))
        measure("pull in the clone", root, lambda: pull(ben))
        measure("push with nothing new", root, lambda: push(workspace))
        measure("pull with nothing new", root, lambda: pull(ben))


def _remotes(root: Path, workspace: Path) -> None:
    (root / "store").mkdir()
    _run(root, "git", "init", "-q", "--bare", "-b", "main", "hub.git")
    _run(workspace, "git", "remote", "add", "origin", str(root / "hub.git"))
    command = [sys.executable, "-m", "dvc", "remote", "add", "-q", "-d", "store"]
    _run(workspace, *command, str(root / "store"))
    _run(workspace, "git", "commit", "-qm", "The DVC remote", ".dvc/config")


def _run(folder: Path, *command: str) -> None:
    subprocess.run(command, cwd=folder, check=True)


if __name__ == "__main__":
    main()
