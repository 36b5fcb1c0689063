"""SQL of the filings: what the database holds, who may read it, how it is guarded. People are counted, never named.

Sizes and rights come from the database's own catalogue: of tables that are not this service's to read, it knows no row.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Uuid, func, or_, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import models as m
from libs.common.backup import BACKED_UP
from libs.common.ids import id_time
from libs.common.models import Base
from libs.common.models.enums import ChannelState, SourceState, UnitKind
from libs.common.roles import ALL_ROLES
from services.reports.domain import Period
from services.reports.labels import ROLES

Right = tuple[str, str, str]
"""Role, table, privilege: what the database truly grants."""


class Server(NamedTuple):
    """What the database says of itself and of this connection."""

    version: str
    is_encrypted: bool
    hashing: str
    """How it keeps passwords."""
    has_checksums: bool
    is_archived: bool
    archived_at: datetime | None
    is_superuser: bool
    schema: str


_ROWS = text("""
    SELECT c.relname,
           CASE WHEN sum(pg_relation_size(p.oid)) = 0 THEN 0
                WHEN max(p.reltuples) < 0 THEN nullif(sum(pg_stat_get_live_tuples(p.oid)), 0)
                ELSE sum(greatest(p.reltuples, 0)) END
    FROM pg_class c
    LEFT JOIN pg_inherits i ON i.inhparent = c.oid
    JOIN pg_class p ON p.oid = coalesce(i.inhrelid, c.oid)
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND c.relname = ANY(:tables)
    GROUP BY c.relname
""")
_RIGHTS = text("""
    SELECT r.rolname, c.relname, p.name
    FROM pg_class c
    CROSS JOIN pg_roles r
    CROSS JOIN unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) AS p(name)
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
      AND r.rolname = ANY(:roles) AND has_table_privilege(r.oid, c.oid, p.name)
""")
_GUARDS = text("""
    SELECT c.relname, t.tgname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
    WHERE c.relnamespace = 'public'::regnamespace AND NOT t.tgisinternal AND t.tgenabled IN ('O', 'A')
""")
_SERVER = text("""
    SELECT current_setting('server_version'), coalesce(s.ssl, false), current_setting('password_encryption'),
           current_setting('data_checksums') = 'on', current_setting('archive_mode') <> 'off',
           (SELECT last_archived_time FROM pg_stat_archiver),
           (SELECT rolsuper FROM pg_roles WHERE rolname = current_user),
           (SELECT version_num FROM alembic_version)
    FROM (SELECT pg_backend_pid() AS pid) AS me LEFT JOIN pg_stat_ssl s ON s.pid = me.pid
