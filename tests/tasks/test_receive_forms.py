"""Forms of KoboToolbox and ODK Central: submissions become a file of the contract's columns, and nothing of the people who sent them."""

from __future__ import annotations

import base64
import csv
import io
import json
from collections.abc import Iterator
from typing import Any

import pytest

from expectations.partnership import Partnership
from tasks import Misuse
from tasks.fetch import SourceUnavailable, Transport, transport
from tasks.receive import Channel, Received, receive
from tests.receiving import Asked, Web, channel

MARKER = "MarkerOfAPerson"
TOKEN = "aTokenThatNobodyMaySee42"
ASSET = "aGAcvhamUDuDTtbkyeikbD"
KOBO = f"kf.kobotoolbox.org/api/v2/assets/{ASSET}/data.json"
ODK = "odk.example.org/v1/projects/7/forms/quarterly.svc/Submissions"


@pytest.fixture
def web(environment: pytest.MonkeyPatch) -> Iterator[Web]:
    """Every host there is, played on the loopback."""
    server = Web()
    environment.setenv("OPENLIP_PUBLISHERS", server.url)
    environment.setenv("OPENLIP_SECRET_GATE_KEY", "a key of the tests")
    environment.setenv("OPENLIP_SECRET_FORM", TOKEN)
    environment.setattr(transport, "SAMPLE_TIMEOUTS", (1, 1))
    yield server
    server.stop()


def kobo(**changes: str) -> Channel:
    return channel("kobo", **({"url": "https://kf.kobotoolbox.org", "form": ASSET, "secret": "form"} | changes))


def odk(**changes: str) -> Channel:
    return channel("odk", **({"url": "https://odk.example.org", "form": "7/quarterly", "secret": "form"} | changes))


def kobo_one(number: int, time: str = "2026-10-05T14:00:00", **answers: Any) -> dict[str, Any]:
    """A submission as KoboToolbox gives it, with everything that it adds; a marker stands wherever a person shows."""
    return {
        "_id": number, "formhub/uuid": MARKER, "start": MARKER, "end": MARKER, "today": "2026-10-05", "username": MARKER,
        "deviceid": f"collect:{MARKER}", "meta/instanceID": f"uuid:{MARKER}", "meta/deprecatedID": MARKER, "__version__": "v1",
        "_xform_id_string": ASSET, "_uuid": MARKER, "_attachments": [{"filename": MARKER}], "_status": "submitted_via_web",
        "_geolocation": [44.3, -78.3], "_submission_time": time, "_tags": [], "_notes": [{"note": MARKER}], "_validation_status": {},
        "_submitted_by": MARKER,
    } | answers  # fmt: skip


def odk_one(time: str = "2026-10-05T14:00:00.000Z", state: str | None = None, **answers: Any) -> dict[str, Any]:
    """A submission as ODK Central gives it."""
    system = {
        "submissionDate": time, "updatedAt": None, "submitterId": "23", "submitterName": MARKER, "attachmentsPresent": 0,
        "attachmentsExpected": 0, "status": None, "reviewState": state, "deviceId": MARKER, "edits": 0, "formVersion": "1",
    }  # fmt: skip
    meta = {"instanceID": f"uuid:{MARKER}", "instanceName": MARKER}
    return {"__id": f"uuid:{MARKER}", "start": MARKER, "username": MARKER, "meta": meta, "__system": system} | answers


def answer(web: Web, where: str, body: object) -> None:
    web.answers[where] = (200, {"Content-Type": "application/json"}, json.dumps(body).encode())


def kobo_gives(web: Web, *submissions: dict[str, Any]) -> None:
    answer(web, KOBO, {"count": len(submissions), "next": None, "previous": None, "results": submissions})


def odk_gives(web: Web, *submissions: dict[str, Any]) -> None:
    answer(web, ODK, {"@odata.context": "https://odk.example.org/$metadata", "@odata.count": len(submissions), "value": submissions})


