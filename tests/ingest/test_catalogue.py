"""The catalogue over HTTP and by the command: what an import does, says and refuses; what comes out again."""

from datetime import timedelta
from typing import Any

import pytest
import yaml
from sqlalchemy import select

from libs.common import models as m
from libs.common.models.enums import Role
from libs.common.testing.make import Make
from services.ingest.catalogue.files import shipped_yaml
from tests.ingest.conftest import DeskWith
from tests.ingest.desk import Desk

PAPER = {"name": "Báo A", "url": "https://a.example/rss", "group": "press", "owner": "Tòa soạn A", "tags": ["Hà Nội"]}
PORTAL = {
    "name": "Trang phường B", "group": "portal", "state": "paused", "state_reason": "Chờ địa chỉ.", "place": "00004",
}  # fmt: skip
FORUM = {
    "name": "Diễn đàn C", "url": "https://c.example/rss", "group": "forum", "terms": "Chờ xem điều khoản.",
    "audience": {"value": 7, "unit": "lượt", "as_of": "2022-09-29", "source": "Quyết định 3550"},
}  # fmt: skip


def catalogue(*entries: dict[str, Any]) -> bytes:
    return yaml.safe_dump({"version": 1, "sources": list(entries)}, allow_unicode=True).encode()


@pytest.fixture
async def admin(signed_in: Any) -> dict[str, str]:
    found: dict[str, str] = await signed_in(Role.ADMIN)
    return found


@pytest.fixture
async def live(desk_with: DeskWith) -> Desk:
    """A desk that may read the outside; nothing here ever does."""
    found: Desk = await desk_with(replay=False)
    return found


async def take(desk: Desk, who: dict[str, str], data: bytes, **params: Any) -> dict[str, Any]:
    answer = await desk.ask("POST", "/catalogue/import", who=who, content=data, params=params)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


def counts(told: dict[str, Any]) -> dict[str, int]:
    names = ("added", "changed", "retired", "unchanged", "rejected", "not_in_file")
    return {name: told[name] for name in names if told[name]}


async def sources(desk: Desk) -> dict[str, m.Source]:
    async with desk.db.transaction() as session:
        return {one.name: one for one in await session.scalars(select(m.Source))}


async def test_an_import_says_what_it_would_do_then_does_it(live: Desk, admin: dict[str, str]) -> None:
    first = catalogue(PAPER, PORTAL, FORUM)
    would = await take(live, admin, first, dry_run=True)
    assert (would["dry_run"], counts(would)) == (True, {"added": 3})
    assert await sources(live) == {}
    did = await take(live, admin, first)
    assert counts(did) == {"added": 3}
    kept = await sources(live)
    paper, portal, forum = kept["Báo A"], kept["Trang phường B"], kept["Diễn đàn C"]
    assert (paper.state, paper.owner, paper.tags, paper.next_poll_at) == (
        "active",
        "Tòa soạn A",
        ["Hà Nội"],
        paper.created_at,
    )
    assert (portal.state, portal.url, portal.place, portal.next_poll_at) == ("paused", None, "00004", None)
    assert (forum.audience, forum.terms) == (FORUM["audience"], "Chờ xem điều khoản.")
    assert counts(await take(live, admin, first)) == {"unchanged": 3}


async def test_what_changes_is_told_field_by_field(live: Desk, admin: dict[str, str]) -> None:
    await take(live, admin, catalogue(PAPER, FORUM))
    again = catalogue(PAPER | {"name": "Báo A mới", "owner": "Chủ quản khác"}, FORUM | {"state": "retired"})
    would = await take(live, admin, again, dry_run=True)
    assert counts(would) == {"changed": 1, "retired": 1}
    moved, ended = would["rows"]
    assert {one["field"]: (one["was"], one["now"]) for one in moved["changes"]} == {
        "name": ("Báo A", "Báo A mới"),
        "owner": ("Tòa soạn A", "Chủ quản khác"),
    }
    assert {one["field"] for one in ended["changes"]} == {"state"}
    await take(live, admin, again)
    kept = await sources(live)
    assert set(kept) == {"Báo A mới", "Diễn đàn C"}, "found by its address, not made again"
    assert (kept["Diễn đàn C"].state, kept["Diễn đàn C"].next_poll_at) == ("gone", None)


