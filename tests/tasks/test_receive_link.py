"""A file behind an address that is itself a key: what services answer, and what they answer instead of a file."""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from expectations.partnership import Partnership
from tasks import Misuse
from tasks.fetch import SourceUnavailable, Transport, confidential, transport
from tasks.receive import Received, SecretMissing, receive
from tasks.receive.parcel import LARGEST
from tests.receiving import Reply, Web, channel
from tests.tasks.test_doctor import certificate, tls_server

KEY = "aMarkerThatNobodyMaySee42"
CSV = b"partner,period,metric,value\r\np03,2026-Q3,clients_served,231\r\n"
SHEET = f"https://docs.google.com/spreadsheets/d/{KEY}/edit?gid=7#gid=7"
EXPORT = f"docs.google.com/spreadsheets/d/{KEY}/export?format=csv&gid=7"
OWN = f"https://files.example.org/share/{KEY}.csv"
LOGIN = b"<!DOCTYPE html><html><head><title>Sign in - Google Accounts</title></head><body>Email or phone</body></html>"


@pytest.fixture
def web(environment: pytest.MonkeyPatch) -> Iterator[Web]:
    """Every host there is, played on the loopback."""
    server = Web()
    environment.setenv("OPENLIP_PUBLISHERS", server.url)
    environment.setenv("OPENLIP_SECRET_GATE_KEY", "a key of the tests")
    environment.setattr(transport, "SAMPLE_TIMEOUTS", (1, 1))
    yield server
    server.stop()


def look(partnership: Partnership, environment: pytest.MonkeyPatch, url: str = OWN) -> Received:
    environment.setenv("OPENLIP_SECRET_P03_SHEET", url)
    return receive(channel("link", secret="p03_sheet"), partnership, Transport())


def refusal(partnership: Partnership, environment: pytest.MonkeyPatch, url: str = OWN) -> str:
    """What is said of an address that gives no file. It never holds the key, and neither does any error behind it."""
    with pytest.raises((SourceUnavailable, Misuse)) as caught:
        look(partnership, environment, url)
    error = caught.value
    assert error.__cause__ is None
    assert error.__context__ is None
    assert KEY not in repr(error)
    return str(error)


def test_a_google_sheet_is_read_as_csv_of_its_sheet(web: Web, partnership: Partnership, environment: pytest.MonkeyPatch) -> None:
    """Google answers 307 to another host of its own; the address that a person copies is enough."""
    there = f"doc-0k-sheets.googleusercontent.com/export/{KEY}/file"
    web.answers[EXPORT] = (307, {"Location": f"https://{there}?id=1"}, b"<HTML>Temporary Redirect</HTML>")
    web.answers[there] = (200, {"Content-Type": "text/csv", "Content-Disposition": 'attachment; filename="Q3-Metrics.csv"'}, CSV)
    [parcel] = look(partnership, environment, SHEET).parcels
    assert (parcel.body, parcel.partner, parcel.channel, parcel.folder) == (CSV, "p03", "link", None)
    assert web.hosts() == ["docs.google.com", "doc-0k-sheets.googleusercontent.com"]


def test_a_nextcloud_share_is_downloaded(web: Web, partnership: Partnership, environment: pytest.MonkeyPatch) -> None:
    web.answers[f"cloud.example.org/index.php/s/{KEY}/download"] = (200, {"Content-Type": "application/octet-stream"}, CSV)
    assert [parcel.body for parcel in look(partnership, environment, f"https://cloud.example.org/index.php/s/{KEY}").parcels] == [CSV]


def test_a_sharepoint_link_needs_the_cookie_it_sets(web: Web, partnership: Partnership, environment: pytest.MonkeyPatch) -> None:
    """The first answer sets the guest's cookie and sends on to the download; the cookie is gone with the next partner's link."""
    share, file = f"office.sharepoint.com/:x:/s/partners/{KEY}?e=Xy1&download=1", "office.sharepoint.com/_layouts/15/download.aspx"

    def download(handler: BaseHTTPRequestHandler) -> None:
        body = CSV if "FedAuth=guest" in handler.headers.get("Cookie", "") else b""
        handler.send_response(200 if body else 403)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    web.answers[share] = (302, {"Location": "/_layouts/15/download.aspx?UniqueId=1", "Set-Cookie": "FedAuth=guest; path=/"}, b"")
    web.answers[file] = download
    url = f"https://office.sharepoint.com/:x:/s/partners/{KEY}?e=Xy1"
    assert [parcel.body for parcel in look(partnership, environment, url).parcels] == [CSV]
    assert "403" in refusal(partnership, environment, f"https://{file}")


