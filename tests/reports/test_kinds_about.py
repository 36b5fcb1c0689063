"""Reports about one thing, over HTTP and as the role lantoa_reports: a legal-risk case, a situation, a story."""

import hashlib
import io
import json
import zipfile
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pypdfium2  # type: ignore[import-untyped]
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

Json = dict[str, Any]
Headers = dict[str, str]
HANDLE, ID_NUMBER = "tacgia.rieng", "001099012345"
PLANTED = (AUTHOR, PHONE, EMAIL, HANDLE, ID_NUMBER)


@pytest.fixture
async def checker(signed_in: Any) -> Headers:
    headers: Headers = await signed_in(Role.FACT_CHECKER)
    return headers


async def ask(client: httpx.AsyncClient, who: Headers, kind: str, about: Any) -> httpx.Response:
    return await client.post(f"{API}/reports", json={"kind": kind, "about": str(about)}, headers=who)


async def make(client: httpx.AsyncClient, who: Headers, kind: str, about: Any) -> Json:
    made = await ask(client, who, kind, about)
    assert made.status_code == 201, made.text
    return dict(made.json())


async def content(client: httpx.AsyncClient, who: Headers, report: Json, wanted: str) -> bytes:
    got = await client.get(f"{API}/reports/{report['id']}/content", params={"format": wanted}, headers=who)
    assert got.status_code == 200, got.text
    return got.content


async def data_of(client: httpx.AsyncClient, who: Headers, report: Json) -> Json:
    got = await client.get(f"{API}/snapshots/{report['snapshot_id']}", headers=who)
    assert got.status_code == 200, got.text
    return dict(got.json()["data"])


async def package(client: httpx.AsyncClient, who: Headers, report: Json) -> httpx.Response:
    return await client.get(f"{API}/reports/{report['id']}/package", headers=who)


def pages_of(pdf: bytes) -> list[str]:
    return [page.get_textpage().get_text_bounded() for page in pypdfium2.PdfDocument(pdf)]


def figures_in(data: Any) -> list[Json]:
    match data:
        case {"value": _, "formula": _}:
            return [data]
        case dict():
            return [one for value in data.values() for one in figures_in(value)]
        case list():
            return [one for value in data for one in figures_in(value)]
        case _:
            return []


def assert_figures_say_where_they_come_from(data: Json) -> None:
    found = figures_in(data)
    assert found
    assert all(one["as_of"] and one["source"] and one["formula"] and one["unit"] for one in found)


# --- a legal-risk case --------------------------------------------------------------------------------------


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


@pytest.mark.mission("M09")
@pytest.mark.parametrize("group", ["forum", "citizen", "press"])
async def test_a_package_is_about_a_content_and_names_nobody(
    client: httpx.AsyncClient, checker: Headers, city: City, group: str
) -> None:
    """Of what people write nothing is quoted; a published title stays, without accounts and personal data."""
    item = await planted(city, group, "Cảnh báo" if group == "press" else AUTHOR)
    case = await referred(city, item)
    report = await make(client, checker, "legal_case", case.id)
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


@pytest.mark.mission("M09")
async def test_the_log_has_the_officer_and_the_reason_and_the_bytes_stay(
    client: httpx.AsyncClient, checker: Headers, city: City, clock: FrozenClock, db: Database
) -> None:
    case = await referred(city, await planted(city, "forum"))
    report = await make(client, checker, "legal_case", case.id)
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


@pytest.mark.mission("M09")
@pytest.mark.parametrize("state", ["suggested", "dismissed"])
async def test_only_a_case_that_a_person_referred_is_packaged(
    client: httpx.AsyncClient, checker: Headers, city: City, state: str
) -> None:
    case = await referred(city, await planted(city, "forum"), state=state)
    for about in (case.id, new_id(city.now), "không phải mã"):
        refused = await ask(client, checker, "legal_case", about)
        assert (refused.status_code, refused.json()["type"]) == (404, "urn:lantoa:problem:about-not-found")


@pytest.mark.mission("M09", "M05")
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
    report = await make(client, checker, "legal_case", case.id)
    assert (await package(client, checker, report)).status_code == 200
    await city.make.add(label(later))
    assert (await ask(client, checker, "legal_case", case.id)).status_code == 404
    assert (await package(client, checker, report)).status_code == 404
    path = f"{API}/reports/{report['id']}/content"
    for wanted in ("pdf", "json", "md", "docx", "xlsx"):
        assert (await client.get(path, params={"format": wanted}, headers=checker)).status_code == 404


