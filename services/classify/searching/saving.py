"""Keeping a question: it says what for and until when, asks for no person, and ends by itself."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import audit
from libs.common.auth import Principal
from libs.common.errors import Forbidden
from libs.common.ids import floor_id, id_time, new_id
from libs.common.models import Notification, SavedQuery
from libs.common.models.enums import Role
from libs.common.models.searching import SearchPurpose
from libs.common.pagination import PageRequest
from libs.common.text import nfc
from libs.common.units import Register
from services.classify.searching import queries, rules, saved_queries, service
from services.classify.searching.plans import as_tsquery
from services.classify.searching.problems import (
    QueryAsksForPerson,
    SavedQueryAlreadyRenewed,
    SavedQueryEnded,
    SavedQueryNotFound,
    SavedQueryTooBroad,
    SavedQueryTooLong,
)

KEEPERS = (Role.EDITOR, Role.SPOKESPERSON, Role.FACT_CHECKER, Role.FEEDBACK_OFFICER, Role.ADMIN)
HITS_KEPT = timedelta(days=90)
"""As long as the contents that they are of."""
DIGEST_SUBJECT = "Câu hỏi đã lưu “{name}” có kết quả mới"
DIGEST_BODY = (
    "{count} nội dung mới khớp với câu hỏi đã lưu “{name}” kể từ {since:%H:%M %d/%m/%Y}. Mục đích đã ghi: {purpose} "
    "Xem danh sách trong mục Câu hỏi đã lưu. / {count} new items match this saved query."
)


class Wanted(NamedTuple):
    name: str
    query: str
    purpose_kind: SearchPurpose
    purpose: str
    expires_at: datetime
    unit_id: UUID | None
    is_alerting: bool


async def keep_query(
    session: AsyncSession, wanted: Wanted, register: Register, *, by: Principal, now: datetime
) -> SavedQuery:
    """It is asked of everything that comes in from now on, and once of everything that is there."""
    unit_id = wanted.unit_id or by.unit_id
    role = next((role for role in KEEPERS if by.has_within(unit_id, role)), None)
    if role is None:
        raise Forbidden("Chỉ lưu được câu hỏi cho đơn vị mà mình có vai trò.")
    _require_no_person(wanted.query, wanted.name, wanted.purpose)
    if not rules.may_end_at(wanted.expires_at, now):
        raise SavedQueryTooLong("Hãy chọn một ngày hết hạn trong tương lai, không quá 180 ngày.")
    query = nfc(wanted.query)
    asked = await service.read_question(session, query, (), register, now, "/body/query")
    if asked.plan.candidates is None:
        raise SavedQueryTooBroad("Câu hỏi chỉ loại trừ hoặc chỉ giới hạn thời gian sẽ khớp gần như mọi nội dung.")
    query_id = new_id(now)
    values = wanted._asdict() | {
        "id": query_id,
        "query": query,
        "resolved": {name: list(found) for name, found in asked.resolved.items()},
        "candidates": as_tsquery(asked.plan.candidates),
        "unit_id": unit_id,
        "owner_id": by.person_id,
        "alert_role": role.value,
        "created_at": now,
        "look_from": query_id,
        "look_started_at": now,
    }
    await saved_queries.insert_query(session, values)
    days = (wanted.expires_at - now).days
    await _audit(session, "created", query_id, by, now, {"purpose": wanted.purpose_kind.value, "days": days})
    return await require_query(session, query_id, by)


def _require_no_person(*texts: str) -> None:
    if any(map(rules.asks_for_a_person, texts)):
        raise QueryAsksForPerson("Hệ thống xem nội dung, không theo dõi con người. Hãy tìm theo sự việc, nơi chốn.")


async def require_query(session: AsyncSession, query_id: UUID, who: Principal, *, lock: bool = False) -> SavedQuery:
    """Of one's own units; an admin sees all."""
    found = await saved_queries.get_query(session, query_id, lock=lock)
    if found is None or not (who.has(Role.ADMIN) or found.unit_id in who.units(*KEEPERS)):
        raise SavedQueryNotFound(f"Không có câu hỏi đã lưu {query_id}.")
    return found


async def list_queries(session: AsyncSession, page: PageRequest, who: Principal) -> Sequence[SavedQuery]:
    units = None if who.has(Role.ADMIN) else who.units(*KEEPERS)
    return await saved_queries.list_queries(session, units, page)


async def change_query(session: AsyncSession, query_id: UUID, changes: dict[str, Any], *, by: Principal) -> SavedQuery:
    """Its name, and whether it alerts. What it asks and why stay: another question is another query."""
    found = await _require_running(session, query_id, by)
    _require_no_person(str(changes.get("name") or ""))
    for name, value in changes.items():
        setattr(found, name, value)
    return found