def test_the_same_file_is_the_same_parcel_and_a_renewed_link_the_same_place(
    web: Web, partnership: Partnership, environment: pytest.MonkeyPatch
) -> None:
    web.answers |= {f"files.example.org/share/{KEY}.csv": (200, {}, CSV), "files.example.org/renewed.csv": (200, {}, CSV)}
    first, second, renewed = (look(partnership, environment, url) for url in (OWN, OWN, "https://files.example.org/renewed.csv"))
    assert first == second == renewed


@pytest.mark.parametrize(
    ("reply", "told"),
    [
        ((200, {"Content-Type": "text/html; charset=utf-8"}, LOGIN), "asks us to sign in"),
        ((200, {}, b"\xef\xbb\xbf\n" + LOGIN), "asks us to sign in"),
        ((200, {"Content-Type": "text/html"}, b"<p>You need access</p><p>Request access</p>"), "asks us to sign in"),
        ((302, {"Location": "https://accounts.google.com/v3/signin/identifier?continue=x"}, b""), "asks us to sign in"),
        ((302, {"Location": "https://login.microsoftonline.com/common/oauth2/authorize"}, b""), "asks us to sign in"),
        ((302, {"Location": "/index.php/login?redirect_url=x"}, b""), "asks us to sign in"),
        ((200, {"Content-Type": "text/html"}, b"<html><body>Preview of your file</body></html>"), "web page, not with a file"),
        ((401, {}, b""), r"does not let us in \(401\)"),
        ((403, {}, b"Jane Marker may not read this"), r"does not let us in \(403\)"),
        ((404, {}, b""), r"has nothing there \(404\)"),
        ((410, {}, b""), r"has nothing there \(410\)"),
        ((204, {}, b""), "answered 204"),
        ((500, {}, b"Jane Marker"), "answered 500, 4 times"),
        ((503, {"Retry-After": "3600"}, b""), "answered 503, 1 time"),
    ],
)
def test_what_is_no_file_is_told_as_what_it_is(
    web: Web, partnership: Partnership, environment: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, reply: Reply, told: str
) -> None:
    """The host is named; the key, and the server's own words, are not."""
    caplog.set_level(0)
    caplog.set_level(0, logger="urllib3.connectionpool")
    web.answers[f"files.example.org/share/{KEY}.csv"] = reply
    said = refusal(partnership, environment)
    assert "https://files.example.org" in said
    assert re.search(told, said)
    assert "Marker" not in said + caplog.text


@pytest.mark.parametrize(
    "to",
    [
        "file:///etc/passwd",
        "ftp://files.example.org/x",
        "http://files.example.org/x.csv",
        "http://127.0.0.1:4200/api",
        "https://user:word@files.example.org/x",
        "https://127.0.0.1/x",
        "https://[::1]/x",
        "https://10.1.2.3/x",
        "https://169.254.169.254/latest/meta-data/",
        "https://localhost/x",
        "https://printer/x",
        "https://nas.local/x",
        "https://2130706433/x",
        "https://[::1",
    ],
)
def test_no_redirect_leads_into_this_machine_or_network(
    web: Web, partnership: Partnership, environment: pytest.MonkeyPatch, to: str
) -> None:
    web.answers[f"files.example.org/share/{KEY}.csv"] = (302, {"Location": to}, b"")
    said = refusal(partnership, environment)
    assert "sends us on to" in said
    assert len(web.asked) == 1


def test_a_name_that_stands_for_this_machine_is_this_machine(environment: pytest.MonkeyPatch) -> None:
    """Outside of the tests the name is looked up before we follow."""
    environment.setattr(socket, "getaddrinfo", lambda *_, **__: [(2, 1, 6, "", ("127.0.0.1", 443))])
    assert confidential.is_inside("innocent.example.org")


