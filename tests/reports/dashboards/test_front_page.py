"""What all parts of the front page share: who is let in, what nothing looks like, tags, parts that are late."""

from datetime import timedelta

import httpx
from sqlalchemy import text

from libs.common.clock import FrozenClock
from libs.common.db import Database
from libs.common.models.enums import Role
from libs.common.testing.plugin import SignedIn
from services.reports.dashboards.parts import LATE
from tests.reports.city import API, City
from tests.reports.dashboards.conftest import Ask

PARTS = ("today", "rising-stories", "waiting-approvals", "overdue", "channel-health", "source-health")
NOTHING = {
    "today": "Hôm nay chưa có tình huống, bài hẹn giờ hay hoạt động nào trong đơn vị của bạn.",
    "rising-stories": "Chưa có mục tin nào được đếm, nên chưa biết điều gì đang tăng.",
    "waiting-approvals": "Không có gì đang chờ duyệt trong đơn vị của bạn.",
    "overdue": "Không có việc nào quá hạn trong đơn vị của bạn.",
    "channel-health": "Đơn vị của bạn chưa có kênh nào.",
    "source-health": "Chưa khai báo nguồn tin nào.",
}
UNKNOWN = {
    "today": {"items_usual", "bursts"},
    "rising-stories": {"stories", "bursts"},
    "source-health": {"items_24h"},
}


async def test_an_empty_city_is_said_in_words_and_what_is_not_known_is_null(ask: Ask, editor: dict[str, str]) -> None:
    for part in PARTS:
        told = await ask(part, editor)
        assert (told["note"], told["items"]) == (NOTHING[part], [])
        blank = {name for name, figure in told["figures"].items() if figure["value"] is None}
        assert blank == UNKNOWN.get(part, set()), part
        for figure in told["figures"].values():
            assert set(figure) == {"value", "as_of", "source", "formula", "unit"}
            assert figure["value"] in (0, None)
            assert all(figure[word] for word in ("source", "formula", "unit"))


async def test_the_front_page_is_for_those_who_work_here(client: httpx.AsyncClient, signed_in: SignedIn) -> None:
    outsider = await signed_in(Role.INTEGRATOR)
    for part in PARTS:
        nobody = await client.get(f"{API}/dashboards/{part}")
        refused = await client.get(f"{API}/dashboards/{part}", headers=outsider)
        assert (nobody.status_code, refused.status_code) == (401, 403), part
        assert refused.headers["content-type"] == "application/problem+json"


async def test_the_same_data_have_the_same_tag_whenever_they_are_read(
    client: httpx.AsyncClient, editor: dict[str, str], city: City, clock: FrozenClock
) -> None:
    for part in PARTS:
        first = await client.get(f"{API}/dashboards/{part}", headers=editor)
        tag = first.headers["etag"]
        assert tag.startswith('W/"')
        assert first.headers["cache-control"] == "private, no-cache"
        clock.advance(timedelta(minutes=1))
        again = await client.get(f"{API}/dashboards/{part}", headers=editor | {"If-None-Match": tag})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag), part
        assert again.headers["cache-control"] == "private, no-cache"
        other = await client.get(f"{API}/dashboards/{part}", headers=editor | {"If-None-Match": '"khac"'})
        assert other.status_code == 200
    tag = (await client.get(f"{API}/dashboards/today", headers=editor)).headers["etag"]
    await city.item(await city.make.source())
    changed = await client.get(f"{API}/dashboards/today", headers=editor | {"If-None-Match": tag})
    assert (changed.status_code, changed.json()["figures"]["items"]["value"]) == (200, 1)


async def test_a_part_that_cannot_be_read_is_null_and_the_others_are_there(
    ask: Ask, editor: dict[str, str], city: City, db: Database
) -> None:
    await city.item(await city.make.source())
    await city.make.channel()
    async with db.transaction() as session:
        await session.execute(text("LOCK TABLE case_events IN ACCESS EXCLUSIVE MODE"))
        told = await ask("today", editor)
    figures = told["figures"]
    assert told["note"] == LATE
    assert [figures[f"feedback_{name}"]["value"] for name in ("received", "answered", "waiting")] == [None] * 3
    assert (figures["items"]["value"], figures["published"]["value"], figures["tasks"]["value"]) == (1, 0, 0)


async def test_a_list_that_cannot_be_read_says_so(ask: Ask, editor: dict[str, str], city: City, db: Database) -> None:
    await city.make.channel()
    async with db.transaction() as session:
        await session.execute(text("LOCK TABLE channels IN ACCESS EXCLUSIVE MODE"))
        told = await ask("channel-health", editor)
    assert (told["note"], told["items"], told["figures"]["ok"]["value"]) == (LATE, [], None)
    assert (await ask("channel-health", editor))["figures"]["ok"]["value"] == 1


async def test_every_part_is_described(client: httpx.AsyncClient) -> None:
    api = (await client.get(f"{API}/openapi.json")).json()
    for part in PARTS:
        responses = api["paths"][f"{API}/dashboards/{part}"]["get"]["responses"]
        assert {"200", "304", "401", "403"} <= set(responses)
        name = responses["200"]["content"]["application/json"]["schema"]["$ref"].rsplit("/", 1)[1]
        assert {"as_of", "note", "figures", "items"} <= set(api["components"]["schemas"][name]["properties"])
