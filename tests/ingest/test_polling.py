"""Polls of a real server on loopback, recorded in a real database by the service's own role."""

import asyncio
import gzip
import time
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from libs.common import models as m
from libs.common.jobs import JobContext
from services.ingest.jobs import poll_source
from services.ingest.polls import Claimed, claim_due_sources
from services.ingest.resources import open_resources
from services.ingest.settings import PollSettings
from tests.ingest.conftest import DeskWith
from tests.ingest.desk import Desk, Item, article, rss
from tests.ingest.site import Answer, Request, Site

INGESTED = "lantoa.content.ingested.v1"


@pytest.mark.mission("M01")
async def test_an_unchanged_feed_is_asked_conditionally_answered_304_and_stores_nothing(desk: Desk, site: Site) -> None:
    body = rss(Item(site.url("/a"), "Tin một"), Item(site.url("/b"), "Tin hai"))

    def feed(request: Request) -> Answer:
        if request.headers.get("if-none-match") == '"v1"':
            return Answer(status=304)
        return Answer(body, headers={"ETag": '"v1"', "Last-Modified": "Tue, 24 Nov 2026 04:00:00 GMT"})

    site.routes["/rss"] = feed
    source = await desk.register(site.url("/rss"), settings={"full_text": False})
    assert await desk.poll() == 1
    assert sorted(one.title for one in await desk.contents()) == ["Tin hai", "Tin một"]
    assert len(await desk.events(INGESTED)) == 1

    assert await desk.later(hours=1) == 1
    first, second = [request for request in site.log if request.path == "/rss"]
    assert "if-none-match" not in first.headers
    assert second.headers["if-none-match"] == '"v1"'
    assert second.headers["if-modified-since"] == "Tue, 24 Nov 2026 04:00:00 GMT"
    assert second.headers["user-agent"].startswith("LanToaBot/1.0 (+http")
    rows = await desk.fetches(source["id"])
    assert [(row.outcome, row.status, row.items_new) for row in rows] == [("ok", 200, 2), ("not_modified", 304, 0)]
    assert len(await desk.contents()) == 2
    assert len(await desk.events(INGESTED)) == 1
    assert (await desk.health(source["id"]))["health"] == "ok"


@pytest.mark.mission("M01")
async def test_what_robots_closes_is_never_asked_for(desk: Desk, site: Site) -> None:
    site.routes["/robots.txt"] = Answer(b"User-agent: LanToaBot\nDisallow: /kin/\n")
    site.routes["/kin/rss"] = Answer(rss(Item(site.url("/x"), "Kín")))
    site.routes["/rss"] = Answer(rss(Item(site.url("/kin/bai"), "Mở", "Bài nằm ở chỗ kín.")))
    site.routes["/kin/bai"] = Answer(article("Mở", "Không ai được đọc trang này."))
    closed = await desk.register(site.url("/kin/rss"))
    await desk.register(site.url("/rss"))
    await desk.poll()
    assert not [path for path in site.paths() if path.startswith("/kin/")]
    assert site.paths().count("/robots.txt") == 1
    (row,) = await desk.fetches(closed["id"])
    assert (row.outcome, row.status) == ("robots", None)
    assert "robots.txt" in (row.error or "")
    (kept,) = await desk.contents()
    assert kept.text == "Bài nằm ở chỗ kín."


OUTCOMES = {
    "404": (Answer(b"", 404), "error", "không có trang này"),
    "410": (Answer(b"", 410), "gone", "ngừng hẳn"),
    "500": (Answer(b"", 500), "error", "máy chủ gặp lỗi"),
    "text": (Answer("Chỉ là chữ".encode()), "not_parsable", "Không nhận ra định dạng"),
    "broken json": (Answer(b'{"version": "https://jsonfeed.org/version/1.1", '), "not_parsable", "JSON không hợp lệ"),
    "nothing": (Answer(b""), "not_parsable", "Nguồn tin trống"),
    "html": (Answer(b"<!DOCTYPE html><html><head></head></html>"), "not_parsable", "Đây là trang HTML"),
    "broken gzip": (Answer(b"\x1f\x8bnot gzip"), "not_parsable", "bị hỏng"),
    "lying encoding": (Answer(b"plain", headers={"Content-Encoding": "gzip"}), "error", "sai giao thức"),
    "unknown encoding": (Answer(b"x", headers={"Content-Encoding": "compress"}), "error", "Cách nén không hỗ trợ"),
    "metadata service": (
        Answer(status=302, headers={"Location": "http://169.254.169.254/latest/meta-data/"}),
        "refused",
        "169.254.169.254",
    ),
    "file": (Answer(status=302, headers={"Location": "file:///etc/passwd"}), "refused", "chỉ nhận http và https"),
    "loop": (Answer(status=302, headers={"Location": "/rss"}), "error", "chuyển hướng quá 5 lần"),
}


