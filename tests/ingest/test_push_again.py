"""A push that is sent again under its `Idempotency-Key`: one effect, the same answer, whatever died in between."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, text
from zstandard import ZstdDecompressor

from libs.common import models as m
from libs.common.jobs import JobContext
from libs.common.models.enums import Role
from services.ingest.idempotency.jobs import forget_answers
from services.ingest.idempotency.problems import (
    IdempotencyKeyInUse,
    IdempotencyKeyReused,
    InvalidIdempotencyKey,
)
from services.ingest.idempotency.rules import call_of, key_of
from services.ingest.idempotency.service import Answer, answer_once
from services.ingest.settings import IntakeSettings
from tests.ingest.conftest import DeskWith
from tests.ingest.desk import Desk, ndjson
from tests.ingest.test_push import INGESTED, row

KEY = {"Idempotency-Key": '"8e03978e-40d5-43dd-bc93-6894a57f9324"'}


async def test_the_same_request_again_gets_the_same_answer(desk: Desk) -> None:
    rows = [row(1), row(2), row(3, author="ai đó")]
    first = await desk.push(rows, headers=KEY)
    again = await desk.push(rows, headers=KEY)
    assert (first.status_code, again.status_code) == (200, 200)
    assert (again.content, again.json()["stored"]) == (first.content, 2)
    assert ("idempotency-replayed" in first.headers, again.headers["idempotency-replayed"]) == (False, "true")
    assert (await desk.push(rows)).json()["duplicates"] == 2, "without the key it is another request"
    assert (await desk.count(m.Content), len(await desk.events(INGESTED))) == (2, 1)


async def test_one_item_again_gets_the_same_answer(desk: Desk) -> None:
    first = await desk.ask("POST", "/contents", json=row(1), headers=KEY)
    again = await desk.ask("POST", "/contents", json=row(1), headers=KEY)
    assert (first.status_code, again.status_code, first.content) == (201, 201, again.content)
    assert again.json()["status"] == "stored"


async def test_another_body_under_the_key_is_refused_and_stores_nothing(desk: Desk) -> None:
    await desk.push([row(1)], headers=KEY)
    other = await desk.push([row(2)], headers=KEY)
    assert (other.status_code, other.headers["content-type"]) == (422, "application/problem+json")
    assert other.json()["title"] == "Khóa chống gửi lặp đã được dùng cho nội dung khác"
    assert [one.title for one in await desk.contents()] == ["Bài 1"]


async def test_a_key_belongs_to_its_caller_and_its_door(desk: Desk, signed_in: Any) -> None:
    await desk.push([row(1)], headers=KEY)
    theirs = await desk.push([row(2)], headers=KEY, who=await signed_in(Role.INTEGRATOR))
    elsewhere = await desk.ask("POST", "/contents", json=row(3), headers=KEY)
    assert (theirs.json()["stored"], elsewhere.status_code) == (1, 201)


async def test_an_answer_is_kept_for_a_day_and_then_forgotten(desk: Desk) -> None:
    context = JobContext(desk.worker_db, desk.clock, None, asyncio.Event())

    async def ask(body: bytes) -> bytes:
        async def work() -> Answer:
            return Answer(200, body)

        call = call_of('"k"', caller=UUID(int=1), door="/x", body=body)
        async with desk.worker_db.transaction() as session:
            return (await answer_once(session, call, work, now=desk.clock.now())).body

    await ask(b"1")
    desk.clock.advance(timedelta(hours=23, minutes=59))
    with pytest.raises(IdempotencyKeyReused):
        await ask(b"2")
    desk.clock.advance(timedelta(minutes=1))
    assert await ask(b"2") == b"2", "the key is as new"
    assert await forget_answers(context) == 0
    desk.clock.advance(timedelta(hours=24))
    assert (await forget_answers(context), await desk.count(m.PushKey)) == (1, 0)


async def test_while_the_first_is_at_work_the_second_is_told_to_wait(desk: Desk) -> None:
    started, go_on = asyncio.Event(), asyncio.Event()
    call = call_of('"k"', caller=UUID(int=1), door="/x", body=b"{}")

    async def work() -> Answer:
        started.set()
        await go_on.wait()
        return Answer(200, b'{"n": 1}')

    async def ask() -> Answer:
        async with desk.worker_db.transaction() as session:
            return await answer_once(session, call, work, now=desk.clock.now())

    running = asyncio.create_task(ask())
    await started.wait()
    with pytest.raises(IdempotencyKeyInUse) as refused:
        await ask()
    assert (refused.value.status, refused.value.retry_after) == (409, 2)
    go_on.set()
    assert (await running).body == (await ask()).body == b'{"n": 1}'


async def test_a_request_that_died_is_made_again_as_if_it_had_never_been(desk: Desk) -> None:
    """The server's side is cut off after the rows were stored and before the commit: nothing of it remains."""
    await desk.push([row(0)])  # the door's own source is there
    async with desk.db.transaction() as session:
        await session.execute(text("ALTER TABLE push_keys ADD CONSTRAINT no_answer CHECK (status = 0)"))
    assert (await desk.push([row(1), row(2)], headers=KEY)).status_code == 500
    assert (await desk.count(m.Content), await desk.count(m.PushKey)) == (1, 0)
    async with desk.db.transaction() as session:
        await session.execute(text("ALTER TABLE push_keys DROP CONSTRAINT no_answer"))
    assert (await desk.push([row(1), row(2)], headers=KEY)).json()["stored"] == 2


