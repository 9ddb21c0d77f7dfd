"""The workbench's server: Streamlit with a route for payloads, behind a guard."""

from __future__ import annotations

import os
import re
import sys
import threading
import webbrowser
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ide.app.addresses import Addresses
from ide.app.end_in_time import end_in_time
from ide.app.guard import Guard, Origin, Site, chosen_origins, local_site
from ide.app.listening import Place, place_to_listen
from ide.app.paced_sockets import PacedSockets
from ide.app.page_head import PageHead
from ide.app.payload import ROUTE, id_of, payload_reader
from ide.app.settings import apply, server_config
from ide.app.sync_route import ROUTE as SYNC_ROUTE
from ide.app.sync_route import sync_route
from ide.dataset.errors import UpwellError
from ide.store.strokes import MIME as STROKES
from ide.store.strokes import strokes_svg
from ide.store.upright import upright
from ide.store.workspace import Workspace

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send
    from streamlit import App

DEFAULT_PORT = 8501
APP_PATH = Path(__file__).parent
SCRIPT_PATH = APP_PATH / "main.py"
LABELER_PATH = APP_PATH / "labeler"
PROBLEMS_PATH = APP_PATH / "problems"
REVIEWS_PATH = APP_PATH / "reviews"
WORKSPACE_VARIABLE = "UPWELL_WORKSPACE"  # how the script learns what is served

# what a browser may draw or play of bytes that people imported; all else is a download
SHOWN_TYPES = frozenset({"image/png", "image/jpeg", "image/webp", "audio/wav", "audio/flac"})
_CONTENT_HASH = re.compile(r"[0-9a-f]{8,64}")
_FOREVER = "public, max-age=31536000, immutable"

# Streamlit needs inline styles, evaluated chart code and blobs; nothing may leave the machine
_PAGE_POLICY = "; ".join(
    [
        "default-src 'self'",
        "script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "media-src 'self' data: blob:",
        "connect-src 'self' data: blob:",
        "worker-src 'self' blob:",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
        "frame-ancestors 'self'",
    ]
)
SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
    "Content-Security-Policy": _PAGE_POLICY,
}


def serve(
    workspace: Workspace,
    *,
    port: int,
    headless: bool,
    address: str = "localhost",
    allowed_origins: Iterable[str] = (),
    on_ready: Callable[[str], None] | None = None,
) -> None:
    """Serve a workspace until it is interrupted; ``on_ready`` is called with its address.

    ``address`` other than localhost is for a container or a reverse proxy, which then has to
    say who may come in; ``allowed_origins`` are what a browser calls the workbench there.
    Raises ``PortInUseError``, ``AddressError`` and ``OriginOptionError``.
    """
    allowed = chosen_origins(allowed_origins)
    place = place_to_listen(address, port)
    site = _site_at(place, allowed)

    def ready() -> None:
        end_in_time()
        if on_ready is not None:
            on_ready(site.url)
        if not headless:
            threading.Timer(0.3, webbrowser.open, [site.url]).start()

    config = server_config(port=port, address=place.ip, origins=map(str, allowed))
    app = create_app(workspace, site=site, config=config, on_ready=ready)
    _keep_matrices_on_one_core()
    sys.argv = [str(Path(__file__))]  # its folder becomes the first to import from
    app.run(config=config)


def _keep_matrices_on_one_core() -> None:
    """Have this process multiply its small matrices on one core.

    Several people share the server. A second core waits for the first in a busy loop: learning
    from verdicts took twice the processor's time and not a millisecond less.
    """
    from threadpoolctl import threadpool_limits

    threadpool_limits(limits=1, user_api="blas")


