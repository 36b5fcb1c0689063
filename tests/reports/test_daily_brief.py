"""The daily brief over HTTP, on real Postgres, as the role lantoa_reports."""

import asyncio
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import delete, select, text, update
from sqlalchemy.exc import DBAPIError

from libs.common import models as m
from libs.common.clock import FrozenClock
from libs.common.db import Database
from libs.common.files import FileStore
from libs.common.ids import new_id
from libs.common.models.enums import Role
from services.reports import domain
from tests.reports.city import API, AUTHOR, EMAIL, PHONE, City


async def make_brief(client: httpx.AsyncClient, who: dict[str, str], **body: Any) -> dict[str, Any]:
    made = await client.post(f"{API}/reports", json={"kind": "daily", **body}, headers=who)
    assert made.status_code == 201, made.text
    return dict(made.json())


async def content(client: httpx.AsyncClient, who: dict[str, str], report: dict[str, Any], wanted: str) -> bytes:
    got = await client.get(f"{API}/reports/{report['id']}/content", params={"format": wanted}, headers=who)
    assert got.status_code == 200, got.text
    return got.content


async def data_of(client: httpx.AsyncClient, who: dict[str, str], report: dict[str, Any]) -> dict[str, Any]:
    got = await client.get(f"{API}/snapshots/{report['snapshot_id']}", headers=who)
    assert got.status_code == 200, got.text
    return dict(got.json()["data"])


async def busy_day(city: City, clock: FrozenClock) -> dict[str, Any]:
    """Three press items and two of citizens, one case answered and one late, one publication on two channels."""
    clock.advance(timedelta(hours=-1))
    press = [await city.make.source(name=f"Báo {n}") for n in (1, 2)]
    forum = await city.make.source(name="Diễn đàn phố", group="forum", kind="page")
    bridge = "Thông xe cầu Tứ Liên *từ* 24/11"
    items = [
        await city.item(press[0], title=bridge, url="https://bao-1.example/cau"),
        await city.item(press[0], title="Cầu Tứ Liên: xe buýt đi thử", url="https://bao-1.example/cau-2"),
        await city.item(press[1], "announcement", title="Cầu Tứ Liên mở cửa", url="https://bao-2.example/cau"),
        await city.item(forum, "criticism", title=f"{AUTHOR}: cầu kẹt xe", text=f"{AUTHOR} gọi {PHONE}, {EMAIL}"),
    ]
    await city.story(f"{AUTHOR} kể chuyện cầu", items)
    lonely = await city.item(forum, "complaint", title=f"{AUTHOR}: hẻm ngập", text=PHONE)
    await city.story(f"{AUTHOR} kêu hẻm ngập", [lonely])
    answered = await city.case(state="answered", answered_at=clock.now())
    late = await city.case("complaint", accept_due_at=clock.now() - timedelta(minutes=1))
    kinds = (("tiktok", "TikTok"), ("bluesky", "Bluesky"))
    channels = [await city.make.channel(kind, name=name) for kind, name in kinds]
    one = await city.publication("Cầu Tứ Liên thông xe từ 6 giờ", *channels)
    sent = await city.delivery(one, channels[0], "published", "https://tin.example.vn/tin/cau")
    await city.delivery(one, channels[1], "unknown", None)
    for metric, value in (("likes", 9), ("comments", 2), ("shares", 1)):
        await city.point(sent, metric, value)
    await city.point(sent, "views", None)
    clock.advance(timedelta(hours=1))
    return {
        "items": items,
        "press": press,
        "forum": forum,
        "answered": answered,
        "late": late,
        "sent": sent,
        "one": one,
    }