@pytest.mark.parametrize("case", OUTCOMES)
async def test_each_way_to_fail_is_told_in_vietnamese_and_recorded(desk: Desk, site: Site, case: str) -> None:
    answer, outcome, words = OUTCOMES[case]
    site.routes["/rss"] = answer
    source = await desk.register(site.url("/rss"))
    assert await desk.poll() == 1
    (row,) = await desk.fetches(source["id"])
    assert row.outcome == outcome
    assert words in (row.error or "")
    seen = await desk.health(source["id"])
    assert seen["last_error"] == row.error
    assert seen["failures"] == 1
    assert (seen["state"], seen["health"]) == (("gone", "gone") if outcome == "gone" else ("active", "failing"))
    assert seen["last_ok_at"] is None
    assert await desk.poll() == 0  # it waits, and is not asked again at once


async def test_a_page_registered_as_a_feed_is_told_where_its_feed_is(desk: Desk, site: Site) -> None:
    head = b"<link rel='alternate' type='application/rss+xml' href='/tin/rss.xml'>"
    site.routes["/"] = Answer(b"<!DOCTYPE html><html><head>" + head + b"</head><body>x</body></html>")
    source = await desk.register(site.url("/"))
    await desk.poll()
    assert site.url("/tin/rss.xml") in (await desk.health(source["id"]))["last_error"]


@pytest.mark.parametrize("status", [429, 503])
async def test_a_server_that_asks_to_wait_is_left_alone_for_as_long(desk: Desk, site: Site, status: int) -> None:
    site.routes["/rss"] = Answer(b"", status, {"Retry-After": "7200"})
    source = await desk.register(site.url("/rss"), poll_seconds=60)
    asked_at = desk.clock.now()
    await desk.poll()
    due = datetime.fromisoformat((await desk.health(source["id"]))["next_poll_at"])
    assert timedelta(seconds=7200) <= due - asked_at <= timedelta(seconds=7920)
    assert await desk.later(seconds=7100) == 0
    site.routes["/rss"] = Answer(rss())
    assert await desk.later(seconds=900) == 1
    seen = await desk.health(source["id"])
    assert (seen["failures"], seen["last_error"], seen["health"]) == (0, None, "ok")


async def test_a_feed_without_entries_is_no_failure(desk: Desk, site: Site) -> None:
    site.routes["/rss"] = Answer(rss())
    source = await desk.register(site.url("/rss"))
    await desk.poll()
    (row,) = await desk.fetches(source["id"])
    assert (row.outcome, row.items_seen, row.error) == ("ok", 0, None)


async def test_a_malformed_feed_gives_what_can_be_read(desk: Desk, site: Site) -> None:
    whole = rss(Item(site.url("/a"), "Còn đọc được"), Item(site.url("/b"), "Đứt giữa chừng"))
    site.routes["/rss"] = Answer(whole[: whole.index("Đứt".encode()) + 5])
    source = await desk.register(site.url("/rss"), settings={"full_text": False})
    await desk.poll()
    assert "Còn đọc được" in [one.title for one in await desk.contents()]
    assert (await desk.fetches(source["id"]))[0].outcome == "ok"


async def test_a_wrongly_named_encoding_is_read_right(desk: Desk, site: Site) -> None:
    body = rss(Item(site.url("/a"), "Đường phố Hà Nội"))
    site.routes["/rss"] = Answer(body, headers={"Content-Type": "text/xml; charset=iso-8859-1"})
    await desk.register(site.url("/rss"), settings={"full_text": False})
    await desk.poll()
    assert [one.title for one in await desk.contents()] == ["Đường phố Hà Nội"]


