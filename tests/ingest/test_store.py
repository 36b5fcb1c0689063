"""One content for one page: whichever feed, id, address or copy of the address it comes by."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from libs.common import models as m
from services.ingest.addresses import url_hash
from tests.ingest.desk import Desk, Item, rss
from tests.ingest.site import Answer, Site

STORY = (
    "Sáng 28/11, cầu vượt nút giao Mai Dịch được thông xe sau mười tháng thi công. Theo ban quản lý dự án, cầu dài "
    "khoảng 300 mét, rộng 16 mét, giúp giảm ùn tắc ở cửa ngõ phía tây thành phố trong giờ cao điểm buổi sáng. "
    "Người dân quanh khu vực cho biết thời gian đi lại đã rút ngắn đáng kể so với trước."
)
OTHER = STORY.replace("Mai Dịch", "Cổ Linh").replace("300 mét", "450 mét")


def row(url: str | None = "https://bao.vn/a-1.html", **more: Any) -> dict[str, Any]:
    known = {"title": "Thông xe cầu vượt Mai Dịch", "text": STORY, "source": "Báo", "kind": "article"} | more
    return known | ({"url": url} if url else {})


@pytest.fixture
async def press(desk: Desk) -> Desk:
    await desk.register(None, kind="push", name="Báo")
    await desk.register(None, kind="push", name="Báo khác")
    return desk


async def ids(desk: Desk, *rows: dict[str, Any]) -> list[str]:
    """Pushed together; the content of each."""
    answer = await desk.push(rows)
    assert answer.status_code == 200, answer.text
    return [one["content_id"] for one in answer.json()["results"]]


async def test_an_item_that_moved_to_another_address_is_the_same(press: Desk) -> None:
    [first] = await ids(press, row())
    moved = await ids(press, row("https://bao.vn/do-thi/thong-xe-cau-vuot-2.html"), row("https://bao.vn/xa-hoi/3.html"))
    assert moved == [first, first]
    assert await ids(press, row("https://bao.vn/xa-hoi/3.html", text=STORY + " ")) == [first]
    assert await press.count(m.Content) == 1
    assert len(await press.events("lantoa.content.ingested.v1")) == 1


async def test_the_same_text_twice_in_one_batch_is_one(press: Desk) -> None:
    one, other, third = await ids(
        press, row("https://bao.vn/1"), row("https://bao.vn/2"), row("https://bao.vn/3", text=OTHER)
    )
    assert one == other != third
    assert await press.count(m.Content) == 2
    assert await ids(press, row("https://bao.vn/2")) == [one]


async def test_a_site_that_moved_to_another_host_brings_nothing_new_by_its_own_feed(press: Desk) -> None:
    [first] = await ids(press, row())
    assert await ids(press, row("https://bao-moi.vn/a-1.html")) == [first]


async def test_another_paper_with_the_same_text_is_another_content(press: Desk) -> None:
    [first] = await ids(press, row())
    [other] = await ids(press, row("https://bao-khac.vn/a", source="Báo khác"))
    [same_host] = await ids(press, row("https://www.bao.vn/b", source="Báo khác"))
    assert first != other
    assert same_host == first


async def test_a_short_or_changed_text_under_a_new_address_is_new(press: Desk) -> None:
    found = await ids(
        press,
        row("https://bao.vn/1", text="Lịch cắt điện."),
        row("https://bao.vn/2", text="Lịch cắt điện."),
        row("https://bao.vn/3"),
        row("https://bao.vn/4", title="Thông xe cầu vượt Cổ Linh"),
        row("https://bao.vn/5", text=OTHER),
    )
    assert len(set(found)) == 5


async def test_two_citizens_who_write_the_same_are_two(desk: Desk) -> None:
    petition = {"title": "Đề nghị", "text": STORY}
    one, other = await ids(desk, {**petition, "external_id": "1"}, {**petition, "external_id": "2"})
    assert one != other


async def test_a_source_that_numbers_its_items_anew_makes_none_new(press: Desk) -> None:
    [first] = await ids(press, row(None, external_id="guid-1"))
    assert await ids(press, row(None, external_id="uuid-of-another-day")) == [first]
    assert await press.count(m.Content) == 1


async def test_after_its_time_a_key_is_free_again(press: Desk) -> None:
    [first] = await ids(press, row())
    async with press.db.transaction() as session:
        await session.execute(update(m.ContentKey).values(expires_at=press.clock.now() - timedelta(seconds=1)))
    [again] = await ids(press, row("https://bao.vn/nhac-lai.html"))
    assert again != first


# --- feeds --------------------------------------------------------------------------------------------------


async def test_a_feed_that_gives_its_items_other_ids_and_addresses_brings_nothing_new(desk: Desk, site: Site) -> None:
    await desk.register(site.url("/rss"), settings={"full_text": False})

    def feed(version: int) -> bytes:
        link = [site.url("/a-1.html?utm_source=rss"), site.url("/a-1.html/"), site.url("/do-thi/a-1-moi.html")][version]
        text = rss(Item(link, "Thông xe cầu vượt Mai Dịch", STORY)).decode()
        return text.replace("<guid isPermaLink='false'>", f"<guid isPermaLink='false'>v{version}-").encode()

    for version in range(3):
        site.routes["/rss"] = Answer(feed(version))
        await desk.later(hours=6)
    assert [fetch.items_new for fetch in await desk.fetches()] == [1, 0, 0]
    assert await desk.count(m.Content) == 1
    assert await desk.revisions() == []


@pytest.mark.mission("M37")
async def test_a_post_is_one_content_and_its_key_holds_nothing_of_who_wrote_it(desk: Desk, site: Site) -> None:
    address = "https://mastodon.example/@nguyenvana/1099"
    site.routes["/rss"] = Answer(rss(Item(address, "Ổ gà trên phố Huế", "Đường hỏng ba tuần chưa ai sửa.")))
    await desk.register(site.url("/rss"), group="forum", settings={"full_text": False})
    await desk.poll()
    [content] = await desk.contents()
    assert content.url == "https://mastodon.example/1099"
    async with desk.db.transaction() as session:
        keys = set(await session.scalars(select(m.ContentKey.url_hash)))
    assert keys == {url_hash("https://mastodon.example/1099")}
    told = (await desk.push([row(address, source=None, kind="post")])).json()["results"]
    assert told[0]["content_id"] == str(content.id)
    await desk.later(hours=6)
    assert await desk.count(m.Content) == 1


def page(title: str, canonical: str, text: str = STORY) -> Answer:
    body = "".join(f"<p>{text}</p>" for _ in range(3))
    head = f"<title>{title}</title><link rel='canonical' href='{canonical}'>"
    return Answer(
        f"<html lang='vi'><head>{head}</head><body><article><h1>{title}</h1>{body}</article></body></html>".encode()
    )


async def test_a_page_reached_by_two_addresses_that_declares_one_is_one_content(desk: Desk, site: Site) -> None:
    title = "Thông xe cầu vượt Mai Dịch"
    for path in ("/do-thi/a-1.html", "/tin-nong/a-1.html"):
        site.routes[path] = page(title, site.url("/a-1.html?utm_medium=self"), f"{STORY} Chuyên mục {path}.")
    for name, path in (("/rss-1", "/do-thi/a-1.html"), ("/rss-2", "/tin-nong/a-1.html")):
        site.routes[name] = Answer(rss(Item(site.url(path), title, "Tóm tắt")))
        await desk.register(site.url(name))
        await desk.poll()
    [content] = await desk.contents()
    assert content.url == site.url("/a-1.html")
    asked = len(site.paths())
    await desk.later(hours=6)
    assert [path for path in site.paths()[asked:] if path.endswith(".html")] == []


async def test_an_address_that_only_leads_on_is_known_by_where_it_leads(desk: Desk, site: Site) -> None:
    title = "Thông xe cầu vượt Mai Dịch"
    site.routes["/a-1.html"] = page(title, "")
    for n in (1, 2):
        site.routes[f"/go/{n}"] = Answer(b"", 302, {"location": site.url("/a-1.html")})
        site.routes[f"/rss-{n}"] = Answer(rss(Item(site.url(f"/go/{n}"), title, f"Tóm tắt {n}")))
        await desk.register(site.url(f"/rss-{n}"))
        await desk.later(hours=6)
    [content] = await desk.contents()
    assert content.url == site.url("/a-1.html")
    asked = len(site.paths())
    await desk.later(hours=6)
    assert [path for path in site.paths()[asked:] if path.startswith(("/go", "/a-"))] == []


async def test_a_site_that_declares_one_address_for_all_its_pages_keeps_them_apart(desk: Desk, site: Site) -> None:
    titles = ["Thông xe cầu vượt Mai Dịch", "Hà Nội bắn pháo hoa năm mới", "Học sinh nghỉ Tết chín ngày"]
    for n, title in enumerate(titles):
        site.routes[f"/a-{n}.html"] = page(title, site.url("/thoi-su"), STORY.replace("Mai Dịch", f"Số {n}"))
    entries = [Item(site.url(f"/a-{n}.html"), title, "Tóm tắt") for n, title in enumerate(titles)]
    site.routes["/rss"] = Answer(rss(*entries[:2]))
    await desk.register(site.url("/rss"))
    await desk.poll()
    site.routes["/rss"] = Answer(rss(*entries))
    await desk.later(hours=6)
    await desk.later(hours=6)
    assert sorted(one.title for one in await desk.contents()) == sorted(titles)
    assert await desk.revisions() == []