async def renew_query(
    session: AsyncSession, query_id: UUID, purpose: str, expires_at: datetime, *, by: Principal, now: datetime
) -> SavedQuery:
    """Once, with its purpose said anew."""
    found = await _require_running(session, query_id, by)
    if found.renewed_at is not None:
        raise SavedQueryAlreadyRenewed("Hãy lưu một câu hỏi mới nếu vẫn còn cần.")
    _require_no_person(purpose)
    if not rules.may_end_at(expires_at, now):
        raise SavedQueryTooLong("Hãy chọn một ngày hết hạn trong tương lai, không quá 180 ngày.")
    found.purpose, found.expires_at, found.renewed_at = purpose, expires_at, now
    await _audit(session, "renewed", query_id, by, now, {"days": (expires_at - now).days})
    return found


async def run_again(session: AsyncSession, query_id: UUID, *, by: Principal, now: datetime) -> SavedQuery:
    """Look once more over all that is stored; what was found is kept, and counted anew."""
    found = await _require_running(session, query_id, by)
    found.look_from, found.look_started_at = new_id(now), now
    found.looked_back_at, found.found_before = None, 0
    return found


async def mark_seen(session: AsyncSession, query_id: UUID, *, by: Principal, now: datetime) -> SavedQuery:
    found = await require_query(session, query_id, by, lock=True)
    found.last_seen_at = now
    return found


async def end_query(session: AsyncSession, query_id: UUID, *, by: Principal, now: datetime) -> None:
    """It asks nothing any more, and what it found is forgotten; that it was there stays counted."""
    found = await _require_running(session, query_id, by)
    found.ended_at, found.is_alerting, found.look_from = now, False, None
    await saved_queries.forget_hits(session, [query_id])
    await _audit(session, "ended", query_id, by, now, {})


async def _require_running(session: AsyncSession, query_id: UUID, who: Principal) -> SavedQuery:
    found = await require_query(session, query_id, who, lock=True)
    if found.ended_at is not None:
        raise SavedQueryEnded("Câu hỏi này đã hết hạn hoặc đã được kết thúc.")
    return found


async def _audit(
    session: AsyncSession, what: str, query_id: UUID, by: Principal | None, now: datetime, facts: dict[str, Any]
) -> None:
    await audit.append(
        session,
        service="classify",
        action=f"saved_query.{what}",
        actor_id=by.person_id if by else None,
        object_type="saved_query",
        object_id=query_id,
        now=now,
        facts=facts,
    )


# --- what time does -----------------------------------------------------------------------------------------


async def end_expired(session: AsyncSession, now: datetime) -> int:
    ended = await saved_queries.end_expired(session, now)
    if ended:
        await saved_queries.forget_hits(session, ended)
    for query_id in ended:
        await _audit(session, "expired", query_id, None, now, {})
    return len(ended)


async def tell_digests(session: AsyncSession, now: datetime, limit: int = 50) -> int:
    """One letter for all that a query found since the last, at most once an hour; it names no content."""
    due = await saved_queries.claim_digests(session, now, rules.DIGEST, limit)
    for one in due:
        count = await saved_queries.count_new(session, one, now)
        since = service.in_hanoi(one.alerted_at or one.created_at)
        words = {"name": one.name, "count": count, "since": since, "purpose": one.purpose.rstrip(".") + "."}
        session.add(
            Notification(
                id=new_id(now),
                kind="saved_query",
                role=one.alert_role,
                unit_id=one.unit_id,
                object_type="saved_query",
                object_id=one.id,
                subject=DIGEST_SUBJECT.format(**words),
                body=DIGEST_BODY.format(**words),
                dedupe=f"saved-query:{one.id}:{now.isoformat()}",
                created_at=now,
            )
        )
        one.alerted_at = now
    return len(due)


async def forget_old_hits(session: AsyncSession, now: datetime) -> int:
    return await saved_queries.forget_old_hits(session, floor_id(now - HITS_KEPT))


async def looked_back_share(session: AsyncSession, found: Sequence[SavedQuery]) -> dict[UUID, float]:
    """How much of the time that is stored each has looked through."""
    oldest = await queries.oldest(session)
    shares = {}
    for one in found:
        if one.look_from is None or oldest is None:
            shares[one.id] = 1.0
            continue
        whole = one.look_started_at - id_time(oldest)
        done = one.look_started_at - id_time(one.look_from)
        shares[one.id] = min(max(done / whole, 0.0), 1.0) if whole > timedelta(0) else 1.0
    return shares