async def test_a_body_without_end_is_cut_at_the_limit(desk: Desk, site: Site) -> None:
    async def gigabyte(writer: asyncio.StreamWriter) -> None:
        await site.pour(writer, b" " * 65536, 16384)

    site.routes["/rss"] = Answer(stream=gigabyte)
    site.routes["/told"] = Answer(stream=gigabyte, headers={"Content-Length": str(1024**3)})
    source, told = await desk.register(site.url("/rss")), await desk.register(site.url("/told"))
    began = time.monotonic()
    await desk.poll()
    assert time.monotonic() - began < 10
    for one in (source, told):
        (row,) = await desk.fetches(one["id"])
        assert (row.outcome, "vượt quá 8 MB" in (row.error or "")) == ("too_large", True)
    assert site.sent < 64 * 1024**2


@pytest.mark.parametrize("headers", [{"Content-Encoding": "gzip"}, {}])
async def test_a_gzip_bomb_is_met_by_the_limit(desk: Desk, site: Site, headers: dict[str, str]) -> None:
    site.routes["/rss"] = Answer(gzip.compress(b" " * 200 * 1024**2), headers=headers)
    source = await desk.register(site.url("/rss"))
    await desk.poll()
    (row,) = await desk.fetches(source["id"])
    assert row.outcome == ("too_large" if headers else "not_parsable")
    assert "vượt quá" in (row.error or "")


async def test_outside_replay_no_redirect_leads_into_this_machine(desk_with: DeskWith, site: Site) -> None:
    """A public name that points here, as an attacker would make it: nothing is sent."""
    desk: Desk = await desk_with(replay=False, poll=PollSettings(ports=[80, 443, site.port]))
    refused = await desk.ask("POST", "/sources", json=source_body(site.url("/rss")))
    assert (refused.status_code, refused.json()["title"]) == (422, "Địa chỉ nguồn tin không được chấp nhận")
    row = await desk.make.source(url=f"http://localhost:{site.port}/rss")
    await desk.poll()
    (fetch,) = await desk.fetches(row.id)
    assert (fetch.outcome, site.log) == ("refused", [])
    assert "địa chỉ nội bộ" in (fetch.error or "")


async def test_a_slow_server_meets_the_deadline_and_holds_up_no_other(desk_with: DeskWith, site: Site) -> None:
    async def drip(writer: asyncio.StreamWriter) -> None:
        for _ in range(100):
            await site.pour(writer, b" ", 1)
            await asyncio.sleep(0.1)

    desk: Desk = await desk_with(poll=PollSettings(deadline_seconds=1.0))
    site.routes |= {"/slow": Answer(stream=drip), "/rss": Answer(rss(Item(site.url("/a"), "Nhanh")))}
    slow = await desk.register(site.url("/slow"))
    good = await desk.register(site.url("/rss"), settings={"full_text": False})
    began = time.monotonic()
    assert await desk.poll(loops=2) == 2
    assert time.monotonic() - began < 5
    (row,) = await desk.fetches(slow["id"])
    assert (row.outcome, "không trả lời xong trong 1 giây" in (row.error or "")) == ("timeout", True)
    assert (await desk.fetches(good["id"]))[0].items_new == 1


async def test_a_failing_source_backs_off_and_the_others_go_on(desk: Desk, site: Site) -> None:
    site.routes["/good"] = Answer(rss())
    bad = await desk.register(site.url("/bad"), poll_seconds=600)
    good = await desk.register(site.url("/good"), poll_seconds=600)
    await desk.poll()
    for _ in range(12):
        await desk.later(minutes=11)
    assert len(await desk.fetches(good["id"])) == 13
    assert len(await desk.fetches(bad["id"])) <= 4
    assert (await desk.health(bad["id"]))["failures"] <= 4


async def test_the_article_is_read_where_the_feed_gives_a_summary(desk: Desk, site: Site) -> None:
    site.routes["/rss"] = Answer(rss(Item(site.url("/bai"), "Cầu mới thông xe", "Tóm tắt của tòa soạn.")))
    site.routes["/bai"] = Answer(article("Cầu mới thông xe", "Sáng nay cây cầu qua sông được thông xe."))
    await desk.register(site.url("/rss"))
    await desk.poll()
    (kept,) = await desk.contents()
    assert "cây cầu qua sông được thông xe" in kept.text
    assert len(kept.text) > 500
    assert kept.summary == "Tóm tắt của tòa soạn."
    assert (kept.url, kept.first_seen_at) == (site.url("/bai"), desk.clock.now())
    await desk.later(hours=1)
    assert site.paths().count("/bai") == 1, "an entry that did not change is not read again"


