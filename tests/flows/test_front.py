"""The front of the server alone, around a small application: policies, the folder of editions, and patience with a busy database."""

from __future__ import annotations

import asyncio
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from flows import patience
from flows.patience import Patience
from flows.server import DOCUMENT_POLICY, UI_POLICY, Front


@pytest.fixture
def editions(tmp_path: Path) -> Path:
    """A folder with one edition, and a secret beside it that a link points at."""
    folder = tmp_path / "editions"
    (folder / "2026-11-22").mkdir(parents=True)
    (tmp_path / "secret.csv").write_text("partner,value\n", encoding="utf-8")
    (folder / "link.csv").symlink_to(tmp_path / "secret.csv")
    for name, text in {"a.html": "<!doctype html>", "a.pdf": "%PDF-2.0", "a.csv": "place,value\n", "a.json": "{}"}.items():
        (folder / "2026-11-22" / name).write_text(text, encoding="utf-8")
    return folder


def test_every_page_of_the_ui_has_its_policy(editions: Path) -> None:
    page = _ask(_front(editions), "GET", "/v2/dashboard")
    assert page.headers["content-security-policy"] == UI_POLICY
    assert "connect-src 'self'" in UI_POLICY
    assert not [word for word in UI_POLICY.replace(";", " ").split() if "//" in word or word == "*" or "." in word]
    assert "content-security-policy" not in _ask(_front(editions), "GET", "/api/thing").headers


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.html", "text/html; charset=utf-8"),
        ("a.pdf", "application/pdf"),
        ("a.csv", "text/csv; charset=utf-8"),
        ("a.json", "application/json"),
    ],
)
def test_editions_have_the_right_types(editions: Path, name: str, kind: str) -> None:
    answer = _ask(_front(editions), "GET", f"/editions/2026-11-22/{name}")
    assert (answer.status_code, answer.headers["content-type"], answer.headers["x-content-type-options"]) == (200, kind, "nosniff")
    assert answer.headers.get("content-security-policy", DOCUMENT_POLICY) == DOCUMENT_POLICY


@pytest.mark.parametrize(
    "path", ["/editions/", "/editions/2026-11-22", "/editions/link.csv", "/editions/%2e%2e/secret.csv", "/editions/none.pdf"]
)
def test_folders_links_and_what_lies_outside_are_not_served(editions: Path, path: str) -> None:
    assert _ask(_front(editions), "GET", path).status_code == 404


def test_editions_are_read_only(editions: Path) -> None:
    assert _ask(_front(editions), "DELETE", "/editions/2026-11-22/a.pdf").status_code == 405
    assert _ask(_front(editions), "PUT", "/editions/2026-11-22/a.pdf").status_code == 405


def test_a_home_without_editions_is_served(tmp_path: Path) -> None:
    assert _ask(_front(tmp_path / "editions"), "GET", "/v2/").status_code == 200


@pytest.mark.parametrize(("refusals", "status", "asked"), [(0, 201, 1), (2, 201, 3), (99, 503, 5)])
def test_a_busy_database_is_asked_again(monkeypatch: pytest.MonkeyPatch, refusals: int, status: int, asked: int) -> None:
    monkeypatch.setattr(patience, "PAUSES", (0, 0, 0, 0))
    bodies: list[bytes] = []

    async def press(request: Request) -> Response:
        bodies.append(await request.body())
        if len(bodies) <= refusals:
            raise RuntimeError("database is locked")
        return JSONResponse({}, 201)

    async def busy(_: Request, __: Exception) -> Response:
        return JSONResponse({}, 503)

    # As Prefect does it: the answer is sent, and then the error is raised all the same.
    inner = Starlette(routes=[Route("/api/press", press, methods=["POST"])], exception_handlers={Exception: busy})
    answer = _ask(Patience(inner), "POST", "/api/press", b'{"order": 1}')
    assert (answer.status_code, bodies) == (status, [b'{"order": 1}'] * asked)


def test_any_other_fault_is_told_at_once() -> None:
    bodies: list[bytes] = []

    async def press(request: Request) -> Response:
        bodies.append(await request.body())
        raise RuntimeError("a fault")

    answer = _ask(Patience(Starlette(routes=[Route("/api/press", press, methods=["POST"])])), "POST", "/api/press")
    assert (answer.status_code, len(bodies)) == (500, 1)


def _front(editions: Path) -> Front:
    async def page(_: Request) -> Response:
        return HTMLResponse("<!doctype html>")

    async def thing(_: Request) -> Response:
        return JSONResponse({})

    return Front(Starlette(routes=[Route("/api/thing", thing), Route("/{path:path}", page)]), editions)


def _ask(application: Front | Patience, method: str, path: str, body: bytes = b"") -> httpx.Response:
    async def asking() -> httpx.Response:
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(application, raise_app_exceptions=False), base_url="http://127.0.0.1"
        ) as client:
            return await client.request(method, path, content=body)

    return asyncio.run(asking())
