"""A partner's kit: opened by its token, acknowledged, posted; clicks in total; tokens that leak, end or are guessed."""

import logging
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import httpx
import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from libs.common import models as m
from libs.common.db import Database
from libs.common.logs import clean
from libs.common.testing.make import Make
from services.publish.partners import rules
from services.publish.partners.rules import KitView
from tests.publish.newsroom import API, Newsroom
from tests.publish.partners.shortlist import Shortlist

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
ORIGIN = "https://tin.example.vn"
READER = {"user-agent": "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"}
pytestmark = pytest.mark.mission("M25")


@pytest.fixture
async def partner(shortlist: Shortlist) -> dict[str, Any]:
    """Of a list of one, which this programme's rule allows."""
    list_of_one = await open_shortlist_of_one(shortlist)
    return (await list_of_one.decided(1))[0]


async def open_shortlist_of_one(shortlist: Shortlist) -> Shortlist:
    body = {"title": "Một đối tác", "min_partners": 1}
    made = await shortlist.room.client.post(f"{API}/partner-selections", json=body, headers=shortlist.room.admin)
    return Shortlist(shortlist.room, shortlist.make, made.json(), shortlist.letter)


async def give(room: Newsroom, publication: dict[str, Any], partner: dict[str, Any], **more: Any) -> httpx.Response:
    url = f"{API}/publications/{publication['id']}/kits"
    return await room.client.post(url, json={"partner_id": partner["id"], **more}, headers=room.editor)


async def given(room: Newsroom, publication: dict[str, Any], partner: dict[str, Any], **more: Any) -> dict[str, Any]:
    made = await give(room, publication, partner, **more)
    assert made.status_code == 201, made.text
    return dict(made.json())


def path(kit: dict[str, Any]) -> str:
    return str(kit["url"]).removeprefix(ORIGIN)


async def kits(room: Newsroom, publication: dict[str, Any]) -> list[dict[str, Any]]:
    answer = await room.client.get(f"{API}/publications/{publication['id']}/kits", headers=room.editor)
    return list(answer.json())


async def test_a_partner_opens_acknowledges_and_gives_the_address_and_clicks_count_in_total(
    newsroom: Newsroom, partner: dict[str, Any]
) -> None:
    done = await newsroom.published()
    kit = await given(newsroom, done, partner)
    page = await newsroom.client.get(path(kit))
    assert page.status_code == 200
    assert 'lang="vi"' in page.text
    assert "<script" not in page.text
    assert kit["link"] in page.text
    assert unescape(page.text).count(f"Nguồn: Thành phố Hà Nội, Thành phố Hà Nội\n{kit['link']}") == 3
    assert "set-cookie" not in page.headers
    assert page.headers["referrer-policy"] == "no-referrer"

    thanked = await newsroom.client.post(path(kit), data={"acknowledge": "1"})
    assert "Đã xác nhận nhận bộ tin" in thanked.text
    newsroom.clock.advance(HOUR)
    assert (await newsroom.client.post(path(kit), data={"acknowledge": "1"})).status_code == 200
    post = "https://www.facebook.com/trang.0/posts/12?fbclid=IwAR0&comment=1#top"
    reported = await newsroom.client.post(path(kit), data={"url": post})
    assert reported.status_code == 200, reported.text
    assert "https://www.facebook.com/trang.0/posts/12?comment=1" in unescape(reported.text)

    code = kit["link"].removeprefix(ORIGIN)
    for _ in range(3):
        followed = await newsroom.client.get(code, headers=READER)
    assert followed.headers["location"] == (
        f"{ORIGIN}/tin/{done['slug']}?utm_source=facebook&utm_medium=partner&utm_campaign={done['slug']}"
    )
    [told] = await kits(newsroom, done)
    assert told["clicks"] == 3
    assert [day["clicks"] for day in told["days"]] == [3]
    assert told["acknowledged_at"] < told["posts"][0]["reported_at"], "the first time counts"
    assert [each["url"] for each in told["posts"]] == ["https://www.facebook.com/trang.0/posts/12?comment=1"]
    assert "url" not in told, "the token is told once"
    async with newsroom.db.transaction() as session:
        columns = await session.scalars(
            text("SELECT column_name FROM information_schema.columns WHERE table_name = 'link_clicks'")
        )
        actors = await session.scalars(
            select(m.AuditEntry.actor_id).where(
                m.AuditEntry.action.in_(["partner-kit.acknowledged", "partner-kit.posted"])
            )
        )
    assert set(columns) == {"code", "day", "clicks"}
    assert set(actors) == {None}, "of whoever pressed a button nothing is kept"