async def test_many_slow_articles_are_read_over_several_polls_so_that_the_lease_holds(
    desk_with: DeskWith, site: Site
) -> None:
    async def slowly(writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.3)
        await site.pour(writer, article("Bài", "Một câu của bài viết chậm."), 1)

    site.routes["/rss"] = Answer(rss(*(Item(site.url(f"/{n}"), f"Bài {n}") for n in range(6))), headers={"ETag": '"1"'})
    site.routes |= {f"/{n}": Answer(stream=slowly) for n in range(6)}
    desk: Desk = await desk_with(poll=PollSettings(articles_seconds=0.5))
    await desk.register(site.url("/rss"))
    await desk.poll()
    assert 0 < len(await desk.contents()) < 6
    for _ in range(6):
        if len(await desk.contents()) < 6:
            await desk.later(minutes=20)
    assert len(await desk.contents()) == 6
    assert [request.path for request in site.log].count("/0") == 1
    assert all("if-none-match" not in request.headers for request in site.log), "what was not read whole is read again"


async def test_articles_on_other_hosts_are_read_only_where_the_keeper_lists_them(desk: Desk, site: Site) -> None:
    site.routes["/rss"] = Answer(rss(Item("http://10.0.0.1/admin", "Bẫy", "Không ai đi vào đó.")))
    await desk.register(site.url("/rss"))
    await desk.poll()
    (kept,) = await desk.contents()
    assert kept.text == "Không ai đi vào đó."


async def test_one_address_is_stored_once_however_it_is_written(desk: Desk, site: Site) -> None:
    plain = f"127.0.0.1:{site.port}/tin/cau"
    spellings = (f"http://{plain}", f"https://{plain}/", f"http://{plain}?utm_source=zalo&fbclid=1#top")
    site.routes["/rss"] = Answer(rss(*(Item(one, "Cầu mới") for one in spellings)))
    site.routes["/khac"] = Answer(rss(Item(f"http://{plain}/?utm_medium=rss", "Cầu mới, báo khác đặt lại tên")))
    first = await desk.register(site.url("/rss"), settings={"full_text": False})
    await desk.poll()
    desk.clock.advance(timedelta(minutes=5))
    other = await desk.register(site.url("/khac"), settings={"full_text": False})
    await desk.poll()
    (kept,) = await desk.contents()
    assert (kept.title, str(kept.source_id), kept.revision) == ("Cầu mới", first["id"], 1)
    assert [row.items_new for row in await desk.fetches(other["id"])] == [0]


async def test_a_changed_text_is_a_revision_and_the_old_one_is_kept(desk: Desk, site: Site) -> None:
    def feed(text: str) -> Answer:
        return Answer(rss(Item(site.url("/a"), "Lịch cắt điện", text)))

    site.routes["/rss"] = feed("Từ 8 giờ.")
    await desk.register(site.url("/rss"), settings={"full_text": False})
    await desk.poll()
    (before,) = await desk.contents()
    site.routes["/rss"] = feed("Từ 9 giờ.")
    await desk.later(hours=1)
    (after,) = await desk.contents()
    (old,) = await desk.revisions()
    assert (after.id, after.revision, after.text, after.first_seen_at) == (
        before.id,
        2,
        "Từ 9 giờ.",
        before.first_seen_at,
    )
    assert (old.content_id, old.revision, old.text) == (before.id, 1, "Từ 8 giờ.")
    assert await desk.events(INGESTED) == [{"content_ids": [str(before.id)]}] * 2
    await desk.later(hours=1)
    assert len(await desk.revisions()) == 1


async def test_copies_at_other_addresses_are_known_by_one_hash(desk: Desk, site: Site) -> None:
    site.routes["/a.rss"] = Answer(rss(Item(site.url("/a"), "Mưa lớn", "Nước  ngập\nnhiều tuyến phố.")))
    site.routes["/b.rss"] = Answer(rss(Item(site.url("/b"), "Mưa lớn", "Nước ngập nhiều tuyến phố.")))
    for path in ("/a.rss", "/b.rss"):
        await desk.register(site.url(path), settings={"full_text": False})
    await desk.poll()
    one, two = await desk.contents()
    assert one.source_id != two.source_id
    assert one.content_hash == two.content_hash