@pytest.mark.mission("M33")
async def test_brief_says_what_the_day_brought(
    client: httpx.AsyncClient, editor: dict[str, str], city: City, clock: FrozenClock
) -> None:
    await busy_day(city, clock)
    report = await make_brief(client, editor)
    text = (await content(client, editor, report, "md")).decode()
    assert text.startswith("# Tin nhanh trong ngày\n")
    assert "Từ 12:00 23/11/2026 đến 12:00 24/11/2026" in text
    assert "| Báo chí | 3 | 2 |" in text
    assert "| Diễn đàn | 2 | 1 |" in text
    assert "### 2.1. Thông xe cầu Tứ Liên \\*từ\\* 24/11" in text
    assert "- Báo 2: [Cầu Tứ Liên mở cửa](<https://bao-2.example/cau>), đăng lúc 11:00 24/11/2026" in text
    assert "### 2.2. (Chỉ có ý kiến người dân, diễn đàn; không trích dẫn)" in text
    assert "| Phê bình, góp ý | 1 | 1 | 0 | 0 |" in text
    assert "| Khiếu nại, phàn nàn | 1 | 0 | 1 | 1 |" in text
    assert "- TikTok: Đã đăng, đã xác nhận (lúc 11:00 24/11/2026): <https://tin.example.vn/tin/cau>" in text
    assert "- Bluesky: Chưa rõ, đang kiểm tra trên nền tảng\n" in text
    assert f"SHA-256 {report['digest']}" in text


async def test_brief_as_json_has_the_same_figures(
    client: httpx.AsyncClient, editor: dict[str, str], city: City, clock: FrozenClock
) -> None:
    await busy_day(city, clock)
    report = await make_brief(client, editor)
    document = json.loads(await content(client, editor, report, "json"))
    data = document["data"]
    assert (document["snapshot_id"], document["digest"]) == (report["snapshot_id"], report["digest"])
    assert data == await data_of(client, editor, report)
    assert data["items"]["total"]["value"] == 5
    assert [story["sources"]["value"] for story in data["stories"]["top"]] == [3, 1]
    kinds = {row["kind"]: row["items"]["value"] for row in data["kinds"]["counts"]}
    assert (kinds["news"], kinds["criticism"], kinds["complaint"], kinds["praise"]) == (2, 1, 1, 0)
    channels = data["publications"]["named"][0]["channels"]
    assert {(c["channel"], c["state"], c["url"]) for c in channels} == {
        ("TikTok", "published", "https://tin.example.vn/tin/cau"),
        ("Bluesky", "unknown", None),
    }


@pytest.mark.mission("M31")
async def test_a_missing_metric_is_blank_and_the_rate_prints_its_formula(
    client: httpx.AsyncClient, editor: dict[str, str], city: City, clock: FrozenClock
) -> None:
    day = await busy_day(city, clock)
    clock.advance(timedelta(minutes=1))
    blank = await make_brief(client, editor)
    await city.point(day["sent"], "views", 480, clock.now() - timedelta(seconds=1))
    known = await make_brief(client, editor)
    (before,) = (await data_of(client, editor, blank))["engagement"]["deliveries"]
    (after,) = (await data_of(client, editor, known))["engagement"]["deliveries"]
    assert {m["metric"]: m["figure"]["value"] for m in before["metrics"]} == {
        "likes": 9,
        "comments": 2,
        "shares": 1,
        "views": None,
    }
    assert before["rate"]["value"] is None
    assert after["rate"]["value"] == 2.5
    assert after["rate"]["formula"] == (
        "(likes + comments + shares) ÷ views × 100; trống khi thiếu một trong các số này (công thức 2026-11)"
    )
    assert (before["missing"], after["missing"], after["rate_version"]) == (["views"], [], "2026-11")
    text = (await content(client, editor, blank, "md")).decode()
    assert "| Lượt xem |  |" in text
    assert "| Tỷ lệ tương tác (%) |  | (likes + comments + shares) ÷ views × 100" in text
    assert "| Tỷ lệ tương tác (%) | 2,5 |" in (await content(client, editor, known, "md")).decode()


