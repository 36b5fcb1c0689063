"""A unit's subscribable calendar: whoever holds its address reads it, and nobody else can find it.

The address carries 256 random bits; only their SHA-256 is kept, so that neither the database nor a dump gives an
address away. It is told once. It stands in no log: access logs are off, spans and messages name the route's pattern
and never the path (telemetry.ServerSpans), `logs.clean` masks it wherever a path is quoted after all, the audit log
holds the id of the row. Every token, of whatever form, is hashed and looked up by the same one statement; unknown,
revoked and malformed ones get the same answer.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import models as m
from libs.common.auth import Principal
from libs.common.clock import HANOI
from libs.common.ids import new_id
from libs.common.models.enums import Role
from services.publish import calendar_queries as queries
from services.publish import plans_problems as wrong
from services.publish.calendar_queries import Asked
from services.publish.calendar_rules import Entry
from services.publish.service import plans
from services.publish.service.calendar import MOST

GIVES = (Role.SPOKESPERSON, Role.ADMIN)
"""Who may hand out what the unit means to say."""
BACK, AHEAD = timedelta(days=31), timedelta(days=366)


async def open_feed(
    session: AsyncSession, unit_id: UUID | None, who: Principal, now: datetime
) -> tuple[m.CalendarFeed, str]:
    """The row and its token, which is known to nobody afterwards."""
    unit_id = unit_id or who.unit_id
    _require_giver(who, unit_id)
    feed, token = await _store(session, unit_id, who, now)
    await _record(session, feed, "calendar_feed.opened", who, now)
    return feed, token


async def renew_feed(session: AsyncSession, feed_id: UUID, who: Principal, now: datetime) -> tuple[m.CalendarFeed, str]:
    """A new address; the old one ends in the same moment."""
    old = await _end(session, feed_id, who, now)
    feed, token = await _store(session, old.unit_id, who, now)
    await _record(session, feed, "calendar_feed.renewed", who, now, {"instead_of": str(old.id)})
    return feed, token


async def revoke_feed(session: AsyncSession, feed_id: UUID, who: Principal, now: datetime) -> m.CalendarFeed:
    feed = await _end(session, feed_id, who, now)
    await _record(session, feed, "calendar_feed.revoked", who, now)
    return feed


async def _end(session: AsyncSession, feed_id: UUID, who: Principal, now: datetime) -> m.CalendarFeed:
    feed = await queries.lock_feed(session, feed_id)
    if feed is None or feed.revoked_at is not None or feed.unit_id not in who.units(*GIVES):
        raise wrong.CalendarFeedNotFound("Không có địa chỉ lịch này, hoặc nó đã bị thu hồi.")
    feed.revoked_at = now
    await session.flush()
    return feed


async def _store(session: AsyncSession, unit_id: UUID, who: Principal, now: datetime) -> tuple[m.CalendarFeed, str]:
    token = secrets.token_urlsafe(32)
    feed = m.CalendarFeed(
        id=new_id(now), unit_id=unit_id, token_hash=_hashed(token), created_by=who.person_id, created_at=now
    )
    try:
        async with session.begin_nested():
            session.add(feed)
    except IntegrityError as error:
        if getattr(error.orig, "sqlstate", None) != "23505":
            raise
        raise wrong.CalendarFeedExists(
            "Địa chỉ chỉ hiện một lần. Nếu đã mất, hãy đổi địa chỉ mới (renew); địa chỉ cũ sẽ hết hiệu lực."
        ) from error
    return feed, token


def _hashed(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def _require_giver(who: Principal, unit_id: UUID) -> None:
    if not who.has_within(unit_id, *GIVES):
        raise wrong.NotPlannerOfUnit("Chỉ người phát ngôn hoặc quản trị viên của đơn vị được tạo địa chỉ lịch.")


async def _record(
    session: AsyncSession,
    feed: m.CalendarFeed,
    action: str,
    who: Principal,
    now: datetime,
    more: dict[str, str] | None = None,
) -> None:
    facts = {"unit_id": str(feed.unit_id), **(more or {})}
    await plans.record(session, "calendar_feed", feed.id, action, who, now, facts)


# --- for whoever holds the address --------------------------------------------------------------------------


@dataclass(frozen=True)
class Subscribed:
    unit_name: str
    entries: list[Entry]


async def subscribed(session: AsyncSession, token: str, now: datetime) -> Subscribed | None:
    """The unit's calendar, a month back and a year ahead by whole days (so that the same rows give the same file)."""
    feed = await queries.feed_by_hash(session, _hashed(token))
    if feed is None:
        return None
    unit = await queries.get_unit(session, feed.unit_id)
    today = datetime.combine(now.astimezone(HANOI).date(), time(), HANOI)
    asked = Asked(frozenset({feed.unit_id}), today - BACK, today + AHEAD, with_drills=False)
    entries = await queries.list_entries(session, asked, MOST)
    return Subscribed(unit.name if unit else "", entries)
