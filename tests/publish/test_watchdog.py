"""The watchdog: what it tells, by mail and by webhook, once, also when a way fails or Postgres is away."""

import asyncio
import base64
import logging
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from pydantic import SecretStr, ValidationError
from sqlalchemy import select, text

from libs.common import models as m
from libs.common.clock import FrozenClock
from libs.common.db import Database
from libs.common.ids import new_id
from libs.common.mail import Mailer
from libs.common.models.enums import Role
from libs.common.testing.make import Make
from libs.common.testing.plugin import NOON, SettingsFor
from libs.common.webhook import Poster
from services.publish import watchdog_queries as queries
from services.publish.settings import PublishGroup, PublishSettings, WatchdogSettings
from services.publish.watchdog import Watchdog, serve_health
from services.publish.watchdog_rules import Expected, Windows, finding_of, is_overdue, spoken, text_of
from services.publish.watchdog_ways import ByMail, ByWebhook, Way, ways_of
from tests.common.hook import Hook, running_hook
from tests.common.letterbox import SENDER, Letterbox, running_letterbox
from tests.publish.newsroom import Newsroom

KEY = b"khoa-bi-mat-cua-chuong-bao-dong!"
ON_DUTY, DEPUTY = "truc-ban@so-tttt.example", "pho-truc@so-tttt.example"
MINUTE = timedelta(minutes=1)


def told(**more: Any) -> WatchdogSettings:
    return WatchdogSettings(**{"retry_seconds": 0.01, "outage_seconds": 30, **more})


@dataclass
class Watch:
    dog: Watchdog
    box: Letterbox
    hook: Hook
    clock: FrozenClock

    async def after(self, *minutes: float) -> None:
        for each in minutes:
            self.clock.advance(timedelta(minutes=each))
            await asyncio.sleep(0.02)  # a way that failed rests
            await self.dog.turn()


@pytest.fixture
async def watch(newsroom: Newsroom, db_as: Callable[[str], Database], clock: FrozenClock) -> AsyncIterator[Watch]:
    """With both ways, as the role that its process has."""
    async with running_letterbox() as box, running_hook() as hook, Poster(user_agent="test") as poster:
        settings = told(webhook_url=SecretStr(hook.url()), webhook_secret=SecretStr(KEY.decode()))
        ways: list[Way] = [ByMail(Mailer(box.settings(), clock), [ON_DUTY, DEPUTY]), ByWebhook(poster, settings)]
        yield Watch(Watchdog(db_as("publish"), clock, settings, ways, "https://tin.example.vn"), box, hook, clock)


async def alerts(db: Database) -> list[m.WatchdogAlert]:
    async with db.transaction() as session:
        return list(await session.scalars(select(m.WatchdogAlert).order_by(m.WatchdogAlert.id)))


@pytest.mark.mission("M39", "M30")
async def test_a_due_post_that_nobody_saw_is_told_once_by_each_way_and_again_when_it_is_seen(
    newsroom: Newsroom, watch: Watch
) -> None:
    """No worker runs at all."""
    made = await newsroom.approved(newsroom.bulletin)
    await watch.after(0, 4)
    assert (watch.box.letters, watch.hook.calls, await alerts(newsroom.db)) == ([], [], [])
    await watch.after(1, 1, 10)
    assert watch.box.to == [ON_DUTY, DEPUTY]
    assert watch.box.subjects == ["Lan Tỏa: 1 bài đến giờ mà chưa thấy trên kênh"] * 2
    said = watch.box.text()
    assert f"“{made['title']}”, Bản tin: chờ gửi; từ 12:00 24/11/2026, đã 5 phút" in said
    assert f"https://tin.example.vn/api/publish/v1/publications/{made['id']}" in said
    assert "trước khi đăng tay" in said
    [call] = watch.hook.calls
    assert call.is_signed_by(KEY)
    [item] = call.document["alerts"]
    assert item["publication_id"] == made["id"]
    assert (item["kind"], item["urgent"], item["since"]) == ("delivery_overdue", False, NOON.isoformat())
    assert made["title"] not in call.body.decode(), "words that are not out yet go to people alone"
    [alert] = await alerts(newsroom.db)
    assert alert.mailed_at == alert.posted_at == NOON + 5 * MINUTE
    assert alert.cleared_at is None

    await newsroom.deliver()
    await watch.after(0, 1)
    assert watch.box.subjects[2:] == ["Lan Tỏa: 1 việc đã báo nay đã xong"] * 2
    assert watch.box.text().strip() == f"- “{made['title']}”, Bản tin: đã thấy trên kênh"
    assert [c.document["type"] for c in watch.hook.calls] == ["watchdog.raised", "watchdog.cleared"]
    assert watch.hook.calls[1].document["alerts"][0]["outcome"] == "seen"
    assert (await alerts(newsroom.db))[0].cleared_at is not None