async def test_nothing_is_removed_because_a_file_lacks_it(live: Desk, admin: dict[str, str]) -> None:
    await take(live, admin, catalogue(PAPER, FORUM))
    await live.register(None, "push", "citizen", name="Cửa đẩy")
    told = await take(live, admin, catalogue(PAPER))
    assert counts(told) == {"unchanged": 1, "not_in_file": 2}
    asked = await take(live, admin, catalogue(PAPER), retire_missing=True)
    assert counts(asked) == {"unchanged": 1, "retired": 1, "not_in_file": 2}
    kept = await sources(live)
    assert {name: one.state for name, one in kept.items()} == {
        "Báo A": "active", "Diễn đàn C": "gone", "Cửa đẩy": "active",
    }  # fmt: skip
    assert kept["Diễn đàn C"].state_reason == "Không còn trong tệp danh mục."


async def test_sources_that_are_there_may_be_left_alone(live: Desk, admin: dict[str, str]) -> None:
    await take(live, admin, catalogue(PAPER))
    told = await take(live, admin, catalogue(PAPER | {"owner": "Khác"}, FORUM), only_new=True)
    assert counts(told) == {"added": 1, "unchanged": 1}
    assert (await sources(live))["Báo A"].owner == "Tòa soạn A"


async def test_each_row_is_judged_by_itself(live: Desk, admin: dict[str, str]) -> None:
    await take(live, admin, catalogue(PAPER, FORUM))
    rows: list[dict[str, Any]] = [
        PAPER | {"name": "Diễn đàn C"},  # the name of one source and the address of another
        {"name": "Nội bộ", "url": "http://169.254.169.254/rss", "group": "press"},
        {"name": "Mật khẩu", "url": "https://u:p@x.example/rss", "group": "press"},
        {"name": "Không nhóm", "url": "https://n.example/rss"},
        {"name": "Mới", "url": "https://moi.example/rss", "group": "press"},
        {"name": "Mới", "url": "https://moi-2.example/rss", "group": "press"},
        {"name": "Mới 3", "url": "https://moi.example/rss", "group": "press"},
    ]
    told = await take(live, admin, catalogue(*rows))
    assert [row["action"] for row in told["rows"]] == ["rejected"] * 4 + ["added"] + ["rejected"] * 2
    assert [bool(row["problem"]) for row in told["rows"]] == [True] * 4 + [False] + [True] * 2
    assert "u:p" not in str(told["rows"])
    assert set(await sources(live)) == {"Báo A", "Diễn đàn C", "Mới"}


async def test_a_changed_address_is_read_at_once_and_anew(live: Desk, admin: dict[str, str]) -> None:
    await take(live, admin, catalogue(PAPER))
    (source,) = (await sources(live)).values()
    async with live.db.transaction() as session:
        row = await session.get(m.Source, source.id)
        assert row is not None
        row.etag, row.failures, row.next_poll_at = '"x"', 4, live.clock.now() + timedelta(days=1)
    live.clock.advance(timedelta(minutes=1))
    await take(live, admin, catalogue(PAPER | {"url": "https://a.example/feed"}))
    (source,) = (await sources(live)).values()
    assert (source.url, source.etag, source.failures, source.next_poll_at) == (
        "https://a.example/feed", None, 0, live.clock.now(),
    )  # fmt: skip


async def test_in_replay_what_is_outside_is_paused_and_says_so(desk: Desk, admin: dict[str, str]) -> None:
    """The shipped catalogue can be looked at where nothing outside this machine is ever asked."""
    told = await take(desk, admin, shipped_yaml())
    assert counts(told) == {"added": len(told["rows"])}
    kept = await sources(desk)
    assert {one.state for one in kept.values()} == {"paused", "gone"}
    assert str(kept["VnExpress: Tin mới nhất"].state_reason).startswith("Chế độ phát lại")
    assert await desk.poll() == 0
    assert counts(await take(desk, admin, shipped_yaml())) == {"unchanged": len(told["rows"])}
    out = await desk.ask("GET", "/catalogue/export")
    by_name = {one["name"]: one for one in yaml.safe_load(out.text)["sources"]}
    assert by_name["VnExpress: Tin mới nhất"]["state"] == "active", (
        "what the catalogue says, not what replay made of it"
    )


