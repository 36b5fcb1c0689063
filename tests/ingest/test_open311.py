"""Open311 GeoReport v2 as other programs meet it: the specification's shapes, and nothing of anybody's in public."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from libs.common import models as m
from libs.common.models.enums import Role
from services.ingest.feedback import limits
from services.ingest.feedback.catalogue import catalogue
from services.ingest.feedback.open311_wire import Form, Rejected, read_form, read_report, read_search, render
from services.ingest.feedback.settings import FormSettings, Open311Settings
from services.ingest.settings import FeedbackSettings, IntakeSettings
from tests.ingest.citizens import API_KEY, CODE, FEEDBACK_KEY, OPEN311, Citizen, children, errors_of
from tests.ingest.conftest import DeskWith

NOW = datetime(2026, 11, 24, 5, tzinfo=UTC)
KEYS = SecretStr(json.dumps([{"name": "ung-dung", "key": API_KEY}]))


@pytest.fixture
async def citizen(desk_with: DeskWith) -> Citizen:
    options = {
        "feedback": FeedbackSettings(key=SecretStr(FEEDBACK_KEY)),
        "open311": Open311Settings(keys=KEYS, per_hour=60, burst=100),
        "intake": IntakeSettings(pending_seconds=10**6),  # no relay publishes here, and hours pass
    }
    return Citizen(await desk_with(**options))


# --- the round trip -------------------------------------------------------------------------------------------


@pytest.mark.mission("M10")
async def test_a_post_returns_an_id_get_shows_its_status_and_the_sender_can_reopen(citizen: Citizen) -> None:
    await citizen.desk.make.unit("Phường Hoàn Kiếm", "ward", code="00070")
    filed = await citizen.file("xml", description="Rác ba ngày. Gọi tôi: 0912345678.", email="lan@example.vn")
    assert (filed.status_code, filed.headers["content-type"]) == (201, "text/xml; charset=utf-8")
    number, code = children(filed.content)["service_request_id"], filed.headers[CODE]
    assert number is not None
    assert code in (children(filed.content)["service_notice"] or "")

    shown = children((await citizen.ask(f"requests/{number}.xml")).content)
    assert (shown["service_request_id"], shown["status"], shown["service_code"]) == (number, "open", "rac-thai")
    assert (shown["agency_responsible"], shown["address"]) == (None, None), "a ward"
    assert (shown["description"], shown["lat"], shown["media_url"]) == (None, None, None)
    anybody = await citizen.ask(f"requests/{number}.json")
    assert anybody.headers["access-control-allow-origin"] == "*"
    assert anybody.headers["vary"] == CODE
    sender = await citizen.ask(f"requests/{number}.json", headers={CODE: code})
    assert (sender.headers["cache-control"], "access-control-allow-origin" in sender.headers) == ("no-store", False)

    await citizen.answered(number)
    closed = (await citizen.ask(f"requests/{number}.json", headers={CODE: code})).json()[0]
    assert (closed["status"], closed["status_notes"]) == ("closed", "Đã thu gom sáng nay.")
    assert closed["description"] == "Rác ba ngày. Gọi tôi: [số điện thoại]."
    assert closed["agency_responsible"] == "Phường Hoàn Kiếm"

    told = {"api_key": API_KEY, "service_request_id": number, "status": "open", "description": "Rác vẫn còn."}
    answer = await citizen.desk.ask(
        "POST", f"{OPEN311}/servicerequestupdates.xml", who={}, data=told, headers={CODE: code}
    )
    assert answer.status_code == 201, answer.text
    assert children(answer.content)["update_id"]
    assert (await citizen.ask(f"requests/{number}.json")).json()[0]["status"] == "open"
    (case,) = await citizen.desk.cases()
    assert (case.state, case.channel) == ("reopened", "open311")


@pytest.mark.mission("M37")
async def test_a_department_is_named_and_a_ward_never_however_many_its_cases_are(citizen: Citizen) -> None:
    await citizen.desk.make.unit("Phường Hoàn Kiếm", "ward", code="00070")
    await citizen.desk.make.unit("Sở Xây dựng", "department", code="HN-SXD")
    await citizen.file(service_code="xe-buyt", description="Xe buýt bỏ bến.", address_string="Bến xe Mỹ Đình")

    async def named() -> set[tuple[str | None, str | None]]:
        rows = (await citizen.ask("requests.json")).json()
        return {(one["agency_responsible"], one["address"]) for one in rows}

    for number in range(11):
        await citizen.file(description=f"Rác ở ngõ {number}")
    assert await named() == {("Sở Xây dựng", None), (None, None)}


@pytest.mark.mission("M10")
async def test_updates_tell_each_step_and_no_words(citizen: Citizen) -> None:
    number = (await citizen.file()).json()[0]["service_request_id"]
    await citizen.answered(number)
    rows = (await citizen.ask("servicerequestupdates.json", params={"service_request_id": number})).json()
    assert [one["status"] for one in rows] == ["open", "open", "open", "closed"]
    assert {one["service_request_id"] for one in rows} == {number}
    assert len({one["update_id"] for one in rows}) == 4
    assert "thu gom" not in json.dumps(rows, ensure_ascii=False)
    ranges = [
        ("2026-11-24T12:00:00+07:00", "2026-11-24T12:00:00+07:00", 4),
        ("2026-11-24T12:00:01+07:00", "2026-11-25T12:00:00+07:00", 0),
        ("1969-01-01T00:00:00Z", "1969-02-01T00:00:00Z", 0),
        ("0001-01-02T00:00:00Z", "0001-02-01T00:00:00Z", 0),
        ("9999-12-01T00:00:00Z", "9999-12-30T00:00:00Z", 0),
    ]
    for start, end, count in ranges:
        answer = await citizen.ask("servicerequestupdates.json", params={"start_date": start, "end_date": end})
        assert (answer.status_code, len(answer.json())) == (200, count), start


@pytest.mark.mission("M37")
async def test_nothing_of_a_sender_is_in_public_or_beside_the_sealed_contact(citizen: Citizen) -> None:
    planted = {"email": "lan@example.vn", "phone": "0912345678", "first_name": "Lan", "last_name": "Nguyễn Thị"}
    filed = await citizen.file(**planted, device_id="may-cua-lan", account_id="lan77", lat="21.0245", long="105.8412")
    number = filed.json()[0]["service_request_id"]
    public = [
        (await citizen.ask(path)).text
        for path in ("requests.json", "requests.xml", f"requests/{number}.json", "servicerequestupdates.json")
    ]
    async with citizen.desk.worker_db.transaction() as session:
        case = await session.get_one(m.FeedbackCase, (await citizen.desk.cases())[0].id)
        stored = json.dumps({c.key: str(getattr(case, c.key)) for c in m.FeedbackCase.__table__.columns})
    for secret in (*planted.values(), "may-cua-lan", "lan77", "21.02", "Rác để ba ngày"):
        assert not [page for page in public if secret in page], secret
    for secret in (*planted.values(), "may-cua-lan", "lan77"):
        assert secret not in stored, secret


# --- services, tokens, discovery ------------------------------------------------------------------------------


async def test_services_have_the_members_of_the_specification_in_both_forms(citizen: Citizen) -> None:
    rows = (await citizen.ask("services.json")).json()
    members = ["service_code", "service_name", "description", "metadata", "type", "keywords", "group"]
    assert [list(one) for one in rows] == [members] * len(catalogue().services)
    root = ElementTree.fromstring((await citizen.ask("services.xml")).content)
    assert (root.tag, {one.tag for one in root}) == ("services", {"service"})
    assert [[child.tag for child in one] for one in root] == [members] * len(rows)
    assert {one.findtext("metadata") for one in root} == {"false"}
    definition = (await citizen.ask("services/rac-thai.json")).json()
    assert definition == {"service_code": "rac-thai", "attributes": []}


async def test_a_token_is_the_id_and_discovery_says_where_all_this_is(citizen: Citizen) -> None:
    number = (await citizen.file()).json()[0]["service_request_id"]
    assert (await citizen.ask(f"tokens/{number}.json")).json() == [{"service_request_id": number, "token": number}]
    found = (await citizen.desk.ask("GET", "/open311/discovery.json", who={})).json()
    assert found["endpoints"][0]["specification"] == "http://wiki.open311.org/GeoReport_v2"
    xml = (await citizen.desk.ask("GET", "/open311/discovery.xml", who={})).content
    assert ElementTree.fromstring(xml).findtext("endpoints/endpoint/formats/format") == "text/xml"


# --- filters --------------------------------------------------------------------------------------------------


async def test_lists_narrow_by_id_service_time_and_status_and_come_in_pages(citizen: Citizen) -> None:
    numbers = []
    for service in ("rac-thai", "chieu-sang", "ngap-ung"):
        answer = await citizen.file(service_code=service, description=f"Việc thứ {len(numbers)} của {service}")
        numbers.append(answer.json()[0]["service_request_id"])
        citizen.desk.clock.advance(timedelta(hours=1))
    await citizen.answered(numbers[0])

    async def ids(**asked: Any) -> list[str]:
        return [one["service_request_id"] for one in (await citizen.ask("requests.json", params=asked)).json()]

    assert await ids() == numbers[::-1]
    assert await ids(service_request_id=f"{numbers[0]},{numbers[2]}", status="open") == [numbers[2], numbers[0]]
    assert await ids(service_code="rac-thai,chieu-sang") == [numbers[1], numbers[0]]
    assert await ids(status="closed") == [numbers[0]]
    assert await ids(status="open", service_code="") == [numbers[2], numbers[1]]
    assert await ids(start_date="2026-11-24T12:30:00+07:00") == numbers[:0:-1]
    assert await ids(end_date="2026-11-24T05:30:00Z") == numbers[:1]
    assert await ids(page="2", page_size="2") == numbers[:1]


WRONG_QUESTIONS = [
    ({"start_date": "2026-01-01T00:00:00Z", "end_date": "2026-06-01T00:00:00Z"}, 400),
    ({"start_date": "2026-06-01T00:00:00Z", "end_date": "2026-05-01T00:00:00Z"}, 400),
    ({"start_date": "hôm qua"}, 400),
    ({"start_date": "2026-11-24T00:00:00"}, 400),
    ({"end_date": "0001-01-01T00:00:00Z"}, 400),
    ({"status": "fixed"}, 400),
    ({"page": "0"}, 400),
    ({"page_size": "1001"}, 400),
    ({"service_code": "khong-co"}, 404),
    ({"jurisdiction_id": "city.gov"}, 404),
]


async def test_a_wrong_question_is_answered_in_the_specifications_form(citizen: Citizen) -> None:
    for asked, status in WRONG_QUESTIONS:
        answer = await citizen.ask("requests.xml", params=asked)
        assert answer.status_code == status, asked
        ((code, description),) = errors_of(answer)
        assert code == str(status)
        assert " / " in description, "both languages"
        as_json = await citizen.ask("requests.json", params=asked)
        assert [one["code"] for one in as_json.json()] == [status], asked


# --- filing ---------------------------------------------------------------------------------------------------


WRONG_REPORTS: list[tuple[dict[str, Any], int]] = [
    ({"api_key": None}, 403),
    ({"api_key": "x" * 30}, 403),
    ({"service_code": None}, 400),
    ({"service_code": "khong-co"}, 404),
    ({"address_string": None}, 400),
    ({"address_string": None, "lat": "91", "long": "105"}, 400),
    ({"address_string": None, "lat": "21"}, 400),
    ({"lat": "nan", "long": "inf"}, 400),
    ({"description": ""}, 400),
    ({"description": "x" * 4001}, 400),
    ({"email": "x" * 301}, 400),
    ({"email": "không phải thư"}, 422),
    ({"media_url": "file:///etc/passwd"}, 400),
    ({"media_url": "http://127.0.0.1/a.jpg"}, 400),
    ({"media_url": "http://[::1]/a.jpg"}, 400),
    ({"media_url": "https://a:b@anh.example/a.jpg"}, 400),
    ({"jurisdiction_id": "city.gov"}, 404),
]


async def test_a_report_that_is_not_in_order_is_refused_and_nothing_stored(citizen: Citizen) -> None:
    for changes, status in WRONG_REPORTS:
        answer = await citizen.file("xml", **changes)
        assert (answer.status_code, errors_of(answer)[0][0]) == (status, str(status)), changes
    assert await citizen.desk.cases() == []


async def test_everything_that_is_wrong_is_told_at_once(citizen: Citizen) -> None:
    answer = await citizen.file(description="", address_string=None, media_url="ftp://a.example/x")
    assert [one["code"] for one in answer.json()] == [400, 400, 400]


async def test_only_a_form_is_taken_and_only_a_small_one(citizen: Citizen) -> None:
    where = f"{OPEN311}/requests.json"
    assert (await citizen.desk.ask("POST", where, who={}, json={})).status_code == 415
    assert (await citizen.desk.ask("POST", where, who={}, data={"x": "y" * 70_000})).status_code == 413
    form = {"content-type": "application/x-www-form-urlencoded"}
    many = await citizen.desk.ask("POST", where, who={}, content="&".join(["a=b"] * 200), headers=form)
    assert many.status_code == 400
    assert (await citizen.desk.ask("POST", where, who={}, content=b"a=%ff", headers=form)).status_code == 400


async def test_a_report_with_the_programs_own_id_opens_one_case(citizen: Citizen) -> None:
    first, again = [(await citizen.file(**{"attribute[external_id]": "A-17"})) for _ in range(2)]
    assert first.json()[0]["service_request_id"] == again.json()[0]["service_request_id"]
    assert CODE in first.headers
    assert CODE not in again.headers, "a code is told once"
    assert len(await citizen.desk.cases()) == 1


async def test_our_own_token_files_too_if_its_holder_may(citizen: Citizen, signed_in: Any) -> None:
    data = {"service_code": "khac", "address_string": "Hà Nội", "description": "Nghe qua điện thoại 1022."}
    for role, status in ((Role.FEEDBACK_OFFICER, 201), (Role.INTEGRATOR, 201), (Role.VIEWER, 403)):
        answer = await citizen.desk.ask("POST", f"{OPEN311}/requests.json", who=await signed_in(role), data=data)
        assert answer.status_code == status, answer.text
    bad = {"Authorization": "Bearer x"}
    assert (await citizen.desk.ask("POST", f"{OPEN311}/requests.json", who=bad, data=data)).status_code == 401


async def test_who_files_too_often_waits(desk_with: DeskWith) -> None:
    citizen = Citizen(await desk_with(open311=Open311Settings(keys=KEYS, per_hour=60, burst=2)))
    statuses = [(await citizen.file(description=f"Việc số {n}")).status_code for n in range(3)]
    assert statuses == [201, 201, 429]
    refused = await citizen.file("xml")
    assert (errors_of(refused)[0][0], int(refused.headers["retry-after"])) == ("429", 60)
    citizen.desk.clock.advance(timedelta(seconds=61))
    assert (await citizen.file()).status_code == 201


async def test_an_overloaded_intake_says_so_in_the_specifications_form(desk_with: DeskWith) -> None:
    citizen = Citizen(await desk_with(open311=Open311Settings(keys=KEYS), intake=IntakeSettings(pending_events=1)))
    assert (await citizen.file()).status_code == 201
    busy = await citizen.file("xml")
    assert (busy.status_code, errors_of(busy)[0][0]) == (503, "503")
    assert busy.headers["retry-after"]


async def test_what_is_not_there_is_an_error_of_the_specification(citizen: Citizen) -> None:
    missing = ("requests/PA-2026-999999.xml", "tokens/x.xml", "services/x.xml", "nothing.xml", "requests.yaml")
    hostile = (
        "requests/%00.xml",
        "requests/PA%00.xml",
        "tokens/%F0%9F%98%80.xml",
        "services/..%2F..xml",
        "requests/'--.xml",
    )
    for path in (*missing, *hostile):
        answer = await citizen.ask(path)
        assert (answer.status_code, errors_of(answer)[0][0]) == (404, "404"), path
    for asked in ({"service_request_id": "\0,x"}, {"service_request_id": "'"}):
        assert (await citizen.ask("requests.json", params=asked)).json() == []
        assert (await citizen.ask("servicerequestupdates.json", params=asked)).json() == []


async def test_a_wrong_code_opens_nothing(citizen: Citizen) -> None:
    number = (await citizen.file()).json()[0]["service_request_id"]
    answer = await citizen.ask(f"requests/{number}.xml", headers={CODE: "AAAAA-AAAAA"})
    assert (answer.status_code, errors_of(answer)[0][0]) == (404, "404")


# --- pure -----------------------------------------------------------------------------------------------------

FIELDS = st.dictionaries(
    st.sampled_from(
        ["service_code", "lat", "long", "address_string", "description", "media_url", "email", "status", "start_date",
         "end_date", "page", "page_size", "service_request_id"]
    ),
    st.text(max_size=40) | st.sampled_from(["rac-thai", "1e999", "-0", "9999-12-31T23:59:59Z", "http://[", "١"]),
)  # fmt: skip


def status_of(read: Callable[[], object]) -> int | None:
    try:
        read()
    except Rejected as rejected:
        return rejected.status
    return None


@given(FIELDS)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_fields_are_read_or_rejected(fields: dict[str, str]) -> None:
    assert status_of(lambda: read_report(fields, catalogue())) in (None, 400, 404)
    assert status_of(lambda: read_search(fields, catalogue(), NOW)) in (None, 400, 404)


@given(st.binary(max_size=200))
@settings(max_examples=50, deadline=None)
def test_any_body_is_a_form_or_rejected(body: bytes) -> None:
    assert status_of(lambda: read_form(body)) in (None, 400)


@given(st.text(max_size=60))
@settings(max_examples=50, deadline=None)
def test_any_text_makes_xml_that_can_be_read(text: str) -> None:
    body = render("errors", [{"code": 400, "description": text}], Form.XML)
    assert body.startswith(b"<?xml version='1.0' encoding='utf-8'?>")
    assert ElementTree.fromstring(body).findtext("error/code") == "400"


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("203.0.113.9", "", "203.0.113.9"),
        ("203.0.113.9", "198.51.100.1", "203.0.113.9"),  # it is no proxy of ours, and may say what it likes
        ("10.1.2.3", "198.51.100.1", "198.51.100.1"),
        ("10.1.2.3", "1.2.3.4, 198.51.100.1, 10.9.9.9", "198.51.100.1"),  # the first is what the client made up
        ("10.1.2.3", "unknown, 10.9.9.9", "10.9.9.9"),
        ("10.1.2.3", "198.51.100.1, rubbish", "10.1.2.3"),
        ("::ffff:10.1.2.3", "198.51.100.1", "198.51.100.1"),
        ("10.1.2.3", "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("testclient", "198.51.100.1", "testclient"),
    ],
)
def test_a_client_is_the_last_that_no_proxy_of_ours_is(peer: str, forwarded: str, client: str) -> None:
    assert limits.client_of(peer, forwarded, FormSettings().proxies) == client


def test_a_bucket_fills_evenly_and_knows_no_addresses() -> None:
    buckets = limits.Buckets(per_hour=60, burst=2)
    assert [buckets.take("203.0.113.9", NOW) for _ in range(3)] == [0, 0, 60]
    assert buckets.take("203.0.113.10", NOW) == 0
    assert buckets.take("203.0.113.9", NOW + timedelta(seconds=60)) == 0
    assert buckets.take("203.0.113.9", NOW + timedelta(seconds=60)) > 0
    assert "203.0.113" not in repr(vars(buckets))