async def test_what_nobody_classified_yet_is_blank_and_not_zero(
    client: httpx.AsyncClient, editor: dict[str, str], city: City, clock: FrozenClock
) -> None:
    await city.item(await city.make.source(name="Báo"), kind=None)
    clock.advance(timedelta(minutes=1))
    report = await make_brief(client, editor)
    data = await data_of(client, editor, report)
    assert data["items"]["total"]["value"] == 1
    assert data["kinds"]["classified"]["value"] == 0
    assert {row["items"]["value"] for row in data["kinds"]["counts"]} == {None}
    assert data["stories"]["count"]["value"] is None
    text = (await content(client, editor, report, "md")).decode()
    assert "| Phê bình, góp ý |  |" in text
    assert "Các câu chuyện: **chưa có số liệu**" in text


async def test_a_quiet_day_has_true_zeros(client: httpx.AsyncClient, editor: dict[str, str]) -> None:
    data = await data_of(client, editor, await make_brief(client, editor))
    assert data["items"]["total"]["value"] == 0
    assert {row["items"]["value"] for row in data["kinds"]["counts"]} == {0}
    assert data["feedback"]["opened"]["value"] == 0


def figures(data: Any) -> list[dict[str, Any]]:
    """Every figure anywhere in the data."""
    if isinstance(data, list):
        return [found for each in data for found in figures(each)]
    if not isinstance(data, dict):
        return []
    return [data] if "value" in data else [found for each in data.values() for found in figures(each)]


@pytest.mark.mission("M34")
async def test_every_figure_says_when_and_from_where_it_is(
    client: httpx.AsyncClient, editor: dict[str, str], city: City, clock: FrozenClock
) -> None:
    await busy_day(city, clock)
    found = figures(await data_of(client, editor, await make_brief(client, editor)))
    assert len(found) > 40
    for each in found:
        assert set(each) == {"value", "as_of", "source", "formula", "unit"}
        assert all(each[name] for name in ("as_of", "source", "formula", "unit")), each


@pytest.mark.mission("M33", "M34")
async def test_one_snapshot_gives_the_same_bytes_whatever_happens_to_the_rows(
    client: httpx.AsyncClient,
    editor: dict[str, str],
    city: City,
    clock: FrozenClock,
    db: Database,
    files: FileStore,
) -> None:
    day = await busy_day(city, clock)
    report = await make_brief(client, editor)
    issued = {wanted: await content(client, editor, report, wanted) for wanted in ("md", "json")}

    async with db.transaction() as session:
        await session.execute(update(m.Source).values(name=m.Source.name + " đổi tên", failures=9))
        await session.execute(update(m.Content).values(title="Tít đã sửa"))
        await session.execute(update(m.FeedbackCase).values(state="closed", kind="criticism"))
        await session.execute(delete(m.StoryItem))
        runs = (await session.scalars(select(m.ReportRun))).all()
    await city.case()
    for run in runs:
        if run.file_key is not None:
            files.delete(run.file_key)

    again = {wanted: await content(client, editor, report, wanted) for wanted in ("md", "json")}
    assert again == issued
    clock.advance(timedelta(minutes=5))
    later = await make_brief(client, editor)
    assert later["digest"] != report["digest"]
    assert await content(client, editor, later, "md") != issued["md"]
    assert day["items"]


@pytest.mark.mission("M33")
async def test_a_damaged_file_is_never_served(
    client: httpx.AsyncClient, editor: dict[str, str], db: Database, files: FileStore
) -> None:
    report = await make_brief(client, editor)
    issued = await content(client, editor, report, "md")
    async with db.transaction() as session:
        run = await session.scalar(select(m.ReportRun).where(m.ReportRun.format == "md"))
    assert run is not None
    assert run.file_key is not None
    files.write(run.file_key, issued.replace(b"**0**", b"**9**"))
    assert await content(client, editor, report, "md") == issued
    assert files.read(run.file_key) == issued


async def test_a_snapshot_cannot_be_changed(
    client: httpx.AsyncClient, editor: dict[str, str], db: Database, db_as: Callable[[str], Database]
) -> None:
    report = await make_brief(client, editor)
    for name in ("reports", "owner"):
        with pytest.raises(DBAPIError, match=r"append-only|permission denied"):
            async with db_as(name).transaction() as session:
                await session.execute(update(m.Snapshot).values(data={}))
    async with db.transaction() as session:
        snapshot = await session.scalar(select(m.Snapshot))
    assert snapshot is not None
    assert domain.digest(snapshot.data).hex() == report["digest"] == snapshot.digest.hex()


