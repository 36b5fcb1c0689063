"""People put right which places a text is about. Theirs hold when it is read again, and are kept like every correction.

Places are told by names and not by a model, so what such a correction teaches is a name: whoever corrects may say which
words of the text name the place; once another person agrees, every text is read with that name.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.clock import HANOI
from libs.common.events.content import ClassifiedItem, ContentsClassified
from libs.common.ids import new_id
from libs.common.models import Annotation, PlaceAlias
from libs.common.models.enums import AliasState, Field, TextKind, Tone
from libs.common.outbox import emit
from libs.common.text import collapse, nfc
from libs.common.units import Register, resolve_unit
from services.classify import queries as core
from services.classify.models import corrections
from services.classify.models import queries as model_queries
from services.classify.naming import queries
from services.classify.naming.problems import (
    AliasAlreadyDecided,
    AliasNotFound,
    NameDoesNotFit,
    NameTaken,
    PlaceUnknown,
)
from services.classify.naming.rules import folded, is_place, told, why_not
from services.classify.problems import AnnotationNotFound, SecondPersonNeeded
from services.classify.service import trail


@dataclass(frozen=True)
class Corrected:
    places: Sequence[str]
    alias_id: UUID | None = None


async def correct_places(
    session: AsyncSession,
    content_id: UUID,
    places: Sequence[str],
    name: str | None,
    register: Register,
    *,
    by: UUID,
    now: datetime,
) -> Corrected:
    """A person's places: they count at once, and until a person says otherwise."""
    places = list(dict.fromkeys(places))
    await core.lock_pasts(session, [content_id])
    annotation = await core.get_annotation(session, content_id)
    if annotation is None:
        raise AnnotationNotFound(f"Chưa có phân loại cho nội dung {content_id}.")
    if unknown := {code for code in places if not is_place(code, register)}:
        raise PlaceUnknown(f"Không có phường, xã hay quận, huyện cũ nào mang mã {', '.join(sorted(unknown))}.")
    before = list(annotation.places)
    alias_id = await _propose(session, annotation, name, before, places, register, by, now) if name else None
    if places != before:
        await _apply(session, annotation, before, places, by, now)
    return Corrected(places, alias_id)


async def _apply(
    session: AsyncSession, annotation: Annotation, before: list[str], places: list[str], by: UUID, now: datetime
) -> None:
    content_id = annotation.content_id
    await corrections.keep(session, annotation, "places", told(before), told(places), by=by, now=now)
    await queries.set_places(session, content_id, places, now)
    await session.refresh(annotation)
    await trail.record(
        session, "places.corrected", by, ("content", content_id), now, {"from": _units(before), "to": _units(places)}
    )
    item = ClassifiedItem(
        content_id=content_id,
        kind=TextKind(annotation.kind),
        field=Field(annotation.field),
        tone=Tone(annotation.tone),
    )
    await emit(session, ContentsClassified(items=[item]), now=now, source="classify")


def _units(codes: Sequence[str]) -> list[str]:
    """As the audit log holds them: a bare number there might be anybody's."""
    return [f"unit:{code}" for code in codes]


# --- names --------------------------------------------------------------------------------------------------


async def _propose(
    session: AsyncSession,
    annotation: Annotation,
    name: str,
    before: Sequence[str],
    places: Sequence[str],
    register: Register,
    by: UUID,
    now: datetime,
) -> UUID:
    added = [code for code in places if code not in before]
    if len(added) != 1:
        raise NameDoesNotFit("Một tên đi với đúng một địa bàn vừa thêm vào danh sách.")
    name = collapse(nfc(name))
    words = await model_queries.words_of(session, annotation.content_id)
    if why := why_not(name, f"{words.title}. {words.text}" if words else ""):
        raise NameDoesNotFit(why)
    # Two people may give one name to two places at once: the first holds until both are done.
    if await queries.is_taken(session, folded(name)) or resolve_unit(name, now.astimezone(HANOI).date(), register):
        raise NameTaken(f"“{name}” đã chỉ một địa bàn hoặc đang chờ quyết định.")
    alias_id = new_id(now)
    row = {
        "id": alias_id,
        "name": name,
        "name_folded": folded(name),
        "unit_code": added[0],
        "content_id": annotation.content_id,
        "state": AliasState.PROPOSED.value,
        "proposed_by": by,
        "proposed_at": now,
    }
    if not await queries.propose_once(session, row):
        raise NameTaken(f"“{name}” đang chờ quyết định.")
    facts = {"unit": _units(added)[0]}
    await trail.record(session, "place_alias.proposed", by, ("place_alias", alias_id), now, facts)
    return alias_id


async def decide_alias(
    session: AsyncSession, alias_id: UUID, decision: AliasState, *, by: UUID, now: datetime
) -> PlaceAlias:
    """Another person confirms a name, or anybody refuses it; one in use may be ended."""
    alias = await queries.lock_alias(session, alias_id)
    if alias is None:
        raise AliasNotFound(f"Không có tên gọi {alias_id}.")
    needed = AliasState.CONFIRMED if decision is AliasState.ENDED else AliasState.PROPOSED
    if alias.state != needed:
        raise AliasAlreadyDecided(f"Trạng thái hiện nay: {alias.state}.")
    if decision is AliasState.CONFIRMED and alias.proposed_by == by:
        raise SecondPersonNeeded("Người đề nghị không thể tự xác nhận.")
    alias.state, alias.decided_by, alias.decided_at = decision.value, by, now
    await session.flush()
    facts = {"unit": _units([alias.unit_code])[0]}
    await trail.record(session, f"place_alias.{decision.value}", by, ("place_alias", alias_id), now, facts)
    return alias
