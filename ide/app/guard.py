"""The guard before every route: under which names the workbench answers, and to whose pages."""

from __future__ import annotations

import ipaddress
import logging
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from starlette.responses import PlainTextResponse

from ide.dataset.errors import UpwellError

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

_LOG = logging.getLogger(__name__)
LOCAL_NAMES = ("localhost", "127.0.0.1", "::1")
_DEFAULT_PORTS = {"http": 80, "https": 443}
_AUTHORITY = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9_.-]+)(?::([0-9]{1,5}))?")
_ELSEWHERE = frozenset({"cross-site", "same-site"})  # another port is the same site, but not ours
N_LOGGED = 20  # refusals that are told; a page may try for ever
_READING = frozenset({"GET", "HEAD"})


class OriginOptionError(UpwellError):
    """What ``--allow-origin`` was given is no origin."""

    def __init__(self, got: str) -> None:
        """Keep the value."""
        self.got = got
        super().__init__(
            f"--allow-origin got {got[:80]!r}, and wants the scheme, the name and the port that "
            "stand in the browser, such as https://label.example.org or http://localhost:9000"
        )


class Host(NamedTuple):
    """What a request calls this server: a name or an IP address, and a port where one is said."""

    name: str
    port: int | None


class Origin(NamedTuple):
    """Where a page comes from, as browsers tell pages apart."""

    scheme: str
    name: str
    port: int

    def __str__(self) -> str:
        """Return it as a browser's Origin header does."""
        name = f"[{self.name}]" if ":" in self.name else self.name
        port = "" if self.port == _DEFAULT_PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{name}{port}"

    def is_at(self, host: Host) -> bool:
        """Return whether a browser that shows this origin calls the server by ``host``."""
        port = _DEFAULT_PORTS[self.scheme] if host.port is None else host.port
        return (self.name, self.port) == (host.name, port)


def host_of(text: str) -> Host | None:
    """Return what a Host header says; None = nothing that a browser sends."""
    parts = _AUTHORITY.fullmatch(text.lower())
    if parts is None:
        return None
    name, port = parts[1], int(parts[2]) if parts[2] else None
    if name.startswith("["):
        try:
            name = ipaddress.IPv6Address(name[1:-1]).compressed
        except ValueError:
            return None
    return Host(name, port)


def origin_of(text: str) -> Origin | None:
    """Return what an Origin header says; None = none of the web's, such as ``null``."""
    scheme, _, authority = text.lower().partition("://")
    host = host_of(authority)
    if host is None or scheme not in _DEFAULT_PORTS:
        return None
    return Origin(scheme, host.name, _DEFAULT_PORTS[scheme] if host.port is None else host.port)


def chosen_origins(texts: Iterable[str]) -> frozenset[Origin]:
    """Return the origins that a person allows. Raises ``OriginOptionError``."""
    origins = set()
    for text in texts:
        origin = origin_of(text.removesuffix("/"))
        if origin is None:
            raise OriginOptionError(text)
        origins.add(origin)
    return frozenset(origins)


@dataclass(frozen=True)
class Site:
    """What the workbench is called: its origins and, where others reach it, any number.

    A number cannot be made to lead elsewhere, as the name of a foreign page can (DNS rebinding),
    and neither can ``names``; a container may map any port to ours. There a page is our own that
    comes from where it sends its request to.
    """

    url: str
    origins: frozenset[Origin]
    is_local: bool = True
    names: frozenset[str] = frozenset()

    def has_host(self, host: Host) -> bool:
        """Return whether a request under this name is meant for the workbench."""
        return any(origin.is_at(host) for origin in self.origins) or self._is_reached_by(host)

    def has_origin(self, origin: Origin, host: Host) -> bool:
        """Return whether a page is the workbench's own; ``host`` is what it called the server."""
        return origin in self.origins or (self._is_reached_by(host) and origin.is_at(host))

    def _is_reached_by(self, host: Host) -> bool:
        return not self.is_local and (host.name in self.names or _is_ip(host.name))


def local_site(port: int, names: Iterable[str] = (), allowed: Iterable[Origin] = ()) -> Site:
    """Return the site of a server that this machine alone can reach."""
    own = {Origin("http", name, port) for name in (*LOCAL_NAMES, *names)}
    return Site(f"http://localhost:{port}", frozenset(own | set(allowed)))


class Guard:
    """Answers itself what is not the workbench's own; nothing behind it sees such a request."""

    def __init__(self, app: ASGIApp, site: Site) -> None:
        self.app, self.site = app, site
        self._logged: set[str] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request or a websocket on, or refuse it with a sentence."""
        refusal = refusal_of(self.site, scope) if scope["type"] != "lifespan" else None
        if refusal is None:
            await self.app(scope, receive, send)
            return
        self._log(refusal.sentence)
        if scope["type"] == "http":
            headers = {"Cache-Control": "no-store"}
            answer = PlainTextResponse(f"{refusal.sentence}\n", refusal.status_code, headers)
            await answer(scope, receive, send)
        else:  # which the client is told as 403
            await send({"type": "websocket.close", "code": 1008})

    def _log(self, sentence: str) -> None:
        """Tell whoever started the server, once: behind a proxy a browser shows an empty page."""
        if sentence not in self._logged and len(self._logged) < N_LOGGED:
            self._logged.add(sentence)
            _LOG.warning("upwell: %s", sentence)


class Refusal(NamedTuple):
    """Why a request is not passed on."""

    status_code: int
    sentence: str


def refusal_of(site: Site, scope: Scope) -> Refusal | None:
    """Return why a request is not the workbench's own; None = it is.

    What comes without an Origin is a program's, or reads only: browsers name it on websockets and
    on all that writes.
    """
    host_text, n_hosts = _header(scope, b"host")
    origin_text, n_origins = _header(scope, b"origin")
    host = host_of(host_text) if n_hosts == 1 else None
    if host is None or not site.has_host(host):
        return Refusal(400, _sentence(site, f"the workbench is not called {host_text[:80]!r}"))
    origin = origin_of(origin_text) if n_origins == 1 else None
    if n_origins and (origin is None or not site.has_origin(origin, host)):
        what = f"a page of {origin_text[:80]!r} may not use the workbench"
        return Refusal(403, _sentence(site, what))
    if _header(scope, b"sec-fetch-site")[0] in _ELSEWHERE and not _is_visit(scope):
        return Refusal(403, _sentence(site, "another page may only link to the workbench"))
    return None


def _sentence(site: Site, what: str) -> str:
    return (
        f"refused: {what}. Open {site.url}; where a proxy or a tunnel gives it another address, "
        "start it with: upwell open --allow-origin ORIGIN"
    )


def _is_visit(scope: Scope) -> bool:
    """Return whether a person follows a link: the page that has it sees nothing of the answer."""
    return (
        scope["type"] == "http"
        and scope["method"] in _READING
        and _header(scope, b"sec-fetch-mode")[0] == "navigate"
        and _header(scope, b"sec-fetch-dest")[0] == "document"
    )


def _header(scope: Scope, name: bytes) -> tuple[str, int]:
    """Return a header's first value and how many it has."""
    values = [value for key, value in scope["headers"] if key.lower() == name]
    return (values[0].decode("latin-1") if values else ""), len(values)


def _is_ip(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