async def test_figures_that_do_not_fit_their_digest_are_not_shown(
    client: httpx.AsyncClient, editor: dict[str, str], db: Database
) -> None:
    report = await make_brief(client, editor)
    async with db.transaction() as session:
        await session.execute(text("ALTER TABLE snapshots DISABLE TRIGGER append_only"))
        await session.execute(text("UPDATE snapshots SET data = jsonb_set(data, '{items,total,value}', '7')"))
        await session.execute(text("ALTER TABLE snapshots ENABLE TRIGGER append_only"))
    for path in (f"snapshots/{report['snapshot_id']}", f"reports/{report['id']}/content"):
        got = await client.get(f"{API}/{path}", headers=editor)
        assert (got.status_code, got.json()["type"]) == (500, "urn:lantoa:problem:snapshot-damaged")


@pytest.mark.mission("M37")
async def test_nothing_planted_about_a_person_is_in_any_output(
    client: httpx.AsyncClient, editor: dict[str, str], city: City, clock: FrozenClock, db: Database, files: FileStore
) -> None:
    await busy_day(city, clock)
    press = await city.make.source(name="Báo có số máy", failures=3, last_error=f"Lỗi: gọi {PHONE}, {EMAIL}")
    shown = await city.item(press, title=f"Liên hệ {PHONE} hoặc {EMAIL} để biết thêm", text=AUTHOR)
    await city.story(f"{AUTHOR} {PHONE}", [shown])
    clock.advance(timedelta(minutes=1))
    report = await make_brief(client, editor)
    outputs = [await content(client, editor, report, wanted) for wanted in ("md", "json")]
    outputs += [path.read_bytes() for path in files.root.rglob("*") if path.is_file()]
    outputs.append(json.dumps(await data_of(client, editor, report), ensure_ascii=False).encode())
    async with db.transaction() as session:
        events = (await session.scalars(select(m.OutboxEvent.payload))).all()
        facts = (await session.scalars(select(m.AuditEntry.facts))).all()
    outputs.append(json.dumps([list(events), list(facts)], ensure_ascii=False).encode())
    everything = b"\n".join(outputs)
    assert "Liên hệ [số điện thoại] hoặc [email] để biết thêm" in everything.decode()
    for planted in (AUTHOR, PHONE, EMAIL):
        assert planted.encode() not in everything


async def test_quotes_end_at_three_hundred_characters_and_citizens_are_not_quoted(
    client: httpx.AsyncClient, editor: dict[str, str], city: City, clock: FrozenClock
) -> None:
    press = await city.make.source(name="Báo dài")
    forum = await city.make.source(name="Diễn đàn", group="forum")
    long = await city.item(press, title="Chuyện rất dài " * 60)
    posted = await city.item(forum, "opinion", title="Lời một người dân")
    await city.story("Lời một người dân", [long, posted])
    clock.advance(timedelta(minutes=1))
    report = await make_brief(client, editor)
    (story,) = (await data_of(client, editor, report))["stories"]["top"]
    assert [link["source"] for link in story["links"]] == ["Báo dài"]
    assert 250 < len(story["links"][0]["title"]) <= 300
    assert "Lời một người dân" not in (await content(client, editor, report, "json")).decode()


@pytest.mark.mission("M22")
async def test_drafts_of_units_are_counted_and_not_named(
    client: httpx.AsyncClient, editor: dict[str, str], city: City, clock: FrozenClock
) -> None:
    await city.publication("Bản nháp mật", state="draft")
    await city.publication("Đang chờ duyệt", state="in_review")
    await city.publication("Đã đăng rồi")
    clock.advance(timedelta(minutes=1))
    report = await make_brief(client, editor)
    publications = (await data_of(client, editor, report))["publications"]
    states = {row["state"]: row["publications"]["value"] for row in publications["states"]}
    assert states == {"draft": 1, "in_review": 1, "published": 1}
    assert [one["title"] for one in publications["named"]] == ["Đã đăng rồi"]


