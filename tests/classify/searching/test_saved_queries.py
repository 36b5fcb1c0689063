"""Queries that are kept: what they may ask, whom they tell, what they find before and after, and how they end."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import DBAPIError

from libs.common import models as m
from libs.common.db import Database
from libs.common.ids import new_id
from libs.common.models.enums import Role
from libs.common.models.searching import SearchPurpose
from services.classify.main import SERVICE
from services.classify.searching import indexing, matching, saving
from tests.classify.conftest import Desk

API = "/api/classify/v1/saved-queries"
MATCHED = "lantoa.query.matched.v1"
PURPOSE = "Theo dõi tình trạng ngập để xử lý kịp thời."


class Kept:
    """Kept queries through the API, and the service's own jobs beside it."""

    def __init__(self, desk: Desk, client: Any, editor: Any) -> None:
        self.desk, self.client, self.editor = desk, client, editor

    def body(self, query: str = "ngập", **more: Any) -> dict[str, Any]:
        ends = self.desk.clock.now() + timedelta(days=30)
        values = {"name": "Ngập", "query": query, "purpose_kind": "incident", "purpose": PURPOSE}
        return {**values, "expires_at": ends.isoformat(), **more}

    async def make(self, query: str = "ngập", who: Any = None, **more: Any) -> Any:
        answer = await self.client.post(API, json=self.body(query, **more), headers=who or self.editor)
        assert answer.status_code == 201, answer.text
        return answer.json()

    async def read(self, query_id: str) -> Any:
        return (await self.client.get(f"{API}/{query_id}", headers=self.editor)).json()

    async def hits(self, query_id: str, **more: Any) -> list[str]:
        answer = await self.client.get(f"{API}/{query_id}/hits", params=more, headers=self.editor)
        assert answer.status_code == 200, answer.text
        return [row["title"] for row in answer.json()["items"]]

    async def comes_in(self, *titles: str, **more: Any) -> list[UUID]:
        self.desk.clock.advance(timedelta(seconds=1))
        ids = [await self.desk.content(title, "Tin trong ngày.", **more) for title in titles]
        await self.desk.annotate(ids)
        await self.desk.index(ids)
        return ids

    async def work(self, use_case: Callable[..., Any]) -> int:
        async with self.desk.db.transaction() as session:
            done: int = await use_case(session, self.desk.clock.now())
            return done

    async def look_back(self) -> None:
        self.desk.clock.advance(timedelta(seconds=10))
        while await self.work(matching.look_back):
            pass


@pytest.fixture
async def kept(desk: Desk, client_for: Any, signed_in: Any) -> Kept:
    return Kept(desk, await client_for(SERVICE), await signed_in(Role.EDITOR))


@pytest.mark.mission("M05")
async def test_a_kept_query_finds_what_was_there_and_what_comes_once(kept: Kept) -> None:
    await kept.comes_in("Phố Huế ngập sâu", "Nắng đẹp", "Ngập ở Mỹ Đình")
    one = await kept.make('ngập -"nắng"')
    other = await kept.make("ngập (after:2026-11-01 OR nắng)", is_alerting=False)
    assert (one["looked_back_at"], one["hits"]) == (None, 0)
    await kept.look_back()
    for query in (one, other):
        told = await kept.read(query["id"])
        assert (told["found_before"], told["hits"], told["unseen"], told["looked_back_share"]) == (2, 2, 0, 1)
        assert told["looked_back_at"] is not None
    ids = await kept.comes_in("Lại ngập ở Cầu Giấy", "Trời quang", "Ngập lụt")
    await kept.desk.index(ids)
    for query in (one, other):
        assert await kept.hits(query["id"]) == ["Ngập lụt", "Lại ngập ở Cầu Giấy", "Ngập ở Mỹ Đình", "Phố Huế ngập sâu"]
        assert (await kept.read(query["id"]))["unseen"] == 2
    events = await kept.desk.events(MATCHED)
    assert sorted(event["saved_query_id"] for event in events) == sorted([one["id"], other["id"]])
    assert all(sorted(event["content_ids"]) == sorted([str(ids[0]), str(ids[2])]) for event in events)
    seen = await kept.client.post(f"{API}/{one['id']}/seen", headers=kept.editor)
    assert seen.json()["unseen"] == 0


