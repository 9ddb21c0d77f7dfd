"""The guard: no file loosens it, no foreign page passes it, and no outside address is asked."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import streamlit.config
from streamlit import net_util
from streamlit.runtime.secrets import secrets_singleton

from benchmarks.synthetic import make_workspace
from ide import cli
from ide.app import settings
from ide.app.guard import (
    Guard,
    OriginOptionError,
    Site,
    chosen_origins,
    host_of,
    local_site,
    origin_of,
    refusal_of,
)
from ide.app.listening import AddressError, PortInUseError, place_to_listen
from ide.app.settings import server_config
from tests.conftest import free_port, workbench
from tests.network import outside, watched

PORT = 8501
OWN = f"http://localhost:{PORT}"
LOCAL = local_site(PORT)
SERVED = Site(OWN, chosen_origins(["https://label.example.org"]), is_local=False,
              names=frozenset({"localhost"}))  # fmt: skip
EVIL_CONFIG = """
[server]
enableCORS = false
corsAllowedOrigins = ["http://evil.example"]
enableXsrfProtection = false
enableAgentApi = true
enableStaticServing = true
scriptHealthCheckEnabled = true
baseUrlPath = "elsewhere"
trustedUserHeaders = '{"X-Who": "email"}'
sslCertFile = "no.pem"
[client]
allowedOrigins = ["https://evil.example"]
showErrorDetails = "full"
[browser]
gatherUsageStats = true
[secrets]
files = ["evil.toml"]
[theme]
base = "http://evil.example/theme.toml"
"""
EVIL_SECRETS = """
GIT_SSH_COMMAND = "touch stolen"
[auth]
redirect_uri = "http://evil.example/oauth2callback"
cookie_secret = "known"
"""
EVIL_ENVIRONMENT = {
    "STREAMLIT_SERVER_COOKIE_SECRET": "known",
    "STREAMLIT_SERVER_ENABLE_AGENT_API": "true",
    "STREAMLIT_SERVER_CORS_ALLOWED_ORIGINS": "http://evil.example",
}
HANDSHAKE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}
# options that are left as Streamlit has them: none lets anybody in or anything out
HARMLESS = {
    "global": {"disableWidgetStateDuplicationWarning", "showWarningOnDirectExecution",
               "suppressDeprecationWarnings", "minCachedMessageSize", "maxCachedMessageAge"},
    "client": {"disableDataExport", "showSidebarNavigation"},
    "server": {"folderWatchBlacklist", "enableExpensiveMemoryStats", "maxCacheDataSize",
               "maxUploadSize", "maxMessageSize", "maxWidgetStateSize", "disconnectedSessionTTL",
               "enableWebsocketCompression", "websocketPingInterval", "agentWaitTimeout",
               "agentSessionTTL", "agentMaxSessions", "agentPreviewRows",
               "cookieSecret", "sslCertFile", "sslKeyFile"},  # cannot be pinned; no file is read
    "browser": set(), "secrets": set(),
}  # fmt: skip


def ask(port: int, path: str, *headers: tuple[str, str], method: str = "GET") -> tuple[int, str]:
    """Ask a server with exactly these headers; return the status and all that comes."""
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers)]
    if not any(name == "Upgrade" for name, _ in headers):
        lines.append("Connection: close")
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        data = connection.recv(65536)
        while not data.startswith(b"HTTP/1.1 101") and (more := connection.recv(65536)):
            data += more
    return int(data.split()[1]), data.decode(errors="replace").partition("\r\n\r\n")[2]


def handshake(port: int, host: str, origin: str | None) -> int:
    """Return the status of a websocket's handshake: 101 = it is open."""
    more = [("Origin", origin)] if origin is not None else []
    return ask(port, "/_stcore/stream", ("Host", host), *HANDSHAKE.items(), *more)[0]


def hostile(folder: Path) -> None:
    """Put files that Streamlit would read into a folder."""
    (folder / ".streamlit").mkdir(parents=True)
    (folder / ".streamlit" / "config.toml").write_text(EVIL_CONFIG)
    (folder / ".streamlit" / "secrets.toml").write_text(EVIL_SECRETS)


@pytest.fixture(scope="module")
def served(tmp_path_factory) -> Iterator[tuple[int, Path]]:
    """A workbench with a foreign page's friend in the workspace, at home and in the environment."""
    base = tmp_path_factory.mktemp("guard")
    workspace = make_workspace(base / "w", n=30, n_suspects=5, size=8)
    hostile(workspace.root)
    hostile(base / "home")
    port = free_port()
    with pytest.MonkeyPatch.context() as patch, watched(base / "watch") as log:
        patch.setenv("HOME", str(base / "home"))
        for name, value in EVIL_ENVIRONMENT.items():
            patch.setenv(name, value)
        with workbench(workspace, port=port):
            yield port, log


