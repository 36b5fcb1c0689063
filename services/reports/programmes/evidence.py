"""What shows that a row is being carried out: it links itself by the row's rules; a person may add or take off one."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import audit
from libs.common.auth import Principal
from libs.common.ids import new_id
from libs.common.models import EvidenceChoice
from libs.common.models.programmes import EvidenceKind
from libs.common.pagination import PageRequest
from services.reports.programmes import evidence_queries, queries
from services.reports.programmes import problems as wrong
from services.reports.programmes.evidence_queries import Asked, Evidence
from services.reports.programmes.service import SOURCE, require_assignment, require_of_lead


@dataclass(frozen=True)
class Chosen:
    """An object of this system by its kind and id, or a page by its address, title and day."""

    kind: EvidenceKind
    is_linked: bool
    reason: str
    object_id: UUID | None = None
    title: str | None = None
    url: str | None = None
    happened_at: datetime | None = None


async def list_evidence(session: AsyncSession, assignment_id: UUID, page: PageRequest, now: datetime) -> list[Evidence]:
    row, programme = await require_assignment(session, assignment_id)
    return list(await evidence_queries.page_of_evidence(session, Asked.of(row, programme, now), page))


async def choose_evidence(
    session: AsyncSession, assignment_id: UUID, chosen: Chosen, who: Principal, now: datetime
) -> EvidenceChoice:
    """Link, or take off, one evidence, with the reason; what was chosen before stays on record."""
    row, programme = await require_assignment(session, assignment_id)
    await require_of_lead(session, row, programme, who, now)
    await queries.lock_assignment(session, row.id)
    object_id, title, at = await _resolve(session, Asked.of(row, programme, now), chosen, now)
    choice = EvidenceChoice(
        id=new_id(now),
        assignment_id=row.id,
        kind=chosen.kind.value,
        object_id=object_id,
        is_linked=chosen.is_linked,
        title=title[:500],
        url=chosen.url,
        happened_at=at,
        reason=chosen.reason,
        chosen_by=who.person_id,
        chosen_at=now,
    )
    session.add(choice)
    await session.flush()
    await audit.append(
        session,
        service=SOURCE,
        action="assignment.evidence_linked" if chosen.is_linked else "assignment.evidence_taken_off",
        actor_id=who.person_id,
        object_type="assignment",
        object_id=row.id,
        now=now,
        facts={"kind": choice.kind, "evidence": str(object_id)},
    )
    return choice


async def _resolve(session: AsyncSession, asked: Asked, chosen: Chosen, now: datetime) -> tuple[UUID, str, datetime]:
    """(id, title, time) of what was chosen, as it is now."""
    if chosen.kind is EvidenceKind.LINK and chosen.is_linked:
        return new_id(now), chosen.title or "", chosen.happened_at or now
    if chosen.object_id is None:
        raise wrong.EvidenceNotFound("Thiếu mã của minh chứng.")
    if chosen.kind is EvidenceKind.LINK:
        known = await evidence_queries.last_choice(session, asked.assignment_id, chosen.object_id)
        if known is None or known.kind != EvidenceKind.LINK:
            raise wrong.EvidenceNotFound(f"Mã liên kết: {chosen.object_id}.")
        return known.object_id, known.title, known.happened_at
    found = await evidence_queries.find_object(session, asked, chosen.kind, chosen.object_id)
    if found is None:
        raise wrong.EvidenceNotFound(f"Mã: {chosen.object_id}; chỉ nhận những gì đã công bố hoặc đã quyết định.")
    return chosen.object_id, *found
