"""DVC with what its command line lacks, as a process: ``python -P -m ide.store.dvc_jobs JOB …``.

``push`` and ``fetch`` transfer what the folder's pointers name, and of the run cache only the
entries that the other side lacks: ``--run-cache`` copies all of them, each time. ``repro`` asks
the remote for a stage's results, but only when the stage would have to run otherwise; ``repro
--pull`` brings the whole run cache each time, and fails without a remote.
"""

from __future__ import annotations

import functools
import sys
from typing import Any

from ide.store.progress import report_progress


def main(arguments: list[str]) -> int:
    """Do a job and return DVC's exit code; what it says is DVC's own."""
    from dvc.cli import main as dvc

    job, *rest = arguments
    if job == "repro":
        _ask_remote_before_running()
        return int(dvc(["repro", *rest]))
    code = int(dvc([job, *rest]))
    if code == 0:
        from dvc.repo import Repo

        with Repo() as repo:
            _copy_runs(repo, is_push=job == "push")
    return code


def _copy_runs(repo: Any, *, is_push: bool) -> int:
    """Copy the entries of the run cache that the other side lacks; return how many.

    An entry is a kilobyte of YAML that says what a stage made of what. One listing of the remote,
    whatever the number of entries.
    """
    from dvc.stage.cache import RunCacheNotSupported

    try:
        remote = repo.cloud.get_remote_odb(None, "push --run-cache", hash_name="md5-dos2unix")
    except RunCacheNotSupported:
        return 0
    if remote.fs.protocol == "local" and not remote.fs.exists(remote.path):
        raise FileNotFoundError(f"{remote.path} is not there")
    source, target = (repo.cache.legacy, remote) if is_push else (remote, repo.cache.legacy)
    there, here = _entries(target), _entries(source)
    for relative in sorted(here - there):
        path = target.fs.join(target.path, relative)
        target.fs.makedirs(target.fs.parent(path), exist_ok=True)
        temporary = path + ".tmp"
        with source.fs.open(source.fs.join(source.path, relative), "rb") as stream:
            data = stream.read()
        with target.fs.open(temporary, "wb") as stream:
            stream.write(data)
        target.fs.move(temporary, path)
    return len(here - there)


def _entries(odb: Any) -> set[str]:
    """Return the entries of a run cache: ``runs/ab/KEY/VALUE``."""
    runs = odb.fs.join(odb.path, "runs")
    if not odb.fs.exists(runs):
        return set()
    found = (odb.fs.as_posix(odb.fs.relpath(path, odb.path)) for path in odb.fs.find(runs))
    return {path for path in found if path.count("/") == 3 and "." not in path}


def _ask_remote_before_running() -> None:
    """Have DVC look at the remote for what a stage has made elsewhere, before it runs it."""
    from dvc.stage.cache import RunCacheNotFoundError, StageCache

    restore = StageCache.restore

    @functools.wraps(restore)
    def asking(self: Any, stage: Any, *arguments: Any, **options: Any) -> Any:
        before = [(dep, dep.hash_info, dep.meta) for dep in stage.deps]
        try:
            return restore(self, stage, *arguments, **options)
        except RunCacheNotFoundError:
            if options.get("dry") or not options.get("run_cache", True) or not _bring_runs(self):
                raise
        # a miss leaves the hashes of now where those of dvc.lock were, and DVC would then take
        # the outputs in dvc.lock for what these dependencies make
        for dep, hash_info, meta in before:
            dep.hash_info, dep.meta = hash_info, meta
        try:
            return restore(self, stage, *arguments, **{**options, "pull": True})
        except RunCacheNotFoundError:
            raise
        except Exception as error:  # whatever a remote can say: it is made here
            _say_unreachable(self.repo, error)
            raise RunCacheNotFoundError(stage) from error

    StageCache.restore = asking


@functools.cache
def _bring_runs(stage_cache: Any) -> bool:
    """Bring what the remote knows of runs, once; False where it cannot be asked."""
    try:
        _copy_runs(stage_cache.repo, is_push=False)
    except Exception as error:  # noqa: BLE001 (as above)
        _say_unreachable(stage_cache.repo, error)
        return False
    return True


def _say_unreachable(repo: Any, error: Exception) -> None:
    name = repo.config["core"].get("remote")
    why = next(iter(str(error).splitlines()), "") or type(error).__name__
    report_progress(
        "starting",
        warning=f"the DVC remote {name!r} could not be asked for builds ({why[:150]}); what it "
        "may have was made here",
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