async def test_what_citizens_write_in_a_forum_feed_is_masked(desk: Desk, site: Site) -> None:
    text = "Gọi cho tôi 0912345678 hoặc a.b@gmail.com; đường dây nóng 1022."
    site.routes["/rss"] = Answer(rss(Item(site.url("/a"), "Ngõ tối", text)))
    await desk.register(site.url("/rss"), group="forum", settings={"full_text": False})
    await desk.poll()
    (kept,) = await desk.contents()
    assert kept.text == "Gọi cho tôi [số điện thoại] hoặc [email]; đường dây nóng 1022."
    assert "0912345678" not in (kept.summary or "")


HOSTILE = [
    "http://[::1", "http://xn--zzzzzz-.vn/a", "http://a\x7fb/", "http://" + "a" * 70 + ".vn/", "http://a:99999/",
    "javascript:alert(1)", "http://x/" + "y" * 70000, "http://\ud7ff.vn/", "http://xn--a/", "//", "http://%00/",
]  # fmt: skip


async def test_no_entry_of_a_hostile_feed_keeps_the_honest_ones_out(desk: Desk, site: Site) -> None:
    entries = [Item(link, f"Bẫy {n}") for n, link in enumerate(HOSTILE)]
    site.routes["/rss"] = Answer(rss(*entries, Item(site.url("/a"), "Thật")))
    source = await desk.register(site.url("/rss"))
    await desk.poll()
    (row,) = await desk.fetches(source["id"])
    assert (row.outcome, row.error) == ("ok", None)
    assert "Thật" in [one.title for one in await desk.contents()]


HOSTILE_BODIES = {
    "declarations": b"<!DOCTYPE r [" + b"<!ENTITY a " * 400_000 + b"<rss>",
    "billion laughs": b"<!DOCTYPE r [<!ENTITY a 'ha'>"
    + b"".join(b"<!ENTITY %c '%s'>" % (98 + n, b"&%c;" % (97 + n) * 20) for n in range(20))
    + b"]><rss version='2.0'><channel><item><title>&t;</title></item></channel></rss>",
    "external entity": b"<!DOCTYPE r [<!ENTITY x SYSTEM 'file:///etc/passwd'>]>"
    b"<rss version='2.0'><channel><item><guid>1</guid><title>&x;</title></item></channel></rss>",
    "deep": b"<rss version='2.0'><channel><item><guid>1</guid><title>" + b"<b>" * 50_000,
    "deep json": b'{"version":"https://jsonfeed.org/version/1","items":' + b"[" * 100_000,
    "nul": b"<rss version='2.0'><channel><item><guid>1</guid>"
    b"<title>a\x00b &#0; &#xD800;</title></item></channel></rss>",
    "angles": b"<rss version='2.0'><channel>" + b"<" * 200_000,
    "noise": bytes(range(256)) * 2000,
}


@pytest.mark.parametrize("kind", ["feed", "sitemap", "page"])
@pytest.mark.parametrize("case", HOSTILE_BODIES)
async def test_nothing_a_source_sends_stops_the_worker(desk: Desk, site: Site, case: str, kind: str) -> None:
    site.routes["/x"] = Answer(HOSTILE_BODIES[case])
    source = await desk.register(site.url("/x"), kind)
    began = time.monotonic()
    assert await desk.poll() == 1
    assert time.monotonic() - began < 15
    (row,) = await desk.fetches(source["id"])
    assert "Lỗi nội bộ" not in (row.error or "")
    assert not [one for one in await desk.contents() if "root:" in one.title + one.text]


async def test_validators_that_cannot_be_sent_back_are_not_kept(desk: Desk, site: Site) -> None:
    site.routes["/rss"] = Answer(rss(), headers={"ETag": '"\u00e9"', "Last-Modified": "x" * 600})
    source = await desk.register(site.url("/rss"))
    await desk.poll()
    assert await desk.later(hours=1) == 1
    assert [row.outcome for row in await desk.fetches(source["id"])] == ["ok", "ok"]


async def test_a_source_that_moved_for_good_is_read_there_unless_another_reads_it(desk: Desk, site: Site) -> None:
    site.routes["/old"] = Answer(status=301, headers={"Location": "/new"})
    site.routes["/new"] = Answer(rss())
    moved = await desk.register(site.url("/old"))
    await desk.poll()
    assert (await desk.health(moved["id"]))["url"] == site.url("/new")
    again = await desk.register(site.url("/old"), name="Đăng ký lại")
    await desk.poll()
    seen = await desk.health(again["id"])
    assert (seen["url"], seen["health"]) == (site.url("/old"), "ok")
    assert [row.outcome for row in await desk.fetches(again["id"])] == ["ok"]


