"""The cards of examples that stand in a queue for another reason than what a build says of them.

What no build says of an example is empty in its card, and any modality is shown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ide.app.gallery import text_of
from ide.app.opinions import LOSS, MARGIN, curves_of, likeliest_of
from ide.app.payload import PICTURES, payload_urls
from ide.dataset.replay import UNTOUCHED
from ide.store.builds import BuildInfo
from ide.store.file_names import file_names
from ide.store.queue import ranked
from ide.store.state import dataset_state, imported_labels, imported_splits
from ide.store.workspace import Workspace

N_NEIGHBORS = 10
MAX_TEXT = 20_000  # characters of a text that is shown
_BARE: dict[str, Any] = {
    "suggested": None, "reason": None, "probs": [], "neighbors": [], LOSS: [], MARGIN: [],
}  # fmt: skip


def plain_cards(
    workspace: Workspace,
    name: str,
    build: BuildInfo | None,
    example_ids: Iterable[str],
    *,
    rank: Mapping[str, int],
    state_of: Callable[[str], dict[str, Any]],
) -> list[dict[str, Any]]:
    """Return the cards of some examples; see stage.js for what each field is for."""
    splits, imported = imported_splits(workspace, name), imported_labels(workspace, name)
    payload_of, file_of = _payloads(workspace, name), file_names(workspace, name)
    opinion_of = _opinions(workspace, name, build)
    return [
        {
            "id": x,
            "rank": rank.get(x),
            **payload_of(x),
            "file": file_of(x),
            "given": imported.get(x),
            "p": None,
            "p_suggested": None,
            "ambiguous": False,
            "split": splits.get(x),
            **opinion_of(x),
            "state": state_of(x),
        }
        for x in example_ids
    ]


def _payloads(workspace: Workspace, name: str) -> Callable[[str], dict[str, Any]]:
    """Return a function: an example's ``url`` as a picture, its ``sound``, or its ``text``."""
    modality = workspace.config(name).modality
    url_of = payload_urls(workspace, name)
    if modality in PICTURES:
        return lambda x: {"url": url_of(x)}
    if modality == "audio":
        return lambda x: {"url": None, "sound": url_of(x), "text": ""}
    if modality == "text":
        return lambda x: {"url": None, "text": text_of(workspace, name, x)[:MAX_TEXT]}
    said = f"Examples of kind {modality} are not drawn yet: judge by what people say of it."
    return lambda _: {"url": None, "text": said}


def _opinions(
    workspace: Workspace, name: str, build: BuildInfo | None
) -> Callable[[str], dict[str, Any]]:
    """Return a function: what a build says of an example, as far as it says anything."""
    if build is None:
        return lambda _: _BARE
    states, imported = dataset_state(workspace, name), imported_labels(workspace, name)
    n_classes = len(workspace.config(name).classes)
    payload_of, of_build = _payloads(workspace, name), ranked(build)

    def thumbnail(example_id: str) -> tuple[str | None, str | None]:
        label = states.get(example_id, UNTOUCHED).label
        return payload_of(example_id)["url"], label or imported.get(example_id)

    def opinion(example_id: str) -> dict[str, Any]:
        row = of_build.row_by_id.get(example_id)
        card = of_build.table.slice(row, 1).to_pylist()[0] if row is not None else {}
        near = [n for n in card.get("neighbors") or [] if n in imported][:N_NEIGHBORS]
        return {
            **_BARE,
            "reason": card.get("reason"),
            "probs": likeliest_of(build, example_id, n_classes),
            "neighbors": [thumbnail(n) for n in near],
            **curves_of(build, example_id),
        }

    return opinion
