"""Who is told, when, and how often: group windows, quiet hours, mutes, escalation."""

import asyncio
import random
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from libs.common import models as m
from libs.common.clock import HANOI, quiet_end
from services.classify.alerts import telling
from services.classify.alerts.keeping import mute_rule
from services.classify.alerts.problems import AlertMuteTooLong
from tests.classify.alerts.conftest import REPORTS, Room

NIGHT = {"quiet_from": "22:00", "quiet_to": "06:00"}
STEPS = [{"after_minutes": 10, "role": "spokesperson"}, {"after_minutes": 30, "role": "admin"}]
ONE = REPORTS | {"count": 1}


async def test_alerts_of_one_window_are_told_together(room: Room) -> None:
    await room.rule(group_minutes=5)
    await room.told_of(3, places=["00001"])
    room.later(minutes=4)
    await room.told_of(3, places=["00002"])
    assert await room.tell() == 0
    room.later(minutes=1)
    assert await room.tell() == 1
    assert await room.tell() == 0
    [told] = await room.notifications()
    assert (told.role, told.level, told.object_type) == ("editor", 0, "alert")
    assert "2 cảnh báo" in told.subject
    assert told.body.count("Việc gì") == told.body.count("Có thể làm: Đọc") == 2


async def test_workers_that_look_at_once_tell_once(room: Room) -> None:
    await room.rule(group_minutes=0, escalation=STEPS)
    await room.told_of(3)
    for minutes in (0, 10, 20):
        room.later(minutes=minutes)
        assert sum(await asyncio.gather(*(room.tell() for _ in range(4)))) == 1


async def test_a_rule_that_groups_by_place_tells_places_apart(room: Room) -> None:
    await room.rule(group_by="place", group_minutes=1)
    await room.told_of(3, places=["00001"])
    await room.told_of(3, places=["00002"])
    room.later(minutes=1)
    assert await room.tell() == 2


async def test_an_urgent_one_is_told_at_once_and_the_next_ones_of_its_group_together(room: Room) -> None:
    await room.rule(ONE, severity="urgent", group_minutes=10)
    await room.told_of(1, places=["00001"])
    assert await room.tell() == 1
    for place in ("00002", "00003"):
        room.later(minutes=1)
        await room.told_of(1, places=[place])
        assert await room.tell() == 0
    room.later(minutes=8)
    assert await room.tell() == 1
    assert (await room.notifications())[1].subject.startswith("KHẨN: 2 cảnh báo")


@pytest.mark.mission("M06")
async def test_quiet_hours_hold_and_end_with_one_digest_that_loses_nothing(room: Room) -> None:
    """Of two rules; one alert is over before the morning, and is told all the same."""
    at_night(room, 23)
    await room.rule(ONE, name="Ngập", **NIGHT)
    await room.rule(ONE | {"fields": ["chay_no"]}, name="Cháy", group_by="place", **NIGHT)
    await room.told_of(1, places=["00001"])
    room.later(hours=3)
    await room.sweep()
    await room.told_of(1, places=["00002"], field="chay_no")
    assert await room.tell() == 0
    at_night(room, 5, 59)
    assert await room.tell() == 0
    room.later(minutes=1)
    assert await room.tell() == 1
    [told] = await room.notifications()
    assert "Giữ lại trong giờ yên lặng" in told.body
    assert "đã hết lúc" in told.body
    assert told.body.count("Việc gì") == 3


async def test_what_is_urgent_breaks_quiet_hours(room: Room) -> None:
    at_night(room, 2)
    await room.rule(ONE, severity="urgent", **NIGHT)
    await room.rule(ONE, severity="warning", breaks_quiet="warning", group_minutes=0, **NIGHT)
    await room.rule(ONE, severity="notice", **NIGHT)
    await room.told_of(1)
    assert await room.tell() == 2
    assert [alert.hold for alert in await room.alerts()] == [None, None, "quiet"]


async def test_nobody_acknowledges_so_each_next_role_is_told_once(room: Room) -> None:
    await room.rule(ONE, group_minutes=0, escalation=STEPS)
    await room.told_of(1)
    for minutes in (0, 5, 5, 10, 10, 60):
        room.later(minutes=minutes)
        await room.tell()
        await room.tell()
    told = await room.notifications()
    assert [(one.level, one.role) for one in told] == [(0, "editor"), (1, "spokesperson"), (2, "admin")]
    assert "nhắc lần 2" in told[2].subject
    steps = [one.kind for one in await room.rows(m.AlertStep)]
    assert steps == ["raised", "told", "escalated", "escalated"]