async def test_claims_and_corrections_of_the_day(
    client: httpx.AsyncClient, editor: dict[str, str], city: City, clock: FrozenClock
) -> None:
    for verdict, state in (("tin_gia", "published"), ("chua_xac_minh", "checked"), (None, "open")):
        await city.make.add(
            m.Claim(
                id=new_id(clock.now()),
                text=f"Tuyên bố {verdict}, gọi {PHONE}",
                verdict=verdict,
                evidence=["https://chinhphu.example/van-ban"],
                state=state,
                created_at=clock.now(),
                updated_at=clock.now(),
            )
        )
    await city.publication("Không có chuyện vỡ đê", kind="correction")
    clock.advance(timedelta(minutes=1))
    report = await make_brief(client, editor)
    claims = (await data_of(client, editor, report))["claims"]
    assert claims["opened"]["value"] == 3
    assert {row["verdict"]: row["claims"]["value"] for row in claims["verdicts"]} == {
        "tin_gia": 1,
        "tin_sai_su_that": 0,
        "tin_xac_thuc": 0,
    }
    assert claims["corrections"]["value"] == 1
    assert [one["text"] for one in claims["published"]] == ["Tuyên bố tin_gia, gọi [số điện thoại]"]
    assert "### Đính chính: Không có chuyện vỡ đê" in (await content(client, editor, report, "md")).decode()


async def test_failing_and_silent_sources_are_named(
    client: httpx.AsyncClient, signed_in: Any, city: City, clock: FrozenClock
) -> None:
    await city.make.source(name="Hỏng", failures=4, last_error="HTTP 500")
    quiet = await city.make.source(name="Lâu không có tin")
    await city.item(quiet)
    await city.make.source(name="Biểu mẫu", kind="form", group="citizen", url=None)
    await city.make.source(name="Tạm dừng", state="paused")
    clock.advance(timedelta(days=3))
    await city.item(await city.make.source(name="Tốt"))
    clock.advance(timedelta(minutes=1))
    editor = await signed_in(Role.EDITOR)
    sources = (await data_of(client, editor, await make_brief(client, editor)))["sources"]
    assert {name: each["value"] for name, each in sources["counts"].items()} == {
        "ok": 2,
        "failing": 1,
        "silent": 1,
        "stopped": 1,
    }
    assert [(one["name"], one["health"], one["last_error"]) for one in sources["troubled"]] == [
        ("Hỏng", "failing", "HTTP 500"),
        ("Lâu không có tin", "silent", None),
    ]


# --- the doors ----------------------------------------------------------------------------------------------


async def test_a_report_tells_the_city_and_the_audit_log(
    client: httpx.AsyncClient, editor: dict[str, str], db: Database
) -> None:
    report = await make_brief(client, editor)
    async with db.transaction() as session:
        (event,) = (await session.scalars(select(m.OutboxEvent))).all()
        (entry,) = (await session.scalars(select(m.AuditEntry))).all()
    assert event.subject == "lantoa.report.ready.v1"
    assert event.payload == {
        "report_id": report["id"],
        "kind": "daily",
        "digest": report["digest"],
        "version": 1,
        "is_signed": False,
    }
    assert (entry.service, entry.action, str(entry.object_id)) == ("reports", "report.made", report["id"])
    assert str(entry.actor_id) == report["created_by"]


