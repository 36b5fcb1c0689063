"""The hand-over package of a legal-risk case, over HTTP and as the role lantoa_reports."""

import hashlib
import io
import json
import zipfile
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from libs.common import models as m
from libs.common.clock import FrozenClock
from libs.common.db import Database
from libs.common.ids import new_id
from libs.common.models.enums import Role
from libs.common.post_addresses import handed_over
from tests.reports.city import API, AUTHOR, EMAIL, PHONE, City
from tests.reports.desk import (
    Headers,
    Json,
    ask_about,
    assert_figures_say_where_they_come_from,
    data_of,
    make_about,
    pages_of,
)

pytestmark = pytest.mark.mission("M09")
HANDLE, ID_NUMBER = "tacgia.rieng", "001099012345"
PLANTED = (AUTHOR, PHONE, EMAIL, HANDLE, ID_NUMBER)


@pytest.fixture
async def checker(signed_in: Any) -> Headers:
    headers: Headers = await signed_in(Role.FACT_CHECKER)
    return headers


async def package(client: httpx.AsyncClient, who: Headers, report: Json) -> httpx.Response:
    return await client.get(f"{API}/reports/{report['id']}/package", headers=who)


async def referred(city: City, item: m.Content, risk: str = "scam_link", **values: Any) -> m.LegalRiskCase:
    officer = await city.make.person(Role.FACT_CHECKER)
    defaults: Json = {
        "id": new_id(city.now),
        "content_id": item.id,
        "risk_class": risk,
        "state": "referred",
        "reason": f"Trang giả mạo, thu tiền qua {PHONE}",
        "decided_by": officer.id,
        "decided_at": city.now + timedelta(minutes=30),
        "created_at": city.now,
    }
    return await city.make.add(m.LegalRiskCase(**(defaults | values)))


async def planted(city: City, group: str, title: str = "") -> m.Content:
    source = await city.make.source(name=f"Nguồn {group}", group=group, kind="page")
    words = f"gọi {PHONE}, {EMAIL}, CCCD {ID_NUMBER}, theo dõi @{HANDLE}"
    return await city.item(
        source,
        "scam_suspect",
        title=f"{title} {words}",
        text=f"{AUTHOR} {words}",
        url=f"https://www.facebook.com/{HANDLE}/posts/778899?who={HANDLE}&phone={PHONE}",
    )


async def test_a_package_is_told_to_no_other_system(
    client: httpx.AsyncClient, checker: Headers, city: City, db: Database
) -> None:
    case = await referred(city, await planted(city, "forum"))
    await make_about(client, checker, "legal_case", case.id)
    async with db.transaction() as session:
        assert (await session.scalars(select(m.OutboxEvent))).all() == []


@pytest.mark.parametrize("group", ["forum", "citizen", "press"])
async def test_a_package_is_about_a_content_and_names_nobody(
    client: httpx.AsyncClient, checker: Headers, city: City, group: str
) -> None:
    """Of what people write nothing is quoted; a published title stays, without accounts and personal data."""
    item = await planted(city, group, "Cảnh báo" if group == "press" else AUTHOR)
    case = await referred(city, item)
    report = await make_about(client, checker, "legal_case", case.id)
    packed = await package(client, checker, report)
    assert packed.status_code == 200, packed.text
    with zipfile.ZipFile(io.BytesIO(packed.content)) as opened:
        held = {name: opened.read(name) for name in opened.namelist()}
    assert list(held) == ["ho-so-chuyen-giao.json", "ho-so-chuyen-giao.pdf", "SHA256SUMS"]
    sums = held["SHA256SUMS"].decode().splitlines()
    assert sums == [f"{hashlib.sha256(b).hexdigest()}  {n}" for n, b in held.items() if n != "SHA256SUMS"]
    printed = " ".join(" ".join(pages_of(held["ho-so-chuyen-giao.pdf"])).split())
    document = json.loads(held["ho-so-chuyen-giao.json"])
    for said in (printed, held["ho-so-chuyen-giao.json"].decode(), report["text"]):
        assert [word for word in PLANTED if word in said] == []
    told = document["data"]["content"]
    assert told["sha256"] == item.content_hash.hex()
    assert told["url"] == "https://www.facebook.com/posts/778899"
    assert told["source"]["name"] == f"Nguồn {group}"
    assert (told["title"] is not None) == (group == "press")
    assert told["first_seen_at"] == "2026-11-24T05:00:00Z"
    assert document["data"]["case"]["class"] == "scam_link"
    assert document["data"]["case"]["officer_id"] == str(case.decided_by)
    assert document["data"]["case"]["reason"] == "Trang giả mạo, thu tiền qua [số điện thoại]"
    assert document["data"]["figures"]["minutes_to_decision"]["value"] == 30
    assert_figures_say_where_they_come_from(document["data"])
    assert "Liên kết lừa đảo" in printed


