"""A consultation: asked by two people, answered without login or cookie, counted in total, closed with what changed."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from libs.common import models as m
from libs.common.auth.dev import dev_token
from libs.common.db import Database
from libs.common.models.enums import Role
from libs.common.testing.make import Make
from services.publish.consultation import jobs, service
from services.publish.hearing.base import HearingKeys
from tests.publish.conformance.drafts import NOW
from tests.publish.conformance.theatre import AYEAR
from tests.publish.newsroom import API, Newsroom
from tests.publish.officers import Officer

QUESTION = "Nên mở lại phố đi bộ vào tối nào trong tuần?"
CHANGED = "Phố đi bộ mở tối thứ Sáu từ ngày 1/12, theo phương án được chọn nhiều nhất."


@dataclass
class Asking:
    newsroom: Newsroom
    unit: UUID
    writer: Officer
    speaker: Officer
    other: Officer

    @property
    def client(self) -> httpx.AsyncClient:
        return self.newsroom.client

    async def do(self, path: str, who: Officer, **body: Any) -> httpx.Response:
        return await self.client.post(f"{API}/consultations{path}", json=body, headers=who.headers)

    async def draft(self, who: Officer | None = None, **changes: Any) -> dict[str, Any]:
        now = self.newsroom.clock.now()
        told = {
            "unit_id": str(self.unit),
            "question": QUESTION,
            "body": "Phố đi bộ tạm dừng từ tháng 9. Thành phố còn chọn được tối mở lại.",
            "options": ["Tối thứ Sáu", "Tối thứ Bảy", "Không mở lại"],
            "opens_at": now.isoformat(),
            "closes_at": (now + timedelta(days=7)).isoformat(),
        }
        made = await self.do("", who or self.writer, **{**told, **changes})
        assert made.status_code == 201, made.text
        return dict(made.json())

    async def opened(self, **changes: Any) -> dict[str, Any]:
        made = await self.draft(**changes)
        done = await self.do(f"/{made['id']}/open", self.speaker)
        assert done.status_code == 200, done.text
        return dict(done.json())

    async def form(self, made: dict[str, Any]) -> str:
        page = await self.client.get(f"/gop-y/{made['slug']}")
        assert page.status_code == 200
        return re.findall(r'name="phieu" value="([^"]+)"', page.text)[0]

    async def send(self, made: dict[str, Any], token: str, choice: str = "1", **headers: str) -> httpx.Response:
        form = {"phieu": token, "chon": choice}
        return await self.client.post(f"/gop-y/{made['slug']}", data=form, headers=headers)

    async def counts(self) -> list[int]:
        async with self.newsroom.db.transaction() as session:
            query = select(m.ConsultationOption.answers).order_by(m.ConsultationOption.position)
            return list(await session.scalars(query))


@pytest.fixture
async def asking(newsroom: Newsroom, make: Make, issuer: Path) -> Asking:
    async def sign_in(role: Role) -> Officer:
        person = await make.person(role)
        token = dev_token(issuer, person.subject, newsroom.clock.now(), AYEAR)
        return Officer(person, {"Authorization": f"Bearer {token}"})

    people = [await sign_in(role) for role in (Role.EDITOR, Role.SPOKESPERSON, Role.SPOKESPERSON)]
    return Asking(newsroom, await make.city(), *people)


@pytest.mark.mission("M36", "M11")
async def test_from_the_question_to_what_changed(asking: Asking) -> None:
    made = await asking.opened()
    for choice in ("1", "1", "3"):
        answer = await asking.send(made, await asking.form(made), choice)
        assert answer.status_code == 200
        assert "Đã ghi nhận lựa chọn của bạn" in answer.text
        assert "set-cookie" not in answer.headers
        assert "<script" not in answer.text
    assert await asking.counts() == [2, 0, 1]
    page = (await asking.client.get(f"/gop-y/{made['slug']}")).text
    assert "Đã có 3 lượt chọn" in page
    assert "<td>2</td>" not in page, "what others chose is shown once the window is over"
    early = await asking.do(f"/{made['id']}/what-changed", asking.other, what_changed=CHANGED)
    assert (early.status_code, early.json()["title"]) == (409, "Còn đang nhận ý kiến")
    asking.newsroom.clock.advance(timedelta(days=7))
    unsaid = await asking.do(f"/{made['id']}/close", asking.other)
    assert (unsaid.status_code, unsaid.json()["title"]) == (409, "Chưa nói điều gì đã thay đổi")
    assert (await asking.do(f"/{made['id']}/what-changed", asking.other, what_changed=CHANGED)).status_code == 200
    assert (await asking.do(f"/{made['id']}/close", asking.other)).json()["closed_at"] is not None
    page = (await asking.client.get(f"/gop-y/{made['slug']}")).text
    assert CHANGED in page
    assert "<td>2</td>" in page
    assert QUESTION in (await asking.client.get("/gop-y")).text
    again = await asking.do(f"/{made['id']}/what-changed", asking.other, what_changed=CHANGED)
    assert again.status_code == 409


@pytest.mark.mission("M36", "M37")
async def test_a_form_counts_once_and_nothing_of_who_sent_it_is_kept(asking: Asking) -> None:
    made = await asking.opened()
    token = await asking.form(made)
    assert (await asking.send(made, token, "2")).status_code == 200
    assert (await asking.send(made, token, "2")).status_code == 409
    assert await asking.counts() == [0, 1, 0]
    async with asking.newsroom.db.transaction() as session:
        [kept] = (await session.execute(text("SELECT t::text FROM consultation_tokens t"))).scalars()
    assert token.partition(".")[0] not in kept
    assert {column.name for column in m.ConsultationToken.__table__.columns} == {"digest", "consultation_id"}


@pytest.mark.mission("M36")
async def test_what_is_no_answer_is_refused_and_not_counted(asking: Asking) -> None:
    made, other = await asking.opened(), await asking.opened(question="Câu hỏi khác hẳn về vườn hoa?")
    token = await asking.form(made)
    nonce, at, mac = token.split(".")
    forged = [
        "",
        "x.y.z",
        f"{nonce}.{at}.{'0' * 64}",
        f"{nonce}.{int(at) + 1}.{mac}",
        await asking.form(other),
        f"{nonce}.{at}.é",
    ]
    for each in forged:
        assert (await asking.send(made, each)).status_code == 410, each
    for choice in ("", "0", "9", "1 OR 1=1"):
        assert (await asking.send(made, token, choice)).status_code == 422, choice
    assert (await asking.send(made, token, **{"Sec-Fetch-Site": "cross-site"})).status_code == 403
    assert (await asking.client.get("/gop-y/khong-co")).status_code == 404
    assert sum(await asking.counts()) == 0
    asking.newsroom.clock.advance(service.FORM_LASTS)
    assert (await asking.send(made, token)).status_code == 410
    fresh = await asking.form(made)
    asking.newsroom.clock.advance(timedelta(days=7))
    assert (await asking.send(made, fresh)).status_code == 409


async def test_one_network_answers_so_often_in_an_hour(asking: Asking) -> None:
    made = await asking.opened()
    for _ in range(service.MOST_AN_HOUR):
        assert (await asking.send(made, await asking.form(made))).status_code == 200
    refused = await asking.send(made, await asking.form(made))
    assert refused.status_code == 429
    assert sum(await asking.counts()) == service.MOST_AN_HOUR
    asking.newsroom.clock.advance(timedelta(hours=1))
    assert (await asking.send(made, await asking.form(made))).status_code == 200


@pytest.mark.mission("M36")
async def test_two_people_ask_and_a_draft_is_seen_by_nobody(asking: Asking) -> None:
    made = await asking.draft(asking.speaker)
    assert (await asking.client.get(f"/gop-y/{made['slug']}")).status_code == 404
    assert QUESTION not in (await asking.client.get("/gop-y")).text
    own = await asking.do(f"/{made['id']}/open", asking.speaker)
    assert (own.status_code, own.json()["title"]) == (409, "Người khác phải mở lần hỏi ý kiến này")
    assert (await asking.do(f"/{made['id']}/open", asking.writer)).status_code == 404
    assert (await asking.do(f"/{made['id']}/open", asking.other)).status_code == 200
    dropped = await asking.client.delete(f"{API}/consultations/{made['id']}", headers=asking.writer.headers)
    assert dropped.status_code == 409
    second = await asking.draft(question="Bản nháp sẽ bị bỏ đi?")
    gone = await asking.client.delete(f"{API}/consultations/{second['id']}", headers=asking.writer.headers)
    assert gone.status_code == 204
    listed = await asking.client.get(f"{API}/consultations", headers=asking.writer.headers)
    assert [one["id"] for one in listed.json()["items"]] == [made["id"]]


async def test_hostile_words_stay_words(asking: Asking) -> None:
    made = await asking.opened(options=["<script>alert(1)</script>", "Không"])
    page = (await asking.client.get(f"/gop-y/{made['slug']}")).text
    assert "<script" not in page
    assert "&lt;script&gt;" in page


async def test_spent_forms_are_forgotten_when_none_can_be_sent_any_more(asking: Asking) -> None:
    made = await asking.opened()
    await asking.send(made, await asking.form(made))
    for step, left in ((timedelta(days=7), 1), (service.FORM_LASTS + timedelta(seconds=1), 0)):
        asking.newsroom.clock.advance(step)
        await jobs.forget_spent_forms(asking.newsroom.context)
        async with asking.newsroom.db.transaction() as session:
            assert len((await session.scalars(select(m.ConsultationToken.digest))).all()) == left


@pytest.mark.mission("M36")
async def test_the_database_holds_what_was_asked_and_counted(asking: Asking, db_as: Callable[[str], Database]) -> None:
    made, publish = await asking.opened(), db_as("publish")
    draft = await asking.draft(question="Một bản nháp chưa ai mở?")
    values = {"id": UUID(made["id"]), "draft": UUID(draft["id"]), "now": asking.newsroom.clock.now()}
    who = {"writer": UUID(asking.writer.id), "speaker": UUID(asking.speaker.id)}
    changed = "what_changed = repeat('x', 30), changed_by = :writer"
    for statement, match in (
        ("UPDATE consultations SET question = 'Một câu hỏi khác hẳn?' WHERE id = :id", "stands"),
        ("UPDATE consultations SET closes_at = closes_at + interval '1 day' WHERE id = :id", "stands"),
        ("DELETE FROM consultations WHERE id = :id", "is kept"),
        ("UPDATE consultation_options SET answers = answers + 2 WHERE consultation_id = :id", "only counts one more"),
        (
            "UPDATE consultation_options SET answers = 0, label = 'x' WHERE consultation_id = :id",
            "only counts one more",
        ),
        ("DELETE FROM consultation_options WHERE consultation_id = :id", "only counts one more"),
        ("INSERT INTO consultation_options VALUES (:id, 9, 'thêm', 0)", "only counts one more"),
        ("UPDATE consultation_options SET answers = 1 WHERE consultation_id = :draft", "only counts one more"),
        ("UPDATE consultations SET closed_at = :now WHERE id = :id", "closed_with_what_changed"),
        (f"UPDATE consultations SET {changed}, changed_at = :now WHERE id = :id", "changed_afterwards"),
        (f"UPDATE consultations SET {changed}, changed_at = closes_at WHERE id = :draft", "never asked"),
        ("UPDATE consultations SET opened_by = :writer, opened_at = :now WHERE id = :draft", "two_people|opens a"),
    ):
        with pytest.raises(DBAPIError, match=match):
            async with publish.transaction() as session:
                await session.execute(text(statement), {**values, **who})
    async with publish.transaction() as session:
        await session.execute(text("DELETE FROM consultation_options WHERE consultation_id = :draft"), values)
    opening = "UPDATE consultations SET opened_by = :speaker, opened_at = :now WHERE id = :draft"
    with pytest.raises(DBAPIError, match="options to choose from"):
        async with publish.transaction() as session:
            await session.execute(text(opening), {**values, **who})


def test_a_token_holds_for_its_consultation_and_time_also_over_a_rotation() -> None:
    old, new = b"a" * 32, b"b" * 32
    before, after, one, other = HearingKeys([old]), HearingKeys([new, old]), UUID(int=1), UUID(int=2)
    token = service.make_token(before, one, NOW)
    assert service.read_token(before, one, token, NOW) == service.read_token(after, one, token, NOW) is not None
    assert service.read_token(after, other, token, NOW) is None
    assert service.read_token(HearingKeys([new]), one, token, NOW) is None
    assert service.read_token(before, one, token, NOW - timedelta(minutes=1)) is None
