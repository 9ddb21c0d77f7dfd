"""Examples that people label differently."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ide.dataset.checks.registry import CheckInput, Issue, check
from ide.dataset.schema import EXAMPLE_ID


@check("conflicts", severity="error")
def conflicts(dataset: CheckInput) -> Iterator[Issue]:
    """Find examples whose edits disagree; nothing trains on them until an edit decides."""
    ids = dataset.column(EXAMPLE_ID)
    for row in np.flatnonzero(dataset.labels["is_conflict"].to_numpy()):
        yield Issue(
            ids[row], None, 1.0, "people's edits disagree; decide with: upwell edit, or in Review"
        )