async def test_what_goes_out_in_time_is_told_to_nobody(newsroom: Newsroom, watch: Watch) -> None:
    await newsroom.published(newsroom.bulletin)
    await watch.after(0, 10)
    assert (watch.box.letters, watch.hook.calls, await alerts(newsroom.db)) == ([], [], [])


async def test_many_at_once_are_one_letter(newsroom: Newsroom, watch: Watch) -> None:
    for number in range(45):
        await newsroom.approved(newsroom.bulletin, title=f"Tin số {number:02d}")
    await watch.after(6, 1)
    assert watch.box.to == [ON_DUTY, DEPUTY]
    assert "45 bài" in watch.box.subjects[0]
    assert watch.box.text().count("- “Tin số") == 40
    assert "… và 5 mục nữa." in watch.box.text()
    assert len(watch.hook.calls[0].document["alerts"]) == 45


@pytest.mark.mission("M27")
async def test_what_is_paused_is_not_overdue_and_begins_anew_when_it_is_resumed(
    newsroom: Newsroom, watch: Watch, make: Make
) -> None:
    await newsroom.approved(newsroom.bulletin)
    first, second = [await make.person(Role.SPOKESPERSON) for _ in range(2)]
    now = watch.clock.now()
    pause = await make.add(m.Pause(id=new_id(now), unit_id=None, reason="Có sự cố", paused_by=first.id, paused_at=now))
    await watch.after(10, 60)
    assert watch.box.letters == []
    for person in (first, second):
        await make.add(m.PauseResumption(pause_id=pause.id, person_id=person.id, given_at=watch.clock.now()))
    async with newsroom.db.transaction() as session:
        await session.execute(text("UPDATE pauses SET resumed_at = :now"), {"now": watch.clock.now()})
    await watch.after(0, 4)
    assert watch.box.letters == []
    await watch.after(2)
    assert watch.box.to == [ON_DUTY, DEPUTY]


async def test_a_person_who_dealt_with_it_ends_it(newsroom: Newsroom, watch: Watch, make: Make) -> None:
    made = await newsroom.approved(newsroom.bulletin)
    await watch.after(6)
    person = await make.person(Role.EDITOR)
    now = watch.clock.now()
    task = m.Task(
        id=new_id(now),
        kind="delivery_overdue",
        title="Đã đăng tay",
        delivery_id=UUID(made["deliveries"][0]["id"]),
        unit_id=person.unit_id,
        state="done",
        created_at=now,
        done_by=person.id,
        done_at=now,
    )
    await make.add(task)
    await watch.after(1)
    assert "không còn chờ" in watch.box.text()