async def test_only_a_hash_of_the_token_is_kept_and_no_log_names_it(
    newsroom: Newsroom, partner: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.WARNING, "httpx")  # the client of the test, which says where it went
    done = await newsroom.published()
    kit = await given(newsroom, done, partner)
    token = path(kit).removeprefix("/bo-tin/")
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", token), "256 bits"
    for tried in (token, token[:-1], "x" * 43):
        await newsroom.client.get(f"/bo-tin/{tried}")
        await newsroom.client.post(f"/bo-tin/{tried}", data={"acknowledge": "1"})
        await newsroom.client.put(f"/bo-tin/{tried}")
    async with newsroom.db.transaction() as session:
        stored = await session.scalar(select(m.PartnerKit))
        audited = [(row.facts, row.object_id) for row in await session.scalars(select(m.AuditEntry))]
    assert stored is not None
    assert len(stored.token_hash) == 32
    assert token not in f"{caplog.text}{audited}{stored.__dict__}"
    line = f'127.0.0.1:1 - "GET /bo-tin/{token} HTTP/1.1" 200'
    assert token not in clean(line)


@pytest.mark.parametrize("service", ["ingest", "classify", "reports"])
async def test_no_other_service_reads_kits(db_as: Callable[[str], Database], service: str) -> None:
    with pytest.raises(DBAPIError, match="permission denied"):
        async with db_as(service).transaction() as session:
            await session.execute(text("SELECT token_hash FROM partner_kits"))


async def test_a_leaked_token_is_revoked_and_answers_410(newsroom: Newsroom, partner: dict[str, Any]) -> None:
    done = await newsroom.published()
    kit, other = await given(newsroom, done, partner), await given(newsroom, done, partner)
    revoked = await newsroom.client.post(f"{API}/partner-kits/{kit['id']}/revoke", headers=newsroom.editor)
    assert revoked.status_code == 204
    for answer in (await newsroom.client.get(path(kit)), await newsroom.client.post(path(kit), data={"url": "x"})):
        assert answer.status_code == 410
        assert done["title"] not in answer.text
        assert kit["link"] not in answer.text
    assert (await newsroom.client.get(path(other))).status_code == 200
    again = await newsroom.client.post(f"{API}/partner-kits/{kit['id']}/revoke", headers=newsroom.editor)
    assert again.status_code == 204


async def test_a_kit_ends_and_those_of_a_partner_who_left_close(
    newsroom: Newsroom, shortlist: Shortlist, partner: dict[str, Any]
) -> None:
    done = await newsroom.published()
    short = await given(newsroom, done, partner, expires_at=(newsroom.clock.now() + DAY).isoformat())
    long = await given(newsroom, done, partner)
    newsroom.clock.advance(DAY)
    assert (await newsroom.client.get(path(short))).status_code == 410
    assert (await newsroom.client.get(path(long))).status_code == 200
    assert (await shortlist.post(f"/partners/{partner['id']}/withdraw-consent")).is_success
    assert (await newsroom.client.get(path(long))).status_code == 410
    assert (await give(newsroom, done, partner)).json()["title"] == "Chưa lập được bộ tin cho tin này"


async def test_before_the_embargo_the_page_says_until_when_and_shows_nothing(
    newsroom: Newsroom, partner: dict[str, Any]
) -> None:
    done = await newsroom.published()
    kit = await given(newsroom, done, partner, embargo_until="2030-01-02T08:00:00+07:00")
    page = await newsroom.client.get(path(kit))
    assert page.status_code == 200
    assert "08:00 ngày 02/01/2030" in page.text
    for hidden in (done["title"], kit["link"], done["slug"], "<form"):
        assert hidden not in page.text
    assert (await newsroom.client.post(path(kit), data={"acknowledge": "1"})).status_code == 200
    [told] = await kits(newsroom, done)
    assert told["acknowledged_at"] is None