""")


async def rows_about(session: AsyncSession, tables: Collection[str]) -> dict[str, int | None]:
    """Table → about how many rows, by the statistics there are; None while nobody counted them yet."""
    found = await session.execute(_ROWS, {"tables": list(tables)})
    return {name: None if rows is None else round(rows) for name, rows in found}


async def rights(session: AsyncSession) -> set[Right]:
    return {(role, table, right) for role, table, right in await session.execute(_RIGHTS, {"roles": list(ALL_ROLES)})}


async def guards(session: AsyncSession) -> set[tuple[str, str]]:
    """(table, trigger) of those that are switched on."""
    return {(table, trigger) for table, trigger in await session.execute(_GUARDS)}


async def server(session: AsyncSession) -> Server:
    return Server(*(await session.execute(_SERVER)).one())


async def oldest_rows(session: AsyncSession, tables: Collection[str]) -> dict[str, datetime | None]:
    """Table → when its first row was made, as its key says; only tables with a UUIDv7 key, which this role may read."""
    keys = {}
    for name in tables:
        key = next(iter(Base.metadata.tables[name].primary_key))
        if isinstance(key.type, Uuid):
            keys[name] = select(key).order_by(key).limit(1).scalar_subquery().label(name)
    if not keys:
        return {}
    row = (await session.execute(select(*keys.values()))).one()
    return {name: _made_at(found) for name, found in zip(keys, row, strict=True)}


def _made_at(found: UUID | None) -> datetime | None:
    return id_time(found) if found is not None and found.version == 7 else None


# --- people, sources, channels ------------------------------------------------------------------------------


async def city_unit(session: AsyncSession) -> UUID | None:
    unit = m.OrganizationUnit
    return await session.scalar(select(unit.id).where(unit.kind == UnitKind.CITY).order_by(unit.id).limit(1))


async def holders(session: AsyncSession, as_of: datetime) -> dict[str, int]:
    """Role → how many active people hold it now, somewhere; every role is there."""
    grant, person = m.RoleGrant, m.Person
    in_force = (grant.valid_from <= as_of) & or_(grant.valid_to.is_(None), grant.valid_to > as_of)
    query = (
        select(grant.role, func.count(grant.person_id.distinct()))
        .join(person, person.id == grant.person_id)
        .where(in_force, person.is_active)
        .group_by(grant.role)
    )
    return {role.value: 0 for role in ROLES} | dict((await session.execute(query)).all())


async def active_sources(session: AsyncSession) -> dict[str, int]:
    query = select(m.Source.kind, func.count()).where(m.Source.state == SourceState.ACTIVE)
    return {str(kind): count for kind, count in await session.execute(query.group_by(m.Source.kind).order_by("kind"))}


async def used_channels(session: AsyncSession) -> dict[str, int]:
    """Kind → accounts that are in use; those of drills stand in the sandbox and are not among them."""
    channel = m.Channel
    query = select(channel.kind, func.count()).where(channel.state != ChannelState.RETIRED, channel.is_drill.is_(False))
    rows = await session.execute(query.group_by(channel.kind).order_by(channel.kind))
    return {str(kind): count for kind, count in rows}


async def subscribers(session: AsyncSession) -> Sequence[m.EventSubscriber]:
    query = select(m.EventSubscriber).where(m.EventSubscriber.revoked_at.is_(None))
    return (await session.scalars(query.order_by(m.EventSubscriber.name))).all()


async def webhooks(session: AsyncSession) -> Sequence[m.WebhookSubscription]:
    """Those that are told of events, or will be once they are opened again."""
    row = m.WebhookSubscription
    return (await session.scalars(select(row).where(row.ended_at.is_(None)).order_by(row.id))).all()


async def servers_of_transfers(session: AsyncSession) -> dict[str, int]:
    """Other agencies' systems, as the settings call them → cases that went there."""
    transfer = m.CaseTransfer
    query = select(transfer.server, func.count()).where(transfer.armed_at.is_not(None))
    rows = await session.execute(query.group_by(transfer.server).order_by(transfer.server))
    return {str(server): count for server, count in rows}


# --- what went wrong, what was kept -------------------------------------------------------------------------


async def incidents(session: AsyncSession, period: Period) -> Counter[str]:
    """What the system itself noticed: `dead` letters of the period, those still `open`, alarms of the `watchdog`."""
    letter, alarm = m.DeadLetter, m.WatchdogAlert
    of_period = (letter.dead_at >= period.start) & (letter.dead_at < period.end)
    seen = (alarm.first_seen_at >= period.start) & (alarm.first_seen_at < period.end)
    counts = select(
        select(func.count()).select_from(letter).where(of_period).scalar_subquery(),
        select(func.count()).select_from(letter).where(letter.retried_at.is_(None)).scalar_subquery(),
        select(func.count()).select_from(alarm).where(seen).scalar_subquery(),
    )
    return Counter(dict(zip(("dead", "open", "watchdog"), (await session.execute(counts)).one(), strict=True)))


async def last_backup(session: AsyncSession) -> datetime | None:
    entry = m.AuditEntry
    query = select(entry.at).where(entry.action == BACKED_UP).order_by(entry.id.desc()).limit(1)
    return await session.scalar(query)


async def last_check(session: AsyncSession) -> m.AuditCheck | None:
    """The newest verification of the audit log."""
    row = m.AuditCheck
    return await session.scalar(select(row).order_by(row.id.desc()).limit(1))


async def audit_span(session: AsyncSession) -> tuple[datetime | None, datetime | None]:
    """When the first and the last entry of the audit log were written."""
    entry = m.AuditEntry
    first = await session.scalar(select(entry.at).order_by(entry.id).limit(1))
    return first, await session.scalar(select(entry.at).order_by(entry.id.desc()).limit(1))


# --- requests of data subjects ------------------------------------------------------------------------------


async def data_requests(session: AsyncSession, since: datetime) -> Sequence[m.DataRequest]:
    """Received or decided since then, or open still; oldest first."""
    row = m.DataRequest
    wanted = or_(row.received_at >= since, row.decided_at >= since, row.decided_at.is_(None))
    return (await session.scalars(select(row).where(wanted).order_by(row.received_at, row.id))).all()