@pytest.mark.mission("M30")
async def test_a_take_down_that_stays_open_and_an_urgent_approval_that_waits(
    newsroom: Newsroom, watch: Watch, make: Make
) -> None:
    made = await newsroom.published(newsroom.bulletin)
    person = await make.person(Role.SPOKESPERSON)
    urgent = await newsroom.draft(newsroom.bulletin, title="Xả lũ khẩn cấp")
    now = watch.clock.now()
    case = m.Takedown(
        id=new_id(now),
        publication_id=UUID(made["id"]),
        kind="withdrawal",
        reason="Sai số liệu",
        opened_by=person.id,
        opened_at=now,
    )
    await make.add(case)
    async with newsroom.db.transaction() as session:
        await session.execute(
            text(
                "UPDATE publications SET revision = revision + 1, is_urgent = true, state = 'draft', "
                "urgent_reason = 'Hồ xả lũ trong hai giờ' WHERE id = :id"
            ),
            {"id": UUID(urgent["id"])},
        )
        await session.execute(
            text(
                "INSERT INTO publication_revisions (id, publication_id, revision, content_hash, edited_by, edited_at) "
                "SELECT :new, id, revision, content_hash, created_by, updated_at FROM publications WHERE id = :id"
            ),
            {"id": UUID(urgent["id"]), "new": new_id(now)},
        )
        await session.execute(
            text("UPDATE publications SET state = 'in_review' WHERE id = :id"), {"id": UUID(urgent["id"])}
        )
    await watch.after(4)
    assert watch.box.letters == []
    await watch.after(2)
    assert watch.box.subjects[0] == "Lan Tỏa KHẨN: 1 tin khẩn chờ duyệt quá lâu"
    assert "KHẨN – “Xả lũ khẩn cấp”" in watch.box.text()
    await watch.after(10)
    assert watch.box.subjects[2] == "Lan Tỏa: 1 lượt gỡ bài chưa xong"
    assert "gỡ bài, còn: Bản tin" in watch.box.text()
    assert "gỡ bằng tay" in watch.box.text()

    async with newsroom.db.transaction() as session:
        await session.execute(
            text("UPDATE publications SET state = 'killed' WHERE id = :id"), {"id": UUID(urgent["id"])}
        )
        await session.execute(text("UPDATE deliveries SET state = 'withdrawn', withdrawal_proof = '{\"status\": 410}'"))
        await session.execute(text("UPDATE takedowns SET closed_at = :now"), {"now": watch.clock.now()})
    await watch.after(1)
    assert "đã xong trên mọi kênh" in watch.box.text()
    assert "không còn chờ duyệt" in watch.box.text()
    assert all(alert.cleared_at for alert in await alerts(newsroom.db))


async def test_thousands_at_once_are_told_and_kept(db_as: Callable[[str], Database], clock: FrozenClock) -> None:
    """More than a statement has parameters for."""
    findings = [finding_of(post(title=f"Tin {n}")) for n in range(9000)]
    async with db_as("publish").transaction() as session:
        await queries.raise_alerts(session, findings, clock.now())
        await queries.raise_alerts(session, findings, clock.now())
        found = await queries.list_open_alerts(session)
        assert len(found) == 9000
        await queries.mark_told(session, [alert.id for alert in found], "mailed_at", clock.now())
        await queries.clear_alerts(session, [alert.id for alert in found], clock.now())
        assert await queries.list_open_alerts(session) == []


# --- a way that fails -------------------------------------------------------------------------------------


async def test_a_way_that_failed_is_tried_again_and_the_other_is_not_repeated(newsroom: Newsroom, watch: Watch) -> None:
    await newsroom.approved(newsroom.bulletin)
    watch.box.answers = {ON_DUTY: "451 later", DEPUTY: "451 later"}
    await watch.after(6, 1)
    assert (len(watch.box.letters), len(watch.hook.calls)) == (0, 1)
    [alert] = await alerts(newsroom.db)
    assert (alert.mailed_at, alert.posted_at is None) == (None, False)
    watch.box.answers = {ON_DUTY: "451 later"}
    await watch.after(1)
    watch.box.answers = {}
    await watch.after(1, 1)
    assert watch.box.to == [DEPUTY, ON_DUTY], "who has it is not told again"
    assert len(watch.hook.calls) == 1
    watch.hook.status = 500
    await newsroom.deliver()
    await watch.after(1)
    assert (await alerts(newsroom.db))[0].cleared_at is None
    watch.hook.status = 204
    await watch.after(1, 1)
    assert len(watch.box.letters) == 4
    assert [c.document["type"] for c in watch.hook.calls] == ["watchdog.raised", "watchdog.cleared", "watchdog.cleared"]
    assert watch.hook.calls[1].headers["webhook-id"] == watch.hook.calls[2].headers["webhook-id"]
    assert (await alerts(newsroom.db))[0].cleared_at is not None


