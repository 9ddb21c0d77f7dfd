"""Addresses that people try: a command's name leads to the view that does the same.

One that is no view's leads Home, which says so in a sentence.
"""

from __future__ import annotations

import re
from urllib.parse import quote, urlencode

from starlette.datastructures import URL, Headers
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send

UNKNOWN = "no_view"  # the parameter that names an address which nothing stands at
PART = "part"  # of a view: what is to stand first
# command: the view, and what is to be in its address
COMMANDS: dict[str, tuple[str, dict[str, str]]] = {
    "diff": ("changes", {}),
    "commit": ("changes", {}),
    "drill": ("evals", {PART: "drill"}),
    "test": ("evals", {}),
    "gates": ("evals", {}),
    "suspects": ("review", {}),
    "conflicts": ("review", {"queue": "conflicts"}),
    "check": ("problems", {}),
    "blame": ("example", {}),
    "log": ("history", {}),
    "branch": ("history", {}),
    "branches": ("history", {}),
    "switch": ("history", {}),
    "merge": ("history", {}),
    "revert": ("history", {}),
    "report": ("reviews", {}),
    "build": ("compile", {}),
    "status": ("home", {}),
    "home": ("home", {}),
}
_WORD = re.compile(r"/([^/.]{1,200})/?")
_NO_VIEW = frozenset({"static", "media", "component", "_stcore", "payload", "labeler"})


class Addresses:
    """Sends a browser from a command's address, or from an unknown one, to a view."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer what a person typed; pass on everything else."""
        is_page = scope["type"] == "http" and scope["method"] in ("GET", "HEAD")
        is_page = is_page and "text/html" in Headers(scope=scope).get("accept", "")
        target = moved_to(scope["path"], URL(scope=scope).query) if is_page else None
        app = self.app if target is None else RedirectResponse(target, 307)
        await app(scope, receive, send)


def moved_to(path: str, query: str) -> str | None:
    """Return where a page's address leads instead; None where it is a view's, or no page's."""
    from ide.app.navigate import VIEWS  # with Streamlit, which is to be told its settings first

    found = _WORD.fullmatch(path)
    if found is None or found[1] in VIEWS.keys() - {"home"} or found[1] in _NO_VIEW:
        return None
    view, more = COMMANDS.get(found[1].lower(), ("home", {UNKNOWN: found[1]}))
    parts = [part for part in (query, urlencode(more)) if part]
    return f"/{'' if view == 'home' else quote(view)}" + (f"?{'&'.join(parts)}" if parts else "")
