"""Notifications become letters: to whom, how often, and what happens when the mail server will not."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, text

from libs.common import models as m
from libs.common.clock import FrozenClock
from libs.common.db import Database
from libs.common.ids import new_id
from libs.common.jobs import JobContext
from libs.common.models.enums import Role
from libs.common.settings import MailSettings
from libs.common.testing.make import Make
from libs.common.testing.plugin import SettingsFor
from services.publish import notify_jobs
from services.publish.doors import JOBS
from services.publish.resources import PublishResources, open_resources
from services.publish.service.notifying import MAX_ATTEMPTS
from services.publish.settings import PublishSettings
from tests.common.letterbox import Letterbox, running_letterbox

MINUTE = timedelta(minutes=1)


@dataclass
class Desk:
    make: Make
    db: Database
    clock: FrozenClock
    box: Letterbox
    context: JobContext[PublishResources]
    numbers: list[int] = field(default_factory=list)

    async def person(self, name: str, *roles: Role, on_duty: bool = False, **values: Any) -> m.Person:
        person = await self.make.person(*roles, email=f"{name}@so-tttt.example", **values)
        if on_duty:
            now = self.clock.now()
            shift = m.DutyRoster(
                id=new_id(now),
                person_id=person.id,
                unit_id=person.unit_id,
                role=Role.SPOKESPERSON,
                starts_at=now,
                ends_at=now + timedelta(hours=8),
                created_by=person.id,
                created_at=now,
            )
            await self.make.add(shift)
        return person

    async def notify(self, role: Role = Role.SPOKESPERSON, **values: Any) -> UUID:
        now = self.clock.now()
        made: dict[str, Any] = {
            "id": new_id(now),
            "kind": "approval_needed",
            "role": role,
            "unit_id": await self.make.city(),
            "object_type": "publication",
            "object_id": new_id(now),
            "subject": "Cần duyệt: Điều chỉnh lộ trình xe buýt số 32",
            "body": "Bản 1 đang chờ người phát ngôn duyệt.",
            "created_at": now,
        }
        return (await self.make.add(m.Notification(**{**made, **values}))).id

    async def turn(self, times: int = 2) -> None:
        """Both loops until they have nothing more to do at this instant, a second apart."""
        for _ in range(times):
            for loop in (notify_jobs.address_notifications, notify_jobs.send_letters):
                while await loop(self.context):
                    pass
            self.clock.advance(timedelta(seconds=1))

    async def sent_at(self, notification: UUID) -> Any:
        async with self.db.transaction() as session:
            return await session.scalar(select(m.Notification.sent_at).where(m.Notification.id == notification))

    async def mails(self) -> list[m.NotificationMail]:
        async with self.db.transaction() as session:
            return list(await session.scalars(select(m.NotificationMail)))


def context_of(resources: PublishResources, db: Database, clock: FrozenClock) -> JobContext[PublishResources]:
    return JobContext(db, clock, resources, asyncio.Event())


@pytest.fixture
async def desk(
    make: Make, db: Database, db_as: Callable[[str], Database], clock: FrozenClock, settings_for: SettingsFor
) -> AsyncIterator[Desk]:
    async with running_letterbox() as box:
        settings = settings_for(PublishSettings, "publish", mail=box.settings(), public_url="https://tin.example.vn")
        own = db_as("publish")
        async with open_resources(settings, own, clock) as resources:
            yield Desk(make, db, clock, box, context_of(resources, own, clock))


@pytest.mark.mission("M28")
async def test_those_who_hold_the_role_in_the_unit_are_told_those_on_duty_first(desk: Desk) -> None:
    ward = (await desk.make.unit()).id
    await desk.person("pho", Role.SPOKESPERSON)
    await desk.person("truc", Role.SPOKESPERSON, on_duty=True)
    await desk.person("bien-tap", Role.EDITOR)
    await desk.person("phuong", Role.SPOKESPERSON, unit_id=ward)
    await desk.person("nghi-viec", Role.SPOKESPERSON, is_active=False)
    await desk.make.person(Role.SPOKESPERSON)  # without an address
    told = await desk.notify()
    await desk.turn(1)
    assert desk.box.to == ["truc@so-tttt.example"]
    assert await desk.sent_at(told) is None
    await desk.turn()
    assert desk.box.to == ["truc@so-tttt.example", "pho@so-tttt.example"]
    assert set(desk.box.subjects) == {"Cần duyệt: Điều chỉnh lộ trình xe buýt số 32"}
    said = desk.box.text().replace("\r\n", "\n")
    assert said.startswith(
        "Bản 1 đang chờ người phát ngôn duyệt.\n\nhttps://tin.example.vn/api/publish/v1/publications/"
    )
    assert await desk.sent_at(told) is not None
    await desk.turn(3)
    assert len(desk.box.letters) == 2


async def test_what_ended_before_or_begins_later_holds_nobody(desk: Desk) -> None:
    person = await desk.person("sau-nay")
    now = desk.clock.now()
    grant = {"person_id": person.id, "role": Role.SPOKESPERSON, "unit_id": person.unit_id}
    await desk.make.add(m.RoleGrant(id=new_id(now), valid_from=now + MINUTE, **grant))
    before = {"valid_from": now - 2 * MINUTE, "valid_to": now - MINUTE}
    await desk.make.add(m.RoleGrant(id=new_id(now), **before, **grant))
    told = await desk.notify()
    await desk.turn()
    assert desk.box.letters == []
    assert await desk.sent_at(told) is not None, "nobody has an address: it is done"
    assert await desk.mails() == []


async def test_of_no_unit_those_of_the_city_are_told(desk: Desk) -> None:
    ward = (await desk.make.unit()).id
    await desk.person("thanh-pho", Role.ADMIN)
    await desk.person("phuong", Role.ADMIN, unit_id=ward)
    await desk.notify(Role.ADMIN, unit_id=None)
    await desk.turn()
    assert desk.box.to == ["thanh-pho@so-tttt.example"]


async def test_a_letter_that_was_not_taken_is_tried_again_and_the_others_are_not(desk: Desk) -> None:
    await desk.person("mot", Role.SPOKESPERSON, on_duty=True)
    await desk.person("hai", Role.SPOKESPERSON, on_duty=True)
    desk.box.answers = {"hai@so-tttt.example": "451 later"}
    told = await desk.notify()
    await desk.turn()
    assert desk.box.to == ["mot@so-tttt.example"]
    errors = {mail.error for mail in await desk.mails()}
    assert errors == {None, "the mail server does not take the address now (451)"}
    assert await desk.sent_at(told) is None
    desk.box.answers = {}
    await desk.turn(2)
    assert desk.box.to == ["mot@so-tttt.example"], "not before its pause is over"
    desk.clock.advance(MINUTE)
    await desk.turn()
    assert desk.box.to == ["mot@so-tttt.example", "hai@so-tttt.example"]
    assert await desk.sent_at(told) is not None


async def test_what_is_refused_for_good_or_too_often_is_given_up(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    await desk.person("khong-co", Role.SPOKESPERSON, on_duty=True)
    desk.box.answers = {"khong-co@so-tttt.example": "550 No such user khong-co@so-tttt.example"}
    with caplog.at_level(logging.WARNING):
        refused = await desk.notify()
        await desk.turn()
    assert await desk.sent_at(refused) is not None
    [mail] = await desk.mails()
    assert (mail.sent_at, mail.attempts, mail.error) == (
        None,
        MAX_ATTEMPTS,
        "the mail server refuses the address (550)",
    )
    assert "khong-co@" not in caplog.text
    desk.box.answers = {"khong-co@so-tttt.example": "451 later"}
    later = await desk.notify()
    for _ in range(MAX_ATTEMPTS - 1):
        await desk.turn(1)
        assert await desk.sent_at(later) is None
        desk.clock.advance(timedelta(hours=2))
    await desk.turn(1)
    assert await desk.sent_at(later) is not None


async def test_after_a_crash_between_sending_and_recording_it_goes_again_as_the_same_letter(desk: Desk) -> None:
    await desk.person("mot", Role.SPOKESPERSON, on_duty=True)
    await desk.notify()
    await desk.turn(1)
    async with desk.db.transaction() as session:
        await session.execute(text("UPDATE notification_mails SET sent_at = NULL, attempts = 1"))
        await session.execute(text("UPDATE notifications SET sent_at = NULL"))
    await desk.turn(1)
    assert len(desk.box.letters) == 1, "its lease is not over"
    desk.clock.advance(5 * MINUTE)
    await desk.turn(1)
    first, again = [letter["Message-ID"] for _, letter in desk.box.letters]
    assert first == again


async def test_two_workers_send_each_letter_once(desk: Desk) -> None:
    for number in range(12):
        await desk.person(f"nguoi-{number}", Role.SPOKESPERSON, on_duty=True)
    for _ in range(3):
        await desk.notify()

    async def work() -> None:
        for _ in range(12):
            await notify_jobs.address_notifications(desk.context)
            await notify_jobs.send_letters(desk.context)

    await asyncio.gather(work(), work(), work())
    assert len(desk.box.letters) == 36
    assert len({(to, letter["Message-ID"]) for to, letter in desk.box.letters}) == 36


async def test_who_left_meanwhile_gets_no_letter(desk: Desk) -> None:
    person = await desk.person("mot", Role.SPOKESPERSON)
    told = await desk.notify()
    await desk.turn(1)
    async with desk.db.transaction() as session:
        await session.execute(text("UPDATE people SET is_active = false WHERE id = :id"), {"id": person.id})
    await desk.turn(2)
    assert desk.box.letters == []
    assert await desk.sent_at(told) is not None


async def test_without_a_mail_server_everything_stays_and_what_is_old_is_not_mailed_later(
    desk: Desk, settings_for: SettingsFor, db_as: Callable[[str], Database], caplog: pytest.LogCaptureFixture
) -> None:
    await desk.person("mot", Role.SPOKESPERSON, on_duty=True)
    told = await desk.notify()
    settings = settings_for(PublishSettings, "publish", mail=MailSettings())
    with caplog.at_level(logging.WARNING):
        async with open_resources(settings, db_as("publish"), desk.clock) as resources:
            off = context_of(resources, db_as("publish"), desk.clock)
            assert await notify_jobs.address_notifications(off) == await notify_jobs.send_letters(off) == 0
    assert "LANTOA_MAIL__HOST" in caplog.text
    assert await desk.sent_at(told) is None
    desk.clock.advance(timedelta(days=2))
    fresh = await desk.notify()
    await desk.turn()
    assert len(desk.box.letters) == 1
    assert await desk.sent_at(told) is not None
    assert await desk.sent_at(fresh) is not None


def test_the_worker_turns_both_loops() -> None:
    assert {"address_notifications", "send_letters"} <= {job.name for job in JOBS.all}
