"""Reports about one thing, over HTTP and as the role lantoa_reports: a situation, a story."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from libs.common import models as m
from libs.common.clock import FrozenClock
from libs.common.ids import new_id
from libs.common.models.enums import Role
from services.reports.domain import NAMED_BRIEFLY
from tests.reports.city import API, AUTHOR, PHONE, City
from tests.reports.desk import (
    Headers,
    ask_about,
    assert_figures_say_where_they_come_from,
    data_of,
    make_about,
    pages_of,
    printed,
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
    report = await make_about(client, editor, "situation", situation.id)
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
    said = report["text"] + (await printed(client, editor, report, "json")).decode()
    assert [word for word in (AUTHOR, PHONE) if word in said] == []
    assert "DIỄN TẬP" not in said
    assert "**còn hiệu lực**" in report["text"]


async def test_a_drill_says_so_in_its_title_its_subject_and_on_every_page(
    client: httpx.AsyncClient, editor: Headers, city: City, clock: FrozenClock
) -> None:
    situation = await burning(city, clock, is_drill=True)
    report = await make_about(client, editor, "situation", situation.id)
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
    assert (await ask_about(client, other, "situation", situation.id)).status_code == 403
    report = await make_about(client, editor, "situation", situation.id)
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
        claim = await city.claim(words, state)
        match = {"claim_id": claim.id, "content_id": items[0].id, "score": 0.9, "state": "confirmed"}
        await city.make.add(m.ClaimMatch(**match, created_at=city.now))
    unconfirmed = await city.claim("Cầu nghiêng")
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
    report = await make_about(client, editor, "story", story.id)
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
    said = report["text"] + (await printed(client, editor, report, "json")).decode()
    assert [word for word in (AUTHOR, PHONE, "Bản nháp mật", "Cầu nứt", "Cầu nghiêng") if word in said] == []
    assert '![Số mục tin theo giờ](chart:volume "Hình 1. Số mục tin của câu chuyện theo giờ")' in report["text"]
    assert len(report["head"]["subject"]) <= len("Chủ đề: ") + NAMED_BRIEFLY


@pytest.mark.parametrize("kind", ["story", "situation"])
async def test_what_is_not_there_has_no_report(
    client: httpx.AsyncClient, editor: Headers, city: City, clock: FrozenClock, kind: str
) -> None:
    story = await told(city, clock)
    into = await city.story("Khác", [])
    await city.change(m.Story, story.id, merged_into=into.id)
    for about in (UUID(int=1), "không phải mã", story.id):
        refused = await ask_about(client, editor, kind, about)
        assert (refused.status_code, refused.json()["type"]) == (404, "urn:lantoa:problem:about-not-found")


@pytest.mark.parametrize("kind", ["story", "situation"])
async def test_the_same_snapshot_is_printed_to_the_same_bytes(
    client: httpx.AsyncClient, editor: Headers, city: City, clock: FrozenClock, kind: str
) -> None:
    """What is served after the files are gone is printed anew, and fits."""
    about = await (told if kind == "story" else burning)(city, clock)
    report = await make_about(client, editor, kind, about.id)
    first = {wanted: await printed(client, editor, report, wanted) for wanted in ("pdf", "docx", "xlsx", "json")}
    for path in client._transport.app.state.resources.files.root.rglob("objects/*/*"):  # type: ignore[attr-defined]
        path.unlink()
    assert {wanted: await printed(client, editor, report, wanted) for wanted in first} == first
