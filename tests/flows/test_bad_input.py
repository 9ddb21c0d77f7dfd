"""Bad input: each mistake is one sentence with its exit code, and nothing is half-written."""

from __future__ import annotations

import hashlib
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from ide.store.new import new_workspace

pytestmark = pytest.mark.flow


def upwell(root: Path, *arguments: str, prefix: tuple[str, ...] = (), **environment: str):
    """Run the command as a person would, and return what it said."""
    return subprocess.run(
        [*prefix, sys.executable, "-m", "ide.cli", *arguments],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **environment},
    )


def tree(root: Path) -> dict[str, str]:
    """Every file of the datasets with its hash: what must not change on a refusal."""
    return {
        p.relative_to(root).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in sorted(root.rglob("*"))
        if p.is_file() and not {".git", ".dvc", ".upwell"} & set(p.relative_to(root).parts)
    }


def assert_refused(done, code: int, *parts: str) -> None:
    assert done.returncode == code, done.stderr
    lines = done.stderr.strip().splitlines()
    assert lines[-1].startswith("upwell: "), done.stderr
    assert "Traceback" not in done.stderr
    for part in parts:
        assert part in lines[-1], done.stderr


@pytest.fixture(scope="module")
def empty(tmp_path_factory) -> Path:
    """An empty workspace, made once."""
    return new_workspace(tmp_path_factory.mktemp("bad") / "workspace").root


@pytest.fixture
def workspace(empty, tmp_path) -> Path:
    shutil.copytree(empty, tmp_path / "workspace", symlinks=True)
    return tmp_path / "workspace"


@pytest.fixture
def source(tmp_path) -> Path:
    folder = tmp_path / "source"
    folder.mkdir()
    return folder


def picture(path: Path, shade: int = 0) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("L", (8, 8), shade).save(path)


def test_an_empty_folder(workspace, source):
    before = tree(workspace)
    done = upwell(workspace, "import", str(source), "--name", "pets")
    assert_refused(done, 2, "source")
    assert tree(workspace) == before


def test_a_text_file_called_png(workspace, source):
    picture(source / "cat" / "good.png")
    (source / "dog").mkdir()
    (source / "dog" / "bad.png").write_text("not a picture")
    before = tree(workspace)
    done = upwell(workspace, "import", str(source), "--name", "pets")
    assert_refused(done, 2, "dog/bad.png")
    assert tree(workspace) == before


def test_a_csv_without_a_label_column(workspace, source):
    (source / "pets.csv").write_text("text,colour\nmeow,grey\n")
    done = upwell(workspace, "import", str(source / "pets.csv"), "--name", "pets")
    assert_refused(done, 2, "pets.csv", "colour", "--label-column")


def test_a_class_that_dataset_toml_does_not_know(workspace, source):
    (source / "a.csv").write_text("text,label\nmeow,cat\nwoof,dog\n")
    assert upwell(workspace, "import", str(source / "a.csv"), "--name", "pets").returncode == 0
    (source / "b.csv").write_text("text,label\nmoo,cow\n")
    before = tree(workspace)
    done = upwell(workspace, "import", str(source / "b.csv"), "--name", "pets")
    assert_refused(done, 2, "cow", "dataset.toml")
    assert tree(workspace) == before


def test_a_duplicate_id(workspace, source):
    (source / "a.csv").write_text("id,text,label\n7,meow,cat\n7,woof,dog\n")
    before = tree(workspace)
    done = upwell(workspace, "import", str(source / "a.csv"), "--name", "pets")
    assert_refused(done, 2, "a.csv", "7")
    assert tree(workspace) == before


def test_no_workspace(tmp_path):
    assert_refused(upwell(tmp_path, "status"), 2, "not in a workspace", "upwell new")


def test_an_unknown_dataset_and_an_unknown_example(digits):
    assert_refused(upwell(digits.root, "suspects", "digit"), 2, "digit", "digits")
    done = upwell(digits.root, "edit", "digits", "<script>", "--label", "3")
    assert_refused(done, 2, "<script>", "upwell sql")


def test_a_label_that_is_no_class(digits):
    example_id = _some_id(digits)
    done = upwell(digits.root, "edit", "digits", example_id, "--label", "ten")
    assert_refused(done, 2, "'ten' is not a class of 'digits'", "dataset.toml")


def test_a_broken_toml(digits):
    path, example_id = digits.config_path("digits"), _some_id(digits)
    path.write_text(path.read_text() + "\n[model\n")
    for command in (["compile"], ["edit", "digits", example_id, "--confirm"]):
        done = upwell(digits.root, *command)
        assert_refused(done, 2, "datasets/digits/dataset.toml", "TOML")