async def test_a_poll_of_an_address_that_was_changed_meanwhile_says_nothing_of_the_new_one(
    desk: Desk, site: Site
) -> None:
    source = await desk.register(site.url("/old"))
    async with desk.db.transaction() as session:
        (claimed,) = await session.scalars(select(m.Source))
    due = Claimed(claimed, desk.clock.now())
    changed = await desk.ask("PATCH", f"/sources/{source['id']}", json={"url": site.url("/new")})
    assert changed.status_code == 200
    async with open_resources(desk.settings, desk.worker_db, desk.clock) as held:
        await poll_source(JobContext(desk.worker_db, desk.clock, held, asyncio.Event()), due)
    seen = await desk.health(source["id"])
    assert (seen["failures"], seen["last_error"], seen["url"]) == (0, None, site.url("/new"))
    assert len(await desk.fetches(source["id"])) == 1


async def test_a_broken_row_of_settings_fails_that_source_alone(desk: Desk, site: Site) -> None:
    site.routes["/rss"] = Answer(rss(Item(site.url("/a"), "Vẫn đọc")))
    broken = await desk.make.source(url=site.url("/broken"), settings={"full_text": "không hiểu"})
    await desk.register(site.url("/rss"), settings={"full_text": False})
    assert await desk.poll() == 2
    assert "Lỗi nội bộ" in ((await desk.fetches(broken.id))[0].error or "")
    assert [one.title for one in await desk.contents()] == ["Vẫn đọc"]


@pytest.mark.mission("M02")
async def test_each_entry_of_a_news_sitemap_comes_in_once(desk: Desk, site: Site) -> None:
    entries = "".join(
        f"<url><loc>{site.url(f'/bai-{n}')}</loc><n:news><n:title>Bài {n}</n:title>"
        f"<n:publication_date>2026-11-24T10:0{n}:00+07:00</n:publication_date></n:news></url>"
        for n in range(3)
    )
    old = f"<url><loc>{site.url('/cu')}</loc><lastmod>2020-01-01</lastmod></url>"
    space = (
        "xmlns='http://www.sitemaps.org/schemas/sitemap/0.9' xmlns:n='http://www.google.com/schemas/sitemap-news/0.9'"
    )
    site.routes["/news.xml"] = Answer(f"<urlset {space}>{entries}{old}</urlset>".encode())
    for n in range(3):
        site.routes[f"/bai-{n}"] = Answer(article(f"Bài {n}", f"Chuyện thứ {n} của thành phố."))
    await desk.register(site.url("/news.xml"), "sitemap")
    await desk.poll()
    await desk.later(hours=1)
    assert sorted(one.title for one in await desk.contents()) == ["Bài 0", "Bài 1", "Bài 2"]
    assert all(f"Chuyện thứ {one.title[-1]}" in one.text for one in await desk.contents())
    assert [row.items_new for row in await desk.fetches()] == [3, 0]


async def test_two_workers_never_poll_one_source_at_once(desk: Desk, site: Site) -> None:
    names = [f"/rss-{n}" for n in range(12)]
    for name in names:
        site.routes[name] = Answer(rss())
        await desk.register(site.url(name))
    polls = await asyncio.gather(desk.poll(loops=6), desk.poll(loops=6))
    assert sum(polls) == 12
    assert sorted(path for path in site.paths() if path != "/robots.txt") == sorted(names)
    assert await desk.count(m.Fetch) == 12


async def test_a_claim_that_was_never_finished_is_free_again_after_its_lease(desk: Desk, site: Site) -> None:
    site.routes["/rss"] = Answer(rss())
    await desk.register(site.url("/rss"))
    async with desk.worker_db.transaction() as session:
        assert len(await claim_due_sources(session, desk.clock.now(), timedelta(seconds=300))) == 1
    assert await desk.poll() == 0
    assert await desk.later(seconds=301) == 1


def source_body(url: str) -> dict[str, str]:
    return {"kind": "feed", "name": "Nguồn thử", "url": url, "group": "press"}
