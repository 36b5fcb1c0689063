"""Lists that come late, miss a post or come in no order, while the ledger and the reading by id stay true."""

from typing import Any

import pytest

from sandbox.lag import Lag, LagBook, LagMode
from tests.sandbox.toots import Masto


@pytest.fixture
async def masto(build: Any) -> Masto:
    return await Masto((await build()).http).settle()


async def lag(masto: Masto, seconds: float = 0, mode: str = "steady") -> None:
    await masto.control("PUT", "lag", platform="mastodon", seconds=seconds, mode=mode)


async def test_without_a_word_lists_are_not_late(masto: Masto) -> None:
    await masto.post("Một")
    assert await masto.listed() == ["<p>Một</p>"]
    assert await masto.control("GET", "lag") == {}


@pytest.mark.mission("M39")
async def test_a_post_is_listed_only_after_the_lag(masto: Masto) -> None:
    await lag(masto, 90)
    told = (await masto.post("Một")).json()
    assert await masto.listed() == []
    assert (await masto.call("GET", f"v1/statuses/{told['id']}")).status_code == 200
    assert len(await masto.posts()) == 1
    await masto.later(89)
    assert await masto.listed() == []
    await masto.later(1)
    assert await masto.listed() == ["<p>Một</p>"]


async def test_the_list_keeps_what_was_deleted_and_the_old_text_as_long(masto: Masto) -> None:
    first, second = (await masto.post("Một")).json(), (await masto.post("Hai")).json()
    await lag(masto, 30)
    assert await masto.listed() == [], "nothing had been read before"
    await masto.later(30)
    await masto.call("DELETE", f"v1/statuses/{first['id']}")
    await masto.call("PUT", f"v1/statuses/{second['id']}", json={"status": "Hai, đã sửa"})
    assert await masto.listed() == ["<p>Hai</p>", "<p>Một</p>"]
    assert (await masto.call("GET", f"v1/statuses/{first['id']}")).status_code == 404
    await masto.later(30)
    assert await masto.listed() == ["<p>Hai, đã sửa</p>"]


async def test_a_post_can_be_missing_on_the_first_reading(masto: Masto) -> None:
    await masto.post("Cũ")
    assert await masto.listed() == ["<p>Cũ</p>"]
    await lag(masto, 0, "missed_once")
    await masto.post("Mới")
    assert await masto.listed() == ["<p>Cũ</p>"]
    assert await masto.listed() == ["<p>Mới</p>", "<p>Cũ</p>"]


async def test_a_page_can_be_out_of_order_and_is_the_same_at_every_reading(masto: Masto) -> None:
    for n in range(12):
        await masto.post(f"Tin {n}")
    in_order = await masto.listed()
    assert in_order == [f"<p>Tin {n}</p>" for n in range(11, -1, -1)]
    await lag(masto, 0, "out_of_order")
    turned = await masto.listed()
    assert turned != in_order
    assert sorted(turned) == sorted(in_order)
    assert await masto.listed() == turned


async def test_pages_meet_by_min_id_max_id_and_link(masto: Masto) -> None:
    ids = [(await masto.post(f"Tin {n}")).json()["id"] for n in range(7)]
    path = f"v1/accounts/{masto.account['id']}/statuses"

    async def page(**params: Any) -> list[int]:
        answer = await masto.call("GET", path, params={"limit": 3, **params})
        return [ids.index(status["id"]) for status in answer.json()]

    assert await page() == [6, 5, 4]
    assert await page(max_id=ids[4]) == [3, 2, 1]
    assert await page(since_id=ids[1]) == [6, 5, 4]
    assert await page(min_id=ids[1]) == [4, 3, 2]
    assert len(await page(limit=400)) == 7
    answer = await masto.call("GET", path, params={"limit": 3})
    following = f"http://sandbox/mastodon/api/{path}"
    assert answer.links["next"]["url"] == f"{following}?limit=3&max_id={ids[4]}"
    assert answer.links["prev"]["url"] == f"{following}?limit=3&min_id={ids[6]}"
    last = await masto.call("GET", path, params={"limit": 3, "max_id": ids[1]})
    assert "next" not in last.links


async def test_reset_ends_the_lag(masto: Masto) -> None:
    await lag(masto, 60)
    await masto.control("POST", "reset")
    await masto.settle()
    await masto.post("Một")
    assert await masto.listed() == ["<p>Một</p>"]


@pytest.mark.parametrize("body", [{"seconds": 121}, {"seconds": -1}, {"mode": "khác"}])
async def test_a_lag_has_bounds(masto: Masto, body: dict[str, Any]) -> None:
    refused = await masto.http.put("/control/lag", json={"platform": "mastodon", **body})
    assert refused.status_code == 422
    unknown = await masto.http.put("/control/lag", json={"platform": "khong-co"})
    assert unknown.status_code == 404


def test_platforms_are_late_each_for_itself() -> None:
    book = LagBook()
    book.set("mastodon", Lag(30, LagMode.MISSED_ONCE))
    assert (book.of("mastodon").seconds, book.of("telegram")) == (30, Lag())