@pytest.mark.mission("M09")
async def test_false_information_is_packaged_with_its_published_verdict_only(
    client: httpx.AsyncClient, checker: Headers, city: City
) -> None:
    claim = await add_claim(city, f"Vỡ đê sông Hồng, gọi {PHONE}")
    case = await referred(city, await planted(city, "forum"), "false_emergency", claim_id=claim.id)
    data = await data_of(client, checker, await make(client, checker, "legal_case", case.id))
    assert data["claim"]["verdict_name"] == "Tin giả"
    assert data["claim"]["text"] == "Vỡ đê sông Hồng, gọi [số điện thoại]"
    await city.change(m.Claim, claim.id, state="checked")
    assert (await ask(client, checker, "legal_case", case.id)).status_code == 404


@pytest.mark.mission("M09")
async def test_who_decides_such_cases_alone_makes_and_reads_their_packages(
    client: httpx.AsyncClient, checker: Headers, editor: Headers, signed_in: Any, city: City
) -> None:
    case = await referred(city, await planted(city, "forum"))
    assert (await ask(client, editor, "legal_case", case.id)).status_code == 403
    report = await make(client, checker, "legal_case", case.id)
    for path in ("", "/package", "/content", "/versions"):
        assert (await client.get(f"{API}/reports/{report['id']}{path}", headers=editor)).status_code == 403
    assert (await client.get(f"{API}/snapshots/{report['snapshot_id']}", headers=editor)).status_code == 403
    assert (await client.get(f"{API}/reports", headers=editor)).json()["items"] == []
    seen = (await client.get(f"{API}/reports", headers=await signed_in(Role.SPOKESPERSON))).json()["items"]
    assert [one["id"] for one in seen] == [report["id"]]
    daily = await client.post(f"{API}/reports", json={"kind": "daily"}, headers=checker)
    assert daily.status_code == 403


@pytest.mark.mission("M09")
async def test_nobody_writes_a_name_into_a_package(
    client: httpx.AsyncClient, checker: Headers, editor: Headers, city: City
) -> None:
    case = await referred(city, await planted(city, "forum"))
    report = await make(client, checker, "legal_case", case.id)
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


async def add_claim(city: City, words: str, state: str = "published", verdict: str = "tin_gia") -> m.Claim:
    return await city.make.add(
        m.Claim(
            id=new_id(city.now),
            text=words,
            verdict=verdict,
            evidence=["https://chinhphu.example/van-ban"],
            state=state,
            created_at=city.now,
            updated_at=city.now,
        )
    )


# --- a situation --------------------------------------------------------------------------------------------


async def burning(city: City, clock: FrozenClock, *, is_drill: bool = False) -> m.Situation:
    """Agreed to after five minutes, on one of two channels; one of two steps done, late. A drill pauses nothing."""
    unit_id, mark = await city.make.city(), "DIỄN TẬP: " if is_drill else ""
    kinds = ("mastodon", "bluesky")
    channels = [
        await city.make.channel(kind, name=f"Kênh {kind}", is_drill=is_drill, settings={"service": "https://san.test"})
        for kind in kinds
    ]
    officer = await city.make.person(Role.SPOKESPERSON, display_name=AUTHOR)
    playbook = m.Playbook(
        id=new_id(city.now),
        unit_id=unit_id,
        name="Cháy lớn",
        trigger="manual",
        statement_title="Về vụ cháy",
        statement_body="Đang xử lý.",
        urgent_reason="Người dân cần biết ngay",
        speaking_unit_id=unit_id,
        approving_units=[],
        channel_ids=[],
        created_by=officer.id,
        created_at=city.now,
        updated_at=city.now,
    )
    await city.make.add(playbook)
    opened = city.now
    clock.advance(timedelta(minutes=5))
    title, state = f"{mark}Về vụ cháy phố Khương Hạ", "draft" if is_drill else "published"
    statement = await city.publication(title, *channels, state=state, is_drill=is_drill)
    pause = None
    if not is_drill:
        reason = f"Chờ xác minh, gọi {PHONE}"
        row = m.Pause(id=new_id(city.now), unit_id=unit_id, reason=reason, paused_by=officer.id, paused_at=city.now)
        pause = await city.make.add(row)
    situation = await city.make.add(
        m.Situation(
            id=new_id(city.now),
            unit_id=unit_id,
            playbook_id=playbook.id,
            playbook_version=1,
            title=f"{mark}Cháy nhà phố Khương Hạ",
            is_drill=is_drill,
            state="open",
            publication_id=statement.id,
            pause_id=pause.id if pause else None,
            opened_by=officer.id,
            opened_at=opened,
        )
    )
    entries = [("opened", "Mở theo kịch bản", None), ("publication", "Tuyên bố", statement.id), ("note", PHONE, None)]
    for kind, body, object_id in entries:
        await city.make.add(
            m.SituationEntry(
                id=new_id(city.now),
                situation_id=situation.id,
                kind=kind,
                body=body,
                object_id=object_id,
                role="spokesperson",
                done_by=officer.id,
                happened_at=opened,
            )
        )
    for number, done in enumerate((True, False)):
        await city.make.add(
            m.Task(
                id=new_id(city.now),
                kind="crisis_step",
                title=f"{mark}Việc {number}",
                unit_id=unit_id,
                state="done" if done else "open",
                created_at=city.now,
                done_by=officer.id if done else None,
                done_at=city.now + timedelta(minutes=20) if done else None,
                situation_id=situation.id,
                role="editor",
                due_at=opened + timedelta(minutes=10),
                is_drill=is_drill,
            )
        )
    if not is_drill:
        await city.delivery(statement, channels[0], "published", "https://san.test/1")
        await city.delivery(statement, channels[1], "unknown", None)
    clock.advance(timedelta(minutes=30))
    return situation


