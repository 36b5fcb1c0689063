"""One action opens a situation with everything that its first minutes need."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from libs.common import models as m
from libs.common.ids import new_id
from libs.common.models.enums import Role
from services.publish import jobs as publish_jobs
from services.publish.crisis import jobs
from tests.publish.crisis.conftest import VALUES, CrisisDesk
from tests.publish.newsroom import API
from tests.publish.officers import Officers
from tests.publish.test_pause import resume, scheduled


def slug_of(answer: Any) -> str:
    return str(answer.json()["type"]).rsplit(":", 1)[-1]


@pytest.mark.mission("M27")
async def test_one_action_makes_the_statement_the_steps_and_the_pause_and_resuming_keeps_the_order(
    desk: CrisisDesk,
) -> None:
    room = desk.newsroom
    for hours in (3, 1, 2):
        await scheduled(room, hours)
    playbook = await desk.write()
    assert playbook["placeholders"] == ["su_viec", "dia_diem", "gio", "ngay", "don_vi"]
    opened = await desk.open(playbook, values=VALUES, pause="all", submit=True)
    assert (opened["state"], opened["is_drill"], opened["badge"]) == ("open", False, None)
    assert [s["name"] for s in opened["speakers"]] == sorted(
        [desk.first.person.display_name, desk.second.person.display_name]
    )
    statement = await desk.statement(opened)
    assert (statement["state"], statement["is_urgent"]) == ("in_review", True)
    assert statement["title"] == "Về vụ cháy nhà tại phố Khương Hạ"
    assert "{" not in statement["body"]
    assert [(s["title"], s["role"], s["state"]) for s in opened["steps"]] == [
        ("Gọi hiện trường, xác nhận sự việc", "editor", "open"),
        ("Báo trực ban thành phố", "spokesperson", "open"),
    ]
    pause = (await room.client.get(f"{API}/pauses/{opened['pause_id']}", headers=room.editor)).json()
    assert [h["title"] for h in pause["held"]] == ["Tin 1 giờ nữa", "Tin 2 giờ nữa", "Tin 3 giờ nữa"]
    room.clock.advance(timedelta(minutes=4))
    await desk.release(opened)
    await room.deliver()
    assert (await desk.statement(opened))["state"] == "published", "what is urgent and approved later goes out"
    room.clock.advance(timedelta(hours=4))
    assert await room.deliver() == 0, "everything else is held"
    begun = type("Begun", (), {"json": staticmethod(lambda: pause)})
    for who in (room.speaker, room.second_speaker):
        assert (await resume(room, begun, who)).status_code == 200
    assert await order_sent(desk) == ["Tin 1 giờ nữa", "Tin 2 giờ nữa", "Tin 3 giờ nữa"]


async def order_sent(desk: CrisisDesk) -> list[str]:
    """Titles of what was scheduled, in the order in which it goes out, one at a time on the channel."""
    sent: list[str] = []
    while await publish_jobs.deliver_due(desk.newsroom.context):
        query = select(m.Publication.title).where(m.Publication.published_at.is_not(None))
        async with desk.newsroom.db.transaction() as session:
            out = set(await session.scalars(query.where(m.Publication.is_urgent.is_(False))))
        sent += out - set(sent)
        desk.newsroom.clock.advance(timedelta(seconds=1))
    return sent


async def test_the_timeline_tells_everything_in_order_and_closes_with_a_lesson(desk: CrisisDesk) -> None:
    room = desk.newsroom
    opened = await desk.open(await desk.write(), values=VALUES, submit=True, pause="unit")
    at = f"/situations/{opened['id']}"
    room.clock.advance(timedelta(minutes=3))
    noted = await desk.ask("post", f"{at}/entries", body="Đã gọi đội chữa cháy, anh Ba 0912345678 báo tin")
    assert noted.status_code == 201
    assert "0912345678" not in noted.json()["body"], "numbers of people are masked"
    assert (noted.json()["role"], noted.json()["done_by"]) == ("spokesperson", desk.first.id)
    room.clock.advance(timedelta(minutes=1))
    await desk.release(opened)
    await room.deliver()
    other = await room.draft(title="Tin thêm")
    linked = await desk.ask("post", f"{at}/entries", kind="publication", body="Tin thêm", object_id=other["id"])
    assert linked.status_code == 201, linked.text
    await refuses_to_close(desk, at, "việc chưa xong")
    await desk.finish_steps(opened)
    await refuses_to_close(desk, at, "tạm dừng còn hiệu lực")
    for who in (room.speaker, room.second_speaker):
        await room.client.post(f"{API}/pauses/{opened['pause_id']}/resume", headers=who)
    assert (await desk.ask("post", f"{at}/close", lesson="ngắn")).status_code == 422
    closed = await desk.ask("post", f"{at}/close", lesson="Cần số máy trực hiện trường")
    assert (closed.status_code, closed.json()["state"]) == (200, "closed")
    told = (await desk.read(opened))["timeline"]
    kinds = [moment["kind"] for moment in told]
    assert kinds[:3] == ["opened", "publication", "pause"]
    for kind, count in (
        ("submitted", 1),
        ("note", 1),
        ("approved", 2),
        ("delivered", 1),
        ("step", 2),
        ("resumption", 2),
    ):
        assert kinds.count(kind) == count, kind
    assert [moment["at"] for moment in told] == sorted(moment["at"] for moment in told)
    late = await desk.ask("post", f"{at}/entries", body="Thêm sau khi đóng")
    assert (late.status_code, slug_of(late)) == (409, "situation-closed")
    assert [s["id"] for s in (await desk.ask("get", "/situations?open=false")).json()["items"]] == [opened["id"]]
    assert (await desk.ask("get", "/situations?open=true")).json()["items"] == []


async def refuses_to_close(desk: CrisisDesk, at: str, why: str) -> None:
    early = await desk.ask("post", f"{at}/close", lesson="Cần số máy trực hiện trường")
    assert (early.status_code, slug_of(early)) == (409, "situation-unfinished")
    assert why in early.json()["detail"]


async def test_what_is_not_known_yet_stays_visible_and_keeps_it_from_being_submitted(desk: CrisisDesk) -> None:
    opened = await desk.open(await desk.write(), values={"su_viec": "cháy nhà"}, submit=True)
    assert (opened["missing"], opened["statement_state"]) == (["dia_diem"], "draft")
    statement = await desk.statement(opened)
    assert "{dia_diem}" in statement["title"]
    refused = await desk.newsroom.act("submit", statement, desk.first.headers)
    assert (refused.status_code, slug_of(refused)) == (409, "still-automatic")
    playbook = {"id": opened["playbook_id"]}
    wrong = await desk.ask("post", f"/playbooks/{playbook['id']}/open", values={"la_lung": "x"}, again=True)
    assert (wrong.status_code, slug_of(wrong)) == (422, "unknown-placeholder")


async def test_a_value_is_never_read_as_a_template(desk: CrisisDesk) -> None:
    opened = await desk.open(await desk.write(), values={**VALUES, "su_viec": "{don_vi} {gio} %s {0}"})
    assert "{don_vi} {gio} %s {0}" in (await desk.statement(opened))["title"]


async def test_a_second_situation_of_a_playbook_is_asked_for_expressly(desk: CrisisDesk) -> None:
    playbook = await desk.write()
    first = await desk.open(playbook, values=VALUES)
    again = await desk.ask("post", f"/playbooks/{playbook['id']}/open", values=VALUES)
    assert (again.status_code, slug_of(again)) == (409, "situation-going-on")
    assert first["id"] in again.json()["detail"]
    second = await desk.open(playbook, values=VALUES, again=True)
    assert second["id"] != first["id"]


async def test_who_may_do_what(desk: CrisisDesk, officers: Officers) -> None:
    ward = await officers.make.unit()
    stranger = await officers.sign_in(Role.SPOKESPERSON, Role.EDITOR, unit_id=ward.id)
    editor = await officers.sign_in(Role.EDITOR)
    assert (await desk.ask("post", "/playbooks", editor, **desk.body())).status_code == 403
    playbook = await desk.write()
    for path in (f"/playbooks/{playbook['id']}", f"/playbooks/{playbook['id']}/open"):
        method = "post" if path.endswith("open") else "get"
        hidden = await desk.ask(method, path, stranger)
        assert (hidden.status_code, slug_of(hidden)) == (404, "playbook-not-found")
    paused = await desk.ask("post", f"/playbooks/{playbook['id']}/open", editor, values=VALUES, pause="unit")
    assert (paused.status_code, slug_of(paused)) == (403, "not-speaking")
    assert (await desk.ask("get", "/situations")).json()["items"] == [], "what cannot be done whole is not begun"
    assert (await desk.ask("post", f"/playbooks/{playbook['id']}/open", editor, values=VALUES)).status_code == 201


async def test_a_playbook_is_checked_when_it_is_written_and_rewritten_knowingly(desk: CrisisDesk) -> None:
    playbook = await desk.write()
    taken = await desk.ask("post", "/playbooks", **desk.body())
    assert (taken.status_code, slug_of(taken)) == (409, "playbook-exists")
    nowhere = await desk.ask("post", "/playbooks", **desk.body(name="Khác", approving_units=[str(uuid4())]))
    assert (nowhere.status_code, slug_of(nowhere)) == (422, "playbook-not-usable")
    for trigger in ({"trigger": "alert"}, {"trigger": "manual", "severity": "urgent"}):
        assert (await desk.ask("post", "/playbooks", **desk.body(name="Khác", **trigger))).status_code == 422
    at = f"/playbooks/{playbook['id']}"
    changed = await desk.ask("put", at, **desk.body(name="Cháy rất lớn"), version=1)
    assert (changed.status_code, changed.json()["version"]) == (200, 2)
    stale = await desk.ask("put", at, **desk.body(), version=1)
    assert (stale.status_code, slug_of(stale)) == (409, "playbook-changed")


async def test_a_pause_that_lasts_already_is_used(desk: CrisisDesk) -> None:
    room = desk.newsroom
    begun = await room.client.post(f"{API}/pauses", json={"reason": "Đã dừng từ trước"}, headers=room.speaker)
    opened = await desk.open(await desk.write(), values=VALUES, pause="all")
    assert opened["pause_id"] == begun.json()["id"]
    assert [moment["what"][:37] for moment in opened["timeline"] if moment["kind"] == "pause"] == [
        "Lệnh tạm dừng của mọi đơn vị đã có từ"
    ]


async def test_those_concerned_are_told_and_again_when_a_step_is_late(desk: CrisisDesk) -> None:
    await desk.open(await desk.write(), values=VALUES)
    desk.newsroom.clock.advance(timedelta(minutes=12))
    for _ in range(2):
        await jobs.flag_overdue_steps(desk.newsroom.context)
    async with desk.newsroom.db.transaction() as session:
        rows = list(await session.execute(select(m.Notification.kind, m.Notification.role)))
    assert sorted((kind, role) for kind, role in rows) == [
        ("situation_opened", "spokesperson"),
        ("situation_steps", "editor"),
        ("situation_steps", "spokesperson"),
        ("step_overdue", "editor"),
    ]


async def alert_row(desk: CrisisDesk, **changes: Any) -> m.Alert:
    now = desk.newsroom.clock.now()
    common = {"kind": "burst", "severity": "warning"}
    rule = m.AlertRule(
        id=new_id(now),
        name="Tăng đột biến",
        condition={},
        role="editor",
        unit_id=changes.pop("unit_id", None),
        group_by="alert",
        group_minutes=0,
        breaks_quiet="urgent",
        escalation=[],
        created_at=now,
        updated_at=now,
        **common,
    )
    await desk_add(desk, rule)
    values = {"field": "chay_no", "title": "Nhiều tin về cháy ở Khương Hạ", **common, **changes}
    alert = m.Alert(
        id=new_id(now),
        rule_id=rule.id,
        event_key=str(new_id(now)),
        bundle="b",
        state="open",
        why={},
        count=12,
        first_at=now,
        last_at=now,
        raised_at=now,
        is_muted=False,
        next_level=0,
        **values,
    )
    return await desk_add(desk, alert)


async def desk_add(desk: CrisisDesk, row: Any) -> Any:
    async with desk.newsroom.db.transaction() as session:
        session.add(row)
    return row


async def test_an_alert_suggests_its_playbook_once_and_a_person_opens_it(desk: CrisisDesk, officers: Officers) -> None:
    when = {"trigger": "alert", "field": "chay_no", "severity": "warning"}
    playbook = await desk.write(**when)
    alert = await alert_row(desk)
    await alert_row(desk, severity="notice")
    await alert_row(desk, field="y_te")
    await alert_row(desk, unit_id=(await officers.make.unit()).id)
    for _ in range(2):
        await jobs.suggest_playbooks(desk.newsroom.context)
    suggested = (await desk.ask("get", "/playbook-suggestions")).json()
    assert [(s["playbook_id"], s["alert_id"]) for s in suggested] == [(playbook["id"], str(alert.id))]
    async with desk.newsroom.db.transaction() as session:
        told = list(await session.scalars(select(m.Notification.subject)))
        assert await session.scalar(select(m.Situation.id)) is None, "nothing opens by itself"
    assert told == ["Gợi ý kịch bản “Cháy lớn”: Nhiều tin về cháy ở Khương Hạ"]
    opened = await desk.open(playbook, values=VALUES, alert_id=str(alert.id))
    assert opened["title"] == alert.title
    assert [m_["object_id"] for m_ in opened["timeline"] if m_["kind"] == "alert"] == [str(alert.id)]
    assert (await desk.ask("get", "/playbook-suggestions")).json() == []
    unknown = await desk.ask("post", f"/playbooks/{playbook['id']}/open", alert_id=str(uuid4()), again=True)
    assert (unknown.status_code, slug_of(unknown)) == (422, "link-not-possible")


@pytest.mark.parametrize(
    ("statement", "why"),
    [
        ("UPDATE situation_entries SET body = 'khác'", "permission denied|append-only"),
        ("DELETE FROM situation_entries", "permission denied|append-only"),
        ("DELETE FROM situations", "is kept"),
        ("UPDATE situations SET title = 'khác'", "only closes"),
        ("UPDATE situations SET state = 'closed', closed_at = now(), closed_by = opened_by", "closed_with_a_lesson"),
        ("UPDATE situations SET is_drill = true, title = 'DIỄN TẬP'", "from the beginning|nothing real|only closes"),
    ],
)
async def test_the_service_role_cannot_rewrite_what_happened(desk: CrisisDesk, statement: str, why: str) -> None:
    await desk.open(await desk.write(), values=VALUES)
    with pytest.raises(DBAPIError, match=why):
        async with desk.newsroom.worker_db.transaction() as session:
            await session.execute(text(statement))


async def test_nothing_is_added_to_a_closed_timeline_by_direct_sql(desk: CrisisDesk) -> None:
    opened = await desk.open(await desk.write(checklist=[]), values=VALUES)
    closed = await desk.ask("post", f"/situations/{opened['id']}/close", lesson="Không có gì đáng kể")
    assert closed.status_code == 200, closed.text
    now = desk.newsroom.clock.now()
    late = m.SituationEntry(
        id=new_id(now),
        situation_id=UUID(opened["id"]),
        kind="note",
        body="thêm",
        role="editor",
        done_by=desk.first.person.id,
        happened_at=now,
    )
    with pytest.raises(DBAPIError, match="is complete"):
        async with desk.newsroom.worker_db.transaction() as session:
            session.add(late)
