"""Lines of the edit log that cannot be read, and the file of a drill where it does not count."""

from __future__ import annotations

from collections.abc import Iterator

from ide.dataset.checks.registry import CheckInput, Issue, check


@check("damaged_log", severity="warning")
def damaged_log(dataset: CheckInput) -> Iterator[Issue]:
    """Find lines of the edit log that are no edits, and a drill's file that is astray.

    A build passes over both.

    Score 1; the line is the subject.
    """
    for line in dataset.damage:
        yield Issue(None, None, 1.0, f"{line.subject}: {line.message}", subject=line.subject)