async def test_a_situation_is_told_with_what_is_paused_said_and_measured(
    client: httpx.AsyncClient, editor: Headers, city: City, clock: FrozenClock
) -> None:
    situation = await burning(city, clock)
    report = await make(client, editor, "situation", situation.id)
    data = await data_of(client, editor, report)
    assert [(one["what"], one["role_name"]) for one in data["timeline"]] == [
        ("Mở tình huống", "Người phát ngôn"),
        ("Gắn bài đăng", "Người phát ngôn"),
        ("Ghi nhận", "Người phát ngôn"),
        ("Duyệt", "Người phát ngôn"),
        ("Duyệt", "Người phát ngôn"),
        ("Đã lên kênh", None),
        ("Xong việc", "Biên tập viên"),
    ]
    assert data["pause"]["reason"] == "Chờ xác minh, gọi [số điện thoại]"
    assert data["pause"]["resumed_at"] is None
    (statement,) = data["publications"]
    assert statement["is_statement"]
    assert [(one["channel"], one["state"]) for one in statement["channels"]] == [
        ("Kênh bluesky", "unknown"),
        ("Kênh mastodon", "published"),
    ]
    assert {name: one["value"] for name, one in data["measures"].items()} == {
        "first_approval": 5,
        "released": 5,
        "first_delivered": 5,
        "all_delivered": None,
        "channels": 2,
        "channels_delivered": 1,
        "steps": 2,
        "steps_in_time": 0,
        "steps_open": 1,
    }
    assert [one["state_name"] for one in data["steps"]] == ["Xong, sau hạn", "Chưa xong"]
    assert_figures_say_where_they_come_from(data)
    said = report["text"] + (await content(client, editor, report, "json")).decode()
    assert [word for word in (AUTHOR, PHONE) if word in said] == []
    assert "DIỄN TẬP" not in said
    assert "**còn hiệu lực**" in report["text"]


async def test_a_drill_says_so_in_its_title_its_subject_and_on_every_page(
    client: httpx.AsyncClient, editor: Headers, city: City, clock: FrozenClock
) -> None:
    situation = await burning(city, clock, is_drill=True)
    report = await make(client, editor, "situation", situation.id)
    assert report["title"] == "DIỄN TẬP: Báo cáo tình huống"
    assert report["head"]["subject"] == "DIỄN TẬP: Tình huống: Cháy nhà phố Khương Hạ"
    assert report["text"].startswith("# DIỄN TẬP: Báo cáo tình huống")
    long = "\n\n".join(f"Đoạn {n} của bản sửa." for n in range(120))
    edited = await client.put(
        f"{API}/reports/{report['id']}",
        json={"based_on": 1, "text": long, "head": {"subject": "Không còn dấu"}},
        headers=editor,
    )
    assert edited.status_code == 200, edited.text
    for version in (1, 2):
        got = await client.get(
            f"{API}/reports/{report['id']}/content", params={"format": "pdf", "version": version}, headers=editor
        )
        pages = pages_of(got.content)
        assert len(pages) > 1
        assert all("DIỄN TẬP" in page for page in pages)


async def test_a_situation_is_read_in_its_own_unit(
    client: httpx.AsyncClient, editor: Headers, signed_in: Any, city: City, clock: FrozenClock
) -> None:
    situation = await burning(city, clock)
    ward = await city.make.unit("Phường Khác")
    other = await signed_in(Role.EDITOR, unit_id=ward.id)
    assert (await ask(client, other, "situation", situation.id)).status_code == 403
    report = await make(client, editor, "situation", situation.id)
    assert (await client.get(f"{API}/reports/{report['id']}", headers=other)).status_code == 403
    assert (await client.get(f"{API}/reports/{report['id']}", headers=editor)).status_code == 200