async def test_what_comes_out_goes_in_unchanged(live: Desk, admin: dict[str, str]) -> None:
    await take(live, admin, catalogue(PAPER, PORTAL, FORUM))
    await live.register(None, "push", "citizen", name="Cửa đẩy")
    for form, media in (("yaml", "application/yaml"), ("opml", "text/x-opml")):
        out = await live.ask("GET", "/catalogue/export", params={"format": form})
        assert out.headers["content-type"] == f"{media}; charset=utf-8"
        assert out.headers["content-disposition"].endswith(f'.{form}"')
        assert counts(await take(live, admin, out.content)) == {"unchanged": 3, "not_in_file": 1}
    one = await live.ask("GET", "/catalogue/export", params={"group": "forum"})
    assert [entry["name"] for entry in yaml.safe_load(one.text)["sources"]] == ["Diễn đàn C"]


async def test_pages_of_platforms_are_in_a_catalogue_too(live: Desk, admin: dict[str, str]) -> None:
    film = {"name": "Kênh phim", "kind": "youtube", "url": "https://www.youtube.com/channel/UCx", "group": "official"}
    await take(live, admin, catalogue(film))
    assert (await sources(live))["Kênh phim"].next_poll_at is not None
    out = await live.ask("GET", "/catalogue/export", params={"format": "opml"})
    assert b"xmlUrl" not in out.content, "it is no feed"
    assert counts(await take(live, admin, out.content)) == {"unchanged": 1}


async def test_what_no_file_may_be_is_refused_whole(live: Desk, admin: dict[str, str]) -> None:
    for data in (b"sources: [", b"<opml><!ENTITY a 'b'></opml>", b"<opml", b"x" * (5 * 1024 * 1024)):
        answer = await live.ask("POST", "/catalogue/import", who=admin, content=data)
        assert answer.status_code in (413, 422), answer.text
        assert answer.json()["title"] in ("Tệp danh mục nguồn tin không đọc được", "Gói tin gửi lên quá lớn")
    assert await sources(live) == {}


async def test_every_change_is_in_the_audit_log(live: Desk, admin: dict[str, str]) -> None:
    await take(live, admin, catalogue(PAPER))
    await take(live, admin, catalogue(PAPER | {"owner": "Khác"}))
    await take(live, admin, catalogue(PAPER | {"state": "retired"}))
    async with live.db.transaction() as session:
        entries = list(await session.scalars(select(m.AuditEntry).order_by(m.AuditEntry.seq)))
    assert [(one.action, one.facts["fields"]) for one in entries] == [
        ("source.created", []), ("source.changed", ["owner"]), ("source.retired", ["owner", "state"]),
    ]  # fmt: skip
    assert all(one.actor_id for one in entries)
    assert "Khác" not in str([one.facts for one in entries])


async def test_who_may_take_in_and_who_may_take_out(live: Desk, signed_in: Any) -> None:
    for role in Role:
        who = await signed_in(role)
        into = await live.ask("POST", "/catalogue/import", who=who, content=catalogue(PAPER), params={"dry_run": True})
        assert into.status_code == (200 if role is Role.ADMIN else 403), role
        out = await live.ask("GET", "/catalogue/export", who=who)
        assert out.status_code == (403 if role in (Role.INTEGRATOR, Role.AUDITOR) else 200), role


async def test_settings_that_no_file_speaks_of_are_kept(live: Desk, admin: dict[str, str], make: Make) -> None:
    source = await make.source(name="Báo A", url="https://a.example/rss", settings={"rieng": 1, "full_text": True})
    await take(live, admin, catalogue(PAPER | {"settings": {"full_text": False}}))
    kept = (await sources(live))["Báo A"]
    assert (kept.id, kept.settings) == (source.id, {"rieng": 1, "full_text": False, "article_hosts": []})
