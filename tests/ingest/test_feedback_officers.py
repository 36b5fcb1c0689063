"""What officers may do with a case, with whose, and what the database itself refuses."""

import asyncio
import random
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy.exc import DBAPIError

from libs.common import models as m
from libs.common.models.enums import CaseState, Role, TextKind
from services.ingest.feedback import steps
from services.ingest.feedback.lifecycle import Action, after
from services.ingest.feedback.problems import NotPossibleNow
from services.ingest.feedback.steps import Step
from tests.ingest.casework import WHO, Casework

REASON = "Nội dung là câu hỏi, không phải khiếu nại"


@pytest.mark.mission("M10")
async def test_a_case_is_accepted_dealt_with_answered_and_closed_and_each_step_is_kept(casework: Casework) -> None:
    opened = await casework.report()
    assert (await casework.act(opened.case_id, "answer", text="Đã xong.")).status_code == 409
    await casework.done(opened.case_id, "accept", public_note="Đã chuyển tổ môi trường.")
    await casework.done(opened.case_id, "start", internal_note="Tổ 3 đi lúc 14 giờ.")
    await casework.done(opened.case_id, "answer", text="Đã dọn. Liên hệ 0912345678 nếu còn.")
    closed = await casework.done(opened.case_id, "close")
    assert (closed["state"], closed["is_overdue"]) == ("closed", False)
    whole = (await casework.desk.ask("GET", f"/feedback-cases/{opened.case_id}", who=casework.officer)).json()
    assert [one["state"] for one in whole["steps"]] == ["received", "accepted", "in_progress", "answered", "closed"]
    assert whole["steps"][3]["public_note"] == "Đã dọn. Liên hệ [số điện thoại] nếu còn."
    seen = (await casework.follow(opened)).json()
    assert [one["note"] for one in seen["updates"]][1:3] == ["Đã chuyển tổ môi trường.", None]
    assert "Tổ 3" not in str(seen)
    (event,) = await casework.desk.events("lantoa.feedback.resolved.v1")
    assert set(event) == {
        "case_id", "reference", "version", "kind", "topic", "service_code", "unit_code", "received_at", "answered_at",
        "is_in_time",
    }  # fmt: skip
    audited = [one.action for one in await casework.rows(m.AuditEntry) if one.object_id == opened.case_id]
    assert sorted(audited) == [f"feedback.{one}" for one in ("accepted", "answered", "closed", "opened", "started")]
    assert (await casework.act(opened.case_id, "close")).status_code == 409
    assert len(await casework.desk.events("lantoa.feedback.resolved.v1")) == 1


async def test_of_two_who_act_at_once_one_is_told_that_it_is_done(casework: Casework) -> None:
    opened = await casework.report()
    both = await asyncio.gather(*(casework.act(opened.case_id, "accept") for _ in range(4)))
    assert sorted(one.status_code for one in both) == [200, 409, 409, 409]
    assert [one.action for one in await casework.rows(m.CaseEvent)] == ["opened", "accepted"]


@pytest.mark.slow
async def test_a_merge_and_a_sender_who_reopens_never_wait_for_each_other(casework: Casework) -> None:
    """Each locks the main case first, whoever comes first."""
    for _ in range(8):
        main, twin, other = await casework.report(), await casework.report(), await casework.report()
        await casework.done(twin.case_id, "merge", into=str(main.case_id))
        await casework.answered(main.case_id)
        await casework.follow(twin, "reopen", reason="Chưa ai đến làm.")
        merged, said, again = await asyncio.gather(
            casework.act(main.case_id, "merge", into=str(other.case_id)),
            casework.follow(twin, "solved", solved=False),
            casework.follow(twin, "reopen", reason="Vẫn chưa ai đến làm."),
        )
        assert merged.status_code == 200
        assert (said.status_code, again.status_code) == (409, 409)
        assert (await casework.case(twin.case_id)).merged_into == other.case_id