async def test_who_acknowledges_stops_the_escalation(room: Room) -> None:
    await room.rule(ONE, group_minutes=0, escalation=STEPS)
    await room.told_of(1)
    await room.tell()
    await room.acknowledge((await room.alert()).id)
    assert (await room.alert()).due_at is None
    room.later(hours=5)
    assert await room.tell() == 0


async def test_an_escalation_waits_for_the_morning_too(room: Room) -> None:
    at_night(room, 21, 55)
    await room.rule(ONE, group_minutes=0, escalation=STEPS[:1], **NIGHT)
    await room.told_of(1)
    assert await room.tell() == 1
    room.later(minutes=20)
    assert await room.tell() == 0
    at_night(room, 6)
    assert await room.tell() == 1


@pytest.mark.mission("M06")
async def test_muted_alerts_are_told_once_after_the_mute_those_that_ended_in_it_as_ended(room: Room) -> None:
    rule = await room.rule(ONE, group_minutes=0)
    await room.mute(rule.id, hours=3)
    await room.told_of(1, places=["00001"])
    room.later(hours=2)
    await room.sweep()
    await room.told_of(1, places=["00002"])
    await room.told_of(1, places=["00003"])
    for _ in range(5):
        assert await room.tell() == 0
        room.later(minutes=12)
        await room.told_of(1, places=["00002"])
        await room.told_of(1, places=["00003"])
    assert await room.tell() == 1, "one, not a flood"
    [told] = await room.notifications()
    on, over = told.body.split("Đã kết thúc trong lúc tắt tiếng:")
    assert on.startswith("Còn mở khi hết thời gian tắt tiếng:")
    assert (on.count("Việc gì"), over.count("Việc gì"), over.count("đã hết lúc")) == (2, 1, 1)
    assert "3 cảnh báo" in told.subject
    assert [alert.is_muted for alert in await room.alerts()] == [True] * 3
    room.later(days=3)
    assert await room.tell() == 0, "and no reminder of it"


# When it was raised, when the mute began, was lifted or ended, and when the event was over; in minutes. The last is
# when it is to be told, and how that letter begins.
LIVES = [
    # raised  mute    lifted  over  told  opening
    (5, (0, 180), None, 90, 180, "Đã kết thúc trong lúc tắt tiếng:"),
    (5, (0, 180), None, None, 180, "Còn mở khi hết thời gian tắt tiếng:"),
    (5, (0, 180), 120, 90, 120, "Đã kết thúc trong lúc tắt tiếng:"),
    (5, (0, 180), 60, 90, 60, "Còn mở khi hết thời gian tắt tiếng:"),
    # raised before the mute, its group still waiting when the mute begins
    (0, (5, 180), None, 90, 180, "Đã kết thúc trong lúc tắt tiếng:"),
    (0, (5, 180), None, 8, 180, "Đã kết thúc trong lúc tắt tiếng:"),
    # over before the mute began: held by it all the same, for nobody was told yet
    (0, (6, 180), None, 4, 180, "Đã kết thúc trong lúc tắt tiếng:"),
    # told before the mute: nothing more is to be told
    (0, (20, 180), None, 90, 10, "Cảnh báo:"),
    # no mute
    (0, None, None, 4, 10, "Cảnh báo:"),
    (0, None, None, None, 10, "Cảnh báo:"),
    # a second mute goes on where the first was to end
    (5, (0, 60, 180), None, 90, 180, "Đã kết thúc trong lúc tắt tiếng:"),
]


@pytest.mark.mission("M06")
@pytest.mark.parametrize(("raised", "mute", "lifted", "over", "told_at", "opening"), LIVES)
async def test_an_alert_is_told_once_whenever_its_mute_and_its_event_end(
    room: Room,
    raised: int,
    mute: tuple[int, ...] | None,
    lifted: int | None,
    over: int | None,
    told_at: int,
    opening: str,
) -> None:
    rule, start = await room.rule(ONE, group_minutes=10), room.clock.now()
    for minute in range(200):
        if mute and minute == mute[0]:
            await room.mute(rule.id, minutes=mute[1] - minute)
        if mute and len(mute) > 2 and minute == mute[1] - 1:
            await room.mute(rule.id, minutes=mute[2] - minute)
        if minute == raised:
            await room.told_of(1)
        if minute == over:
            await room.calm()
        if minute == lifted:
            await room.unmute(rule.id)
        await room.tell()
        room.later(minutes=1)
    [letter] = await room.notifications()
    assert (letter.created_at - start, letter.body.startswith(opening)) == (timedelta(minutes=told_at), True)
    alert = await room.alert()
    assert alert.due_at is None
    assert ("đã kết thúc" in letter.subject) == ("đã hết lúc" in letter.body) == (over is not None and over < told_at)
    kinds = [one.kind for one in await room.rows(m.AlertStep)]
    assert kinds.count("told") == 1
    assert kinds.count("ended") == (over is not None)
    assert "dropped" not in kinds