def test_a_file_in_the_workspace_or_at_home_opens_no_door(served):
    port, _ = served
    host = ("Host", f"localhost:{port}")
    for origin in ("http://evil.example", "http://evil.example:80", f"http://evil.example:{port}"):
        assert handshake(port, host[1], origin) == 403
        status, body = ask(port, "/_stcore/health", host, ("Origin", origin))
        assert (status, origin in body) == (403, True)
    _, body = ask(port, "/_stcore/agent/interact", host, method="POST")
    assert "does not serve the agent API" in body
    _, body = ask(port, "/_stcore/host-config", host)
    assert json.loads(body)["allowedOrigins"] == []
    assert "ok" not in ask(port, "/_stcore/script-health-check", host)[1][:10]
    assert "elsewhere" not in ask(port, "/", host)[1]


def test_foreign_handshakes_are_answered_at_once_and_nobody_is_asked(served):
    port, log = served
    begin = time.monotonic()
    for origin in (
        "http://evil.example",
        "http://[::1]:1",
        "http://10.0.0.7",
        "null",
        "http://x:2",
    ):
        assert handshake(port, f"localhost:{port}", origin) == 403
    assert time.monotonic() - begin < 1
    # our own, but of an address that Streamlit does not know for its own
    assert handshake(port, f"localhost:{port}", f"http://[::1]:{port}") in (101, 403)
    assert outside(log, port=port) == []


def test_the_page_itself_and_programs_get_their_websocket(served):
    port, _ = served
    for name in ("localhost", "127.0.0.1", "LOCALHOST", "[::1]"):
        own = f"{name}:{port}"
        assert handshake(port, own, None) == 101
        assert ask(port, "/_stcore/health", ("Host", own))[0] == 200
        assert handshake(port, own, f"http://{own.lower()}") == 101


def test_a_request_without_a_host_or_with_two_is_refused(served):
    port, _ = served
    own = ("Host", f"localhost:{port}")
    assert ask(port, "/_stcore/health", method="GET")[0] == 400
    assert ask(port, "/_stcore/health", own, ("Host", "evil.example"))[0] == 400
    assert ask(port, "/_stcore/health", ("Host", "evil.example"), own)[0] == 400
    forwarded = ("X-Forwarded-Host", own[1])
    assert ask(port, "/_stcore/health", ("Host", "evil.example"), forwarded)[0] == 400


def status_of(site: Site, host: str | None, *, kind: str = "http", method: str = "GET", **headers):
    """Return the status that the guard gives a request; 200 = it passes it on."""
    fields = {"host": host, **{name.replace("_", "-"): value for name, value in headers.items()}}
    pairs = [(k.encode(), v.encode()) for k, v in fields.items() if v is not None]
    refusal = refusal_of(site, {"type": kind, "method": method, "headers": pairs})
    assert refusal is None or ("Open http://localhost:8501;" in refusal.sentence)
    return refusal.status_code if refusal else 200


@pytest.mark.parametrize(
    "host",
    [None, "", "evil.example", f"evil.example:{PORT}", "localhost", "localhost:8502", "127.0.0.1",
     f"localhost.:{PORT}", f"localhost.evil.example:{PORT}", f"localhost:{PORT}@evil.example",
     f"0.0.0.0:{PORT}", f"10.0.0.7:{PORT}", "testserver", f"127.1:{PORT}", f"[::2]:{PORT}",
     f"[::1:{PORT}", f"::1:{PORT}", f"[zz]:{PORT}", f" localhost:{PORT}", f"localhost:{PORT},x"],
)  # fmt: skip
def test_a_local_workbench_is_called_by_local_names_with_its_port_only(host):
    assert status_of(LOCAL, host) == 400
    assert status_of(LOCAL, host, kind="websocket", origin=f"http://{host}") == 400


@pytest.mark.parametrize("host", ["localhost", "LocalHost", "127.0.0.1", "[::1]", "[0:0::0:1]"])
def test_every_spelling_of_this_machine_is_its_name(host):
    assert status_of(LOCAL, f"{host}:{PORT}") == 200
    assert status_of(local_site(80), host) == status_of(local_site(80), f"{host}:80") == 200