async def test_a_kit_made_ahead_waits_for_the_page(newsroom: Newsroom, partner: dict[str, Any]) -> None:
    approved = await newsroom.approved()
    kit = await given(newsroom, approved, partner)
    waiting = await newsroom.client.get(path(kit))
    assert "Tin chưa được đăng" in waiting.text
    assert approved["title"] not in waiting.text
    await newsroom.deliver()
    assert approved["title"] in (await newsroom.client.get(path(kit))).text


async def test_what_was_withdrawn_is_shown_no_more(newsroom: Newsroom, partner: dict[str, Any]) -> None:
    done = await newsroom.published()
    kit = await given(newsroom, done, partner)
    body = {"reason": "Số liệu trong tin bị sai"}
    assert (await newsroom.act("withdraw", done, newsroom.speaker, **body)).is_success
    page = await newsroom.client.get(path(kit))
    assert page.status_code == 410
    assert "gỡ bài nếu đã đăng" in page.text
    assert done["title"] not in page.text


async def test_hostile_text_is_shown_as_text(newsroom: Newsroom, partner: dict[str, Any]) -> None:
    hostile = '</textarea><script>alert(1)</script><img src=x onerror="alert(2)">'
    done = await newsroom.published(title=f"Tin {hostile}", body=f"Một {hostile}\n\nHai", summary=f"Ba {hostile}")
    kit = await given(newsroom, done, partner)
    typed = await newsroom.client.post(path(kit), data={"url": f'"><script>alert(3)</script>{hostile}'})
    shared = await newsroom.client.get(f"/chia-se/{done['slug']}")
    assert typed.status_code == 422
    for page in (await newsroom.client.get(path(kit)), typed, shared):
        assert "<script" not in page.text
        assert "<img" not in page.text
        assert "&lt;script&gt;" in page.text
        assert page.text.count("</textarea>") == page.text.count("<textarea")
        assert "script-src" not in page.headers["content-security-policy"], "default-src 'none'"


ELSEWHERE = (
    "http://www.facebook.com/trang.0/posts/1",
    "https://khac.example/trang.0/posts/1",
    "https://facebook.com.ke-gian.example/1",
    "https://127.0.0.1/latest/meta-data",
    "https://[::1]/",
    "https://[/",
    "https://facebook.com:8443/x",
    "https://facebook.com:x/",
    "https://a:b@facebook.com/x",
    "https://www.facebook.com/profile.php?id=100",
    "https://www.facebook.com/people/A/100",
    "javascript:alert(1)",
    "https://facebook.com/a b",
    "https://facebook.com/" + "a" * 600,
    " ",
)


async def test_an_address_of_elsewhere_is_not_taken_and_none_is_ever_asked(
    newsroom: Newsroom, partner: dict[str, Any]
) -> None:
    done = await newsroom.published()
    kit = await given(newsroom, done, partner)
    for url in ELSEWHERE:
        answer = await newsroom.client.post(path(kit), data={"url": url})
        assert answer.status_code == 422, url
        assert 'class="field-error"' in answer.text
    [told] = await kits(newsroom, done)
    assert told["posts"] == []


async def test_a_kit_takes_so_many_addresses_each_once(newsroom: Newsroom, partner: dict[str, Any]) -> None:
    done = await newsroom.published()
    kit = await given(newsroom, done, partner)
    for number in (0, 0, *range(rules.MOST_POSTS)):
        url = f"https://m.facebook.com/trang.0/posts/{number}"
        assert (await newsroom.client.post(path(kit), data={"url": url})).status_code == 200
    more = await newsroom.client.post(path(kit), data={"url": "https://facebook.com/trang.0/posts/x"})
    assert (more.status_code, "Đã báo đủ 20 bài" in more.text) == (422, True)