async def test_a_mute_that_is_lifted_tells_at_once(room: Room) -> None:
    rule = await room.rule(ONE, group_minutes=0)
    await room.mute(rule.id, days=3)
    await room.told_of(1)
    await room.unmute(rule.id)
    assert await room.tell() == 1


@pytest.mark.mission("M06")
async def test_a_mute_always_ends_and_has_a_reason(room: Room) -> None:
    rule, now = await room.rule(), room.clock.now()
    for until in (now, now + timedelta(days=30, seconds=1)):
        with pytest.raises(AlertMuteTooLong):
            async with room.db.transaction() as session:
                await mute_rule(session, rule.id, until, "Đang sửa đường ống", by=room.keeper, now=now)
    for values in ({"reason": "ngắn"}, {"until": now + timedelta(days=31)}, {"until": now + timedelta(days=400)}):
        with pytest.raises(IntegrityError, match="mute_ends"):
            await _mute_by_sql(room, rule.id, **values)


async def _mute_by_sql(room: Room, rule_id: UUID, **more: Any) -> None:
    now = room.clock.now()
    values = {"until": now + timedelta(days=1), "reason": "Đang sửa đường ống", **more}
    async with room.db.transaction() as session:
        rule = await session.get(m.AlertRule, rule_id)
        assert rule is not None
        rule.muted_at, rule.mute_until, rule.mute_reason = now, values["until"], values["reason"]


async def test_the_database_refuses_a_second_telling_of_a_level(room: Room) -> None:
    await room.rule(ONE, group_minutes=0)
    await room.told_of(1)
    await room.tell()
    async with room.db.transaction() as session:
        alert = await session.get_one(m.Alert, (await room.alert()).id)
        alert.next_level, alert.due_at = 0, room.clock.now()
    with pytest.raises(IntegrityError):
        await room.tell()
    assert len(await room.notifications()) == 1


def at_night(room: Room, hour: int, minute: int = 0) -> None:
    """On to the next time that the clock of Hà Nội shows this."""
    local = room.clock.now().astimezone(HANOI)
    then = datetime.combine(local.date(), time(hour, minute), HANOI)
    room.clock.advance((then if then > local else then + timedelta(days=1)) - local)


# --- a walk --------------------------------------------------------------------------------------------------


class Crash(Exception):
    """The worker dies before its transaction commits."""