async def test_reports_are_listed_newest_first_in_pages(
    client: httpx.AsyncClient, editor: dict[str, str], clock: FrozenClock
) -> None:
    made = []
    for _ in range(3):
        made.append((await make_brief(client, editor))["id"])
        clock.advance(timedelta(minutes=1))
    seen: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = (await client.get(f"{API}/reports", params={"limit": "2", **cursor}, headers=editor)).json()
        seen += [one["id"] for one in page["items"]]
        assert all(one["formats"] == ["docx", "json", "md", "pdf", "xlsx"] for one in page["items"])
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert seen == made[::-1]
    one = (await client.get(f"{API}/reports/{made[0]}", headers=editor)).json()
    assert (one["id"], one["title"]) == (made[0], "Tin nhanh trong ngày")


@pytest.mark.parametrize(
    ("body", "status", "slug"),
    [
        (
            {"kind": "daily", "from": "2026-11-24T10:00:00+07:00", "to": "2026-11-24T09:00:00+07:00"},
            422,
            "invalid-period",
        ),
        ({"kind": "daily", "to": "2026-11-24T13:00:00+07:00"}, 422, "invalid-period"),
        ({"kind": "daily", "from": "2026-09-01T00:00:00+07:00"}, 422, "invalid-period"),
        ({"kind": "daily", "from": "2026-11-24T10:00:00"}, 422, "invalid-payload"),
        ({"kind": "hourly"}, 422, "invalid-payload"),
        ({"kind": "daily", "author": "x"}, 422, "invalid-payload"),
    ],
)
async def test_a_wrong_order_is_refused(
    client: httpx.AsyncClient, editor: dict[str, str], body: dict[str, str], status: int, slug: str
) -> None:
    got = await client.post(f"{API}/reports", json=body, headers=editor)
    assert (got.status_code, got.json()["type"]) == (status, f"urn:lantoa:problem:{slug}")


async def test_an_asked_for_period_counts_its_start_and_not_its_end(
    client: httpx.AsyncClient, editor: dict[str, str], city: City, clock: FrozenClock
) -> None:
    source = await city.make.source()
    for _ in range(3):
        await city.item(source)
        clock.advance(timedelta(hours=1))
    body = {"from": "2026-11-24T12:00:00+07:00", "to": "2026-11-24T14:00:00+07:00"}
    data = await data_of(client, editor, await make_brief(client, editor, **body))
    assert data["items"]["total"]["value"] == 2


async def test_a_rush_is_told_to_come_back_and_holds_nobody_up(
    client: httpx.AsyncClient, editor: dict[str, str], city: City
) -> None:
    asked = [client.post(f"{API}/reports", json={"kind": "daily"}, headers=editor) for _ in range(16)]
    got = await asyncio.gather(*asked)
    assert {each.status_code for each in got} == {201, 503}
    refused = next(each for each in got if each.status_code == 503)
    assert (refused.json()["type"], refused.headers["retry-after"]) == ("urn:lantoa:problem:too-many-at-once", "5")


async def test_who_may_make_and_who_may_read(client: httpx.AsyncClient, editor: dict[str, str], signed_in: Any) -> None:
    report = await make_brief(client, editor)
    expected = {Role.VIEWER: (403, 200), Role.INTEGRATOR: (403, 403), Role.ADMIN: (201, 200)}
    for role, (makes, reads) in expected.items():
        who = await signed_in(role)
        made = await client.post(f"{API}/reports", json={"kind": "daily"}, headers=who)
        read = await client.get(f"{API}/reports/{report['id']}/content", headers=who)
        assert (made.status_code, read.status_code) == (makes, reads), role
    assert (await client.get(f"{API}/reports")).status_code == 401


async def test_what_is_not_there_is_a_problem_in_vietnamese(client: httpx.AsyncClient, editor: dict[str, str]) -> None:
    nobody = "01900000-0000-7000-8000-000000000000"
    for path, title in (
        (f"reports/{nobody}", "Không tìm thấy báo cáo"),
        (f"reports/{nobody}/content", "Không tìm thấy báo cáo"),
        (f"snapshots/{nobody}", "Không tìm thấy bản chụp số liệu"),
        (f"programmes/{nobody}", "Không tìm thấy chương trình"),
    ):
        got = await client.get(f"{API}/{path}", headers=editor)
        assert (got.status_code, got.json()["title"]) == (404, title)
