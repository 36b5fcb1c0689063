"""The SQL of the press kit."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import models as m
from libs.common.models.press import PressState, PressStatus, PressWay

V, S = m.PressVersion, m.PressSend

_OWNERS = """
    JOIN channels c ON c.id = v.channel_id JOIN deliveries d ON d.id = v.delivery_id
    JOIN publications p ON p.id = d.publication_id
"""
_OPEN = "(v.status = 'canceled' OR c.state = 'active' AND d.state = 'published' AND NOT is_paused(p))"
"""What was seen to be published, and is neither paused nor being withdrawn; a kill always."""
CLAIM = text(
    f"""
    WITH due AS (
        SELECT s.version_id, s.partner, s.way FROM press_sends s JOIN press_versions v ON v.id = s.version_id {_OWNERS}
        WHERE s.state IN ('queued', 'sending') AND s.way <> 'feed' AND s.not_before <= :now AND {_OPEN}
          AND NOT EXISTS (
            SELECT FROM press_sends o JOIN press_versions w ON w.id = o.version_id
            WHERE w.item = v.item AND w.version < v.version AND o.partner = s.partner AND o.way = s.way
              AND o.state = 'sending' AND o.not_before > :now)
        ORDER BY v.status = 'canceled' DESC, s.not_before LIMIT :most FOR UPDATE OF s SKIP LOCKED)
    UPDATE press_sends s SET state = 'sending', attempts = attempts + 1, not_before = :lease, updated_at = :now
    FROM due WHERE s.version_id = due.version_id AND s.partner = due.partner AND s.way = due.way
    RETURNING s.version_id, s.partner, s.way, s.attempts
    """  # noqa: S608 - our own words
)
"""Never while an older version of the item is under way to the same partner: it would arrive last."""
NEWEST = text(
    f"""
    SELECT DISTINCT ON (v.item) v.id, {_OPEN} AS is_open FROM press_versions v {_OWNERS}
    WHERE v.channel_id = :channel AND v.position > :after
      AND NOT EXISTS (SELECT FROM press_versions w WHERE w.item = v.item AND w.version > v.version)
    ORDER BY v.item, v.version DESC
    """  # noqa: S608
)
"""The newest version of each item that stands behind the cursor."""


@dataclass(frozen=True)
class Due:
    """One version for one partner by one way."""

    version_id: UUID
    partner: str
    way: PressWay
    attempts: int


async def lock_channel(session: AsyncSession, channel_id: UUID) -> None:
    """Until the transaction ends: positions are given in the order in which they are committed."""
    await session.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 55))"), {"key": str(channel_id)})


async def add_version(session: AsyncSession, values: dict[str, Any]) -> None:
    last = await session.scalar(select(func.max(V.position)).where(V.channel_id == values["channel_id"]))
    await session.execute(insert(V).values(values | {"position": (last or 0) + 1}))


async def list_item(session: AsyncSession, item: UUID) -> Sequence[m.PressVersion]:
    """Every version, from the first."""
    return (await session.scalars(select(V).where(V.item == item).order_by(V.version))).all()


async def list_sends(session: AsyncSession, version_ids: Sequence[UUID]) -> Sequence[m.PressSend]:
    query = select(S).where(S.version_id.in_(version_ids)).execution_options(populate_existing=True)
    return (await session.scalars(query.order_by(S.partner, S.way))).all()


async def add_sends(session: AsyncSession, rows: Sequence[dict[str, Any]]) -> None:
    if rows:
        await session.execute(insert(S).values(list(rows)).on_conflict_do_nothing())


async def drop_queued(session: AsyncSession, version_ids: Sequence[UUID], now: datetime) -> None:
    waiting = (S.version_id.in_(version_ids), S.state == PressState.QUEUED)
    await session.execute(update(S).where(*waiting).values(state=PressState.DROPPED, updated_at=now))


async def claim(session: AsyncSession, now: datetime, lease: datetime, most: int) -> list[Due]:
    rows = await session.execute(CLAIM, {"now": now, "lease": lease, "most": most})
    return [Due(row.version_id, row.partner, PressWay(row.way), row.attempts) for row in rows]


async def record(session: AsyncSession, due: Due, now: datetime, **values: Any) -> None:
    """Only by the claim that is still under way."""
    mine = (S.version_id == due.version_id, S.partner == due.partner, S.way == due.way, S.attempts == due.attempts)
    await session.execute(update(S).where(*mine, S.state == PressState.SENDING).values(**values, updated_at=now))


async def first_created(session: AsyncSession, items: Sequence[UUID]) -> dict[UUID, datetime]:
    rows = await session.execute(select(V.item, V.created_at).where(V.item.in_(items), V.version == 1))
    return {row.item: row.created_at for row in rows}


async def list_newest(
    session: AsyncSession, channel_id: UUID, after: int
) -> tuple[list[m.PressVersion], list[m.PressVersion]]:
    """What is open and what is not (yet), in the order of positions."""
    rows = (await session.execute(NEWEST, {"channel": channel_id, "after": after})).all()
    is_open = {row.id: row.is_open for row in rows}
    found = (await session.scalars(select(V).where(V.id.in_(is_open)).order_by(V.position))).all()
    return [v for v in found if is_open[v.id]], [v for v in found if not is_open[v.id]]


async def list_told(session: AsyncSession, version_ids: Sequence[UUID], partner: str) -> set[UUID]:
    """Those of the versions that are, or were, for the partner."""
    query = select(S.version_id).where(S.version_id.in_(version_ids), S.partner == partner)
    return set(await session.scalars(query))


async def record_read(session: AsyncSession, version_ids: Sequence[UUID], partner: str, now: datetime) -> None:
    """The partner's reader was given these."""
    if not version_ids:
        return
    row = {"partner": partner, "way": PressWay.FEED, "state": PressState.ACCEPTED, "attempts": 1}
    rows = [row | {"version_id": each, "not_before": now, "updated_at": now} for each in sorted(version_ids)]
    taken = {"state": PressState.ACCEPTED, "attempts": 1, "updated_at": now}
    query = insert(S).values(rows)
    await session.execute(
        query.on_conflict_do_update(
            index_elements=["version_id", "partner", "way"], set_=taken, where=S.state != PressState.ACCEPTED
        )
    )