async def test_a_new_version_and_names_are_found_and_it_can_be_run_again(kept: Kept) -> None:
    source = await kept.desk.source("press", "Báo Thủ đô")
    query = await kept.make('place:"Cầu Giấy" source:"Báo Thủ đô" cháy')
    [content] = await kept.comes_in("Ở phường Cầu Giấy hôm nay", source="Báo Thủ đô")
    assert await kept.hits(query["id"]) == []
    await kept.desk.revise(content, "Cháy nhà ở phường Cầu Giấy.")
    await kept.desk.annotate([content])
    await kept.desk.index([content])
    assert await kept.hits(query["id"]) == ["Ở phường Cầu Giấy hôm nay"]
    await kept.look_back()
    again = await kept.client.post(f"{API}/{query['id']}/run", headers=kept.editor)
    assert (again.status_code, again.json()["looked_back_at"]) == (202, None)
    await kept.look_back()
    told = await kept.read(query["id"])
    assert (told["found_before"], told["hits"]) == (1, 1)
    assert str(source) in str((await kept.desk.rows(m.SavedQuery))[0].resolved)


async def test_people_are_told_at_most_once_an_hour(kept: Kept) -> None:
    await kept.comes_in("Ngập cũ")
    query, silent = await kept.make(), await kept.make(is_alerting=False)
    await kept.look_back()
    assert await kept.work(saving.tell_digests) == 0, "what was stored before alerts nobody"
    await kept.comes_in("Ngập một", "Ngập hai")
    assert await kept.work(saving.tell_digests) == 1
    await kept.comes_in("Ngập ba")
    assert await kept.work(saving.tell_digests) == 0
    kept.desk.clock.advance(timedelta(hours=1))
    assert await kept.work(saving.tell_digests) == 1
    assert await kept.work(saving.tell_digests) == 0
    first, second = await kept.desk.rows(m.Notification)
    assert (first.kind, first.role, str(first.object_id)) == ("saved_query", "editor", query["id"])
    assert first.body.startswith("2 nội dung mới")
    assert second.body.startswith("1 nội dung mới")
    assert "Ngập một" not in first.body
    assert silent["id"] != query["id"]


@pytest.mark.mission("M37")
async def test_a_query_about_a_person_is_refused_by_the_service_and_by_the_database(kept: Kept, desk: Desk) -> None:
    for query in ("0912345678", '"0912" "345" "678"', "@nguyenvana", "a@vi.du.vn", "cccd 001099012345", "fb.com/ai.do"):
        answer = await kept.client.post(API, json=kept.body(query), headers=kept.editor)
        assert (answer.status_code, answer.json()["type"]) == (422, "urn:lantoa:problem:query-asks-for-person"), query
        assert "người" in answer.json()["title"]
        assert query not in answer.text
    named = await kept.client.post(API, json=kept.body(name="Theo dõi @ai"), headers=kept.editor)
    assert named.status_code == 422
    await kept.make("cháy")
    changes = {
        "query = '@ai'": "asks_for_no_person", "query = '0912345678'": "asks_for_no_person", "purpose = ' '": "purpose",
        "expires_at = created_at + interval '181 days'": "expires",
    }  # fmt: skip
    for change, rule in changes.items():
        with pytest.raises(DBAPIError, match=f"ck_saved_queries_{rule}"):
            async with desk.db.transaction() as session:
                await session.execute(text(f"UPDATE saved_queries SET {change}"))


async def test_a_query_says_what_for_and_ends(kept: Kept, signed_in: Any) -> None:
    now = kept.desk.clock.now()
    lacking: list[tuple[dict[str, Any], int]] = [
        ({"purpose": "ngắn"}, 422), ({"purpose_kind": "person"}, 422), ({"expires_at": None}, 422),
        ({"expires_at": "2026-12-01T00:00:00"}, 422),
        ({"expires_at": (now + timedelta(days=181)).isoformat()}, 422), ({"expires_at": now.isoformat()}, 422),
        ({"query": "-ngập"}, 422), ({"query": "after:2026-11-01"}, 422), ({"query": "ngập ("}, 422),
        ({"author": "x"}, 422),
    ]  # fmt: skip
    for change, status in lacking:
        answer = await kept.client.post(API, json=kept.body() | change, headers=kept.editor)
        assert answer.status_code == status, change
    query = await kept.make(expires_at=(now + timedelta(days=10)).isoformat())
    path = f"{API}/{query['id']}"
    patched = await kept.client.patch(path, json={"is_alerting": False, "name": "Tên khác"}, headers=kept.editor)
    assert (patched.json()["name"], patched.json()["is_alerting"]) == ("Tên khác", False)
    renewal = {"purpose": "Mùa mưa còn kéo dài đến cuối năm.", "expires_at": (now + timedelta(days=100)).isoformat()}
    unsaid = await kept.client.post(f"{path}/renew", json={**renewal, "purpose": "x"}, headers=kept.editor)
    assert unsaid.status_code == 422
    assert (await kept.client.post(f"{path}/renew", json=renewal, headers=kept.editor)).json()["renewed_at"] is not None
    twice = await kept.client.post(f"{path}/renew", json=renewal, headers=kept.editor)
    assert (twice.status_code, twice.json()["type"]) == (409, "urn:lantoa:problem:saved-query-already-renewed")
    await kept.comes_in("Ngập")
    assert await kept.hits(query["id"]) == ["Ngập"]
    kept.desk.clock.advance(timedelta(days=101))
    assert await kept.work(saving.end_expired) == 1
    await kept.comes_in("Ngập nữa")
    assert await kept.desk.rows(m.SavedQueryHit) == []
    ended = await kept.client.post(f"{path}/run", headers=await signed_in(Role.EDITOR))
    assert (ended.status_code, ended.json()["type"]) == (409, "urn:lantoa:problem:saved-query-ended")
    actions = [row.action for row in await kept.desk.rows(m.AuditEntry, m.AuditEntry.object_type == "saved_query")]
    assert actions == ["saved_query.created", "saved_query.renewed", "saved_query.expired"]


