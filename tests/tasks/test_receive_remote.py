"""Files of an SFTP server and of an S3 bucket, both real ones on the loopback: only read, only when still, only if we know the server."""

from __future__ import annotations

import io
import json
import logging
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import paramiko
import pytest
import s3fs
from moto.server import ThreadedMotoServer

from expectations.partnership import Partnership
from tasks import Misuse, Problem
from tasks.fetch import SourceUnavailable, Transport
from tasks.receive import Received, receive
from tests.receiving import Sftp, appending, channel, old

WORD = "aWordThatNobodyMaySee42"
GOOD = b"partner,period,metric,value\np03,2026-Q3,clients_served,231\n"


@pytest.fixture
def secrets(environment: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    environment.setenv("OPENLIP_SECRET_GATE_KEY", "a key of the tests")
    return environment


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """What the SFTP server shows; files go into `upload`."""
    found = tmp_path / "sftp"
    (found / "upload").mkdir(parents=True)
    return found


@pytest.fixture
def sftp(root: Path) -> Iterator[Sftp]:
    server = Sftp(root, WORD)
    yield server
    server.stop()


def put(folder: Path, name: str, body: bytes = GOOD) -> Path:
    (folder / name).write_bytes(body)
    return old(folder / name)


def login(secrets: pytest.MonkeyPatch, **kept: str) -> None:
    secrets.setenv("OPENLIP_SECRET_STORE", json.dumps(kept))


def look(partnership: Partnership, url: str) -> Received:
    return receive(channel("remote", url=url, secret="store"), partnership, Transport())


def at(server: Sftp, pattern: str = "/upload/*.csv") -> str:
    return f"sftp://127.0.0.1:{server.port}{pattern}"


def refusal(partnership: Partnership, url: str, kind: type[Problem] = SourceUnavailable) -> str:
    with pytest.raises(kind) as caught:
        look(partnership, url)
    assert caught.value.__context__ is None
    assert WORD not in repr(caught.value)
    return str(caught.value)


def bodies(received: Received) -> list[bytes]:
    return sorted(parcel.body for parcel in received.parcels)


def causes(received: Received) -> list[str]:
    return [left.cause for left in received.left]


# SFTP


def test_files_of_an_sftp_server_are_read_and_stay(partnership: Partnership, secrets: pytest.MonkeyPatch, sftp: Sftp, root: Path) -> None:
    """Those the pattern names, twice the same; not what lies in folders inside, behind links, or beside."""
    login(secrets, username="p03", password=WORD, known_hosts=sftp.known_hosts)
    old(put(root / "upload", "a.csv"), -86_400)  # by another machine's clock
    put(root / "upload", "b.csv", b"")
    for other in ("c.xlsx", ".d.csv", "~$a.csv.tmp"):
        put(root / "upload", other)
    (root / "upload" / "link.csv").symlink_to(root / "upload" / "a.csv")
    os.mkfifo(root / "upload" / "pipe.csv")
    (root / "upload" / "answers.csv").mkdir()
    first, second = look(partnership, at(sftp)), look(partnership, at(sftp))
    assert bodies(first) == [b"", GOOD]
    assert (first.parcels, first.left) == (second.parcels, ())
    assert {(parcel.partner, parcel.channel, parcel.folder) for parcel in first.parcels} == {("p03", "remote", None)}
    assert len({parcel.place for parcel in first.parcels}) == 2
    assert sftp.tried == []


def test_the_secret_may_be_a_user_with_a_password_or_a_key(
    partnership: Partnership, secrets: pytest.MonkeyPatch, sftp: Sftp, root: Path, tmp_path: Path
) -> None:
    """The known key of the server may stand in a file that the environment names."""
    put(root / "upload", "a.csv")
    (tmp_path / "known_hosts").write_text(f"# ours\n\nnonsense\n{sftp.known_hosts}\n")
    secrets.setenv("OPENLIP_KNOWN_HOSTS", str(tmp_path / "known_hosts"))
    secrets.setenv("OPENLIP_SECRET_STORE", f"p03:{WORD}")
    assert bodies(look(partnership, at(sftp))) == [GOOD]
    text = io.StringIO()
    sftp.user_key.write_private_key(text)
    login(secrets, username="p03", private_key=text.getvalue())
    assert bodies(look(partnership, at(sftp))) == [GOOD]


def test_a_server_that_we_do_not_know_gets_no_word_of_ours(
    partnership: Partnership, secrets: pytest.MonkeyPatch, sftp: Sftp, root: Path, tmp_path: Path
) -> None:
    """Neither one without a known key, nor one that shows another key. Nobody's own known_hosts file counts."""
    put(root / "upload", "a.csv")
    (tmp_path / ".ssh").mkdir()
    (tmp_path / ".ssh" / "known_hosts").write_text(sftp.known_hosts)
    secrets.setenv("HOME", str(tmp_path))
    login(secrets, username="p03", password=WORD)
    assert "ssh-keyscan" in refusal(partnership, at(sftp), Misuse)
    assert sftp.transports == []
    for stranger in (paramiko.ECDSAKey.generate(), paramiko.RSAKey.generate(2048)):
        known = f"[127.0.0.1]:{sftp.port} {stranger.get_name()} {stranger.get_base64()}"
        login(secrets, username="p03", password=WORD, known_hosts=known)
        assert "another key" in refusal(partnership, at(sftp))
    assert not any(transport.is_authenticated() for transport in sftp.transports)


def test_a_wrong_password_or_folder_or_no_server_is_told(partnership: Partnership, secrets: pytest.MonkeyPatch, sftp: Sftp) -> None:
    login(secrets, username="p03", password=WORD + "no", known_hosts=sftp.known_hosts)
    assert "does not let us in" in refusal(partnership, at(sftp))
    login(secrets, username="p03", password=WORD, known_hosts=sftp.known_hosts)
    assert "no such folder" in refusal(partnership, at(sftp, "/uplaod/*.csv"))
    assert look(partnership, at(sftp)) == Received()
    sftp.stop()
    assert "could not be reached" in refusal(partnership, at(sftp))


def test_what_is_being_written_there_is_left(partnership: Partnership, secrets: pytest.MonkeyPatch, sftp: Sftp, root: Path) -> None:
    login(secrets, username="p03", password=WORD, known_hosts=sftp.known_hosts)
    growing = put(root / "upload", "growing.csv")
    put(root / "upload", "still.csv")
    young = put(root / "upload", "young.csv")
    os.utime(young)
    put(root / "upload", "open.csv")
    put(root / "upload", "~$open.csv")
    with (root / "upload" / "huge.csv").open("wb") as file:
        file.truncate(50 << 30)
    old(root / "upload" / "huge.csv")
    with appending(growing):
        received = look(partnership, at(sftp, "/upload/*"))
    assert bodies(received) == [GOOD]
    assert sorted(causes(received)) == ["being_written", "being_written", "open", "too_large"]


def test_what_is_replaced_while_it_is_read_is_left(partnership: Partnership, secrets: pytest.MonkeyPatch, sftp: Sftp, root: Path) -> None:
    """The server's file changes as soon as somebody opens it."""
    login(secrets, username="p03", password=WORD, known_hosts=sftp.known_hosts)
    path = put(root / "upload", "a.csv")
    real = sftp.files.open

    def opened(self: Any, *arguments: Any) -> Any:
        path.write_bytes(GOOD + GOOD)
        return real(self, *arguments)

    secrets.setattr(sftp.files, "open", opened)
    assert causes(look(partnership, at(sftp))) == ["being_written"]


def test_200_files_of_an_sftp_server(partnership: Partnership, secrets: pytest.MonkeyPatch, sftp: Sftp, root: Path) -> None:
    login(secrets, username="p03", password=WORD, known_hosts=sftp.known_hosts)
    for number in range(200):
        put(root / "upload", f"{number}.csv", GOOD + str(number).encode())
    assert len({parcel.digest for parcel in look(partnership, at(sftp)).parcels}) == 200


# S3


@pytest.fixture(scope="module")
def _s3() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def bucket(_s3: str, secrets: pytest.MonkeyPatch) -> Iterator[s3fs.S3FileSystem]:
    """An empty bucket `reports`, and its login in the secret."""
    login(secrets, key="p03key", secret=WORD, endpoint_url=_s3, region="ca-central-1")
    system = s3fs.S3FileSystem(
        key="staff", secret="staff", endpoint_url=_s3, client_kwargs={"region_name": "ca-central-1"}, skip_instance_cache=True,
        use_listings_cache=False,
    )  # fmt: skip
    system.mkdir("reports")
    yield system
    system.rm("reports", recursive=True)


def test_objects_of_a_bucket_are_read_and_stay(partnership: Partnership, bucket: s3fs.S3FileSystem) -> None:
    bucket.pipe({"reports/p03/a.csv": GOOD, "reports/p03/b.csv": b"", "reports/p03/c.txt": GOOD, "reports/p03/deep/d.csv": GOOD})
    _aged()
    first = look(partnership, "s3://reports/p03/*.csv")
    assert bodies(first) == [b"", GOOD]
    assert first.parcels == look(partnership, "s3://reports/p03/*.csv").parcels
    assert sorted(bucket.find("reports")) == [f"reports/p03/{name}" for name in ("a.csv", "b.csv", "c.txt", "deep/d.csv")]


def test_an_object_that_is_young_huge_or_replaced_is_left(
    partnership: Partnership, bucket: s3fs.S3FileSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    bucket.pipe({"reports/old.csv": GOOD, "reports/huge.csv": b"x" * (21 << 20)})
    _aged()
    bucket.pipe("reports/young.csv", GOOD)
    received = look(partnership, "s3://reports/*.csv")
    assert (bodies(received), sorted(causes(received))) == ([GOOD], ["being_written", "too_large"])
    _aged()
    real = s3fs.S3FileSystem.open

    def opened(self: s3fs.S3FileSystem, path: str, *arguments: object, **named: object) -> object:
        bucket.pipe(path, GOOD.replace(b"231", b"999"))
        return real(self, path, *arguments, **named)

    monkeypatch.setattr(s3fs.S3FileSystem, "open", opened)
    assert set(causes(look(partnership, "s3://reports/*.csv"))) == {"being_written", "too_large"}


def test_no_bucket_and_no_server_are_told(partnership: Partnership, bucket: s3fs.S3FileSystem, secrets: pytest.MonkeyPatch) -> None:
    assert "no such bucket" in refusal(partnership, "s3://nothing/here/*.csv")
    login(secrets, key="p03key", secret=WORD, endpoint_url="http://s3.example.org")
    assert "begins with https://" in refusal(partnership, "s3://reports/*.csv", Misuse)
    login(secrets, key="p03key", secret=WORD, endpoint_url="http://127.0.0.1:9")
    assert "could not be reached" in refusal(partnership, "s3://reports/*.csv")


# Both


@pytest.mark.parametrize(
    "url",
    [
        "ftp://host/x",
        "file:///etc/passwd",
        "sftp://user:word@host/x",
        "sftp:///x",
        "memory://x/y",
        "/etc/passwd",
        "sftp://host:abc/x",
        "s3://[x",
    ],
)
def test_another_kind_of_address_is_told(partnership: Partnership, secrets: pytest.MonkeyPatch, url: str) -> None:
    login(secrets, username="p03", password=WORD)
    assert "sftp://SERVER" in refusal(partnership, url, Misuse)


@pytest.mark.parametrize("kept", [WORD, "{", '{"password": 3}', "{}"])
@pytest.mark.parametrize("scheme", ["sftp", "s3"])
def test_a_secret_that_is_no_login_is_told_without_it(
    partnership: Partnership, secrets: pytest.MonkeyPatch, kept: str, scheme: str
) -> None:
    secrets.setenv("OPENLIP_SECRET_STORE", kept)
    refusal(partnership, f"{scheme}://host/x", Misuse)


def test_a_source_without_a_secret_is_told(partnership: Partnership, secrets: pytest.MonkeyPatch) -> None:
    with pytest.raises(Misuse, match="names no secret"):
        receive(channel("remote", url="s3://reports/*.csv"), partnership, Transport())


@pytest.mark.parametrize(("scheme", "package"), [("sftp", "paramiko"), ("s3", "s3fs")])
def test_without_the_extra_it_is_told_how_to_get_it(
    partnership: Partnership, secrets: pytest.MonkeyPatch, scheme: str, package: str
) -> None:
    login(secrets, username="p03", password=WORD)
    secrets.delitem(sys.modules, f"tasks.receive.{scheme}", raising=False)
    secrets.setitem(sys.modules, package, None)
    assert f"--extra {scheme}" in refusal(partnership, f"{scheme}://host/x", Misuse)


def test_no_log_holds_a_word_or_the_name_of_a_file(
    partnership: Partnership,
    secrets: pytest.MonkeyPatch,
    sftp: Sftp,
    root: Path,
    bucket: s3fs.S3FileSystem,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Whatever somebody set the libraries to."""
    caplog.set_level(0)
    for name in ("paramiko.transport", "botocore.auth", "s3fs", "fsspec.sftp", "urllib3.connectionpool"):
        logging.getLogger(name).setLevel(logging.DEBUG)
    bucket.pipe("reports/Jane Marker.csv", GOOD)
    put(root / "upload", "Joan Marker.csv")
    _aged()
    caplog.clear()
    received = [look(partnership, "s3://reports/*.csv")]
    login(secrets, username="p03", password=WORD, known_hosts=sftp.known_hosts)
    received.append(look(partnership, at(sftp)))
    assert [bodies(one) for one in received] == [[GOOD], [GOOD]]
    lines = [line.getMessage() for line in caplog.records if not line.name.startswith(("tests.sftp", "werkzeug"))]
    assert not [line for line in lines if "Marker" in line or WORD in line or "231" in line]
    assert "Marker" not in repr(received)


def _aged() -> None:
    """Let the objects grow older than young ones are: a bucket's times cannot be set."""
    time.sleep(5.1)
