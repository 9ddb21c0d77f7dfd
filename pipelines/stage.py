"""What every stage's file ends with: `python -m pipelines.<stage> NAME` in the workspace's root."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable

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


def _fail(stage: str, name: str, sentence: str, exit_code: int) -> None:
    report_progress(stage, dataset=name, error=sentence, exit_code=exit_code)
    sys.stderr.write(f"upwell: {sentence}\n")
    sys.exit(exit_code)