async def test_who_may_keep_and_see_and_what_everybody_may_count(kept: Kept, signed_in: Any, desk: Desk) -> None:
    ward = await desk.make.unit()
    theirs, admin = await signed_in(Role.EDITOR, unit_id=ward.id), await signed_in(Role.ADMIN)
    query = await kept.make()
    path = f"{API}/{query['id']}"
    for role in (Role.INTEGRATOR, Role.VIEWER):
        nobody = await signed_in(role)
        for method, where in (("GET", API), ("GET", path), ("GET", f"{path}/hits"), ("DELETE", path)):
            assert (await kept.client.request(method, where, headers=nobody)).status_code == 403, (role, where)
        assert (await kept.client.post(API, json=kept.body(), headers=nobody)).status_code == 403
    for where in (path, f"{path}/hits"):
        assert (await kept.client.get(where, headers=theirs)).status_code == 404
    assert (await kept.client.get(API, headers=theirs)).json()["items"] == []
    [seen] = (await kept.client.get(API, headers=admin)).json()["items"]
    assert (seen["id"], seen["purpose"]) == (query["id"], PURPOSE)
    elsewhere = await kept.client.post(API, json=kept.body(unit_id=query["unit_id"]), headers=theirs)
    assert elsewhere.status_code == 403
    await kept.make(who=theirs, purpose_kind="coverage", unit_id=str(ward.id))
    assert (await kept.client.delete(path, headers=kept.editor)).status_code == 204
    counted = (await kept.client.get(f"{API}/counts")).json()
    rows = {row["purpose_kind"]: (row["active"], row["ended"]) for row in counted["purposes"]}
    assert rows == {one.value: (0, 0) for one in SearchPurpose} | {"incident": (0, 1), "coverage": (1, 0)}
    assert set(counted) == {"as_of", "purposes"}


async def test_the_index_is_filled_with_what_it_lacks(kept: Kept, desk: Desk, db: Database) -> None:
    """After it was made anew, or where an event was lost: by the job, the newest first."""
    ids = [await desk.content(f"Ngập {n}", "Tin.") for n in range(3)]
    await desk.annotate(ids)
    desk.clock.advance(timedelta(minutes=1))
    await kept.make()
    async with desk.db.transaction() as session:
        assert await indexing.fill(session, new_id(desk.clock.now() + timedelta(days=1)), 2, desk.clock.now()) == ids[1]
        assert await indexing.fill(session, ids[1], 2, desk.clock.now()) == ids[0]
        assert await indexing.fill(session, ids[0], 2, desk.clock.now()) is None
    assert len(await desk.rows(m.SearchDocument)) == 3
    assert [hit.is_new for hit in await desk.rows(m.SavedQueryHit)] == [False] * 3, "they were there before"
    assert await desk.events(MATCHED) == []


async def test_a_batch_is_matched_in_as_many_statements_for_many_queries_as_for_one(kept: Kept, desk: Desk) -> None:
    asked: list[str] = []
    event.listen(desk.db.engine.sync_engine, "before_cursor_execute", lambda *told: asked.append(told[2]))
    counts = []
    for more in (1, 15):
        for n in range(more):
            await kept.make(f"ngập {'after:2026-11-01' if n % 2 else ''} -nắng{n}")
        ids = [await desk.content(f"Ngập {more}", "Tin trong ngày.") for _ in range(5)]
        await desk.annotate(ids)
        asked.clear()
        async with desk.db.transaction() as session:
            await indexing.index_contents(session, ids, now=desk.clock.now())
        counts.append(len(asked))
    assert counts[1] <= counts[0] + 1, "the days of all that ask for some are read in one more"
    assert len(await desk.rows(m.SavedQueryHit)) == 5 + 5 * 16