# --- a story ------------------------------------------------------------------------------------------------


async def told(city: City, clock: FrozenClock) -> m.Story:
    press = [await city.make.source(name=f"Báo {n}") for n in (1, 2)]
    forum = await city.make.source(name="Diễn đàn", group="forum", kind="page")
    items = [await city.item(press[0], title="Cầu Tứ Liên thông xe " + "dài " * 100)]
    clock.advance(timedelta(hours=2))
    items.append(await city.item(press[1], title=f"Cầu mở, gọi {PHONE}"))
    items.append(await city.item(forum, "criticism", title=f"{AUTHOR}: kẹt xe"))
    story = await city.story(f"{AUTHOR} kể chuyện cầu", items)
    for words, state in (("Cầu sập", "published"), ("Cầu nứt", "checked")):
        claim = await add_claim(city, words, state)
        match = {"claim_id": claim.id, "content_id": items[0].id, "score": 0.9, "state": "confirmed"}
        await city.make.add(m.ClaimMatch(**match, created_at=city.now))
    unconfirmed = await add_claim(city, "Cầu nghiêng")
    match = {"claim_id": unconfirmed.id, "content_id": items[1].id, "score": 0.9, "state": "suggested"}
    await city.make.add(m.ClaimMatch(**match, created_at=city.now))
    channel = await city.make.channel("own_site", name="Bản tin")
    one = await city.publication("Thành phố nói về cầu", channel)
    await city.change(m.Publication, one.id, story_id=story.id)
    await city.delivery(one, channel, "published", "https://tin.example.vn/tin/cau")
    draft = await city.publication("Bản nháp mật", state="draft")
    await city.change(m.Publication, draft.id, story_id=story.id)
    return story


async def test_a_story_has_its_sources_its_curve_public_verdicts_and_the_citys_answer(
    client: httpx.AsyncClient, editor: Headers, city: City, clock: FrozenClock
) -> None:
    story = await told(city, clock)
    report = await make(client, editor, "story", story.id)
    data = await data_of(client, editor, report)
    assert {name: one["value"] for name, one in data["counts"].items()} == {"items": 3, "sources": 3, "named": 2}
    assert [one["source"] for one in data["links"]] == ["Báo 1", "Báo 2"]
    assert 250 < len(data["links"][0]["title"]) <= 300
    assert [one["items"] for one in data["volume"]["points"]] == [1, 0, 2]
    assert data["volume"]["top"]["value"] == 2
    assert [(one["text"], one["name"], one["mentions"]["value"]) for one in data["claims"]] == [
        ("Cầu sập", "Tin giả", 1)
    ]
    assert [one["title"] for one in data["publications"]] == ["Thành phố nói về cầu"]
    assert_figures_say_where_they_come_from(data)
    said = report["text"] + (await content(client, editor, report, "json")).decode()
    assert [word for word in (AUTHOR, PHONE, "Bản nháp mật", "Cầu nứt", "Cầu nghiêng") if word in said] == []
    assert "![Số mục tin theo giờ](chart:volume)" in report["text"]


@pytest.mark.parametrize("kind", ["story", "situation"])
async def test_what_is_not_there_has_no_report(
    client: httpx.AsyncClient, editor: Headers, city: City, clock: FrozenClock, kind: str
) -> None:
    story = await told(city, clock)
    into = await city.story("Khác", [])
    await city.change(m.Story, story.id, merged_into=into.id)
    for about in (UUID(int=1), "không phải mã", story.id):
        refused = await ask(client, editor, kind, about)
        assert (refused.status_code, refused.json()["type"]) == (404, "urn:lantoa:problem:about-not-found")


@pytest.mark.parametrize("kind", ["story", "situation"])
async def test_the_same_snapshot_is_printed_to_the_same_bytes(
    client: httpx.AsyncClient, editor: Headers, city: City, clock: FrozenClock, kind: str
) -> None:
    """What is served after the files are gone is printed anew, and fits."""
    about = await (told if kind == "story" else burning)(city, clock)
    report = await make(client, editor, kind, about.id)
    first = {wanted: await content(client, editor, report, wanted) for wanted in ("pdf", "docx", "xlsx", "json")}
    for path in client._transport.app.state.resources.files.root.rglob("objects/*/*"):  # type: ignore[attr-defined]
        path.unlink()
    assert {wanted: await content(client, editor, report, wanted) for wanted in first} == first
