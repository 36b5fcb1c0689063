"""From the event to the rows: labels, versions, the history that protects, guarded suggestions, the event out."""

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import nats
import pytest
from sqlalchemy import event as hooks
from sqlalchemy import text

from libs.common import models as m
from libs.common.bus import credentials, headers_of
from libs.common.consumer import Consumer
from libs.common.ids import new_id
from libs.common.settings import NatsSettings
from services.classify.subscribers import subscribers
from tests.classify.conftest import Desk

CRITICISM = "Cán bộ phường tắc trách, đùn đẩy trách nhiệm, làm ăn kiểu gì mà cống tắc mãi không ai xử lý, dân khổ quá."
SCAM = "Bạn đã trúng thưởng 50 triệu! Bấm vào link http://vietcombank-nhanqua.top/otp để đăng nhập ngay và nhập mã OTP."
NEWS = ("Thông xe cầu vượt ở phường Cầu Giấy", "Sáng nay, Sở Xây dựng cho biết cầu vượt dài 300 m đã thông xe.")


async def test_contents_become_annotations_and_one_event(desk: Desk) -> None:
    news = await desk.content(*NEWS)
    critic = await desk.content("Cống tắc", CRITICISM, group="forum")
    await desk.annotate([critic, news])
    found = {row.content_id: row for row in await desk.rows(m.Annotation)}
    assert (found[news].kind, found[news].field, found[news].content_revision) == ("news", "giao_thong", 1)
    assert found[news].places == ["00166"]
    assert (found[news].language, found[news].abstained) == ("vi", [])
    assert found[news].mentions == {"quantities": [{"words": "300 m", "value": "300", "unit": "m"}]}
    assert found[critic].kind == "criticism"
    assert found[news].model_versions["classifier"].startswith("lexicon ")
    [event] = await desk.events("lantoa.content.classified.v1")
    assert [set(item) for item in event["items"]] == [{"content_id", "kind", "field", "tone"}] * 2
    [label] = await desk.rows(m.LabelRecord)
    assert (label.content_id, label.kind, label.from_kind, label.labelled_by) == (critic, "criticism", None, None)


async def test_an_older_version_is_ignored_and_a_newer_one_wins(desk: Desk) -> None:
    content = await desk.content(*NEWS)
    await desk.annotate([content])
    async with desk.owner.transaction() as session:
        await session.execute(text("UPDATE annotations SET content_revision = 5, field = 'y_te'"))
    await desk.annotate([content])
    [row] = await desk.rows(m.Annotation)
    assert (row.field, row.content_revision) == ("y_te", 5)
    assert len(await desk.events("lantoa.content.classified.v1")) == 1
    async with desk.owner.transaction() as session:
        await session.execute(text("UPDATE contents SET revision = 6"))
    await desk.annotate([content])
    [row] = await desk.rows(m.Annotation)
    assert (row.field, row.content_revision) == ("giao_thong", 6)


async def test_a_model_never_takes_protection_away(desk: Desk) -> None:
    content = await desk.content("Cống tắc", CRITICISM, group="forum")
    await desk.annotate([content])
    await desk.revise(content, SCAM)
    await desk.annotate([content])
    [row] = await desk.rows(m.Annotation)
    assert (row.kind, row.risk, row.content_revision) == ("criticism", [], 2)
    assert row.model_versions["kind"] == "kept"
    assert await desk.rows(m.LegalRiskCase) == []
    assert len(await desk.rows(m.LabelRecord)) == 1


async def test_a_scam_is_suggested_once_however_often_it_comes(desk: Desk) -> None:
    content = await desk.content("", SCAM, group="forum")
    for _ in range(3):
        await desk.annotate([content])
    [case] = await desk.rows(m.LegalRiskCase)
    assert (case.content_id, case.risk_class, case.state) == (content, "scam_link", "suggested")


async def test_a_scam_that_becomes_criticism_is_released(desk: Desk) -> None:
    content = await desk.content("", SCAM, group="forum")
    await desk.annotate([content])
    await desk.revise(content, CRITICISM)
    await desk.annotate([content])
    [case] = await desk.rows(m.LegalRiskCase)
    assert case.state == "released"


async def test_criticism_with_an_id_number_is_a_safety_task(desk: Desk) -> None:
    words = f"{CRITICISM} Đây là ông ta, CCCD 001099012345."
    content = await desk.content("Cống tắc", words, group="forum")
    await desk.annotate([content])
    await desk.annotate([content])
    [told] = await desk.rows(m.Notification, m.Notification.kind == "safety")
    assert (told.role, told.object_id) == ("feedback_officer", content)
    assert "001099012345" not in told.subject + told.body
    assert await desk.rows(m.LegalRiskCase) == []


async def test_a_batch_is_a_fixed_number_of_statements(desk: Desk) -> None:
    def counted() -> list[str]:
        said: list[str] = []
        hooks.listen(desk.db.engine.sync_engine, "before_cursor_execute", lambda c, cu, s, *_: said.append(s))
        return said

    few = [await desk.content(f"Tin {n}", CRITICISM, group="forum") for n in range(2)]
    many = [await desk.content(f"Tin {n}", CRITICISM, group="forum") for n in range(40)]
    said = counted()
    await desk.annotate(few)
    for_two = len(said)
    await desk.annotate(many)
    assert len(said) == 2 * for_two


def _consumer(desk: Desk, number: int) -> Consumer[Any]:
    return Consumer("classify", subscribers.all[number], desk.db, desk.clock, desk.held)


async def _publish(settings: NatsSettings, event_id: UUID, ids: list[UUID], message_id: str) -> None:
    client = await nats.connect(settings.url, **credentials(settings))
    subject = "lantoa.content.ingested.v1"
    headers = headers_of(event_id, subject, "ingest", datetime.now(UTC), message_id)
    body = json.dumps({"content_ids": [str(i) for i in ids]}).encode()
    await client.jetstream().publish(subject, body, headers=headers)
    await client.close()


async def _until(condition: Callable[[], Any]) -> None:
    for _ in range(200):
        if await condition():
            return
        await asyncio.sleep(0.05)
    raise AssertionError("it never became true")


@pytest.mark.mission("M04")
async def test_through_nats_a_redelivered_event_takes_effect_once(desk: Desk, nats_settings: NatsSettings) -> None:
    first, second = await desk.content(*NEWS), await desk.content("Cống tắc", CRITICISM, group="forum")
    event_id = new_id(desk.clock.now())
    client = await nats.connect(nats_settings.url, **credentials(nats_settings))
    stopping = asyncio.Event()
    running = asyncio.create_task(_consumer(desk, 0).run(client.jetstream(), stopping))
    try:
        await _publish(nats_settings, event_id, [first], "a")
        await _publish(nats_settings, event_id, [first], "b")
        await _publish(nats_settings, new_id(desk.clock.now()), [second], "c")

        async def both() -> bool:
            return len(await desk.rows(m.Annotation)) == 2

        await _until(both)
    finally:
        stopping.set()
        await running
        await client.close()
    events = await desk.events("lantoa.content.classified.v1")
    assert sorted(item["content_id"] for e in events for item in e["items"]) == sorted([str(first), str(second)])
    assert len(await desk.rows(m.InboxEvent)) == 2
