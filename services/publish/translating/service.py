"""Use cases: propose, confirm, take back. The database holds the same rules (two people, own unit, languages)."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import audit
from libs.common import models as m
from libs.common.auth import Principal
from libs.common.models.enums import Role
from services.publish.problems import NotYourUnit
from services.publish.service.publications import require_visible
from services.publish.translating.problems import (
    NotATranslation,
    OwnProposal,
    TranslationExists,
    TranslationNotFound,
)

T = m.PublicationTranslation


async def propose(
    session: AsyncSession, publication_id: UUID, translates_id: UUID, who: Principal, now: datetime
) -> m.PublicationTranslation:
    """That the first, in English, says what the second says. Nothing is shown before it is confirmed."""
    made = await require_visible(session, publication_id, who)
    original = await require_visible(session, translates_id, who)
    if not who.has_within(made.unit_id, Role.EDITOR):
        raise NotYourUnit("Chỉ biên tập viên của đơn vị được ghép hai bản của một tin.")
    if (made.language, original.language) != ("en", "vi") or made.unit_id != original.unit_id:
        raise NotATranslation("Cần một tin tiếng Anh (en) và một tin tiếng Việt (vi) của cùng một đơn vị.")
    row = T(publication_id=made.id, translates_id=original.id, proposed_by=who.person_id, proposed_at=now)
    try:
        async with session.begin_nested():
            session.add(row)
    except IntegrityError as error:
        raise TranslationExists("Hãy bỏ ghép trước khi ghép lại.") from error
    await _record(session, "translation.proposed", row, who, now)
    return row


async def confirm(session: AsyncSession, publication_id: UUID, who: Principal, now: datetime) -> m.Publication:
    """By a spokesperson of the unit who did not propose it; again is no error. Gives the English text."""
    made, row = await _locked(session, publication_id, who)
    if not who.has_within(made.unit_id, Role.SPOKESPERSON):
        raise NotYourUnit("Chỉ người phát ngôn của đơn vị được xác nhận.")
    if row.proposed_by == who.person_id:
        raise OwnProposal("Hãy nhờ một người phát ngôn khác của đơn vị.")
    if row.confirmed_at is None:
        row.confirmed_by, row.confirmed_at = who.person_id, now
        await _record(session, "translation.confirmed", row, who, now)
    return made


async def take_back(session: AsyncSession, publication_id: UUID, who: Principal, now: datetime) -> list[str]:
    """The slugs whose pages no longer speak of each other."""
    made, row = await _locked(session, publication_id, who)
    if not who.has_within(made.unit_id, Role.EDITOR, Role.SPOKESPERSON):
        raise NotYourUnit("Chỉ biên tập viên hoặc người phát ngôn của đơn vị được bỏ ghép.")
    original = await session.get(m.Publication, row.translates_id)
    await _record(session, "translation.taken_back", row, who, now)
    await session.delete(row)
    return [made.slug, *([original.slug] if original is not None else [])]


async def _locked(
    session: AsyncSession, publication_id: UUID, who: Principal
) -> tuple[m.Publication, m.PublicationTranslation]:
    made = await require_visible(session, publication_id, who)
    row = await session.scalar(select(T).where(T.publication_id == made.id).with_for_update())
    if row is None:
        raise TranslationNotFound(f"Tin {publication_id} không phải bản dịch của tin nào.")
    return made, row


async def _record(
    session: AsyncSession, action: str, row: m.PublicationTranslation, who: Principal, now: datetime
) -> None:
    await audit.append(
        session,
        service="publish",
        action=action,
        actor_id=who.person_id,
        object_type="publication",
        object_id=row.publication_id,
        now=now,
        facts={"translates": str(row.translates_id)},
    )