def look(one: Channel, partnership: Partnership) -> Received:
    return receive(one, partnership, Transport())


def rows(received: Received, number: int = 0) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(received.parcels[number].body.decode())))


def tokens(asked: list[Asked]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for one in asked:
        found.setdefault(one.host, set()).add(one.headers.get("authorization", ""))
    return found


def test_submissions_become_a_file_of_the_contracts_columns(web: Web, partnership: Partnership) -> None:
    """A group's name is not part of a column's; the partner is the channel's; what the server adds is nowhere."""
    kobo_gives(
        web,
        kobo_one(1, **{"report/period": "2026-Q3", "report/metric": "clients_served", "report/value": "231"}),
        kobo_one(2, **{"report/period": "2026-Q3", "report/metric": "job_placements", "report/value": "13", "explanation": "one_time"}),
    )
    received = look(kobo(), partnership)
    assert rows(received) == [
        {"partner": "p03", "period": "2026-Q3", "metric": "clients_served", "value": "231", "explanation": ""},
        {"partner": "p03", "period": "2026-Q3", "metric": "job_placements", "value": "13", "explanation": "one_time"},
    ]
    assert MARKER.encode() not in received.parcels[0].body
    assert tokens(web.asked) == {"kf.kobotoolbox.org": {f"Token {TOKEN}"}}


def test_a_repeated_group_is_a_row_for_each_repetition(web: Web, partnership: Partnership) -> None:
    """KoboToolbox names the whole path inside; ODK Central nests."""
    repeated = [("clients_served", 231), ("job_placements", 13)]
    kobo_gives(
        web,
        kobo_one(1, period="2026-Q3", lines=[{"lines/metric": metric, "lines/value": str(value)} for metric, value in repeated]),
    )
    nested = [{"__id": MARKER, "__Submissions-id": MARKER, "metric": metric, "value": value} for metric, value in repeated]
    odk_gives(web, odk_one(report={"period": "2026-Q3"}, lines=nested, **{"lines@odata.navigationLink": MARKER}))
    expected = [{"partner": "p03", "period": "2026-Q3", "metric": metric, "value": str(value)} for metric, value in repeated]
    assert rows(look(kobo(), partnership)) == expected
    assert rows(found := look(odk(), partnership)) == expected
    assert MARKER.encode() not in found.parcels[0].body


def test_the_newest_submission_of_a_metric_counts(web: Web, partnership: Partnership) -> None:
    """Whatever the order in which they come; other metrics and periods of the older one stay."""

    def one(time: str, value: int, period: str = "2026-Q3", metric: str = "clients_served") -> dict[str, Any]:
        return odk_one(time, period=period, metric=metric, value=value)

    odk_gives(
        web,
        one("2026-10-07T09:00:00.000Z", 240),
        one("2026-10-05T09:00:00.000Z", 231),
        one("2026-10-05T09:00:00.000Z", 9, metric="job_placements"),
        one("2026-07-05T09:00:00.000Z", 200, period="2026-Q2"),
        one("2026-10-06T23:00:00.000-05:00", 235),
    )
    assert [(row["period"], row["metric"], row["value"]) for row in rows(look(odk(), partnership))] == [
        ("2026-Q2", "clients_served", "200"),
        ("2026-Q3", "job_placements", "9"),
        ("2026-Q3", "clients_served", "240"),
    ]


def test_one_submission_that_says_a_metric_twice_keeps_both(web: Web, partnership: Partnership) -> None:
    """Which is right is not ours to choose: the checks tell the partner."""
    lines = [{"lines/metric": "clients_served", "lines/value": value} for value in ("231", "23")]
    kobo_gives(web, kobo_one(1, period="2026-Q3", lines=lines))
    assert [row["value"] for row in rows(look(kobo(), partnership))] == ["231", "23"]


def test_a_form_of_all_partners_gives_a_file_for_each(web: Web, partnership: Partnership) -> None:
    """A partner that is no member goes on with an empty partner, so that the checks tell it."""
    said = [("p05", 43), ("p03", 231), ("p77", 6)]
    kobo_gives(web, *(kobo_one(n, partner=p, period="2026-Q3", metric="clients_served", value=str(v)) for n, (p, v) in enumerate(said)))
    received = look(kobo(partner="", contract="partner_metrics"), partnership)
    assert [(parcel.partner, parcel.contract) for parcel in received.parcels] == [
        ("", "partner_metrics"),
        ("p03", "partner_metrics"),
        ("p05", "partner_metrics"),
    ]
    assert [rows(received, n)[0]["value"] for n in range(3)] == ["6", "231", "43"]
    assert len({parcel.place for parcel in received.parcels}) == 3


def test_another_question_stays_so_that_the_gate_refuses_it(web: Web, partnership: Partnership) -> None:
    """Also a second question of a column's name, which would hide the first, and a place, which ODK gives as an object."""
    place = {"type": "Point", "coordinates": [-78.3, 44.3], "properties": {"accuracy": 5}}
    odk_gives(
        web,
        odk_one(period="2026-Q3", metric="clients_served", value=231, client_name=MARKER, again={"value": 7}, where=place, fine=True),
    )
    [row] = rows(look(odk(), partnership))
    assert list(row)[:4] == ["partner", "period", "metric", "value"]
    assert set(row) - {"partner", "period", "metric", "value"} == {
        "client_name", "again/value", "fine", "where/type", "where/coordinates", "where/properties/accuracy",
    }  # fmt: skip
    assert (row["value"], row["again/value"], row["fine"]) == ("231", "7", "true")


def test_what_the_office_rejected_is_left_and_told(web: Web, partnership: Partnership) -> None:
    answers = {"period": "2026-Q3", "metric": "clients_served"}
    odk_gives(web, odk_one(value=1, **answers), odk_one("2026-10-09T00:00:00Z", "rejected", value=2, **answers))
    no = {"_validation_status": {"uid": "validation_status_not_approved", "by_whom": MARKER}}
    kobo_gives(web, kobo_one(1, value="1", **answers), kobo_one(2, "2026-10-09T00:00:00", value="2", **answers, **no))
    for one in (odk(), kobo()):
        received = look(one, partnership)
        assert [row["value"] for row in rows(received)] == ["1"]
        assert [left.cause for left in received.left] == ["rejected"]
        assert MARKER not in repr(received)


def test_the_same_submissions_are_the_same_bytes_and_none_are_no_file(web: Web, partnership: Partnership) -> None:
    one, two = (kobo_one(n, f"2026-10-0{n}T00:00:00", period="2026-Q3", metric=f"metric{n}", value="1") for n in (1, 2))
    kobo_gives(web, one, two)
    first = look(kobo(), partnership).parcels[0].digest
    kobo_gives(web, two, one)
    assert look(kobo(), partnership).parcels[0].digest == first
    kobo_gives(web)
    assert look(kobo(), partnership) == Received()


# Pages


def test_pages_are_followed_on_the_same_server_only(web: Web, partnership: Partnership) -> None:
    """A `next` that names another host or plain http, as servers behind a proxy do: its query is asked where we began."""
    ones = [kobo_one(n, period="2026-Q3", metric=f"metric{n}", value=str(n)) for n in range(3)]
    for n, where in enumerate(("https://evil.example.org/x?limit=1&start=1", "http://kf.kobotoolbox.org/x?limit=1&start=2", None)):
        answer(web, f"{KOBO}?{'limit=1000' if not n else f'limit=1&start={n}'}", {"count": 3, "next": where, "results": [ones[n]]})
    assert len(rows(look(kobo(), partnership))) == 3
    assert set(tokens(web.asked)) == {"kf.kobotoolbox.org"}


def test_pages_that_go_round_or_lack_something_are_told(web: Web, partnership: Partnership) -> None:
    """Half of the submissions is not taken for all of them."""
    answer(web, KOBO, {"count": 5, "next": f"https://{KOBO}?start=1", "results": [kobo_one(1)]})
    with pytest.raises(SourceUnavailable, match="the same one again"):
        look(kobo(), partnership)
    answer(web, KOBO, {"count": 5, "next": None, "results": [kobo_one(1)]})
    with pytest.raises(SourceUnavailable, match="gave 1 of 5 submissions"):
        look(kobo(), partnership)


NO_TIME = b'{"results": [{"_submission_time": "now"}], "value": [{"__system": {"submissionDate": "now"}}]}'

NO_KEYS = b'{"results": [{}], "value": [{}]}'


@pytest.mark.parametrize(
    "body",
    [b"not json", b"[]", b"{}", b'{"results": 3, "value": 3}', b'{"results": [1], "value": [1]}', b"\xff\xfe", NO_TIME, NO_KEYS],
)
def test_an_answer_of_another_form_is_told(web: Web, partnership: Partnership, body: bytes) -> None:
    web.answers[KOBO] = web.answers[ODK] = (200, {}, body)
    for one in (kobo(), odk()):
        with pytest.raises(SourceUnavailable) as caught:
            look(one, partnership)
        assert TOKEN not in repr(caught.value)


# The token


@pytest.mark.parametrize("to", [f"https://evil.example.org/{KOBO}", "https://127.0.0.1/x", f"http://{KOBO}"])
def test_the_token_goes_to_no_other_server(web: Web, partnership: Partnership, to: str) -> None:
    web.answers[KOBO] = (302, {"Location": to}, b"")
    with pytest.raises(SourceUnavailable, match="sends us on to") as caught:
        look(kobo(), partnership)
    assert TOKEN not in repr(caught.value)
    assert tokens(web.asked) == {"kf.kobotoolbox.org": {f"Token {TOKEN}"}}


@pytest.mark.parametrize(
    ("kept", "header"),
    [
        ("a!Session$Token", "Bearer a!Session$Token"),
        ("office@p03.example:wörd:x", "Basic " + base64.b64encode("office@p03.example:wörd:x".encode()).decode()),
        ('{"email": "office@p03.example", "password": "word"}', "Basic " + base64.b64encode(b"office@p03.example:word").decode()),
    ],
)
def test_odk_takes_a_user_or_a_session(web: Web, partnership: Partnership, environment: pytest.MonkeyPatch, kept: str, header: str) -> None:
    environment.setenv("OPENLIP_SECRET_FORM", kept)
    odk_gives(web, odk_one(period="2026-Q3", metric="clients_served", value=1))
    look(odk(), partnership)
    assert tokens(web.asked) == {"odk.example.org": {header}}
    assert web.asked[0].path.endswith("Submissions?$expand=*&$count=true")


@pytest.mark.parametrize("kept", ["a token", "a\ttoken", "tokén", "line\nline", '{"user": "x"}'])
def test_a_token_that_is_none_is_told_without_it(web: Web, partnership: Partnership, environment: pytest.MonkeyPatch, kept: str) -> None:
    environment.setenv("OPENLIP_SECRET_FORM", kept)
    with pytest.raises(Misuse, match="secret") as caught:
        look(odk() if "{" in kept else kobo(), partnership)
    assert kept not in repr(caught.value)
    assert web.asked == []


@pytest.mark.parametrize(
    "one", [kobo(form="../../users"), kobo(url="http://kf.kobotoolbox.org"), odk(form="quarterly"), odk(url="http://odk.example.org")]
)
def test_a_source_that_is_written_wrongly_is_not_asked(web: Web, partnership: Partnership, one: Channel) -> None:
    with pytest.raises(Misuse):
        look(one, partnership)
    assert web.asked == []