def test_no_git(digits, tmp_path):
    """Reading needs no git; committing says that it is missing."""
    binaries = tmp_path / "bin"
    binaries.mkdir()
    done = upwell(digits.root, "commit", PATH=str(binaries))
    assert_refused(done, 2, "git")


def test_a_half_imported_workspace(digits):
    """An import that was killed leaves a folder of its own that nobody reads."""
    leftover = digits.datasets_path / ".import-killed"
    (leftover / "examples").mkdir(parents=True)
    (leftover / "dataset.toml").write_text("title = 'half'")
    done = upwell(digits.root, "status", "--format", "json")
    assert done.returncode == 0, done.stderr
    assert "half" not in done.stdout
    shutil.rmtree(digits.examples_path("digits"))
    done = upwell(digits.root, "edit", "digits", "x", "--label", "3")
    assert_refused(done, 2, "digits")


def test_a_port_in_use(digits):
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        done = upwell(digits.root, "open", "--headless", "--port", str(port))
        assert_refused(done, 2, str(port), "--port")


def test_a_second_compile_at_the_same_time(digits):
    config = digits.config_path("digits")
    text = config.read_text().replace("[model]", "[model]\nweight_decay = 0.02")
    config.write_text(text)  # so that there is something to train, for seconds
    with subprocess.Popen(
        [sys.executable, "-m", "ide.cli", "compile"],
        cwd=digits.root,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as first:
        first.stdout.readline()  # it says something once it holds the lock
        done = upwell(digits.root, "compile")
        first.terminate()
        first.communicate(timeout=30)
    assert_refused(done, 2, "is running already", str(first.pid))


def _mounts() -> bool:
    return (
        shutil.which("unshare") is not None
        and subprocess.run(["unshare", "-m", "true"], check=False, capture_output=True).returncode
        == 0
    )


@pytest.mark.skipif(not _mounts(), reason="needs the right to mount")
def test_a_read_only_disk(digits):
    example_id = _some_id(digits)
    before = tree(digits.root)
    root = digits.root
    script = (
        f'mount --bind "{root}" "{root}" && mount -o remount,ro,bind "{root}" '
        f'&& cd "{root}" && exec "$@"'
    )
    prefix = ("unshare", "-m", "sh", "-c", script, "sh")
    done = upwell(digits.root, "edit", "digits", example_id, "--label", "3", prefix=prefix)
    assert_refused(done, 3, "read-only")
    done = upwell(digits.root, "compile", prefix=prefix)
    assert_refused(done, 3, "read-only")
    done = upwell(digits.root, "suspects", "digits", prefix=prefix)
    assert done.returncode == 0, done.stderr
    assert tree(digits.root) == before


@pytest.mark.skipif(not _mounts(), reason="needs the right to mount")
def test_a_full_disk_keeps_every_acknowledged_edit(digits, tmp_path):
    """A real file system of 64 kB: edits are acknowledged until it is full, then refused."""
    example_id = _some_id(digits)
    edits = digits.edits_path("digits")
    script = (
        f'mount -t tmpfs -o size=64k tmpfs "{edits}" && cd "{digits.root}" && "$@"; '
        f'cp "{edits}"/*.jsonl "{tmp_path}"; exit 0'
    )
    writer = (
        "import sys; from ide.store.state import edit_example; "
        "from ide.store.workspace import Workspace; from ide.dataset.errors import StorageError\n"
        "w = Workspace.find('.')\n"
        "try:\n"
        "    for i in range(1000):\n"
        f"        e = edit_example(w, 'digits', {example_id!r}, 'comment', 'x' * 900, "
        "annotator='ada')\n"
        "        print(e.edit_id, flush=True)\n"
        "except StorageError as error:\n"
        "    print(error, file=sys.stderr)\n"
    )
    done = subprocess.run(
        ["unshare", "-m", "sh", "-c", script, "sh", sys.executable, "-c", writer],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "the disk is full" in done.stderr
    acknowledged = done.stdout.split()
    assert len(acknowledged) > 10
    log = (tmp_path / "ada.jsonl").read_text()
    assert log.count("\n") == len(acknowledged)
    assert all(edit_id in log for edit_id in acknowledged)


def _some_id(workspace) -> str:
    from ide.store.state import imported_labels

    return next(iter(imported_labels(workspace, "digits")))