async def test_the_log_has_the_officer_and_the_reason_and_the_bytes_stay(
    client: httpx.AsyncClient, checker: Headers, city: City, clock: FrozenClock, db: Database
) -> None:
    case = await referred(city, await planted(city, "forum"))
    report = await make_about(client, checker, "legal_case", case.id)
    first = await package(client, checker, report)
    clock.advance(timedelta(minutes=5))
    second = await package(client, checker, report)
    assert first.content == second.content
    async with db.transaction() as session:
        rows = (await session.scalars(select(m.AuditEntry).order_by(m.AuditEntry.seq))).all()
    made = next(row for row in rows if row.action == "report.made")
    taken = [row for row in rows if row.action == "legal_case.handed_over"]
    assert len(taken) == 2
    for row in (made, *taken):
        assert str(row.actor_id) == report["created_by"]
        assert row.facts["decided_by"] == str(case.decided_by)
        assert row.facts["reason_code"] == "scam_link"
        assert row.facts["case_id"] == str(case.id)
    assert {row.facts["package"] for row in taken} == {hashlib.sha256(first.content).hexdigest()}


@pytest.mark.parametrize("state", ["suggested", "dismissed"])
async def test_only_a_case_that_a_person_referred_is_packaged(
    client: httpx.AsyncClient, checker: Headers, city: City, state: str
) -> None:
    case = await referred(city, await planted(city, "forum"), state=state)
    for about in (case.id, new_id(city.now), "không phải mã"):
        refused = await ask_about(client, checker, "legal_case", about)
        assert (refused.status_code, refused.json()["type"]) == (404, "urn:lantoa:problem:about-not-found")


@pytest.mark.mission("M05")
async def test_a_critical_text_can_never_be_packaged(
    client: httpx.AsyncClient, checker: Headers, city: City, db: Database
) -> None:
    """Neither before, where no case can be, nor after: the label releases the case, and its package is not given."""

    def label(item: m.Content) -> m.LabelRecord:
        return m.LabelRecord(
            id=new_id(city.now), content_id=item.id, kind="criticism", from_kind=None, labelled_at=city.now
        )

    critical = await planted(city, "forum")
    await city.make.add(label(critical))
    with pytest.raises(DBAPIError, match="it is feedback"):
        await referred(city, critical)
    later = await planted(city, "citizen")
    case = await referred(city, later)
    report = await make_about(client, checker, "legal_case", case.id)
    assert (await package(client, checker, report)).status_code == 200
    await city.make.add(label(later))
    assert (await ask_about(client, checker, "legal_case", case.id)).status_code == 404
    assert (await package(client, checker, report)).status_code == 404
    path = f"{API}/reports/{report['id']}/content"
    for wanted in ("pdf", "json", "md", "docx", "xlsx"):
        assert (await client.get(path, params={"format": wanted}, headers=checker)).status_code == 404


