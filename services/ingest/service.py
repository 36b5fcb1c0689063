"""Use cases of intake: sources, backpressure. Storing is in `storing.py`, what polls do in `polls.py`."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.clock import midnight
from libs.common.http import LOOPBACK_ONLY, PUBLIC_ONLY, FetchRefused, check_url, is_address_allowed
from libs.common.ids import new_id
from libs.common.masking import HOTLINES, mask_personal_data
from libs.common.models import Content, Source
from libs.common.models.enums import SourceGroup, SourceKind, SourceState
from libs.common.outbox import pending_events
from services.ingest import queries, trail
from services.ingest.health import Pulse, shown_health
from services.ingest.health.queries import items_since
from services.ingest.problems import (
    ContentNotFound,
    IntakeOverloaded,
    SourceExists,
    SourceNotFound,
    SourceNotPolled,
    SourceRefused,
)
from services.ingest.schemas import SourceCreate, SourceOut, SourcePatch, SourceWithHealth
from services.ingest.settings import IntakeSettings
from services.ingest.storing import Stored as Stored
from services.ingest.storing import store_contents as store_contents

DEFAULT_SOURCE = "Đẩy trực tiếp"
Masker = Callable[[str], str]


def masker(limits: IntakeSettings) -> Masker:
    """Hides what identifies a person; the hotlines this city publishes stay readable."""
    allow = HOTLINES | frozenset(limits.hotlines)
    return lambda text: mask_personal_data(text, allow)


# --- sources ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Actor:
    """Who changes a source, and the rules of this installation they act under."""

    person_id: UUID
    replay: bool = False


async def create_source(session: AsyncSession, body: SourceCreate, *, by: Actor, now: datetime) -> Source:
    """Register a source; a polled one is due at once."""
    polled = body.kind in queries.POLLED_KINDS
    if polled and body.url is None:
        raise SourceRefused("Nguồn đọc định kỳ cần có địa chỉ (url).")
    check_source_address(body.url, replay=by.replay)
    if await queries.source_taken(session, body.name, body.url, None):
        raise SourceExists(f"Tên: {body.name}.")
    source = Source(
        id=new_id(now),
        created_at=now,
        state=SourceState.ACTIVE,
        next_poll_at=now if polled else None,
        failures=0,
        **body.model_dump(mode="json"),
    )
    session.add(source)
    await session.flush()
    await trail.record(session, "source.created", source.id, now, by=by.person_id)
    return source


async def change_source(
    session: AsyncSession, source_id: UUID, body: SourcePatch, *, by: Actor, now: datetime
) -> Source:
    """Change a source; one made active again is due at once and starts without its old failures."""
    source = await require_source(session, source_id)
    changes = body.model_dump(mode="json", exclude_unset=True, exclude_none=True)
    check_source_address(body.url, replay=by.replay)
    if await queries.source_taken(session, body.name, body.url, source.id):
        raise SourceExists(f"Tên: {body.name or source.name}.")
    if "url" in changes or changes.get("state") == SourceState.ACTIVE:
        polled = source.kind in queries.POLLED_KINDS
        changes |= {"next_poll_at": now if polled else None, "failures": 0, "etag": None, "last_modified": None}
    if "state" in changes:
        changes.setdefault("state_reason", None)  # the reason of the state before says nothing of this one
    for name, value in changes.items():
        setattr(source, name, value)
    await session.flush()
    await trail.record(session, "source.changed", source.id, now, by=by.person_id, facts={"fields": sorted(changes)})
    return source


async def require_source(session: AsyncSession, source_id: UUID) -> Source:
    source = await queries.get_source(session, source_id)
    if source is None:
        raise SourceNotFound(f"Mã nguồn: {source_id}.")
    return source


async def retire_source(session: AsyncSession, source_id: UUID, *, by: Actor, now: datetime) -> None:
    """Never polled again. The row stays: it is where its contents came from."""
    source = await require_source(session, source_id)
    source.state, source.next_poll_at = SourceState.GONE, None
    await session.flush()
    await trail.record(session, "source.retired", source.id, now, by=by.person_id)


async def read_health(session: AsyncSession, sources: Sequence[Source], now: datetime) -> list[SourceWithHealth]:
    """The sources with when each last brought something, and what that and its polls amount to."""
    ids = [source.id for source in sources]
    newest = await queries.newest_items(session, ids)
    counts = await items_since(session, ids, midnight(now), now)
    return [_with_health(source, newest.get(source.id), counts.get(source.id, 0), now) for source in sources]


def _with_health(source: Source, last_item_at: datetime | None, new_today: int, now: datetime) -> SourceWithHealth:
    pulse = Pulse(source.state, source.failures, source.created_at, source.last_ok_at, last_item_at)
    return SourceWithHealth(
        **SourceOut.model_validate(source).model_dump(),
        last_item_at=last_item_at,
        health=shown_health(source.health, pulse, now, is_known=source.health_since is not None),
        health_since=source.health_since,
        health_reason=source.health_reason,
        new_today=new_today,
    )


async def request_poll(session: AsyncSession, source_id: UUID, now: datetime) -> Source:
    """Make a source due now; the worker polls it."""
    source = await require_source(session, source_id)
    if source.kind not in queries.POLLED_KINDS or source.state != SourceState.ACTIVE:
        raise SourceNotPolled(f"Loại: {source.kind}, trạng thái: {source.state}.")
    source.next_poll_at = now
    return source


def check_source_address(url: str | None, *, replay: bool) -> None:
    """Refuse at once what no fetch will ever reach; names are judged again at each fetch."""
    if url is None:
        return
    try:
        host = check_url(url, None).host
    except FetchRefused as error:
        raise SourceRefused(str(error)) from error
    rule = LOOPBACK_ONLY if replay else PUBLIC_ONLY
    if _is_address(host) and not is_address_allowed(ip_address(host), rule):
        raise SourceRefused(f"{host} là địa chỉ nội bộ hoặc dành riêng (a private or reserved address).")


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


async def default_source(session: AsyncSession, now: datetime) -> Source:
    """The source of pushed items that name none. It counts as citizens' speech, so its texts are masked."""
    row = {
        "id": new_id(now),
        "kind": SourceKind.PUSH,
        "name": DEFAULT_SOURCE,
        "group": SourceGroup.CITIZEN,
        "state": SourceState.ACTIVE,
        "created_at": now,
    }
    await queries.insert_source_once(session, row)
    (source,) = await queries.sources_by_reference(session, set(), {DEFAULT_SOURCE})
    return source


# --- intake -------------------------------------------------------------------------------------------------


async def refuse_when_overloaded(session: AsyncSession, limits: IntakeSettings, now: datetime) -> None:
    """Backpressure, not loss: raise IntakeOverloaded while events wait too long or in too great a number."""
    count, since = await pending_events(session, limits.pending_events)
    late = since is not None and now - since > timedelta(seconds=limits.pending_seconds)
    if count >= limits.pending_events or late:
        raise IntakeOverloaded(
            f"{count} sự kiện đang chờ xử lý. Xin gửi lại sau {limits.retry_after} giây.",
            retry_after=limits.retry_after,
        )


# --- contents -----------------------------------------------------------------------------------------------


async def require_content(session: AsyncSession, content_id: UUID) -> Content:
    content = await queries.get_content(session, content_id)
    if content is None:
        raise ContentNotFound(f"Mã nội dung: {content_id}.")
    return content
