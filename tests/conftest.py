"""What tests share: a quiet git and DVC, a compiled workspace made once, Chromium, a server."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from ide.store.workspace import Workspace

# A container may forbid compiled modules beside their sources: each worker would then compile all
# tests at each run, and each of some hundred processes that tests start all of our modules.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

settings.register_profile(
    "suite",
    max_examples=50,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.load_profile("suite")

EPOCHS = 8  # of the digits that are compiled once a run; tests need a network, not the best
CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


# Files whose tests share what takes long to make, or go on where the one before has ended: one
# worker runs each, in its order. (The marks of pytest-xdist 3.8 do this no more: it writes them
# into an attribute that pytest 9.2 does not read.)
ONE_WORKER = frozenset(
    {
        "tests/browser/test_nothing_calls_home.py",
        "tests/browser/test_problems_keys.py",
        "tests/browser/test_review_keys.py",
        "tests/dataset/test_suspects.py",
        "tests/flows/test_bisect.py",
        "tests/flows/test_remotes.py",
        "tests/store/test_comparison.py",
    }
)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Deal tests out one by one, but those of some files together."""
    from xdist.scheduler import LoadScopeScheduling

    class ByFileWhereAsked(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            path = nodeid.partition("::")[0]
            return path if path in ONE_WORKER else nodeid

    return ByFileWhereAsked(config, log)


@pytest.fixture(scope="session", autouse=True)
def _quiet_tools(tmp_path_factory) -> None:
    """Keep git and DVC from reading this person's settings and from calling home."""
    folder = tmp_path_factory.mktemp("home")
    config = folder / "gitconfig"
    config.write_text(
        "[user]\n\tname = Ada Lovelace\n\temail = ada@example.com\n"
        "[init]\n\tdefaultBranch = main\n[commit]\n\tgpgsign = false\n[gc]\n\tauto = 0\n"
    )
    os.environ.update(
        COLUMNS="160",  # a worker of pytest-xdist says 80
        # the suite trusts every workspace that it makes; tests of trust take this away
        UPWELL_TRUST="1",
        XDG_CONFIG_HOME=str(folder / "config"),
        GIT_CONFIG_GLOBAL=str(config),
        GIT_CONFIG_NOSYSTEM="1",
        DVC_NO_ANALYTICS="1",
        DVC_GLOBAL_CONFIG_DIR=str(folder / "dvc"),
        DVC_SITE_CACHE_DIR=str(folder / "dvc-cache"),
    )


def shared_base(base: Path) -> Path:
    """Return the folder that all workers of a test run share."""
    return base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base


@contextmanager
def once(folder: Path) -> Iterator[bool]:
    """Let one of several test workers make ``folder``; the others wait for it."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield not folder.exists()


@pytest.fixture(scope="session")
def compiled_digits(tmp_path_factory) -> Workspace:
    """A workspace with the digits, committed and compiled for real, once a run. Read-only."""
    from ide.store.build_process import run_build
    from ide.store.committing import commit
    from ide.store.importing import import_source
    from ide.store.new import new_workspace

    folder = shared_base(tmp_path_factory.getbasetemp()) / "compiled-digits"
    with once(folder) as is_first:
        if is_first:
            unfinished = folder.with_suffix(".part")
            workspace = new_workspace(unfinished)
            import_source(workspace, "sklearn:digits", name="digits")
            train_for(workspace, "digits", EPOCHS)
            git(unfinished, "add", "-A")
            git(unfinished, "commit", "-qm", "the digits")
            run_build(workspace, ["digits"], on_progress=lambda _: None)
            commit(workspace, "compiled", None)
            unfinished.rename(folder)
    return Workspace.find(folder)


def train_for(workspace: Workspace, name: str, epochs: int) -> None:
    """Have a dataset train for fewer epochs than it would: tests need a network, not the best."""
    path = workspace.config_path(name)
    text, n = re.subn(r"(?m)^epochs = \d+$", f"epochs = {epochs}", path.read_text())
    assert n == 1
    path.write_text(text)


@pytest.fixture
def digits(compiled_digits, tmp_path) -> Workspace:
    """A copy of the compiled digits that a test may change."""
    shutil.copytree(compiled_digits.root, tmp_path / "digits", symlinks=True)
    return Workspace.find(tmp_path / "digits")


def git(root: Path, *arguments: str) -> str:
    """Run git in ``root`` and return what it prints."""
    return subprocess.run(
        ["git", *arguments], cwd=root, check=True, capture_output=True, text=True
    ).stdout


def chromium_path() -> str | None:
    """Return a Chromium of the system's; None = Playwright's own, where it has one."""
    names = ("chromium", "chromium-browser", "google-chrome")
    return os.environ.get("UPWELL_CHROMIUM") or next(filter(None, map(shutil.which, names)), None)


@pytest.fixture(scope="session")
def chromium():
    """A headless Chromium for the whole run."""
    from playwright.sync_api import Error, sync_playwright

    with sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(
                executable_path=chromium_path(), args=CHROMIUM_ARGUMENTS
            )
        except Error as error:
            if os.environ.get("CI"):
                pytest.fail(f"no Chromium, and in CI there must be one: {error}")
            pytest.skip(f"no Chromium: apt-get install chromium ({str(error)[:80]})")
        yield browser
        browser.close()


@pytest.fixture
def page(chromium):
    """A fresh page, as a person's browser would be."""
    context = chromium.new_context(viewport={"width": 1440, "height": 900})
    yield context.new_page()
    context.close()


def free_port() -> int:
    """Return a port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def workbench(workspace: Workspace, *, port: int | None = None) -> Iterator[str]:
    """Serve a workspace as ``upwell open`` does, and yield its address."""
    port = port or free_port()
    command = [sys.executable, "-m", "ide.cli", "open", "--headless", "--port", str(port)]
    process = subprocess.Popen(
        command,
        cwd=workspace.root,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=os.environ | {"PYTHONFAULTHANDLER": "1"},
    )
    try:
        _wait_until_healthy(f"http://localhost:{port}", process)
        yield f"http://localhost:{port}"
    finally:
        process.terminate()
        try:
            process.communicate(timeout=20)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGABRT)  # it says where each of its threads stands
            output, _ = process.communicate(timeout=20)
            pytest.fail(f"the workbench did not end within 20 s of being asked to:\n{output}")


def label_as(tab, address: str, workspace: Workspace, annotator: str) -> None:
    """Let a browser label as somebody, as if that name had been said in it before."""
    from urllib.parse import quote

    from ide.app.state import annotator_cookie

    cookie = {"name": annotator_cookie(workspace), "value": quote(annotator), "url": address}
    tab.context.add_cookies([cookie])


def _wait_until_healthy(address: str, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if process.poll() is not None:
            pytest.fail(f"the workbench did not start: {process.stdout.read()}")
        try:
            with urllib.request.urlopen(f"{address}/_stcore/health", timeout=1):
                return
        except OSError:
            time.sleep(0.1)
    pytest.fail("the workbench was not healthy within 60 s")


@pytest.fixture
def serve() -> Iterator[Callable[[Workspace], str]]:
    """Serve workspaces for the length of a test."""
    from contextlib import ExitStack

    with ExitStack() as stack:
        yield lambda workspace: stack.enter_context(workbench(workspace))