def create_app(
    workspace: Workspace,
    *,
    site: Site | None = None,
    config: dict[str, Any] | None = None,
    on_ready: Callable[[], None] | None = None,
) -> App:
    """Return the workbench as an ASGI application that answers as ``site`` only.

    ``config`` is what Streamlit is told.
    """
    import streamlit as st

    os.environ[WORKSPACE_VARIABLE] = str(workspace.root)
    apply(config or server_config(port=DEFAULT_PORT))

    @asynccontextmanager
    async def lifespan(_app: App) -> AsyncIterator[dict[str, Any] | None]:
        if on_ready is not None:
            on_ready()
        yield None

    return st.App(
        SCRIPT_PATH,
        routes=[
            Route(f"{ROUTE}/{{dataset}}/{{content_hash}}/{{path:path}}", _payload_route(workspace)),
            Route(SYNC_ROUTE, sync_route, methods=["POST"]),
            Route("/labeler/{version}/{name}", _labeler_route),
        ],
        middleware=[
            Middleware(SecurityHeaders),
            Middleware(Guard, site=site or local_site(DEFAULT_PORT)),
            Middleware(PacedSockets),
            Middleware(Addresses),
            Middleware(PageHead),
        ],
        lifespan=lifespan,
    )


def _site_at(place: Place, allowed: frozenset[Origin]) -> Site:
    if place.is_local:
        return replace(local_site(place.port, place.names, allowed), url=place.url)
    return Site(place.url, allowed, is_local=False, names=place.names | {"localhost"})


class SecurityHeaders:
    """Adds the headers that a response does not bring itself."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything on; add to the headers of HTTP responses."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = message.setdefault("headers", [])
                present = {name.lower() for name, _ in headers}
                headers += [
                    (name.lower().encode(), value.encode())
                    for name, value in SECURITY_HEADERS.items()
                    if name.lower().encode() not in present
                ]
            await send(message)

        await self.app(scope, receive, send_with_headers)


def _payload_route(workspace: Workspace) -> Callable[[Request], Any]:
    async def payload(request: Request) -> Response:
        return await run_in_threadpool(payload_response, workspace, request)

    return payload


def payload_response(workspace: Workspace, request: Request) -> Response:
    """Answer for one payload: its bytes where the hash in the path is theirs, else 404.

    Strokes are answered as a picture of them, drawn here: the only SVG that is ever served.
    """
    parts = request.path_params
    example_id = id_of(parts["path"])
    if example_id is None or not _CONTENT_HASH.fullmatch(parts["content_hash"]):
        return _not_found()
    try:
        reader = payload_reader(workspace, parts["dataset"])
        body, mime, content_hash = reader.get(example_id)
        if workspace.config(parts["dataset"]).modality == "strokes":
            body, mime = strokes_svg(body), STROKES
    except UpwellError:
        return _not_found()
    if content_hash != parts["content_hash"]:
        return _not_found()
    headers = {
        "Cache-Control": _FOREVER,
        "ETag": f'"{content_hash}"',
        "Content-Security-Policy": "default-src 'none'; sandbox",
    }
    if request.headers.get("if-none-match") == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    if mime not in SHOWN_TYPES | {STROKES}:
        headers["Content-Disposition"] = "attachment"
        mime = "application/octet-stream"
    body, mime = upright(body, mime)
    return Response(body, media_type=mime, headers=headers)


async def _labeler_route(request: Request) -> Response:
    """Serve the modules of Review, Problems and Reviews; their version is in the path."""
    name, version = request.path_params["name"], request.path_params["version"]
    body = labeler_modules().get(name)
    if body is None or version != labeler_version():
        return _not_found()
    return Response(body, media_type="text/javascript", headers={"Cache-Control": _FOREVER})


@lru_cache(maxsize=1)
def labeler_modules() -> dict[str, bytes]:
    """Return the keyboard components' JavaScript, by file name: they share modules."""
    folders = (LABELER_PATH, PROBLEMS_PATH, REVIEWS_PATH)
    paths = [path for folder in folders for path in sorted(folder.glob("*.js"))]
    return {path.name: path.read_bytes() for path in paths}


@lru_cache(maxsize=1)
def labeler_version() -> str:
    """Return a hash of these modules."""
    from ide.dataset.ids import content_id

    return content_id(b"".join(labeler_modules().values()))


def _not_found() -> Response:
    return Response(status_code=404, headers={"Cache-Control": "no-store"})