async def has_file(session: AsyncSession, version_ids: Sequence[UUID], sha256: str) -> str | None:
    """Its media type, where one of the versions shows it."""
    versions = (await session.scalars(select(V.payload).where(V.id.in_(version_ids)))).all()
    files = [file for payload in versions for picture in payload["pictures"] for file in picture["renditions"]]
    return next((str(file["mime"]) for file in files if file["sha256"] == sha256), None)


async def list_versions(session: AsyncSession, channel_id: UUID, limit: int) -> Sequence[m.PressVersion]:
    query = select(V).where(V.channel_id == channel_id).order_by(V.position.desc()).limit(limit)
    return (await session.scalars(query)).all()


def is_killed(versions: Sequence[m.PressVersion]) -> bool:
    return any(each.status == PressStatus.CANCELED for each in versions)


async def drop_overtaken(session: AsyncSession, due: Due, now: datetime) -> None:
    """What failed and would be sent again goes to nobody once there is a newer version of the item."""
    mine, newer = V.__table__.alias("mine"), V.__table__.alias("newer")
    is_overtaken = (
        select(newer.c.id)
        .join(mine, mine.c.item == newer.c.item)
        .where(mine.c.id == due.version_id, newer.c.version > mine.c.version)
        .exists()
    )
    sent = (S.version_id == due.version_id, S.partner == due.partner, S.way == due.way, S.state == PressState.QUEUED)
    await session.execute(update(S).where(*sent, is_overtaken).values(state=PressState.DROPPED, updated_at=now))