@dataclass
class Walk:
    """A random life of three rules on a virtual clock; what was done by hand is remembered, to judge what was told."""

    room: Room
    chance: random.Random
    rules: list[m.AlertRule] = field(default_factory=list)
    mutes: dict[UUID, list[tuple[datetime, datetime]]] = field(default_factory=dict)
    settled: dict[UUID, datetime] = field(default_factory=dict)

    async def begin(self) -> None:
        night = {"escalation": STEPS, **NIGHT}
        for more in ({"severity": "notice", **night}, {"severity": "urgent", **night}, {"group_by": "place", **night}):
            condition = ONE | {"window_minutes": self.chance.choice([10, 60])}
            self.rules.append(await self.room.rule(condition, group_minutes=self.chance.choice([0, 5]), **more))

    async def step(self) -> None:
        self.room.later(seconds=1)
        moves = (self.arrive, self.wait, self.tell, self.sweep, self.arrive, self.wait, self.tell, self.sleep)
        more = (self.acknowledge, self.resolve, self.mute, self.unmute, self.crash, self.sweep, self.tell)
        await self.chance.choice(moves + more)()

    async def arrive(self) -> None:
        await self.room.told_of(1, places=[self.chance.choice(["00001", "00002", "00003"])])

    async def wait(self) -> None:
        self.room.later(minutes=self.chance.choice([0.5, 3, 11, 25]))

    async def sleep(self) -> None:
        self.room.later(hours=self.chance.choice([1, 4, 9]))

    async def tell(self) -> None:
        await self.room.tell()

    async def sweep(self) -> None:
        await self.room.sweep()

    async def crash(self) -> None:
        with suppress(Crash):
            async with self.room.db.transaction() as session:
                await telling.tell_due(session, self.room.clock.now())
                raise Crash

    async def acknowledge(self) -> None:
        if alert := await self._some("open"):
            await self.room.acknowledge(alert)
            self.settled[alert] = self.room.clock.now()

    async def resolve(self) -> None:
        if alert := await self._some("open", "acknowledged"):
            await self.room.resolve(alert)
            self.settled.setdefault(alert, self.room.clock.now())

    async def _some(self, *states: str) -> UUID | None:
        found = [alert.id for alert in await self.room.alerts() if alert.state in states]
        return self.chance.choice(found) if found else None

    async def mute(self) -> None:
        rule, hours = self.chance.choice(self.rules), self.chance.choice([0.5, 2, 20])
        await self._end_mute(rule.id)
        await self.room.mute(rule.id, hours=hours)
        now = self.room.clock.now()
        self.mutes.setdefault(rule.id, []).append((now, now + timedelta(hours=hours)))

    async def unmute(self) -> None:
        rule = self.chance.choice(self.rules)
        await self._end_mute(rule.id)
        await self.room.unmute(rule.id)

    async def _end_mute(self, rule_id: UUID) -> None:
        now = self.room.clock.now()
        self.mutes[rule_id] = [(begin, min(end, now)) for begin, end in self.mutes.get(rule_id, [])]

    async def judge(self) -> None:
        alerts = {alert.id: alert for alert in await self.room.alerts()}
        async with self.room.owner.transaction() as session:
            told = (await session.scalars(select(m.AlertTelling).order_by(m.AlertTelling.told_at))).all()
        letters = {one.id: one for one in await self.room.notifications()}
        assert {one.notification_id for one in told} == set(letters), "no letter without a telling, and none lost"
        levels: dict[UUID, list[m.AlertTelling]] = {}
        for one in told:
            levels.setdefault(one.alert_id, []).append(one)
            assert (letters[one.notification_id].level, letters[one.notification_id].role) == (one.level, one.role)
            self._was_allowed(alerts[one.alert_id], one.told_at)
        for tellings in levels.values():
            self._climbed(tellings)

    def _was_allowed(self, alert: m.Alert, told_at: datetime) -> None:
        assert alert.id not in self.settled or told_at <= self.settled[alert.id]
        assert not self._is_in_a_mute(alert, told_at), "told while muted"
        if alert.severity != "urgent":
            assert quiet_end(time(22), time(6), told_at) is None, "told in quiet hours"

    def _is_in_a_mute(self, alert: m.Alert, at: datetime) -> bool:
        return any(begin <= at < end for begin, end in self.mutes.get(alert.rule_id, []))

    def _climbed(self, tellings: Sequence[m.AlertTelling]) -> None:
        """Each level once, in order, none before its time."""
        assert [one.level for one in tellings] == list(range(len(tellings)))
        for one in tellings[1:]:
            after = timedelta(minutes=STEPS[one.level - 1]["after_minutes"])  # type: ignore[arg-type]
            assert one.told_at >= tellings[0].told_at + after

    async def finish(self) -> None:
        """Long after the last mute, in the day: nothing waits, and who was never told of had no need to be."""
        for _ in range(3):
            at_night(self.room, 12)
            await self.room.tell()
            await self.room.tell()
            await self.room.tell()
        for alert in await self.room.alerts():
            assert alert.due_at is None, "nothing is left over"
            assert alert.told_at is not None or alert.id in self.settled, "lost"
            if alert.state == "open":
                assert alert.next_level == len(STEPS) + 1


@pytest.mark.mission("M06")
@pytest.mark.parametrize("seed", [1, 2])
async def test_a_walk_never_tells_twice_and_loses_nothing(room: Room, seed: int) -> None:
    await _walk(room, seed, 60)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 104))
async def test_long_walks(room: Room, seed: int) -> None:
    await _walk(room, seed, 250)


async def _walk(room: Room, seed: int, steps: int) -> None:
    walk = Walk(room, random.Random(seed))
    await walk.begin()
    for _ in range(steps):
        await walk.step()
    await walk.judge()
    await walk.finish()
    await walk.judge()
