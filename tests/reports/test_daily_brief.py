"""The daily brief over HTTP, on real Postgres, as the role lantoa_reports."""

from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import select, update

from libs.common import models as m
from libs.common.clock import FrozenClock
from libs.common.db import Database
from libs.common.files import FileStore
from libs.common.models.enums import Role
from services.reports import domain
from tests.reports.city import API, AUTHOR, EMAIL, PHONE, City

WITHIN = {"from": "2026-11-24T00:00:00+07:00", "to": "2026-11-24T12:00:00+07:00"}


async def make_brief(client: httpx.AsyncClient, who: dict[str, str], **body: Any) -> dict[str, Any]:
    made = await client.post(f"{API}/reports", json={"kind": "daily", **body}, headers=who)
    assert made.status_code == 201, made.text
    return dict(made.json())


async def content(client: httpx.AsyncClient, who: dict[str, str], report: dict[str, Any], wanted: str) -> bytes:
    got = await client.get(f"{API}/reports/{report['id']}/content", params={"format": wanted}, headers=who)
    assert got.status_code == 200, got.text
    return got.content


async def data_of(client: httpx.AsyncClient, who: dict[str, str], report: dict[str, Any]) -> dict[str, Any]:
    got = await client.get(f"{API}/snapshots/{report['snapshot_id']}", headers=who)
    assert got.status_code == 200, got.text
    return dict(got.json()["data"])


async def busy_day(city: City, clock: FrozenClock) -> dict[str, Any]:
    """Three press items and two of citizens, one case answered and one late, one publication on two channels."""
    clock.advance(timedelta(hours=-1))
    press = [await city.make.source(name=f"Báo {n}") for n in (1, 2)]
    forum = await city.make.source(name="Diễn đàn phố", group="forum", kind="page")
    bridge = "Thông xe cầu Tứ Liên *từ* 24/11"
    items = [
        await city.item(press[0], title=bridge, url="https://bao-1.example/cau"),
        await city.item(press[0], title="Cầu Tứ Liên: xe buýt đi thử", url="https://bao-1.example/cau-2"),
        await city.item(press[1], "announcement", title="Cầu Tứ Liên mở cửa", url="https://bao-2.example/cau"),
        await city.item(forum, "criticism", title=f"{AUTHOR}: cầu kẹt xe", text=f"{AUTHOR} gọi {PHONE}, {EMAIL}"),
    ]
    await city.story(f"{AUTHOR} kể chuyện cầu", items)
    lonely = await city.item(forum, "complaint", title=f"{AUTHOR}: hẻm ngập", text=PHONE)
    await city.story(f"{AUTHOR} kêu hẻm ngập", [lonely])
    answered = await city.case(state="answered", answered_at=clock.now())
    late = await city.case("complaint", accept_due_at=clock.now() - timedelta(minutes=1))
    channels = [await city.make.channel(name=name) for name in ("Bản tin", "Bluesky")]
    one = await city.publication("Cầu Tứ Liên thông xe từ 6 giờ", *channels)
    sent = await city.delivery(one, channels[0], "published", "https://tin.example.vn/tin/cau")
    await city.delivery(one, channels[1], "unknown", None)
    await city.point(sent, "likes", 12)
    await city.point(sent, "views", None)
    clock.advance(timedelta(hours=1))
    return {
        "items": items,
        "press": press,
        "forum": forum,
        "answered": answered,
        "late": late,
        "sent": sent,
        "one": one,
    }


async def test_brief_says_what_the_day_brought(
    client: httpx.AsyncClient, editor: dict[str, str], city: City, clock: FrozenClock
) -> None:
    await busy_day(city, clock)
    report = await make_brief(client, editor)
    print((await content(client, editor, report, "md")).decode())
    print((await content(client, editor, report, "json")).decode()[:6000])