async def test_false_information_is_packaged_with_its_published_verdict_only(
    client: httpx.AsyncClient, checker: Headers, city: City
) -> None:
    claim = await city.claim(f"Vỡ đê sông Hồng, gọi {PHONE}")
    case = await referred(city, await planted(city, "forum"), "false_emergency", claim_id=claim.id)
    data = await data_of(client, checker, await make_about(client, checker, "legal_case", case.id))
    assert data["claim"]["verdict_name"] == "Tin giả"
    assert data["claim"]["text"] == "Vỡ đê sông Hồng, gọi [số điện thoại]"
    await city.change(m.Claim, claim.id, state="checked")
    assert (await ask_about(client, checker, "legal_case", case.id)).status_code == 404


async def test_who_decides_such_cases_alone_makes_and_reads_their_packages(
    client: httpx.AsyncClient, checker: Headers, editor: Headers, signed_in: Any, city: City
) -> None:
    case = await referred(city, await planted(city, "forum"))
    assert (await ask_about(client, editor, "legal_case", case.id)).status_code == 403
    report = await make_about(client, checker, "legal_case", case.id)
    for path in ("", "/package", "/content", "/versions"):
        assert (await client.get(f"{API}/reports/{report['id']}{path}", headers=editor)).status_code == 403
    assert (await client.get(f"{API}/snapshots/{report['snapshot_id']}", headers=editor)).status_code == 403
    assert (await client.get(f"{API}/reports", headers=editor)).json()["items"] == []
    seen = (await client.get(f"{API}/reports", headers=await signed_in(Role.SPOKESPERSON))).json()["items"]
    assert [one["id"] for one in seen] == [report["id"]]
    daily = await client.post(f"{API}/reports", json={"kind": "daily"}, headers=checker)
    assert daily.status_code == 403


async def test_nobody_writes_a_name_into_a_package(
    client: httpx.AsyncClient, checker: Headers, editor: Headers, city: City
) -> None:
    case = await referred(city, await planted(city, "forum"))
    report = await make_about(client, checker, "legal_case", case.id)
    path, head = f"{API}/reports/{report['id']}", {"recipients": ["Công an Thành phố", "Lưu: VT"]}
    body = {"based_on": 1, "text": report["text"] + AUTHOR, "head": head}
    named = {"based_on": 1, "text": report["text"], "head": {"subject": AUTHOR}}
    for wrong in (body, named):
        refused = await client.put(path, json=wrong, headers=checker)
        assert (refused.status_code, refused.json()["type"]) == (422, "urn:lantoa:problem:text-is-fixed")
    addressed = await client.put(path, json={**body, "text": report["text"]}, headers=checker)
    assert (addressed.status_code, addressed.json()["head"]["recipients"]) == (200, head["recipients"])
    daily = (await client.post(f"{API}/reports", json={"kind": "daily"}, headers=editor)).json()
    none = await package(client, editor, daily)
    assert (none.status_code, none.json()["type"]) == (404, "urn:lantoa:problem:no-package")


@pytest.mark.parametrize(
    ("stored", "left"),
    [
        ("https://x.com/tacgia/status/99", "https://x.com/i/status/99"),
        ("https://tacgia:mat@forum.vn/threads/cau.55/?u=tacgia&p=7#tacgia", "https://forum.vn/threads/cau.55/?p=7"),
        ("https://forum.vn/members/tacgia.12/", "https://forum.vn/"),
        ("https://www.facebook.com/story.php?story_fbid=5&id=777", "https://www.facebook.com/story.php?story_fbid=5"),
        ("https://www.youtube.com/watch?v=abc&ab_channel=tacgia", "https://www.youtube.com/watch?v=abc"),
        ("https://bao.vn/tin-4820135.html", "https://bao.vn/tin-4820135.html"),
    ],
)
def test_an_address_is_handed_over_without_its_author(stored: str, left: str) -> None:
    assert handed_over(stored) == left