def test_a_server_that_sends_us_on_for_ever_is_left(web: Web, partnership: Partnership, environment: pytest.MonkeyPatch) -> None:
    web.answers[f"files.example.org/share/{KEY}.csv"] = (302, {"Location": f"/share/{KEY}.csv"}, b"")
    assert "on and on" in refusal(partnership, environment)
    assert len(web.asked) == 6


def test_a_body_of_50_mb_is_left_without_being_read_to_its_end(web: Web, partnership: Partnership, environment: pytest.MonkeyPatch) -> None:
    """Announced or not; a redirect's own body is not read either."""
    sent = 0

    def endless(handler: BaseHTTPRequestHandler) -> None:
        nonlocal sent
        handler.send_response(200)
        handler.end_headers()
        try:
            for _ in range(50):
                handler.wfile.write(b"x" * (1 << 20))
                sent += 1
        except OSError:
            handler.close_connection = True

    for reply in (endless, (200, {"Content-Length": str(50 << 20)}, b"")):
        web.answers[f"files.example.org/share/{KEY}.csv"] = reply
        received = look(partnership, environment)
        assert [left.cause for left in received.left] == ["too_large"]
        assert received.parcels == ()
    assert sent < 45
    assert LARGEST == 20 << 20


def test_a_server_that_keeps_silent_costs_its_time_and_no_more(web: Web, partnership: Partnership, environment: pytest.MonkeyPatch) -> None:
    def hang(handler: BaseHTTPRequestHandler) -> None:
        time.sleep(3)
        handler.close_connection = True

    web.answers[f"files.example.org/share/{KEY}.csv"] = hang
    assert "gave no answer in time (ReadTimeout), 2 times" in refusal(partnership, environment)


def test_a_server_that_is_not_there(partnership: Partnership, web: Web, environment: pytest.MonkeyPatch) -> None:
    environment.setenv("OPENLIP_PUBLISHERS", "http://127.0.0.1:9")
    assert "https://files.example.org could not be reached (ConnectionError)" in refusal(partnership, environment)


def test_malformed_headers_do_not_put_the_address_into_the_log(
    web: Web, partnership: Partnership, environment: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """urllib3 would warn of them and name the address."""

    def malformed(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nno colon here\r\nContent-Length: 3\r\n\r\nabc")
        handler.close_connection = True

    caplog.set_level(0)
    web.answers[f"files.example.org/share/{KEY}.csv"] = malformed
    look(partnership, environment)
    assert KEY not in caplog.text


@pytest.mark.parametrize(
    "kept",
    [
        f"http://files.example.org/{KEY}",
        f"file:///{KEY}",
        f"/{KEY}",
        f"https:///{KEY}",
        f"https://[{KEY}",
        f"https://files.example.org/{KEY} é",
        f"https://127.0.0.1:4200/{KEY}",
        f"https://localhost/{KEY}",
        f"https://169.254.169.254/{KEY}",
    ],
)
def test_a_secret_that_is_no_address_is_told_without_it(
    web: Web, partnership: Partnership, environment: pytest.MonkeyPatch, kept: str
) -> None:
    said = refusal(partnership, environment, kept)
    assert "secret" in said
    assert web.asked == []


def test_a_secret_that_is_not_set_is_told_by_its_name(web: Web, partnership: Partnership) -> None:
    with pytest.raises(SecretMissing, match="openlip-p03-sheet"):
        receive(channel("link", secret="p03_sheet"), partnership, Transport())


def test_over_tls_the_certificate_is_checked(web: Web, partnership: Partnership, environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A server that cannot show who it is gets no address of ours."""
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s" % (len(CSV), CSV)
    pem = certificate(tmp_path)
    with tls_server(pem, answer=answer) as url:
        environment.setenv("OPENLIP_PUBLISHERS", url)
        assert "could not be asked safely" in refusal(partnership, environment)
        environment.setenv("OPENLIP_CA_BUNDLE", str(pem))
        assert [parcel.body for parcel in look(partnership, environment).parcels] == [CSV]


def test_a_netrc_of_this_machine_gives_no_login(
    web: Web, partnership: Partnership, environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "netrc").write_text("default login staff password word\n")
    environment.setenv("NETRC", str(tmp_path / "netrc"))
    web.answers[f"files.example.org/share/{KEY}.csv"] = (200, {}, CSV)
    assert len(look(partnership, environment).parcels) == 1
    assert "authorization" not in web.asked[0].headers