async def test_a_rejection_has_a_reason_and_a_legal_ground(casework: Casework) -> None:
    opened = await casework.report(contact=WHO)
    for lacking in ({}, {"reason": "Không thuộc thẩm quyền."}, {"reason": "ngắn", "legal_ground": "Điều 6"}):
        assert (await casework.act(opened.case_id, "reject", **lacking)).status_code == 422
    ground = "Điều 11 Luật Khiếu nại 2011"
    await casework.done(opened.case_id, "reject", reason="Việc đã có bản án có hiệu lực.", legal_ground=ground)
    seen = (await casework.follow(opened)).json()
    assert (seen["state"], seen["updates"][-1]["note"]) == ("rejected", "Việc đã có bản án có hiệu lực.")
    assert seen["can_reopen"] is True
    (contact,) = await casework.rows(m.CaseContact)
    assert contact.purge_at is not None
    assert await casework.desk.events("lantoa.feedback.resolved.v1") == []


async def test_a_units_people_have_that_units_cases_and_pass_on_what_is_not_theirs(casework: Casework) -> None:
    ward = await casework.desk.make.unit("Phường Hoàn Kiếm", "ward", code="00070")
    other = await casework.desk.make.unit("Phường Ba Đình", "ward", code="00004")
    opened, unrouted = await casework.report(place_text="Phường Hoàn Kiếm"), await casework.report()
    theirs, others = await casework.officer_in(ward.id), await casework.officer_in(other.id)

    async def seen(who: dict[str, str]) -> set[str]:
        page = await casework.desk.ask("GET", "/feedback-cases", who=who)
        return {one["reference"] for one in page.json()["items"]}

    assert await seen(theirs) == {opened.reference}
    assert await seen(others) == set()
    assert await seen(casework.officer) == {opened.reference, unrouted.reference}
    for step, body in (("accept", {}), ("contact", {}), ("kind", {"kind": "complaint", "reason": REASON})):
        assert (await casework.act(opened.case_id, step, others, **body)).status_code == 404
    assert (await casework.act(opened.case_id, "accept", theirs)).status_code == 200
    assert (await casework.act(opened.case_id, "forward", theirs, unit_id=str(uuid4()))).status_code == 422
    assert (await casework.act(opened.case_id, "forward", theirs, unit_id=str(other.id))).json()["state"] == "assigned"
    assert (await seen(theirs), await seen(others)) == (set(), {opened.reference})
    assert (await casework.act(opened.case_id, "start", theirs)).status_code == 404
    back = await casework.act(opened.case_id, "forward", others, unit_id=None)
    assert (back.json()["unit_id"], await seen(others)) == (None, set())


async def test_the_duty_desk_sees_everything_and_reading_is_not_acting(casework: Casework) -> None:
    desk = await casework.desk.make.unit("Văn phòng Ủy ban", "department", code="HN-VPUB")
    ward = await casework.desk.make.unit("Phường Hoàn Kiếm", "ward", code="00070")
    opened = await casework.report(place_text="Phường Hoàn Kiếm")
    assert (await casework.act(opened.case_id, "accept", await casework.officer_in(desk.id))).status_code == 200
    editor = await casework.signed_in(Role.EDITOR, unit_id=ward.id)
    path = f"/feedback-cases/{opened.case_id}"
    assert (await casework.desk.ask("GET", path, who=editor)).status_code == 200
    for step in ("start", "contact"):
        assert (await casework.act(opened.case_id, step, editor)).status_code == 403


async def test_lists_by_what_is_overdue_and_by_what_is_due_next(casework: Casework) -> None:
    calm, urgent, done = (
        await casework.report(), await casework.report(description="Cây đổ, nguy hiểm."), await casework.report(),
    )  # fmt: skip
    await casework.answered(done.case_id)

    async def listed(**query: str) -> list[tuple[str, bool]]:
        page = (await casework.desk.ask("GET", "/feedback-cases", who=casework.officer, params=query)).json()
        return [(one["reference"], one["is_overdue"]) for one in page["items"]]

    assert await listed(sort="due") == [(urgent.reference, False), (calm.reference, False)]
    assert await listed(overdue="true") == []
    casework.later(hours=6)
    assert await listed(overdue="true") == [(urgent.reference, True)]
    await casework.done(urgent.case_id, "accept")
    assert await listed(overdue="true") == [(urgent.reference, True)], "accepted, and still not dealt with"
    casework.later(days=1)
    assert {ref for ref, _ in await listed(overdue="true")} == {urgent.reference, calm.reference}
    assert [ref for ref, _ in await listed()] == [done.reference, urgent.reference, calm.reference]


