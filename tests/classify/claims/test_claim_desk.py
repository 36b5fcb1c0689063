"""The desk of claims: what is suggested, what people decide, how far a claim spread, and what it may lead to."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from libs.common import models as m
from libs.common.ids import new_id
from libs.common.models.enums import Role
from services.classify.claims.matching import match_contents
from services.classify.claims.meaning import RationedMeaning
from services.classify.claims.shelf import ANEW, ClaimShelf
from services.classify.main import SERVICE
from tests.classify.conftest import Desk

API = "/api/classify/v1"
CLAIM = "Cầu Chương Dương xuất hiện vết nứt lớn và sẽ đóng cửa một năm để sửa"
RUMOUR = "Từ tuần sau đóng cầu Chương Dương 1 năm nha các bác, nứt to lắm rồi, tính đường mà đi làm"
OTHER = "Nước máy ở Long Biên nhiễm asen vượt ngưỡng mười lần"
PLAIN = "Thư viện phường mở cửa đón bạn đọc từ sáng nay, có góc đọc sách cho thiếu nhi."
EVIDENCE = [{"title": "Sở Xây dựng bác tin", "url": "https://so.example/bac-tin"}]


@pytest.fixture
async def client(client_for: Any) -> Any:
    return await client_for(SERVICE)


@pytest.fixture
async def checker(signed_in: Any) -> Any:
    return await signed_in(Role.FACT_CHECKER)


async def made(client: Any, checker: Any, words: str = CLAIM, **more: Any) -> str:
    answer = await client.post(f"{API}/claims", json={"text": words, **more}, headers=checker)
    assert answer.status_code == 201, answer.text
    found: str = answer.json()["id"]
    return found


async def told(desk: Desk, words: str = RUMOUR, *, kind: str = "news", **more: Any) -> UUID:
    """A content that came in, was labelled, and went through the worker."""
    content = await desk.content("", words, **{"group": "forum", **more})
    await desk.annotate([content])
    await desk.index([content])
    return content


async def matches(client: Any, who: Any, **asked: Any) -> list[dict[str, Any]]:
    answer = await client.get(f"{API}/matches", params=asked, headers=who)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


async def publish(desk: Desk) -> None:
    async with desk.owner.transaction() as session:
        await session.execute(text("UPDATE claims SET state = 'published'"))


async def copy(desk: Desk, content: UUID, of: UUID) -> None:
    """What ingest writes when a text comes in that is nearly an earlier one."""
    row = {"content_id": content, "copy_of": of, "nearest_id": of, "similarity": 0.95, "linked_at": desk.clock.now()}
    async with desk.owner.transaction() as session:
        session.add(m.NearCopy(**row))


@pytest.mark.mission("M07")
async def test_what_comes_in_is_suggested_and_the_fact_is_recorded(desk: Desk, client: Any, checker: Any) -> None:
    claim = await made(client, checker)
    await made(client, checker, OTHER)
    content, _ = await told(desk), await told(desk, PLAIN)
    [row] = await matches(client, checker)
    assert (row["claim_id"], row["content_id"], row["state"]) == (claim, str(content), "suggested")
    [event] = await desk.events("lantoa.claim.seen.v1")
    assert event == {"claim_id": claim, "state": "suggested", "content_ids": [str(content)], "count": 1}
    await desk.index([content])
    assert len(await desk.events("lantoa.claim.seen.v1")) == 1, "looking again is not seeing again"
    await client.post(f"{API}/claims/{claim}/matches/{content}/confirm", headers=checker)
    await client.post(f"{API}/claims/{claim}/matches/{content}/confirm", headers=checker)
    assert [one["state"] for one in await desk.events("lantoa.claim.seen.v1")] == ["suggested", "confirmed"]


@pytest.mark.mission("M07")
async def test_many_are_decided_at_once_each_with_its_result(desk: Desk, client: Any, checker: Any) -> None:
    claim = await made(client, checker)
    first, second = await told(desk), await told(desk, f"Nghe bảo: {RUMOUR}")
    wanted = [
        {"claim_id": claim, "content_id": str(second), "state": "rejected"},
        {"claim_id": claim, "content_id": str(UUID(int=7)), "state": "confirmed"},
        {"claim_id": claim, "content_id": str(first), "state": "confirmed"},
    ]
    answer = await client.post(f"{API}/matches/decisions", json={"decisions": wanted}, headers=checker)
    assert answer.json()["decided"] == 2
    assert [one["status"] for one in answer.json()["results"]] == ["decided", "not_found", "decided"]
    again = await client.post(f"{API}/matches/decisions", json={"decisions": wanted}, headers=checker)
    assert [one["status"] for one in again.json()["results"]] == ["unchanged", "not_found", "unchanged"]
    assert {row.content_id: row.state for row in await desk.rows(m.ClaimMatch)} == {
        first: "confirmed",
        second: "rejected",
    }
    bad = [{**wanted[0], "state": "suggested"}]
    refused = await client.post(f"{API}/matches/decisions", json={"decisions": bad}, headers=checker)
    assert refused.status_code == 422, "only people's decisions are decisions"


@pytest.mark.mission("M07")
async def test_what_was_rejected_is_never_suggested_again(desk: Desk, client: Any, checker: Any) -> None:
    claim = await made(client, checker)
    content = await told(desk)
    await client.post(f"{API}/claims/{claim}/matches/{content}/reject", headers=checker)
    copied = await desk.content("", RUMOUR, group="forum", source="khác")
    await copy(desk, copied, content)
    await desk.annotate([copied])
    await desk.index([content, copied])
    [row] = await desk.rows(m.ClaimMatch)
    assert (row.content_id, row.state) == (content, "rejected")
    with pytest.raises(Exception, match="never suggested again"):
        async with desk.db.transaction() as session:
            await session.execute(text("UPDATE claim_matches SET state = 'suggested'"))
    with pytest.raises(Exception, match="decided by a person"):
        async with desk.db.transaction() as session:
            await session.execute(text("UPDATE claim_matches SET state = 'confirmed', decided_by = NULL"))


@pytest.mark.mission("M07")
async def test_near_copies_of_a_confirmed_content_come_first(desk: Desk, client: Any, checker: Any) -> None:
    claim = await made(client, checker)
    content, likely = await told(desk), await told(desk, f"{CLAIM}. {RUMOUR}")
    await client.post(f"{API}/claims/{claim}/matches/{content}/confirm", headers=checker)
    copied = await desk.content("", f"{RUMOUR} Xem ảnh.", group="forum", source="khác")
    await copy(desk, copied, content)
    await desk.annotate([copied])
    await desk.index([copied])
    answer = await client.get(f"{API}/claims/{claim}/suggestions", headers=checker)
    assert [one["content_id"] for one in answer.json()] == [str(copied), str(likely)]
    assert answer.json()[0]["copy_of"] == str(content)


async def test_only_recent_contents_where_asked(desk: Desk, client: Any, signed_in: Any) -> None:
    await told(desk)
    desk.clock.advance(timedelta(days=5))
    checker = await signed_in(Role.FACT_CHECKER)
    await told(desk, f"Vẫn tin đó: {RUMOUR}")
    claim = await made(client, checker, look_back_days=2)
    assert len(await matches(client, checker, claim_id=claim)) == 1
    whole = await made(client, checker, f"{CLAIM} lớn", look_back_days=30)
    assert len(await matches(client, checker, claim_id=whole)) == 2
    assert len(await matches(client, checker, claim_id=whole, hours=24)) == 1
    assert await matches(client, checker, claim_id=await made(client, checker, f"{CLAIM} hẳn", look_back_days=0)) == []


async def test_a_person_looks_up_and_links_what_was_not_suggested(desk: Desk, client: Any, checker: Any) -> None:
    claim = await made(client, checker)
    content = await told(desk, "Sắp phải đi đường vòng vì vết nứt trên Chương Dương")
    found = (await client.get(f"{API}/contents/{content}/claims", headers=checker)).json()
    assert [one["claim_id"] for one in found] == [claim]
    linked = await client.put(f"{API}/claims/{claim}/matches/{content}", headers=checker)
    assert linked.json()["state"] == "confirmed"
    assert (await client.put(f"{API}/claims/{claim}/matches/{UUID(int=3)}", headers=checker)).status_code == 404
    assert (await client.get(f"{API}/contents/{UUID(int=3)}/claims", headers=checker)).status_code == 404


# --- the spread ---------------------------------------------------------------------------------------------


@pytest.mark.mission("M07")
async def test_the_spread_tells_when_and_where_with_confirmed_apart(desk: Desk, client: Any, signed_in: Any) -> None:
    claim, began = await made(client, await signed_in(Role.FACT_CHECKER)), desk.clock.now()
    seen = [await told(desk, source="Diễn đàn A", first_seen_at=began)]
    desk.clock.advance(timedelta(hours=30))
    checker = await signed_in(Role.FACT_CHECKER)
    for source, group in (("Diễn đàn A", "forum"), ("Báo B", "press"), ("Diễn đàn C", "forum")):
        seen.append(await told(desk, source=source, group=group, first_seen_at=desk.clock.now()))
    for content in seen[:3]:
        await client.post(f"{API}/claims/{claim}/matches/{content}/confirm", headers=checker)
    spread = (await client.get(f"{API}/claims/{claim}/spread?step=days", headers=checker)).json()
    confirmed, suggested = spread["confirmed"], spread["suggested"]
    assert spread["as_of"] == desk.clock.now().isoformat().replace("+00:00", "Z")
    assert (spread["first_seen_at"][:16], spread["first_source"]) == (began.isoformat()[:16], "Diễn đàn A")
    assert (confirmed["items"], confirmed["sources"], confirmed["last_24h"], confirmed["before_24h"]) == (3, 2, 2, 1)
    assert (confirmed["growth"], suggested["growth"]) == (1.0, None), "nothing before is no growth of nought"
    assert [point["total"] for point in confirmed["points"]] == [1, 3]
    assert confirmed["points"][-1]["by_group"] == {"forum": 1, "press": 1}
    assert (suggested["items"], suggested["sources"]) == (1, 1)
    assert [(one["name"], one["confirmed"], one["suggested"]) for one in spread["sources"]] == [
        ("Diễn đàn A", 2, 0),
        ("Báo B", 1, 0),
        ("Diễn đàn C", 0, 1),
    ]
    short = (await client.get(f"{API}/claims/{claim}/spread?step=hours&hours=2", headers=checker)).json()
    assert [point["total"] for point in short["confirmed"]["points"]] == [3], "an excerpt counts from the beginning"
    assert (await client.get(f"{API}/claims/{UUID(int=1)}/spread", headers=checker)).status_code == 404


async def test_the_spread_outlives_the_contents(desk: Desk, client: Any, checker: Any) -> None:
    claim = await made(client, checker)
    content = await told(desk, source="Diễn đàn A")
    await client.post(f"{API}/claims/{claim}/matches/{content}/confirm", headers=checker)
    async with desk.owner.transaction() as session:
        await session.execute(text("DELETE FROM contents"))
    spread = (await client.get(f"{API}/claims/{claim}/spread", headers=checker)).json()
    assert (spread["confirmed"]["items"], spread["first_source"]) == (1, "Diễn đàn A")


# --- the line -----------------------------------------------------------------------------------------------


@pytest.mark.mission("M05")
async def test_only_a_confirmed_match_of_a_published_false_claim_reaches_the_legal_desk(
    desk: Desk, client: Any, checker: Any
) -> None:
    claim = await made(client, checker, verdict="tin_gia", evidence=EVIDENCE)
    content = await told(desk, f"Tin nóng: {CLAIM}.", group="press")
    path = f"{API}/claims/{claim}/matches/{content}"
    unconfirmed = await client.post(f"{path}/legal-risk", headers=checker)
    assert unconfirmed.json()["type"] == "urn:lantoa:problem:match-not-confirmed"
    await client.post(f"{path}/confirm", headers=checker)
    unpublished = await client.post(f"{path}/legal-risk", headers=checker)
    assert unpublished.json()["type"] == "urn:lantoa:problem:risk-not-allowed"
    assert await desk.rows(m.LegalRiskCase) == [], "confirming alone suggests nothing"
    await publish(desk)
    for _ in range(2):
        assert (await client.post(f"{path}/legal-risk", headers=checker)).status_code == 204
    [case] = await desk.rows(m.LegalRiskCase)
    assert (case.risk_class, str(case.claim_id), case.state) == ("false_emergency", claim, "suggested")


@pytest.mark.mission("M05")
@pytest.mark.parametrize("kind", ["criticism", "opinion", "complaint"])
async def test_lawful_speech_that_repeats_a_false_claim_is_no_legal_risk(
    desk: Desk, client: Any, checker: Any, kind: str
) -> None:
    claim = await made(client, checker, verdict="tin_gia", evidence=EVIDENCE)
    content = await told(desk)
    await client.post(f"{API}/claims/{claim}/matches/{content}/confirm", headers=checker)
    await publish(desk)
    record = {"id": new_id(desk.clock.now()), "content_id": content, "labelled_at": desk.clock.now()}
    await desk.make.add(
        m.LabelRecord(**record, kind=kind, from_kind=None, labelled_by=None, second_by=None, reason=None)
    )
    refused = await client.post(f"{API}/claims/{claim}/matches/{content}/legal-risk", headers=checker)
    assert (refused.status_code, refused.json()["type"]) == (409, "urn:lantoa:problem:risk-not-allowed")
    assert await desk.rows(m.LegalRiskCase) == []


# --- the book in the worker ---------------------------------------------------------------------------------


async def test_the_book_follows_new_closed_and_late_claims(
    desk: Desk, client: Any, checker: Any, db_as: Callable[[str], Any]
) -> None:
    shelf = ClaimShelf()

    async def refresh() -> int:
        async with desk.db.transaction() as session:
            return await shelf.refresh(session, desk.clock.now())

    first = await made(client, checker)
    assert (await refresh(), await refresh()) == (1, 0)
    desk.clock.advance(timedelta(minutes=1))
    second = await made(client, checker, OTHER)
    assert (await refresh(), len(shelf.book.claims)) == (1, 2)
    async with desk.owner.transaction() as session:
        values = {"now": desk.clock.now(), "id": UUID(first)}
        await session.execute(text("UPDATE claims SET state = 'closed', updated_at = :now WHERE id = :id"), values)
    assert (await refresh(), set(shelf.book.claims)) == (1, {UUID(second)})
    async with desk.owner.transaction() as session:
        await session.execute(text("DELETE FROM claims WHERE id = :id"), {"id": UUID(second)})
    desk.clock.advance(ANEW)
    await refresh()
    assert shelf.book.claims == {}, "what nobody told of is found once an hour"
    async with desk.db.transaction() as session:
        assert await match_contents(session, [await told(desk)], shelf, now=desk.clock.now()) == 0


class Doubt:
    """A second opinion that believes in nothing."""

    def near(self, claim: str, text: str) -> float | None:
        return 0.5


@pytest.mark.parametrize(("looks", "expected"), [(0, 2), (1, 1), (2, 0)])
async def test_the_worker_looks_again_at_a_few_uncertain_texts_of_a_batch(
    desk: Desk, client: Any, checker: Any, looks: int, expected: int
) -> None:
    ids = [await desk.content("", f"Sửa cầu Chương Dương, xe máy đi lối {n}", group="forum") for n in (1, 2)]
    await desk.annotate(ids)
    await made(client, checker)
    shelf = ClaimShelf(meaning=RationedMeaning(Doubt(), looks))
    async with desk.db.transaction() as session:
        assert await match_contents(session, ids, shelf, now=desk.clock.now()) == expected