async def test_another_process_of_it_tells_nothing_twice(newsroom: Newsroom, watch: Watch) -> None:
    await newsroom.approved(newsroom.bulletin)
    await watch.after(6)
    settings = watch.dog._settings
    async with Poster(user_agent="test") as poster:
        ways: list[Way] = [
            ByMail(Mailer(watch.box.settings(), watch.clock), [ON_DUTY, DEPUTY]),
            ByWebhook(poster, settings),
        ]
        again = Watchdog(newsroom.worker_db, watch.clock, settings, ways, "https://tin.example.vn")
        await again.turn()
    assert (len(watch.box.letters), len(watch.hook.calls)) == (2, 1)


async def test_without_anybody_to_tell_it_says_so_and_keeps_notifications(
    newsroom: Newsroom, clock: FrozenClock, settings_for: SettingsFor, caplog: pytest.LogCaptureFixture
) -> None:
    settings = settings_for(PublishSettings, "publish", publish=PublishGroup(watchdog=told(mail_to=[ON_DUTY])))
    async with Poster(user_agent="test") as poster:
        with caplog.at_level(logging.WARNING):
            ways = ways_of(settings, clock, poster)
    assert ways == []
    said = " ".join(record.getMessage() for record in caplog.records)
    assert "LANTOA_MAIL__HOST" in said
    assert "alerts are kept as notifications" in said
    assert ON_DUTY not in said
    dog = Watchdog(newsroom.worker_db, clock, told(), ways, "https://tin.example.vn")
    made = await newsroom.approved(newsroom.bulletin)
    for _ in range(3):
        clock.advance(6 * MINUTE)
        await dog.turn()
    async with newsroom.db.transaction() as session:
        query = select(m.Notification).where(m.Notification.kind.like("watchdog%"))
        [note] = (await session.scalars(query)).all()
    assert (note.kind, note.role, note.object_id) == ("watchdog_delivery_overdue", "spokesperson", UUID(made["id"]))
    assert (note.unit_id, note.sent_at) == (newsroom.bulletin.unit_id, None)


# --- Postgres itself --------------------------------------------------------------------------------------


async def test_postgres_away_is_told_from_memory_once_an_interval_and_when_it_is_back(
    newsroom: Newsroom, watch: Watch, db_as: Callable[[str], Database]
) -> None:
    await newsroom.approved(newsroom.bulletin)
    good, watch.dog._db = watch.dog._db, Database("postgresql+asyncpg://nobody:x@127.0.0.1:9/nothing", pool_size=1)
    await watch.after(0)
    assert watch.box.letters == [], "a moment is no outage"
    await watch.after(1, 1, 1)
    assert watch.box.subjects == ["Lan Tỏa KHẨN: không đọc được cơ sở dữ liệu"] * 2
    assert "từ 12:00 24/11/2026, đã 1 phút" in watch.box.text()
    assert [c.document["type"] for c in watch.hook.calls] == ["watchdog.database_away"]
    for line in watch.dog._lines:
        assert line.outage_told is not None
        line.outage_told -= watch.dog._settings.outage_repeat_seconds
    await watch.after(1, 1)
    assert len(watch.box.letters) == 4
    watch.dog._db = good
    await watch.after(1, 1)
    back = [subject for subject in watch.box.subjects if "đã đọc lại" in subject]
    assert len(back) == 2
    assert sum("đến giờ mà chưa thấy" in subject for subject in watch.box.subjects) == 2
    kinds = [c.document["type"].partition(".")[2] for c in watch.hook.calls]
    assert kinds == ["database_away", "database_away", "database_back", "raised"]


async def test_its_health_is_that_it_turns(newsroom: Newsroom, watch: Watch) -> None:
    server = await serve_health(watch.dog, "127.0.0.1", 0, stale_after=60)
    port = server.sockets[0].getsockname()[1]

    async def ask() -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n")
        answer = await reader.read()
        writer.close()
        return answer

    assert (await ask()).startswith(b"HTTP/1.1 200")
    watch.dog.turned_at -= 61
    assert (await ask()).startswith(b"HTTP/1.1 503")
    server.close()