@pytest.mark.parametrize(
    "origin",
    ["null", "", "http://evil.example", f"http://evil.example:{PORT}", "http://localhost:3000",
     "http://localhost", f"https://localhost:{PORT}", f"http://localhost:{PORT}/",
     f"http://localhost:{PORT}.evil.example", f"http://localhost.:{PORT}", f"localhost:{PORT}",
     f"http://u@localhost:{PORT}", f"http://localhost:{PORT} http://evil.example", "file://",
     "chrome-extension://abcdef", f"ws://localhost:{PORT}", f"http://10.0.0.7:{PORT}"],
)  # fmt: skip
def test_a_page_of_another_scheme_name_or_port_is_refused(origin):
    for kind, method in (("http", "GET"), ("http", "POST"), ("http", "OPTIONS"), ("websocket", "")):
        assert status_of(LOCAL, f"localhost:{PORT}", kind=kind, method=method, origin=origin) == 403


def test_two_origins_are_refused():
    headers = [(b"host", OWN[7:].encode()), (b"origin", OWN.encode()), (b"origin", b"null")]
    scope = {"type": "websocket", "headers": headers}
    assert refusal_of(LOCAL, scope).status_code == 403
    assert refusal_of(LOCAL, scope | {"headers": headers[:2]}) is None


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_another_page_may_link_to_the_workbench_and_do_nothing_else(site):
    host = f"localhost:{PORT}"
    visit = {"sec_fetch_site": site, "sec_fetch_mode": "navigate", "sec_fetch_dest": "document"}
    assert status_of(LOCAL, host, **visit) == status_of(LOCAL, host, method="HEAD", **visit) == 200
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        assert status_of(LOCAL, host, method=method, **visit) == 403
    for changed in ({"sec_fetch_mode": "no-cors"}, {"sec_fetch_dest": "iframe"}):
        assert status_of(LOCAL, host, **(visit | changed)) == 403
    assert status_of(LOCAL, host, kind="websocket", **visit | {"origin": OWN}) == 403
    for own in ("same-origin", "none"):
        assert status_of(LOCAL, host, method="POST", sec_fetch_site=own) == 200


def test_where_others_reach_it_a_page_is_its_own_where_it_comes_from_where_it_goes():
    for host in ("10.0.0.7:8501", "localhost:9000", "[fd00::5]:80", "127.0.0.1"):
        assert status_of(SERVED, host) == 200
        assert status_of(SERVED, host, kind="websocket", origin=f"http://{host}") == 200
        for origin in (OWN, "http://localhost:3000", "http://evil.example", "null"):
            assert status_of(SERVED, host, kind="websocket", origin=origin) == 403
    for host in ("evil.example", "evil.example:8501", "label.example.org.evil.example"):
        assert status_of(SERVED, host, kind="websocket", origin=f"http://{host}") == 400


def test_an_allowed_origin_is_allowed_to_the_letter():
    label = "label.example.org"
    for host in (label, label.upper(), f"{label}:443", "127.0.0.1:8501"):  # a proxy's choice
        assert status_of(SERVED, host, kind="websocket", origin=f"https://{label}") == 200
        for origin in (f"http://{label}", f"https://{label}:8443", f"https://x.{label}"):
            assert status_of(SERVED, host, kind="websocket", origin=origin) == 403
    assert status_of(SERVED, f"{label}:8501") == status_of(LOCAL, label) == 400
    assert str(*chosen_origins([f"HTTPS://{label}:443/"])) == f"https://{label}"
    assert str(*chosen_origins(["http://[0::1]:9000"])) == "http://[::1]:9000"


@pytest.mark.parametrize("text", ["", "*", "null", "label.example.org", "https://x/y", "ftp://x"])
def test_what_is_no_origin_is_refused_in_a_sentence(text):
    with pytest.raises(OriginOptionError, match=r"--allow-origin got .*, and wants the scheme"):
        chosen_origins([text])


def test_what_no_browser_sends_is_nobody():
    assert host_of("localhost:123456") is origin_of("http://") is origin_of("") is None


def test_nothing_behind_the_guard_sees_what_it_refuses():
    sent, reached = [], []

    async def inner(scope, receive, send):
        reached.append(scope["type"])

    async def send(event):
        sent.append(event)

    guard = Guard(inner, LOCAL)
    foreign = [(b"host", OWN[7:].encode()), (b"origin", b"http://evil.example")]
    for kind in ("websocket", "http", "lifespan"):
        scope = {"type": kind, "method": "GET", "headers": foreign}
        _awaited(guard(scope, None, send))
    assert reached == ["lifespan"]
    assert [e["type"] for e in sent] == [
        "websocket.close", "http.response.start", "http.response.body"
    ]  # fmt: skip
    assert (
        sent[1]["status"] == 403 and b"refused: a page of 'http://evil.example'" in sent[2]["body"]
    )