async def test_what_was_refused_is_not_kept(desk_with: DeskWith) -> None:
    desk: Desk = await desk_with(intake=IntakeSettings(body_bytes=2000))
    for body, status in (([], 422), ([row(1, text="x" * 3000)], 413)):
        assert (await desk.push(body, headers=KEY)).status_code == status
    assert (await desk.push([row(1)], headers=KEY)).json()["stored"] == 1


@pytest.mark.parametrize("header", ["", '""', '"a', "a b", '"a"; x=1', "a,b", "é", "x" * 256, '"' + "x" * 256 + '"'])
async def test_what_is_no_key_is_a_bad_request(header: str) -> None:
    with pytest.raises(InvalidIdempotencyKey) as refused:
        key_of(header)
    assert refused.value.status == 400


async def test_a_bad_key_is_told_over_http(desk: Desk) -> None:
    answer = await desk.push([row(1)], headers={"Idempotency-Key": '"a'})
    assert (answer.status_code, await desk.count(m.Content)) == (400, 0)


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=255))
def test_any_printable_string_is_a_key(key: str) -> None:
    quoted = '"' + key.replace("\\", "\\\\").replace('"', '\\"') + '"'
    assert key_of(f" {quoted} ") == key


@pytest.mark.mission("M37")
async def test_of_the_request_only_digests_are_kept(desk: Desk) -> None:
    await desk.push([row(1, source="Gọi 0912 345 678")], headers={"Idempotency-Key": '"nguyen-van-a"'})
    async with desk.db.transaction() as session:
        (kept,) = await session.scalars(select(m.PushKey))
    parts = (kept.key_hash, kept.body_hash, ZstdDecompressor().decompress(kept.answer))
    assert not any(word in part for part in parts for word in (b"nguyen", b"0912", b"345 678"))
    again = await desk.push([row(1, source="Gọi 0912 345 678")], headers={"Idempotency-Key": '"nguyen-van-a"'})
    assert "[số điện thoại]" in again.text
    assert "0912" not in again.text


async def test_two_senders_of_the_same_rows_in_opposite_order_store_each_once(desk: Desk) -> None:
    """Their batches hold keys that the other wants: the database undoes one, and it is made again."""
    await desk.push([row(9_999)])  # the source that all three wait for is there
    rows = [row(n) for n in range(600)]
    answers = await asyncio.gather(desk.push(rows), desk.push(rows[::-1]), desk.push(rows[300:] + rows[:300]))
    assert [answer.status_code for answer in answers] == [200] * 3
    assert sum(answer.json()["stored"] for answer in answers) == 600
    assert await desk.count(m.Content) == 601


@pytest.mark.slow
@pytest.mark.mission("M02")
async def test_ten_thousand_lines_are_judged_one_by_one_and_answered_the_same_again(desk: Desk) -> None:
    rows: list[Any] = [row(n) for n in range(10_000)]
    rows[17], rows[9_999] = '{"title": "đứt', row(9_999, url="ftp://tin.example/x")
    headers = KEY | {"Content-Type": "application/x-ndjson"}
    first = await desk.ask("POST", "/contents/bulk", content=ndjson(rows), headers=headers, timeout=120)
    told = first.json()
    assert (told["stored"], told["rejected"], len(told["results"])) == (9_998, 2, 10_000)
    assert [one["index"] for one in told["results"]] == list(range(10_000))
    assert [one["index"] for one in told["results"] if one["status"] == "rejected"] == [17, 9_999]
    again = await desk.ask("POST", "/contents/bulk", content=ndjson(rows), headers=headers, timeout=120)
    assert (again.content, again.headers["idempotency-replayed"]) == (first.content, "true")
    assert await desk.count(m.Content) == 9_998
