"""The doctor: which publisher answers, over which TLS, and how old each table is; in seconds, also when nobody answers."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from importlib import import_module
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from demo.publishers import Publishers
from expectations import read
from expectations.partnership import Partnership
from tasks.doctor import Look, doctor
from tasks.fetch import NotData, SourceUnavailable, Transport, hosts, transport
from tasks.fetch.probe import probe
from tests import world

RESIDENTS = read("ircc_pr_cma")
WWW150 = "www150.statcan.gc.ca"
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"


def certificate(folder: Path, *, days: int = 90) -> Path:
    """A self-made certificate of 127.0.0.1 with its key, in one PEM file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "loopback")])
    now = datetime.now(UTC)
    built = (
        x509.CertificateBuilder(issuer_name=name, subject_name=name, public_key=key.public_key(), serial_number=x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=days, hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "loopback.pem"
    plain = serialization.NoEncryption()
    secret = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    path.write_bytes(secret + built.public_bytes(serialization.Encoding.PEM))
    return path


@contextmanager
def tls_server(pem: Path, *, alpn: tuple[str, ...] = ("http/1.1",), hangs_at: bytes = b"", answer: bytes = ANSWER) -> Iterator[str]:
    """A real TLS server on the loopback that answers everything; it keeps silent at a hello that offers `hangs_at` and no h2."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    context.set_alpn_protocols(list(alpn))
    listener = socket.create_server(("127.0.0.1", 0))
    open_ones: list[socket.socket] = []

    def serve(connection: socket.socket) -> None:
        try:
            hello = connection.recv(4096, socket.MSG_PEEK)
            if hangs_at and hangs_at in hello and b"\x02h2" not in hello:
                return
            with context.wrap_socket(connection, server_side=True) as secure:
                secure.recv(4096)
                secure.sendall(answer)
        except OSError:
            pass  # the client has gone

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            open_ones.append(connection)
            threading.Thread(target=serve, args=(connection,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield f"https://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        listener.close()
        for connection in open_ones:
            connection.close()


def look(looks: list[Look], what: str) -> Look:
    (found,) = [one for one in looks if one.what == what]
    return found


# Hosts


def test_the_hosts_are_those_of_the_contracts(partnership: Partnership) -> None:
    """None is written down in the doctor: a contract's source says where it is asked."""
    assert {host for contract in partnership.contracts() for host in hosts(contract)} >= {
        WWW150,
        "api.statcan.gc.ca",
        "open.canada.ca",
        "data.ontario.ca",
        "www03.cmhc-schl.gc.ca",
    }
    assert hosts(read("offices")) == hosts(read("partner_metrics")) == set()
    assert hosts(RESIDENTS) == {"open.canada.ca"}


def test_publishers_on_the_loopback_answer_over_plain_http(publishers: Publishers, partnership: Partnership) -> None:
    world.refresh(partnership, "place_labels", RESIDENTS.name)
    looks = doctor(partnership)
    answered = {one.what: one for one in looks if one.what.startswith("host ")}
    assert set(answered) >= {f"host {host}" for host in (WWW150, "open.canada.ca", "www.ircc.canada.ca", "api.statcan.gc.ca")}
    assert all(one.ok for one in answered.values())
    assert "over plain http, without TLS" in answered[f"host {WWW150}"].detail
    assert answered["host www.ircc.canada.ca"].detail.endswith("Tables: 1."), "known by the bytes that came from there"
    assert look(looks, "settings").detail == f"OPENLIP_PUBLISHERS={publishers.url}"


def test_the_doctor_tells_tls_version_protocols_and_certificate(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pem = certificate(tmp_path)
    environment.setenv("OPENLIP_CA_BUNDLE", str(pem))
    with tls_server(pem) as url:
        environment.setenv("OPENLIP_PUBLISHERS", url)
        (found,) = probe([WWW150])
    assert (found.status, found.offered, found.is_plain) == (200, ("http/1.1",), False)
    assert found.handshake is not None
    assert found.handshake.version == "TLSv1.3"
    assert found.handshake.chosen == "http/1.1"
    assert found.handshake.valid_until is not None
    assert (found.handshake.valid_until - datetime.now(UTC)).days == 90


def test_the_words_about_tls(environment: pytest.MonkeyPatch, partnership: Partnership, tmp_path: Path) -> None:
    pem = certificate(tmp_path, days=3)
    environment.setenv("OPENLIP_CA_BUNDLE", str(pem))
    environment.setenv("OPENLIP_TLS_ALPN", "none")
    with tls_server(pem) as url:
        environment.setenv("OPENLIP_PUBLISHERS", url)
        looks = doctor(partnership)
    told = look(looks, f"host {WWW150}")
    assert not told.ok, "a certificate that ends in three days is worth a look"
    assert " ms; TLSv1.3, ALPN offered none, chosen none; certificate valid until " in told.detail
    assert "(3 days)." in told.detail
    assert look(looks, "settings").detail == f"OPENLIP_PUBLISHERS={url}; OPENLIP_TLS_ALPN=none; OPENLIP_CA_BUNDLE={pem}"


def test_a_server_that_chooses_http2_is_told(environment: pytest.MonkeyPatch, partnership: Partnership, tmp_path: Path) -> None:
    pem = certificate(tmp_path)
    environment.setenv("OPENLIP_CA_BUNDLE", str(pem))
    environment.setenv("OPENLIP_TLS_ALPN", "h2,http/1.1")
    with tls_server(pem, alpn=("h2", "http/1.1")) as url:
        environment.setenv("OPENLIP_PUBLISHERS", url)
        told = look(doctor(partnership), f"host {WWW150}")
    assert not told.ok
    assert "It chose HTTP/2, which we do not speak: set OPENLIP_TLS_ALPN=none." in told.detail


def test_a_network_that_hangs_at_http1_alone_is_seen_through(
    environment: pytest.MonkeyPatch, partnership: Partnership, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S28: the doctor tries the other offers itself and names the setting that helps; with it the transport works."""
    pem = certificate(tmp_path)
    environment.setenv("OPENLIP_CA_BUNDLE", str(pem))
    monkeypatch.setattr("tasks.fetch.probe.SECONDS", 2.0)
    monkeypatch.setattr(transport, "SAMPLE_TIMEOUTS", (0.5, 0.5))
    with tls_server(pem, hangs_at=b"\x08http/1.1") as url:
        environment.setenv("OPENLIP_PUBLISHERS", url)
        told = look(doctor(partnership), f"host {WWW150}")
        with pytest.raises(SourceUnavailable, match="gave no answer in time"):
            Transport().download(f"https://{WWW150}/x", tmp_path / "snapshots")
        environment.setenv("OPENLIP_TLS_ALPN", "none")
        assert Transport().download(f"https://{WWW150}/x", tmp_path / "snapshots") is not None
    assert not told.ok
    assert "gave no answer in time (" in told.detail
    assert "; with OPENLIP_TLS_ALPN=none it answers: set that. Tables:" in told.detail


def test_a_certificate_that_nobody_vouches_for(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """It is told by its reason, tried once, and never let through."""
    with tls_server(certificate(tmp_path)) as url:
        environment.setenv("OPENLIP_PUBLISHERS", url)
        (found,) = probe([WWW150])
        with pytest.raises(SourceUnavailable, match=r"could not be asked safely \(self-signed certificate\).*, 1 time\."):
            Transport().json(f"https://{WWW150}/x")
    assert found.status == 0
    assert "could not be asked safely (self-signed certificate)" in found.said


def test_nobody_leads_us_from_tls_to_plain_http(publishers: Publishers, environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A redirect to http:// may come from anybody on the way: what is there is not kept."""
    pem = certificate(tmp_path)
    environment.setenv("OPENLIP_CA_BUNDLE", str(pem))
    plain = f"{publishers.url}/www.ircc.canada.ca/opendata-donneesouvertes/data/ODP-PR-PT_CMA.csv"
    led = f"HTTP/1.1 302 Found\r\nLocation: {plain}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode()
    with tls_server(pem, answer=led) as url:
        environment.setenv("OPENLIP_PUBLISHERS", url)
        with pytest.raises(NotData, match=r"sends us on to http://127\.0\.0\.1.* which is not safe"):
            Transport().download("https://www.ircc.canada.ca/x.csv", tmp_path / "snapshots")


def test_a_bundle_that_is_not_there_is_one_message(environment: pytest.MonkeyPatch, partnership: Partnership) -> None:
    environment.setenv("OPENLIP_CA_BUNDLE", "/nowhere.pem")
    told = look(doctor(partnership), f"host {WWW150}")
    assert not told.ok
    assert told.detail.startswith("OPENLIP_CA_BUNDLE: /nowhere.pem cannot be read as certificates")


def test_hosts_that_hang_cost_seconds_in_all(publishers: Publishers, partnership: Partnership, monkeypatch: pytest.MonkeyPatch) -> None:
    """All are asked at once: none has its answer before each is asked."""
    monkeypatch.setattr("tasks.fetch.probe.SECONDS", 1.0)
    hosts = {one.what for one in doctor(partnership) if one.what.startswith("host ")}
    together, ask = threading.Barrier(len(hosts)), import_module("tasks.fetch.probe")._ask

    def asked(*arguments: Any) -> Any:
        together.wait(60)
        return ask(*arguments)

    monkeypatch.setattr("tasks.fetch.probe._ask", asked)
    for host in (WWW150, "open.canada.ca", "api.statcan.gc.ca", "data.ontario.ca", "www03.cmhc-schl.gc.ca"):
        publishers.always(host, "hang")
    looks = [one for one in doctor(partnership) if one.what.startswith("host ")]
    assert not together.broken
    assert {one.ok for one in looks} == {False}
    assert all("gave no answer in time (ReadTimeout)" in one.detail for one in looks)


def test_nobody_there(environment: pytest.MonkeyPatch, partnership: Partnership) -> None:
    environment.setenv("OPENLIP_PUBLISHERS", "http://127.0.0.1:9")
    told = look(doctor(partnership), f"host {WWW150}")
    assert not told.ok
    assert "could not be reached (ConnectionError). Is the network there" in told.detail


# Tables


def test_the_age_of_a_table_is_that_of_its_release(
    publishers: Publishers, partnership: Partnership, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Release in force, its publisher's time, the last look, what is due, and whether it is late."""
    world.refresh(partnership, "place_labels", RESIDENTS.name)
    world.later(monkeypatch, "2026-11-24T17:00:00")
    told = look(doctor(partnership, network=False), f"table {RESIDENTS.name}")
    assert told == Look(
        f"table {RESIDENTS.name}",
        True,
        "due monthly; release 1 in force, published 2026-11-13T14:05:00Z, 11 days ago, not late; "
        "last look 2026-11-22T17:00:00Z, 2 days ago",
    )
    world.later(monkeypatch, "2026-12-29T17:00:00")
    late = look(doctor(partnership, network=False), f"table {RESIDENTS.name}")
    assert "published 2026-11-13T14:05:00Z, 46 days ago, LATE" in late.detail


def test_a_table_whose_publisher_is_down_says_since_when(
    publishers: Publishers, partnership: Partnership, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.refresh(partnership, "place_labels", RESIDENTS.name)
    publishers.always("package_show", "html503")
    for day in (23, 24):
        world.later(monkeypatch, f"2026-11-{day}T17:00:00")
        world.refresh(partnership, RESIDENTS.name)
    told = look(doctor(partnership, network=False), f"table {RESIDENTS.name}")
    assert not told.ok
    assert "unreachable since 2026-11-23T17:00:00Z, last well 2026-11-22T17:00:00Z, 2 days ago" in told.detail


def test_a_table_that_was_never_fetched(partnership: Partnership) -> None:
    looks = doctor(partnership, network=False)
    assert look(looks, "warehouse").detail.endswith("is empty. Run: openlip build")
    world.refresh(partnership, "place_labels")
    told = look(doctor(partnership, network=False), f"table {RESIDENTS.name}")
    assert (told.ok, told.detail) == (False, "never fetched. Run: openlip refresh")


def test_an_inbox_that_nobody_has_put_anything_into_is_well(partnership: Partnership) -> None:
    world.refresh(partnership, "place_labels")
    told = look(doctor(partnership, network=False), "table partner_metrics")
    assert (told.ok, told.detail) == (True, "no file has come into inbox/partner_metrics yet")
