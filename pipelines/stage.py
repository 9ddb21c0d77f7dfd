"""What every stage's file ends with: `python -m pipelines.<stage> NAME` in the workspace's root."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable
from pathlib import Path

from ide.dataset.errors import StorageError, UpwellError
from ide.store.progress import report_progress
from ide.store.workspace import Workspace


def run_stage(stage: str, work: Callable[[Workspace, str], None]) -> None:
    """Do a stage's work for the dataset that the command line names; exit as errors say.

    A sentence for people goes to the progress file and to stderr; the traceback of what nobody
    expected goes to stderr only, which the build keeps as its log.
    """
    name = sys.argv[1] if len(sys.argv) == 2 else ""
    try:
        if not name:
            raise UpwellError(f"usage: python -m pipelines.{stage} NAME, with a dataset's name")
        report_progress(stage, dataset=name)
        _leave_pandas_out(name)
        work(Workspace.find(), name)
    except UpwellError as error:
        _fail(stage, name, str(error), error.exit_code)
    except MemoryError:
        _fail(stage, name, f"{stage} of {name!r} ran out of memory", StorageError.exit_code)
    except Exception as error:  # noqa: BLE001 (the last place that can say it in a sentence)
        traceback.print_exc()
        first_line = next(iter(str(error).splitlines()), "")
        sentence = f"{stage} of {name!r} broke: {type(error).__name__}: {first_line[:300]}"
        _fail(stage, name, sentence, 3)


class _NoPandas:
    """Makes ``import pandas`` fail, as where it is not installed."""

    def find_spec(self, name: str, *_: object) -> None:
        """Refuse pandas, and leave everything else to the other finders."""
        if name == "pandas":
            raise ModuleNotFoundError("no stage needs pandas", name=name)


def _leave_pandas_out(name: str) -> None:
    """Keep pyarrow from importing pandas, a third of a second in each stage, to tell types apart.

    A dataset's own checks may want it; where there are any, it is let in.
    """
    if not any(Path("datasets", name, "checks").glob("*.py")):
        sys.meta_path.insert(0, _NoPandas())


def _fail(stage: str, name: str, sentence: str, exit_code: int) -> None:
    report_progress(stage, dataset=name, error=sentence, exit_code=exit_code)
    sys.stderr.write(f"upwell: {sentence}\n")
    sys.exit(exit_code)