# --- pure -------------------------------------------------------------------------------------------------

WINDOWS = Windows(5 * MINUTE, 2 * MINUTE, timedelta(hours=6), 15 * MINUTE, 5 * MINUTE)
HOURS = {"from": "11:58", "to": "12:30"}
"""Quiet around noon at Hà Nội, where the tests' clock stands."""


def post(**more: Any) -> Expected:
    values: dict[str, Any] = {
        "delivery_id": uuid4(),
        "publication_id": uuid4(),
        "unit_id": uuid4(),
        "title": "Tin",
        "channel": "Bản tin",
        "state": "pending",
        "is_urgent": False,
        "due_at": NOON,
        "held_until": None,
        "quiet_hours": None,
    }
    return Expected(**{**values, **more})


@pytest.mark.parametrize(
    ("more", "minutes", "overdue"),
    [
        ({}, 4.9, False),
        ({}, 5, True),
        ({"is_urgent": True}, 1.9, False),
        ({"is_urgent": True}, 2, True),
        ({"state": "unknown"}, 5, True),
        ({"state": "rejected"}, 5, True),
        ({"state": "throttled", "held_until": NOON + 20 * MINUTE}, 10, False),
        ({"state": "throttled", "held_until": NOON + 20 * MINUTE}, 24.9, False),
        ({"state": "throttled", "held_until": NOON + 20 * MINUTE}, 25, True),
        ({"state": "pending", "held_until": NOON + 20 * MINUTE}, 10, False),
        ({"state": "unknown", "held_until": NOON + 20 * MINUTE}, 10, True),
        ({"state": "throttled", "held_until": NOON + 900 * MINUTE}, 359, False),
        ({"state": "throttled", "held_until": NOON + 900 * MINUTE}, 360, True),
        ({"quiet_hours": HOURS}, 10, False),
        ({"quiet_hours": HOURS}, 34, False),
        ({"quiet_hours": HOURS}, 35, True),
        ({"quiet_hours": HOURS, "is_urgent": True}, 2, True),
        ({"quiet_hours": HOURS, "state": "accepted"}, 5, True),
        ({"quiet_hours": {"from": "12:03", "to": "12:30"}}, 6, False),
        ({"quiet_hours": "broken"}, 5, True),
    ],
)
def test_when_a_post_is_overdue(more: dict[str, Any], minutes: float, overdue: bool) -> None:
    assert is_overdue(post(**more), WINDOWS, NOON + minutes * MINUTE) is overdue


def test_a_span_is_spoken_as_people_do() -> None:
    spans = [timedelta(seconds=40), 5 * MINUTE, 60 * MINUTE, 125 * MINUTE, timedelta(days=3)]
    assert [spoken(span) for span in spans] == ["40 giây", "5 phút", "1 giờ", "2 giờ 5 phút", "3 ngày"]
    assert text_of([], NOON, "https://x") == ""


@pytest.mark.parametrize(
    "wrong",
    [
        {"mail_to": ["không phải địa chỉ"]},
        {"mail_to": [f"{SENDER}\r\nBcc: a@b.vn"]},
        {"webhook_url": SecretStr("https://a.vn/x")},
        {"webhook_url": SecretStr("https://a.vn/x"), "webhook_secret": SecretStr("bi-mat-ngan")},
        {"webhook_networks": ["10.0.0.1/8"]},
    ],
)
def test_settings_that_could_not_work_are_refused_at_the_start(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as raised:
        WatchdogSettings(**wrong)
    assert "bi-mat" not in str(raised.value)


def test_a_secret_of_the_standard_is_taken() -> None:
    secret = SecretStr("whsec_" + base64.b64encode(KEY).decode())
    assert WatchdogSettings(webhook_url=SecretStr("https://a.vn/x"), webhook_secret=secret).mail_to == []
