"""The README's way to one's own data, run line by line from the wheel, in a clean environment."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import sysconfig
import time
import urllib.request
import venv
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits

from tests.conftest import free_port

ROOT = Path(__file__).parents[2]


def own_data_lines() -> list[str]:
    """Return the README's commands for data of one's own, without their comments."""
    section = (ROOT / "README.md").read_text(encoding="utf-8").split("## Your own data\n")[1]
    return [line.strip() for line in re.findall(r"^\$ ([^#\n]+)", section.split("\n## ")[0], re.M)]


@pytest.fixture
def environment(tmp_path) -> Path:
    """An environment that has Upwell from its wheel and nothing of this folder.

    What Upwell needs is taken from the tests' own environment: downloading it takes minutes.
    """
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    wheels, folder = tmp_path / "wheels", tmp_path / "environment"
    subprocess.run(
        [*pip, "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", wheels, ROOT], check=True
    )
    venv.create(folder, with_pip=False)
    (wheel,) = wheels.glob("upwell-*.whl")
    python = folder / "bin" / "python"
    subprocess.run([*pip, "--python", python, "install", "-q", "--no-deps", wheel], check=True)
    packages = folder.joinpath(*Path(sysconfig.get_path("purelib")).parts[-3:])
    needed = [path for path in sys.path if path.endswith("-packages")]
    (packages / "needed.pth").write_text("\n".join(needed) + "\n")
    return folder


@pytest.fixture
def home(tmp_path) -> Path:
    """A person's home, with photos in a folder a class."""
    digits = load_digits()
    for number, (pixels, label) in enumerate(zip(digits.images, digits.target, strict=True)):
        if label < 3 and number < 500:
            path = tmp_path / "home" / "photos" / ["one", "two", "three"][label] / f"{number}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray((pixels * 15).astype(np.uint8)).resize((16, 16)).save(path)
    return tmp_path / "home"


@pytest.mark.flow
def test_the_readmes_way_to_own_data_leads_to_a_compiled_dataset_in_the_workbench(
    environment, home
):
    install, *steps, last = own_data_lines()
    assert install == "pip install ." and last == "upwell open" and len(steps) == 2
    port = free_port()
    variables = {
        **{k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "VIRTUAL_ENV")},
        "HOME": str(home),
        "PATH": os.pathsep.join([str(environment / "bin"), os.environ["PATH"]]),
    }
    script = "\n".join(["set -e", *steps, f"exec upwell open --headless --port {port}"])
    process = subprocess.Popen(
        ["bash", "-c", script],
        cwd=home,
        env=variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        is_open = wait_for(f"http://localhost:{port}/_stcore/health", process)
    finally:
        process.terminate()
        output, _ = process.communicate(timeout=20)
    assert is_open, output
    name = shlex.split(steps[1].split("&&")[0])[-1]
    builds = list((home / steps[0].split()[2] / ".upwell" / "builds" / name).glob("*/metrics.json"))
    assert len(builds) == 1, output


def wait_for(address: str, process: subprocess.Popen[str]) -> bool:
    """Return whether the workbench answered before the process ended, or two minutes were over."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(address, timeout=1):
                return True
        except OSError:
            time.sleep(0.2)
    return False