async def test_urgency_may_change_with_a_reason_and_shortens_the_limit_from_then_on(casework: Casework) -> None:
    opened = await casework.report(service_code="rac-thai")
    before = await casework.case(opened.case_id)
    assert (await casework.act(opened.case_id, "urgency", urgency="urgent")).status_code == 422
    changed = await casework.done(opened.case_id, "urgency", urgency="urgent", reason="Rác y tế sát trường học")
    assert datetime.fromisoformat(changed["due_at"]) == datetime(2026, 11, 24, 10, 30, tzinfo=UTC)
    back = await casework.done(opened.case_id, "urgency", urgency="normal", reason="Đã xem tại chỗ, rác thường")
    assert datetime.fromisoformat(back["due_at"]) == before.due_at
    assert [one.action for one in await casework.rows(m.CaseEvent)][1:] == ["urgency_changed"] * 2


# --- what a case is called ----------------------------------------------------------------------------------


@pytest.mark.mission("M05", "M10")
async def test_criticism_keeps_its_name_unless_two_people_give_a_reason(casework: Casework) -> None:
    opened = await casework.report(kind=TextKind.CRITICISM)
    asked = await casework.done(opened.case_id, "kind", kind="question", reason=REASON)
    assert (asked["kind"], asked["waiting"]["to_kind"]) == ("criticism", "question")
    proposal = asked["waiting"]["id"]
    again = await casework.act(opened.case_id, "kind", kind="praise", reason=REASON)
    assert again.status_code == 409
    path = f"/feedback-relabellings/{proposal}"
    assert (await casework.desk.ask("POST", f"{path}/confirm", who=casework.officer)).status_code == 409
    assert (await casework.case(opened.case_id)).kind == "criticism"
    second = await casework.signed_in(Role.FEEDBACK_OFFICER)
    assert len((await casework.desk.ask("GET", "/feedback-relabellings", who=second)).json()) == 1
    assert (await casework.desk.ask("POST", f"{path}/confirm", who=second)).json()["is_confirmed"] is True
    assert (await casework.case(opened.case_id)).kind == "question"
    assert (await casework.desk.ask("POST", f"{path}/refuse", who=second)).status_code == 409
    figures = (await casework.desk.ask("GET", "/feedback-figures", who={})).json()
    assert figures["relabelled_by_two"] == 1
    once_more = await casework.done(opened.case_id, "kind", kind="praise", reason=REASON)
    assert once_more["waiting"] is not None, "what was ever taken away from criticism needs two for ever"


async def test_towards_criticism_one_person_is_enough(casework: Casework) -> None:
    opened = await casework.report()
    for kind in ("complaint", "criticism", "opinion"):
        assert await casework.done(opened.case_id, "kind", kind=kind, reason=REASON) == {"kind": kind, "waiting": None}
    assert (await casework.act(opened.case_id, "kind", kind="scam_suspect", reason=REASON)).status_code == 409
    asked = await casework.done(opened.case_id, "kind", kind="report_of_problem", reason=REASON)
    path = f"/feedback-relabellings/{asked['waiting']['id']}/refuse"
    assert (await casework.desk.ask("POST", path, who=casework.officer)).status_code == 200
    assert (await casework.case(opened.case_id)).kind == "opinion"


RELABEL = "UPDATE feedback_cases SET kind = :to, updated_at = :now WHERE id = :id"
PROPOSE = (
    "INSERT INTO case_relabellings (id, case_id, from_kind, to_kind, reason, proposed_by, proposed_at, decided_by, "
    "decided_at, is_confirmed) VALUES (:rid, :id, 'complaint', 'question', :reason, :one, :now, :other, :now, true)"
)