async def test_guessing_is_answered_429_and_whoever_holds_a_token_is_not_held_up(
    newsroom: Newsroom, partner: dict[str, Any]
) -> None:
    kit = await given(newsroom, await newsroom.published(), partner)
    guesses = [f"/bo-tin/{number:043d}" for number in range(20)]
    assert {(await newsroom.client.get(guess)).status_code for guess in guesses} == {404}
    refused = await newsroom.client.get("/bo-tin/" + "z" * 43)
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "3600")
    assert (await newsroom.client.post("/bo-tin/x", data={"acknowledge": "1"})).status_code == 429
    assert (await newsroom.client.get(path(kit))).status_code == 200
    newsroom.clock.advance(HOUR)
    assert (await newsroom.client.get(guesses[0])).status_code == 404


async def test_of_what_a_kit_can_be_made(
    newsroom: Newsroom, shortlist: Shortlist, partner: dict[str, Any], make: Make
) -> None:
    draft = await newsroom.draft()
    assert "chưa được duyệt" in (await give(newsroom, draft, partner)).json()["detail"]
    forum = await make.channel("manual", settings={"platform": "forum", "site": "https://dien-dan.example"})
    apart = await newsroom.approved(forum)
    assert "không có trang trên bản tin" in (await give(newsroom, apart, partner)).json()["detail"]
    done = await newsroom.published()
    candidate = await shortlist.fit("ung.vien")
    assert (await give(newsroom, done, candidate)).status_code == 409
    early = {"embargo_until": "2031-01-02T08:00:00+07:00", "expires_at": "2031-01-01T08:00:00+07:00"}
    assert (await give(newsroom, done, partner, **early)).json()["title"] == "Thời hạn của bộ tin không hợp lệ"
    past = (newsroom.clock.now() - DAY).isoformat()
    assert (await give(newsroom, done, partner, expires_at=past)).status_code == 422


KEPT = {
    "UPDATE partner_kits SET token_hash = decode(repeat('00', 32), 'hex')": "kept as it was given",
    "UPDATE partner_kits SET revoked_at = NULL": "kept as it was given",
    "UPDATE partner_kits SET expires_at = expires_at + interval '1 day'": "kept as it was given",
    """INSERT INTO partner_kits (id, publication_id, partner_id, token_hash, expires_at, created_by, created_at)
       SELECT gen_random_uuid(), k.publication_id, p.id, decode(repeat('11', 32), 'hex'), expires_at, k.created_by,
              k.created_at FROM partner_kits k, partners p WHERE p.state = 'candidate'""": "a partner that was decided",
}


async def test_a_kit_is_kept_as_it_was_given_by_sql(
    newsroom: Newsroom, shortlist: Shortlist, partner: dict[str, Any], db_as: Callable[[str], Database]
) -> None:
    kit = await given(newsroom, await newsroom.published(), partner)
    await newsroom.client.post(f"{API}/partner-kits/{kit['id']}/revoke", headers=newsroom.editor)
    await shortlist.candidate("ung.vien")
    for statement, why in KEPT.items():
        with pytest.raises(DBAPIError, match=why):
            async with db_as("publish").transaction() as session:
                await session.execute(text(statement))


def test_what_a_kit_shows_when() -> None:
    now = datetime(2026, 11, 30, tzinfo=UTC)
    plain: dict[str, Any] = {
        "is_revoked": False, "expires_at": now + DAY, "opens_at": None, "is_on_page": True, "is_withdrawn": False,
        "is_corrected": False, "now": now,
    }  # fmt: skip
    cases: list[tuple[dict[str, Any], KitView]] = [
        ({}, KitView.OPEN),
        ({"is_revoked": True}, KitView.GONE),
        ({"expires_at": now}, KitView.GONE),
        ({"opens_at": now}, KitView.OPEN),
        ({"opens_at": now + HOUR}, KitView.WAITS),
        ({"is_on_page": False}, KitView.WAITS),
        ({"is_corrected": True}, KitView.CORRECTED),
        ({"is_corrected": True, "opens_at": now + HOUR}, KitView.WAITS),
        ({"is_withdrawn": True, "is_corrected": True}, KitView.WITHDRAWN),
        ({"is_withdrawn": True, "is_revoked": True}, KitView.GONE),
    ]
    for changes, view in cases:
        assert rules.kit_view(**{**plain, **changes}) == view, changes
