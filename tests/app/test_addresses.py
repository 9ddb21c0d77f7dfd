"""Addresses: views, commands' names, what is neither; and what the page's head has."""

from __future__ import annotations

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import HTMLResponse, JSONResponse
from starlette.routing import Route

from ide.app.addresses import COMMANDS, Addresses, moved_to
from ide.app.navigate import VIEWS
from ide.app.page_head import PageHead
from tests.app.asgi import Ask, ask
from tests.app.test_views import NAME, is_calm, open_view, sentences  # noqa: F401 – a fixture

PAGE = {"accept": "text/html,*/*"}


@pytest.mark.parametrize("view", sorted(VIEWS.keys() - {"home"}))
def test_a_views_address_is_left_as_it_is(view):
    assert moved_to(f"/{view}", "dataset=digits") is None


@pytest.mark.parametrize(
    "path", ["/", "/favicon.png", "/static/x.js", "/_stcore/health", "/payload/a/b"]
)
def test_what_is_no_page_is_left_as_it_is(path):
    assert moved_to(path, "") is None


def test_a_commands_name_opens_the_view_that_does_it_with_what_its_parameters_name():
    assert moved_to("/diff", "dataset=d&a=main&b=fixes") == "/changes?dataset=d&a=main&b=fixes"
    assert moved_to("/drill", "dataset=d") == "/evals?dataset=d&part=drill"
    assert moved_to("/conflicts", "") == "/review?queue=conflicts"
    assert moved_to("/home", "dataset=d") == "/?dataset=d"
    assert {view for view, _ in COMMANDS.values()} <= VIEWS.keys()


def test_an_unknown_address_is_one_sentence_on_home(compiled_digits, open_view):  # noqa: F811
    assert moved_to("/<b>nonsense", "dataset=d") == "/?dataset=d&no_view=%3Cb%3Enonsense"
    home = open_view(compiled_digits, "home", dataset=NAME, no_view="<b>nonsense")
    assert is_calm(home)
    (warning,) = [w.value.replace("\\", "") for w in home.warning]
    assert warning.startswith("There is no view at /<b>nonsense: this is Home. Views: /review")


@pytest.fixture(scope="module")
def site():
    async def page(_request):
        return HTMLResponse("<html><head><title>x</title></head></html>", headers={"ETag": "1"})

    async def data(_request):
        return JSONResponse({"head": "<head>"})

    routes = [Route("/review", page), Route("/data.json", data)]
    return Starlette(routes=routes, middleware=[Middleware(Addresses), Middleware(PageHead)])


def test_a_page_says_in_its_head_where_its_server_is_and_nothing_else_is_touched(site):
    page, data, moved = ask(
        site, Ask("GET", "/review", PAGE), Ask("GET", "/data.json", PAGE), Ask("GET", "/diff", PAGE)
    )
    assert page.content.startswith(b"<html><head><script>")
    assert b"BACKEND_BASE_URL" in page.content
    assert int(page.headers["content-length"]) == len(page.content)
    assert "etag" not in page.headers  # it was of the file
    assert data.json() == {"head": "<head>"}
    assert (moved.status_code, moved.headers["location"]) == (307, "/changes")


def test_drill_stands_first_where_its_address_was_asked_for(compiled_digits, open_view):  # noqa: F811
    usual, asked = (
        [c.value for c in open_view(compiled_digits, "evals", dataset=NAME, **more).caption]
        for more in ({}, {"part": "drill"})
    )
    where = [next(i for i, c in enumerate(cs) if "**Drill**" in c) for cs in (usual, asked)]
    assert where[0] > where[1]
    assert sum("**Drill**" in c for c in asked) == 1


UNKNOWN = {
    "example": {"example": "no-such-example"},
    "changes": {"a": "no-such-revision"},
    "reviews": {"a": "no-such-revision"},
    "evals": {"given": "no-such-class", "predicted": "3", "build": "no-such-build"},
    "review": {"queue": "no-such-queue"},
    "browse": {"label": "no-such-class"},
    "problems": {"check": "no-such-check"},
}


@pytest.mark.parametrize("view", sorted(UNKNOWN))
def test_an_unknown_thing_in_an_address_is_said_in_a_sentence(view, compiled_digits, open_view):  # noqa: F811
    app = open_view(compiled_digits, view, dataset=NAME, **UNKNOWN[view])
    assert is_calm(app)
    said = sentences(app)
    assert any(value in said for value in UNKNOWN[view].values())