@pytest.mark.mission("M05")
async def test_the_database_holds_it_too(casework: Casework) -> None:
    opened = await casework.report(kind=TextKind.COMPLAINT)
    now, one, other = casework.desk.clock.now(), uuid4(), uuid4()

    async def refused(why: str, statement: str, **values: Any) -> None:
        with pytest.raises(DBAPIError, match=why):
            await casework.sql(statement, **values)

    for kind in ("question", "report_of_problem", "news"):
        await refused("two people", RELABEL, to=kind, now=now, id=opened.case_id)
    told = {"id": opened.case_id, "now": now, "one": one}
    await refused("two_people", PROPOSE, rid=uuid4(), other=one, reason=REASON, **told)
    await refused("ck_case_relabellings_reason", PROPOSE, rid=uuid4(), other=other, reason=" " * 20, **told)
    await casework.sql(PROPOSE, rid=uuid4(), other=other, reason=REASON, **told)
    casework.later(seconds=1)
    await refused("two people", RELABEL, to="question", now=casework.desk.clock.now(), id=opened.case_id)
    await refused("two people", RELABEL, to="praise", now=now, id=opened.case_id)
    await casework.sql(RELABEL, to="question", now=now, id=opened.case_id)
    await refused("two people", RELABEL, to="report_of_problem", now=now, id=opened.case_id)
    await refused("never deleted", "DELETE FROM feedback_cases")
    await refused("decided once", "UPDATE case_relabellings SET reason = 'một lý do khác hẳn'")
    await refused("decided once", "DELETE FROM case_relabellings")
    for change in ("state = 'closed'", "at = now()", "public_note = 'khác'", "by = gen_random_uuid()"):
        await refused("neither changed nor deleted", f"UPDATE case_events SET {change}")
    await refused("neither changed nor deleted", "DELETE FROM case_events")
    groundless = "INSERT INTO case_events (id, case_id, action, state, at) VALUES (:eid, :id, 'x', 'rejected', :now)"
    await refused("rejected_on_a_legal_ground", groundless, eid=uuid4(), id=opened.case_id, now=now)


@pytest.mark.mission("M37")
async def test_contacts_and_codes_are_read_by_ingest_alone(casework: Casework, db_as: Any) -> None:
    await casework.report(contact=WHO)
    for service in ("classify", "publish", "reports", "relay"):
        for table in (m.CaseContact, m.CaseCode):
            with pytest.raises(DBAPIError, match="permission denied"):
                async with db_as(service).transaction() as session:
                    await session.get(table, uuid4())


# --- whatever is tried --------------------------------------------------------------------------------------

TRIED = [Action.ACCEPTED, Action.FORWARDED, Action.STARTED, Action.ANSWERED, Action.CLOSED, Action.REJECTED,
         Action.REOPENED]  # fmt: skip


@pytest.mark.mission("M10")
@pytest.mark.parametrize("seed", [0, 1, *(pytest.param(n, marks=pytest.mark.slow) for n in range(2, 12))])
async def test_whatever_is_tried_rows_steps_and_events_agree(casework: Casework, seed: int) -> None:
    """Random steps against the rule of the order alone: what may follow is kept, what may not leaves no trace."""
    chance = random.Random(seed)
    opened = await casework.report(contact=WHO)
    state, kept, closed, reopened = CaseState.RECEIVED, ["opened"], 0, 0
    for action in chance.choices(TRIED, k=25):
        casework.later(minutes=chance.randint(1, 600))
        expected = after(state, action)
        step = Step(action, by=uuid4(), legal_ground="Điều 11 Luật Khiếu nại" if action is Action.REJECTED else None)
        async with casework.desk.worker_db.transaction() as session:
            case = await steps.require_locked(session, opened.case_id)
            if expected is None:
                with pytest.raises(NotPossibleNow):
                    await steps.take(session, casework.rules, case, step, now=casework.desk.clock.now())
                continue
            await steps.take(session, casework.rules, case, step, now=casework.desk.clock.now())
        state = expected
        kept.append(str(action))
        closed, reopened = closed + (action is Action.CLOSED), reopened + (action is Action.REOPENED)
        row = await casework.case(opened.case_id)
        assert (row.state, row.reopened) == (state, reopened)
        assert (row.accepted_at is None) or row.state not in ("received", "reopened")
        (contact,) = await casework.rows(m.CaseContact)
        assert (contact.purge_at is not None) is (state in ("closed", "rejected"))
    events = sorted(await casework.rows(m.CaseEvent), key=lambda one: one.id)
    assert [one.action for one in events] == kept
    assert events[-1].state == state
    assert len(await casework.desk.events("lantoa.feedback.resolved.v1")) == closed
