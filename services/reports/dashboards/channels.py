"""How each channel is: whether what is to go out goes out, and whom it needs where it does not."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row

from libs.common.clock import HANOI
from libs.common.models.enums import ChannelState, Role
from services.reports.dashboards import health_queries as queries
from services.reports.dashboards.parts import Look, actor
from services.reports.dashboards.schemas import ChannelFigures, ChannelHealth, ChannelItem, ChannelsOut, ItemKind

ENDS_SOON = timedelta(days=14)
SOURCE = "channels, deliveries (đăng tin)"
EMPTY = "Đơn vị của bạn chưa có kênh nào."
NAMES = {
    ChannelHealth.OK: "Tốt",
    ChannelHealth.ENDING: "Sắp phải kết nối lại",
    ChannelHealth.WAITING: "Có bài đang chờ",
    ChannelHealth.STUCK: "Có bài không lên được",
    ChannelHealth.PAUSED: "Tạm dừng",
    ChannelHealth.NEEDS_RECONNECT: "Cần kết nối lại",
}
ORDER = tuple(reversed(ChannelHealth))
"""The worst first."""
ACTS = {
    ChannelHealth.ENDING: Role.ADMIN,
    ChannelHealth.NEEDS_RECONNECT: Role.ADMIN,
    ChannelHealth.PAUSED: Role.ADMIN,
    ChannelHealth.STUCK: Role.SPOKESPERSON,
}


@dataclass(frozen=True)
class ChannelFacts:
    state: str
    credentials_end_at: datetime | None
    blocked_until: datetime | None
    waiting: int
    stuck: int


def health_of(channel: ChannelFacts, now: datetime) -> ChannelHealth:
    """The worst that holds."""
    ends_at = channel.credentials_end_at
    if channel.state == ChannelState.NEEDS_RECONNECT or (ends_at is not None and ends_at <= now):
        return ChannelHealth.NEEDS_RECONNECT
    if channel.state == ChannelState.PAUSED:
        return ChannelHealth.PAUSED
    if channel.stuck:
        return ChannelHealth.STUCK
    if channel.waiting or channel.blocked_until is not None:
        return ChannelHealth.WAITING
    return ChannelHealth.ENDING if ends_at is not None and ends_at - now <= ENDS_SOON else ChannelHealth.OK


def says(health: ChannelHealth, channel: ChannelFacts) -> str:
    match health:
        case ChannelHealth.OK:
            return "Không có bài nào chờ quá lâu hay không lên được."
        case ChannelHealth.ENDING:
            return f"Tài khoản phải được kết nối lại trước {_at(channel.credentials_end_at)}."
        case ChannelHealth.WAITING if channel.blocked_until is not None:
            return f"Nền tảng bắt chờ đến {_at(channel.blocked_until)}; {channel.waiting} bài đang chờ."
        case ChannelHealth.WAITING:
            return f"{channel.waiting} bài đã đến giờ mà chưa thấy trên kênh."
        case ChannelHealth.STUCK:
            return f"{channel.stuck} bài của 7 ngày qua bị từ chối hoặc cần người làm tay."
        case ChannelHealth.PAUSED:
            return "Kênh đang tạm dừng, không bài nào được gửi."
        case ChannelHealth.NEEDS_RECONNECT:
            return "Tài khoản hết hiệu lực, cần quản trị viên kết nối lại."


def _at(moment: datetime | None) -> str:
    return f"{moment.astimezone(HANOI):%H:%M ngày %d/%m/%Y}" if moment else "chưa rõ"


async def channel_health(look: Look) -> ChannelsOut:
    sight = look.sight
    rows = await look.tried(queries.channels(look.session, sight.units, look.as_of, is_city=sight.is_city))
    items = None if rows is None else [_item(look, row) for row in rows]
    found = sorted(items or (), key=lambda item: (ORDER.index(item.health), item.title or "", str(item.id)))
    return ChannelsOut(
        as_of=look.as_of,
        note=None if items else EMPTY,
        figures=_figures(look, None if items is None else found),
        items=found,
    )


def _item(look: Look, row: Row[Any]) -> ChannelItem:
    facts = ChannelFacts(row.state, row.credentials_end_at, row.blocked_until, row.waiting, row.stuck)
    health = health_of(facts, look.as_of)
    role = ACTS.get(health)
    return ChannelItem(
        kind=ItemKind.CHANNEL,
        id=row.id,
        title=row.name,
        unit=row.unit,
        is_drill=row.is_drill,
        since=row.since or row.health_at or row.created_at,
        who=actor(role, row.unit) if role else None,
        href="/api/publish/v1/channels",
        platform=row.kind,
        state=ChannelState(row.state),
        health=health,
        health_name=NAMES[health],
        says=says(health, facts),
        last_seen_at=row.last_seen_at,
        credentials_end_at=row.credentials_end_at,
        published_7d=look.figure(row.published, SOURCE, "số bài duyệt trong 7 ngày qua đã thấy trên kênh", "bài"),
        waiting=look.figure(row.waiting, SOURCE, "số bài đã đến giờ từ 5 phút, hoặc gửi lại, chưa thấy", "bài"),
        stuck=look.figure(row.stuck, SOURCE, "số bài của 7 ngày qua bị từ chối hoặc cần người", "bài"),
    )


def _figures(look: Look, items: list[ChannelItem] | None) -> ChannelFigures:
    def count(health: ChannelHealth) -> int | None:
        return None if items is None else sum(item.health is health and not item.is_drill for item in items)

    return ChannelFigures(
        **{
            each.value: look.figure(count(each), SOURCE, f"số kênh “{NAMES[each]}”, không kể kênh diễn tập", "kênh")
            for each in ChannelHealth
        }
    )
