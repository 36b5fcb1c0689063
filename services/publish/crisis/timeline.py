"""The timeline: what people wrote down (append-only), and what the records show of publications, steps and pauses."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import audit
from libs.common import models as m
from libs.common.auth import Principal
from libs.common.ids import new_id
from libs.common.masking import mask_personal_data
from libs.common.models.crisis import EntryKind, SituationState
from libs.common.models.enums import PublicationState, Role, TaskState
from services.publish import pause_queries
from services.publish.crisis import problems as wrong
from services.publish.crisis import queries
from services.publish.service.publications import SEES

WRITES = (Role.SPOKESPERSON, Role.EDITOR, Role.ADMIN)
UNDECIDED = (PublicationState.IN_REVIEW, PublicationState.APPROVED, PublicationState.SCHEDULED)


@dataclass(frozen=True)
class Moment:
    """`role` and `person_id`: who, where a person did it."""

    at: datetime
    kind: str
    what: str
    role: str | None
    person_id: UUID | None
    object_id: UUID | None


async def write_entry(
    session: AsyncSession,
    situation: m.Situation,
    kind: EntryKind,
    body: str,
    who: Principal,
    now: datetime,
    object_id: UUID | None = None,
) -> m.SituationEntry:
    entry = m.SituationEntry(
        id=new_id(now),
        situation_id=situation.id,
        kind=kind,
        body=mask_personal_data(body),
        object_id=object_id,
        role=_role_of(who, situation.unit_id),
        done_by=who.person_id,
        happened_at=now,
    )
    session.add(entry)
    await session.flush()
    return entry


def _role_of(who: Principal, unit_id: UUID) -> Role:
    return next((role for role in WRITES if who.has_within(unit_id, role)), Role.VIEWER)


async def add_entry(
    session: AsyncSession,
    situation_id: UUID,
    kind: EntryKind,
    body: str,
    object_id: UUID | None,
    who: Principal,
    now: datetime,
) -> m.SituationEntry:
    """A note, or a publication or an alert that belongs to it."""
    situation = await require_open(session, situation_id, who)
    if kind is EntryKind.PUBLICATION:
        found = (await queries.publications_by_id(session, [object_id] if object_id else [])).values()
        if not any(p.unit_id in who.units(*SEES) and p.is_drill == situation.is_drill for p in found):
            raise wrong.LinkNotPossible("Không có tin này trong đơn vị của bạn, hoặc một bên là diễn tập.")
    if kind is EntryKind.ALERT and (object_id is None or await queries.get_alert(session, object_id) is None):
        raise wrong.LinkNotPossible(f"Không có cảnh báo {object_id}.")
    return await write_entry(session, situation, kind, body, who, now, object_id)


async def close_situation(
    session: AsyncSession, situation_id: UUID, lesson: str, who: Principal, now: datetime
) -> m.Situation:
    """With what was learnt; nothing that it began is left behind."""
    situation = await require_open(session, situation_id, who)
    await _require_finished(session, situation)
    await write_entry(session, situation, EntryKind.CLOSED, f"Đóng; bài học: {lesson}", who, now)
    situation.state, situation.lesson = SituationState.CLOSED, lesson
    situation.closed_by, situation.closed_at = who.person_id, now
    await session.flush()
    await audit.append(
        session,
        service="publish",
        action="situation.closed",
        actor_id=who.person_id,
        object_type="situation",
        object_id=situation.id,
        now=now,
        facts={"is_drill": situation.is_drill},
    )
    return situation


async def _require_finished(session: AsyncSession, situation: m.Situation) -> None:
    steps = await queries.steps_of(session, situation.id)
    if left := [step.title for step in steps if step.state == TaskState.OPEN]:
        raise wrong.SituationUnfinished(f"Còn {len(left)} việc chưa xong: {'; '.join(left[:10])}.")
    statement = (await queries.publications_by_id(session, [situation.publication_id]))[situation.publication_id]
    if statement.state in UNDECIDED:
        raise wrong.SituationUnfinished("Tuyên bố ban đầu còn chờ duyệt hoặc chờ đăng: hãy duyệt hoặc hủy trước.")
    pause = await session.get(m.Pause, situation.pause_id) if situation.pause_id else None
    if pause is not None and pause.resumed_at is None:
        raise wrong.SituationUnfinished("Lệnh tạm dừng còn hiệu lực: cần hai người cho đăng trở lại trước.")


async def require_situation(session: AsyncSession, situation_id: UUID, who: Principal) -> m.Situation:
    return _seen(await queries.get_situation(session, situation_id), situation_id, who)


async def require_open(session: AsyncSession, situation_id: UUID, who: Principal) -> m.Situation:
    situation = _seen(await queries.get_situation(session, situation_id, lock=True), situation_id, who)
    if not who.has_within(situation.unit_id, *WRITES):
        raise wrong.NotKeeperOfUnit("Bạn không xử lý tình huống của đơn vị này.")
    if situation.state == SituationState.CLOSED:
        raise wrong.SituationClosed("Dòng thời gian của tình huống đã đóng không thêm được nữa.")
    return situation


def _seen(found: m.Situation | None, situation_id: UUID, who: Principal) -> m.Situation:
    if found is None or found.unit_id not in who.units(*SEES):
        raise wrong.SituationNotFound(f"Không có tình huống {situation_id} trong đơn vị của bạn.")
    return found


# --- the whole story ----------------------------------------------------------------------------------------


async def tell(session: AsyncSession, situation: m.Situation) -> list[Moment]:
    """In the order in which it happened."""
    entries = await queries.entries_of(session, situation.id)
    linked = {e.object_id for e in entries if e.kind == EntryKind.PUBLICATION and e.object_id}
    moments = [Moment(e.happened_at, e.kind, e.body, e.role, e.done_by, e.object_id) for e in entries]
    moments += await _of_publications(session, linked)
    moments += [
        Moment(step.done_at, "step", f"Xong: {step.title}", step.role, step.done_by, step.id)
        for step in await queries.steps_of(session, situation.id)
        if step.done_at is not None
    ]
    if situation.pause_id is not None:
        moments += await _of_pause(session, situation.pause_id)
    return sorted(moments, key=lambda moment: moment.at)


async def _of_publications(session: AsyncSession, ids: Iterable[UUID]) -> list[Moment]:
    found = await queries.publications_by_id(session, ids)
    moments = []
    for publication in found.values():
        name = f"“{publication.title}”"
        for at in await queries.submissions(session, publication):
            moments.append(Moment(at, "submitted", f"Gửi duyệt {name}", None, None, publication.id))
        if publication.withdrawn_at is not None:
            moments.append(Moment(publication.withdrawn_at, "withdrawn", f"Rút {name}", None, None, publication.id))
    for word in await queries.approvals_given(session, found):
        name = f"“{found[word.publication_id].title}”"
        what = f"Duyệt {name}, bản {word.revision}"
        moments.append(
            Moment(word.approved_at, "approved", what, Role.SPOKESPERSON, word.approver_id, word.publication_id)
        )
    for sent in await queries.sent(session, found):
        if sent.confirmed_at is not None:
            what = f"“{found[sent.publication_id].title}” đã thấy trên {sent.channel_name}"
            moments.append(Moment(sent.confirmed_at, "delivered", what, None, None, sent.publication_id))
    return moments


async def _of_pause(session: AsyncSession, pause_id: UUID) -> list[Moment]:
    words = await pause_queries.words_of(session, [pause_id])
    return [
        Moment(word.given_at, "resumption", "Đồng ý đăng tin trở lại", Role.SPOKESPERSON, word.person_id, pause_id)
        for word in words
    ]
