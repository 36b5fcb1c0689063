"""How channels and sources are, the worst first."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from libs.common import models as m
from libs.common.models.enums import Role
from libs.common.testing.plugin import SignedIn
from services.reports.dashboards.channels import ChannelFacts, health_of
from services.reports.dashboards.schemas import ChannelHealth
from tests.reports.city import AUTHOR, EMAIL, City
from tests.reports.dashboards.conftest import Ask

NOW = datetime(2026, 11, 24, 5, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.mark.parametrize(
    ("facts", "health"),
    [
        (ChannelFacts("active", None, None, 0, 0), ChannelHealth.OK),
        (ChannelFacts("active", NOW + 15 * DAY, None, 0, 0), ChannelHealth.OK),
        (ChannelFacts("active", NOW + 14 * DAY, None, 0, 0), ChannelHealth.ENDING),
        (ChannelFacts("active", NOW + 14 * DAY, None, 1, 0), ChannelHealth.WAITING),
        (ChannelFacts("active", None, NOW + HOUR, 0, 0), ChannelHealth.WAITING),
        (ChannelFacts("active", None, NOW + HOUR, 2, 1), ChannelHealth.STUCK),
        (ChannelFacts("paused", None, None, 2, 1), ChannelHealth.PAUSED),
        (ChannelFacts("needs_reconnect", None, None, 0, 1), ChannelHealth.NEEDS_RECONNECT),
        (ChannelFacts("active", NOW, None, 0, 0), ChannelHealth.NEEDS_RECONNECT),
    ],
)
def test_a_channel_is_as_its_worst_trouble(facts: ChannelFacts, health: ChannelHealth) -> None:
    assert health_of(facts, NOW) is health


async def test_channels_stand_with_what_became_of_their_posts(ask: Ask, city: City, signed_in: SignedIn) -> None:
    ward = await city.make.unit("Phường Bến")
    named: list[tuple[str, str, dict[str, Any]]] = [
        ("own_site", "Bản tin", {}),
        ("facebook", "Facebook", {}),
        ("telegram", "Telegram", {"unit_id": ward.id}),
        ("zalo", "Zalo", {"state": "needs_reconnect"}),
        ("tiktok", "Đã thôi", {"state": "retired"}),
    ]
    channels = {kind: await city.make.channel(kind, name=name, **values) for kind, name, values in named}
    drill = await city.make.channel("bluesky", name="Sân tập", is_drill=True, settings={"service": "http://x"})
    for kind, state in (("own_site", "published"), ("facebook", "rejected"), ("telegram", "unknown")):
        unit_id = channels[kind].unit_id
        one = await city.publication("Cầu thông xe", channels[kind], state="publishing", unit_id=unit_id)
        sent = await city.delivery(one, channels[kind], state, None)
        await city.change(m.Delivery, sent.id, not_before=city.now - HOUR)
    told = await ask("channel-health", await signed_in(Role.EDITOR))
    shown = [(item["title"], item["health"], item["who"] and item["who"]["role"]) for item in told["items"]]
    assert shown == [
        ("Zalo", "needs_reconnect", "admin"),
        ("Facebook", "stuck", "spokesperson"),
        ("Telegram", "waiting", None),
        ("Bản tin", "ok", None),
        ("Sân tập", "ok", None),
    ]
    assert [item["is_drill"] for item in told["items"]] == [False] * 4 + [True]
    by_name = {item["title"]: item for item in told["items"]}
    assert by_name["Bản tin"]["last_seen_at"] == f"{city.now:%Y-%m-%dT%H:%M:%SZ}"
    assert [by_name["Bản tin"][name]["value"] for name in ("published_7d", "waiting", "stuck")] == [1, 0, 0]
    assert [by_name["Facebook"][name]["value"] for name in ("published_7d", "waiting", "stuck")] == [0, 0, 1]
    assert by_name["Telegram"]["says"] == "1 bài đã đến giờ mà chưa thấy trên kênh."
    figures = {name: figure["value"] for name, figure in told["figures"].items() if figure["value"]}
    assert figures == {"ok": 1, "waiting": 1, "stuck": 1, "needs_reconnect": 1}, f"{drill.name} is no real channel"
    mine = await ask("channel-health", await signed_in(Role.VIEWER, unit_id=ward.id))
    assert [item["title"] for item in mine["items"]] == ["Telegram"]


async def test_what_is_to_go_out_later_and_what_was_refused_long_ago_are_no_trouble(
    ask: Ask, city: City, editor: dict[str, str]
) -> None:
    channel, second = await city.make.channel(), await city.make.channel("facebook")
    one = await city.publication("Cầu thông xe", channel, second, state="publishing")
    ahead = await city.delivery(one, channel, "pending", None)
    await city.change(m.Delivery, ahead.id, not_before=city.now + HOUR)
    old = await city.delivery(one, second, "rejected", None)
    await city.change(m.Delivery, old.id, updated_at=city.now - 8 * DAY)
    told = await ask("channel-health", editor)
    assert {item["health"] for item in told["items"]} == {"ok"}


async def test_sources_are_as_intake_judged_them_the_worst_first_and_reasons_are_masked(
    ask: Ask, city: City, editor: dict[str, str]
) -> None:
    judged = city.now - timedelta(minutes=3)
    values: dict[str, Any] = {"checked_at": judged, "health_since": judged}
    for name, health in (("Báo im", "silent"), ("Báo tốt", "ok"), ("Báo tốt 2", "ok")):
        await city.make.source(name=name, health=health, **values)
    why = {"health_reason": f"Không trả lời, hỏi {EMAIL}", "health_since": judged - DAY}
    worst = await city.make.source(name="Báo hỏng", health="broken", **(values | why))
    await city.make.source(name="Báo nghỉ", health="paused", state="paused", **values)
    await city.make.source(name="Báo bỏ", health="gone", state="gone", **values)
    behind = {"next_poll_at": city.now - HOUR, "poll_seconds": 600}
    await city.make.source(name="Báo chậm", health="ok", **(values | behind))
    source = await city.make.source(name="Báo mới")
    hours = ((city.now - 2 * HOUR, 7), (city.now - 25 * HOUR, 90))
    for hour, items in hours:
        await city.make.add(m.SourceHour(source_id=source.id, hour=hour, items=items))
    told = await ask("source-health", editor)
    figures = {name: figure["value"] for name, figure in told["figures"].items() if figure["value"]}
    assert figures == {"ok": 3, "new": 1, "silent": 1, "broken": 1, "paused": 1, "late": 1, "items_24h": 7}
    assert told["figures"]["ok"]["as_of"] == f"{judged:%Y-%m-%dT%H:%M:%SZ}"
    assert [(item["title"], item["health_name"]) for item in told["items"]] == [
        ("Báo hỏng", "Đọc không hiểu"),
        ("Báo im", "Im lặng"),
    ]
    first = told["items"][0]
    assert (first["says"], first["since"]) == (
        "Không trả lời, hỏi [email]",
        f"{judged - DAY:%Y-%m-%dT%H:%M:%SZ}",
    )
    assert first["href"] == f"/api/ingest/v1/sources/{worst.id}/health"
    assert AUTHOR not in str(told)


async def test_before_anything_was_judged_nobody_knows_how_the_sources_are(
    ask: Ask, city: City, editor: dict[str, str]
) -> None:
    await city.make.source()
    told = await ask("source-health", editor)
    assert told["note"].startswith("Các nguồn chưa được xét lần nào")
    assert [told["figures"][name]["value"] for name in ("ok", "new", "late")] == [None, None, 0]