def _awaited(coroutine):
    """Run a coroutine in a thread of its own: this one may have the loop that drives a browser."""
    with ThreadPoolExecutor(1) as threads:
        return threads.submit(asyncio.run, coroutine).result()


@pytest.fixture
def _restored(monkeypatch):
    """Streamlit as other tests have it."""
    for module, names in ((streamlit.config, ("get_config_files", "_config_options")),
                          (net_util, ("get_external_ip", "get_internal_ip"))):  # fmt: skip
        for name in names:
            monkeypatch.setattr(module, name, getattr(module, name))


@pytest.mark.usefixtures("_restored")
def test_streamlit_reads_our_look_and_no_other_file_or_variable(tmp_path, monkeypatch):
    hostile(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(secrets_singleton, "_secrets", None)
    for name, value in EVIL_ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    pinned = server_config(port=PORT)
    settings.apply(pinned)
    for name, value in pinned.items():
        assert streamlit.config.get_option(name) == value, name
    assert streamlit.config.get_option("server.sslCertFile") is None
    assert streamlit.config.get_option("server.cookieSecret") != "known"
    assert streamlit.config.get_option("theme.base") != "http://evil.example/theme.toml"
    assert streamlit.config.get_option("theme.light.primaryColor") == "#0b6e84"
    assert not secrets_singleton.load_if_toml_exists()
    assert "GIT_SSH_COMMAND" not in os.environ
    assert net_util.get_external_ip() is net_util.get_internal_ip() is None


def test_every_option_of_streamlit_is_pinned_or_harmless():
    """A door that a new Streamlit brings is seen here first."""
    options = streamlit.config._config_options_template
    left = {name for name in options if name not in server_config(port=PORT)}
    for section, harmless in HARMLESS.items():
        found = {name.partition(".")[2] for name in left if name.startswith(f"{section}.")}
        assert found <= harmless, section
    assert set(server_config(port=PORT)) <= set(options)


@pytest.mark.parametrize(
    ("address", "url", "is_local"),
    [("localhost", "localhost", True), ("LOCALHOST", "localhost", True), ("::1", "[::1]", True),
     ("[::1]", "[::1]", True), ("127.0.0.1", "127.0.0.1", True), ("127.0.0.2", "127.0.0.2", True),
     ("0.0.0.0", "localhost", False), ("::", "localhost", False), ("0", "localhost", False),
     ("::ffff:127.0.0.1", "[::ffff:127.0.0.1]", True)],
)  # fmt: skip
def test_an_address_has_the_url_that_works_and_is_local_or_not(address, url, is_local):
    port = free_port()
    place = place_to_listen(address, port)
    assert (place.url, place.is_local) == (f"http://{url}:{port}", is_local)


@pytest.mark.parametrize(
    "address",
    ["", " ", "999.1.1.1", "192.0.2.1", "http://localhost", "localhost:80",
     "[::1]:80", "::g", "2001:db8::1", "unix:///tmp/x", "x" * 300, "a..b"],
)  # fmt: skip
def test_an_address_that_is_not_this_machines_is_refused_in_a_sentence(address):
    with pytest.raises(AddressError, match=r"cannot listen at .*--address wants one of this"):
        place_to_listen(address, free_port())


def test_the_command_says_what_was_wrong_and_ends_with_2(tmp_path, capsys):
    root = str(make_workspace(tmp_path / "w", n=5, n_suspects=1, size=8).root)
    for option, value in (("--address", "999.1.1.1"), ("--allow-origin", "*")):
        assert cli.run(["open", "--workspace", root, option, value]) == cli.EXIT_WRONG_REQUEST
        (line,) = capsys.readouterr().err.splitlines()
        assert option in line and repr(value) in line


def test_a_port_that_another_has_on_the_other_localhost_is_in_use():
    with socket.socket(socket.AF_INET6) as taken:
        try:
            taken.bind(("::1", 0))
        except OSError:
            pytest.skip("this machine has no ::1")
        taken.listen()
        port = taken.getsockname()[1]
        for address, url in (("localhost", r"\[::1\]"), ("::1", r"\[::1\]"), ("::", "localhost")):
            with pytest.raises(PortInUseError, match=f"port {port} is in use.*open http://{url}:"):
                place_to_listen(address, port)
        assert place_to_listen("127.0.0.1", port).ip == "127.0.0.1"
