"""What time does to cases: limits are told once, senders are asked once, answered cases close, contacts go."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from pydantic import SecretStr

from libs.common import models as m
from libs.common.jobs import JobContext
from services.ingest.feedback import jobs
from services.ingest.resources import Resources, open_resources
from services.ingest.settings import FeedbackSettings
from tests.common.letterbox import running_letterbox
from tests.ingest.casework import FEEDBACK, WHO, Casework
from tests.ingest.conftest import DeskWith

Loop = Callable[[JobContext[Resources]], Awaitable[int]]


async def run(casework: Casework, loop: Loop, times: int = 1) -> list[int]:
    """The loop as a worker runs it."""
    async with open_resources(casework.desk.settings, casework.desk.worker_db, casework.desk.clock) as held:
        context = JobContext(casework.desk.worker_db, casework.desk.clock, held, asyncio.Event())
        return [await loop(context) for _ in range(times)]


@pytest.mark.mission("M10")
async def test_unaccepted_after_eight_working_hours_the_unit_and_the_city_are_told_once(casework: Casework) -> None:
    """It is Tuesday noon: eight working hours end on Wednesday at noon."""
    ward = await casework.desk.make.unit("Phường Hoàn Kiếm", "ward", code="00070")
    opened = await casework.report(place_text="Phường Hoàn Kiếm")
    casework.later(hours=24)
    assert await run(casework, jobs.watch_limits) == [0]
    casework.later(seconds=1)
    assert await run(casework, jobs.watch_limits, 3) == [2, 0, 0]
    told = [("feedback_unaccepted", 0, ward.id), ("feedback_unaccepted", 1, None)]
    assert await casework.notices() == told
    row = (await casework.desk.ask("GET", f"/feedback-cases/{opened.case_id}", who=casework.officer)).json()
    assert row["is_overdue"] is True
    other = await casework.desk.make.unit("Phường Ba Đình", "ward", code="00004")
    await casework.done(opened.case_id, "forward", unit_id=str(other.id))
    assert await run(casework, jobs.watch_limits, 2) == [1, 0]
    await casework.done(opened.case_id, "accept")
    assert await run(casework, jobs.watch_limits) == [0]
    assert await casework.notices() == [
        *told,
        ("feedback_forwarded", 0, other.id),
        ("feedback_unaccepted", 0, other.id),
    ]
    assert "0912" not in str([(one.subject, one.body) for one in await casework.rows(m.Notification)])


@pytest.mark.mission("M10")
async def test_an_urgent_case_is_overdue_after_four_working_hours_until_it_is_answered(casework: Casework) -> None:
    opened = await casework.report(description="Cây đổ chắn đường, nguy hiểm.")
    await casework.done(opened.case_id, "accept")
    casework.later(hours=5, minutes=30)  # 17:30, when the four hours of the afternoon are over
    assert await run(casework, jobs.watch_limits) == [0]
    casework.later(seconds=1)
    assert await run(casework, jobs.watch_limits, 2) == [1, 0]
    assert (await casework.notices())[-1] == ("feedback_undone", 1, None)
    await casework.done(opened.case_id, "answer", text="Đã dọn cây.")
    assert not (await casework.done(opened.case_id, "close"))["is_overdue"]
    (event,) = await casework.desk.events("lantoa.feedback.resolved.v1")
    assert event["is_in_time"] is False


async def test_a_reopened_case_has_its_own_limits_and_is_told_again(casework: Casework) -> None:
    opened = await casework.report()
    casework.later(days=2)
    assert await run(casework, jobs.watch_limits) == [1]
    await casework.answered(opened.case_id)
    await casework.follow(opened, "reopen", reason="Chưa ai đến làm.")
    assert (await casework.notices())[-1] == ("feedback_reopened", 0, None)
    assert await run(casework, jobs.watch_limits) == [0]
    casework.later(days=2)
    assert await run(casework, jobs.watch_limits, 2) == [1, 0]


async def test_two_workers_tell_it_once(casework: Casework) -> None:
    for _ in range(5):
        await casework.report()
    casework.later(days=2)
    told = await asyncio.gather(*(run(casework, jobs.watch_limits) for _ in range(3)))
    assert sum(sum(one) for one in told) == 5
    assert len(await casework.notices()) == 5


# --- was it solved? -----------------------------------------------------------------------------------------


async def with_mail(desk_with: DeskWith, casework: Casework, mail: Any) -> Casework:
    return Casework(await desk_with(feedback=FEEDBACK, mail=mail), casework.token, casework.signed_in)


@pytest.mark.mission("M10")
async def test_a_sender_with_an_address_is_asked_once_by_mail(desk_with: DeskWith, casework: Casework) -> None:
    async with running_letterbox() as box:
        casework = await with_mail(desk_with, casework, box.settings())
        told, silent = await casework.report(contact=WHO), await casework.report()
        for one in (told, silent):
            await casework.answered(one.case_id)
        casework.later(days=13, hours=23)
        assert await run(casework, jobs.ask_senders) == [0]
        casework.later(hours=1)
        assert sum(await run(casework, jobs.ask_senders, 3)) == 1
        assert box.to == [WHO.email]
        words = box.subjects[0] + box.text()
        assert told.reference in words
        assert "/gui-phan-anh/theo-doi" in words
        assert (told.code or "") not in words
        assert "Rác" not in words
    actions = [one.action for one in await casework.rows(m.CaseEvent) if one.case_id == told.case_id]
    assert actions == ["opened", "accepted", "answered", "asked"]
    assert (await casework.follow(told)).json()["may_say_solved"] is True


async def test_a_mail_server_that_is_busy_is_asked_again_and_one_that_refuses_is_not(
    desk_with: DeskWith, casework: Casework
) -> None:
    async with running_letterbox() as box:
        casework = await with_mail(desk_with, casework, box.settings())
        opened = await casework.report(contact=WHO)
        await casework.answered(opened.case_id)
        casework.later(days=14)
        box.answers[WHO.email or ""] = "451 busy"
        assert await run(casework, jobs.ask_senders, 2) == [1, 0]
        box.answers.clear()
        casework.later(hours=1)
        assert await run(casework, jobs.ask_senders, 2) == [1, 0]
        assert len(box.to) == 1
        box.answers[WHO.email or ""] = "550 no such user"
        refused = await casework.report(contact=WHO)
        await casework.answered(refused.case_id)
        casework.later(days=14)
        assert await run(casework, jobs.ask_senders) == [1]
        casework.later(days=1)
        assert await run(casework, jobs.ask_senders) == [0]
        assert len(box.to) == 1


async def test_who_said_it_or_reopened_it_is_not_asked(desk_with: DeskWith, casework: Casework) -> None:
    async with running_letterbox() as box:
        casework = await with_mail(desk_with, casework, box.settings())
        said, reopened = await casework.report(contact=WHO), await casework.report(contact=WHO)
        for one in (said, reopened):
            await casework.answered(one.case_id)
        await casework.follow(said, "solved", solved=True)
        await casework.follow(reopened, "reopen", reason="Chưa ai đến làm.")
        casework.later(days=30)
        assert await run(casework, jobs.ask_senders) == [0]
        assert box.to == []


# --- the end ------------------------------------------------------------------------------------------------


@pytest.mark.mission("M37")
async def test_answered_cases_close_by_themselves_and_their_contacts_are_deleted_in_time(casework: Casework) -> None:
    main, twin = await casework.report(contact=WHO), await casework.report(contact=WHO)
    waiting = await casework.report(contact=WHO)
    await casework.done(twin.case_id, "merge", into=str(main.case_id))
    await casework.answered(main.case_id)
    casework.later(days=20, hours=23)
    assert await run(casework, jobs.close_answered) == [0]
    casework.later(hours=1)
    assert await run(casework, jobs.close_answered, 2) == [1, 0]
    assert (await casework.case(main.case_id)).state == "closed"
    casework.later(days=59, hours=23)
    assert await run(casework, jobs.purge_contacts) == [0]
    casework.later(hours=1)
    assert await run(casework, jobs.purge_contacts, 2) == [2, 0]
    assert [one.case_id for one in await casework.rows(m.CaseContact)] == [waiting.case_id]
    assert (await casework.act(main.case_id, "contact")).json() == {"name": None, "phone": None, "email": None}


async def test_after_a_new_key_contacts_are_sealed_anew_and_codes_still_open(
    desk_with: DeskWith, casework: Casework
) -> None:
    opened, lost = await casework.report(contact=WHO), await casework.report(contact=WHO)
    await casework.sql("UPDATE case_contacts SET ciphertext = 'hong' WHERE case_id = :id", id=lost.case_id)
    assert FEEDBACK.key is not None
    both = FeedbackSettings(
        key=SecretStr("khoa-moi-cua-ban-phan-anh-trong-phep-thu"),
        keys_old=SecretStr(json.dumps([FEEDBACK.key.get_secret_value()])),
    )
    after = Casework(await desk_with(feedback=both), casework.token, casework.signed_in)
    assert await run(after, jobs.reseal_contacts, 2) == [1, 0]
    assert (await after.follow(opened)).status_code == 200
    alone = both.model_copy(update={"keys_old": None})
    later = Casework(await desk_with(feedback=alone), casework.token, casework.signed_in)
    assert (await later.act(opened.case_id, "contact")).json()["phone"] == WHO.phone
    assert (await later.act(lost.case_id, "contact")).status_code == 409
    assert (await later.follow(opened)).status_code == 404
