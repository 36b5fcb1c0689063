"""Opening a situation from a playbook: one action makes everything that the first minutes need."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import audit
from libs.common import models as m
from libs.common.auth import Principal
from libs.common.clock import HANOI
from libs.common.ids import new_id
from libs.common.models.crisis import EntryKind, SituationState
from libs.common.models.enums import Role, TaskState
from libs.common.notifications import add_notification
from services.publish import domain
from services.publish import queries as publish_queries
from services.publish.crisis import playbooks, queries
from services.publish.crisis import problems as wrong
from services.publish.crisis.timeline import write_entry
from services.publish.filling import fill, names_in, unknown
from services.publish.resources import PublishResources
from services.publish.service import marking, pausing, publications

OPENS = (Role.SPOKESPERSON, Role.EDITOR)
ALWAYS_KNOWN = ("gio", "ngay", "don_vi", "nguoi_phat_ngon")
"""Placeholders that are filled without being asked for."""
NOT_REAL = "DIỄN TẬP: đây không phải thông tin thật."


class PauseScope(StrEnum):
    NONE = "none"
    UNIT = "unit"
    ALL = "all"


@dataclass(frozen=True)
class Opening:
    """What is known when it begins."""

    title: str | None = None
    values: Mapping[str, str] = field(default_factory=dict)
    is_drill: bool = False
    pause: PauseScope = PauseScope.NONE
    alert_id: UUID | None = None
    channel_ids: tuple[UUID, ...] = ()
    submit: bool = False
    again: bool = False


async def open_situation(
    session: AsyncSession,
    playbook_id: UUID,
    given: Opening,
    who: Principal,
    now: datetime,
    res: PublishResources,
) -> m.Situation:
    playbook = playbooks.seen(await queries.get_playbook(session, playbook_id, lock=True), playbook_id, who)
    await _require_usable(session, playbook, given, who)
    alert = await _alert(session, given.alert_id)
    title = given.title or (alert.title if alert else None) or playbook.name
    title = marking.marked(title) if given.is_drill else title
    pause_id, paused = await _pause(session, playbook, given, title, who, now, res)
    statement, missing = await _statement(session, playbook, given, who, now, res)
    situation = m.Situation(
        id=new_id(now),
        unit_id=playbook.unit_id,
        playbook_id=playbook.id,
        playbook_version=playbook.version,
        title=title,
        is_drill=given.is_drill,
        state=SituationState.OPEN,
        publication_id=statement.id,
        pause_id=pause_id,
        alert_id=given.alert_id,
        opened_by=who.person_id,
        opened_at=now,
    )
    session.add(situation)
    await session.flush()
    await _first_entries(session, situation, paused, missing, alert, who, now)
    await _checklist(session, situation, playbook, now)
    await _tell(session, situation, playbook, statement, now)
    if alert is not None:
        await queries.answer_suggestion(session, playbook.id, alert.id, situation.id)
    if given.submit and not missing:
        await publications.submit_publication(session, statement.id, who, now)
    await _audit(session, situation, who, now)
    return situation


async def _require_usable(session: AsyncSession, playbook: m.Playbook, given: Opening, who: Principal) -> None:
    if not who.has_within(playbook.unit_id, *OPENS):
        raise wrong.NotKeeperOfUnit("Tình huống do biên tập viên hoặc người phát ngôn của đơn vị mở.")
    if not playbook.is_active:
        raise wrong.PlaybookNotUsable("Kịch bản đã ngừng dùng.")
    known = (playbook.statement_title, playbook.statement_body, *(f"{{{name}}}" for name in ALWAYS_KNOWN))
    if extra := unknown(given.values, *known):
        offered = ", ".join(names_in(*known))
        raise wrong.UnknownPlaceholder(f"Không có: {', '.join(extra)}. Các chỗ điền: {offered}.")
    going_on = await queries.open_of(session, playbook.id, is_drill=given.is_drill)
    if going_on is not None and not given.again:
        raise wrong.SituationGoingOn(
            f"“{going_on.title}” ({going_on.id}) đang mở; nếu là việc khác, hãy gửi lại với again = true."
        )


async def _alert(session: AsyncSession, alert_id: UUID | None) -> m.Alert | None:
    if alert_id is None:
        return None
    alert = await queries.get_alert(session, alert_id)
    if alert is None:
        raise wrong.LinkNotPossible(f"Không có cảnh báo {alert_id}.")
    return alert


async def _pause(
    session: AsyncSession,
    playbook: m.Playbook,
    given: Opening,
    title: str,
    who: Principal,
    now: datetime,
    res: PublishResources,
) -> tuple[UUID | None, str | None]:
    """The pause and what the timeline says of it. A drill tells what would be held, and holds nothing."""
    if given.pause is PauseScope.NONE:
        return None, None
    unit_id = playbook.unit_id if given.pause is PauseScope.UNIT else None
    whose = "của đơn vị" if unit_id else "của mọi đơn vị"
    if given.is_drill:
        held = await queries.would_be_held(session, unit_id)
        return None, f"Diễn tập tạm dừng: nếu là thật, {held} tin {whose} sẽ được giữ lại."
    lasting = await queries.pause_lasting(session, unit_id)
    if lasting is not None:
        return lasting.id, f"Lệnh tạm dừng {whose} đã có từ {_at(lasting.paused_at)}."
    begun = await pausing.pause(session, unit_id, f"Tình huống: {title}", who, now, res.waiting.stale_after)
    return begun.id, f"Tạm dừng đăng tin {whose}: giữ {len(begun.held)} tin."


async def _statement(
    session: AsyncSession, playbook: m.Playbook, given: Opening, who: Principal, now: datetime, res: PublishResources
) -> tuple[m.Publication, list[str]]:
    """The holding statement as an urgent draft, and what is still to be filled in; then it carries the mark of an
    automatic draft, which keeps it from being submitted."""
    values = {**await _known(session, playbook, now), **{k: v for k, v in given.values.items() if v.strip()}}
    title, body = fill(playbook.statement_title, values)[: marking.TITLE_LENGTH], fill(playbook.statement_body, values)
    unfilled = [name for name in names_in(playbook.statement_title, playbook.statement_body) if name not in values]
    channel_ids = list(given.channel_ids) or list(playbook.channel_ids)
    if given.is_drill:
        channel_ids = list(given.channel_ids) or await queries.drill_channels(session, playbook.unit_id)
        title, body = marking.marked(title), f"{NOT_REAL}\n\n{body}"
        if not channel_ids:
            raise wrong.NoDrillChannel("Hãy khai báo một kênh trên sandbox với is_drill = true.")
    fields = {
        "unit_id": playbook.unit_id,
        "title": title,
        "summary": "",
        "body": "\n\n".join([domain.AUTO_DRAFT, body]) if unfilled else body,
        "channel_ids": channel_ids,
        "is_urgent": True,
        "urgent_reason": playbook.urgent_reason,
        "is_ai_made": False,
        "is_drill": given.is_drill,
    }
    return await publications.create_publication(session, fields, who, now, res), unfilled


async def _known(session: AsyncSession, playbook: m.Playbook, now: datetime) -> dict[str, str]:
    local = now.astimezone(HANOI)
    speakers = await queries.on_duty(session, playbook.speaking_unit_id, Role.SPOKESPERSON, now)
    known = {
        "gio": f"{local:%H:%M}",
        "ngay": f"{local:%d/%m/%Y}",
        "don_vi": await publish_queries.unit_name(session, playbook.unit_id),
        "nguoi_phat_ngon": ", ".join(each.name for each in speakers) or None,
    }
    return {name: value for name, value in known.items() if value}


async def _first_entries(
    session: AsyncSession,
    situation: m.Situation,
    paused: str | None,
    missing: list[str],
    alert: m.Alert | None,
    who: Principal,
    now: datetime,
) -> None:
    what = "Mở diễn tập" if situation.is_drill else "Mở tình huống"
    await write_entry(session, situation, EntryKind.OPENED, f"{what}: {situation.title}", who, now)
    drafted = "Lập tuyên bố ban đầu" + (f"; còn phải điền: {', '.join(missing)}" if missing else "")
    await write_entry(session, situation, EntryKind.PUBLICATION, drafted, who, now, situation.publication_id)
    if paused is not None:
        await write_entry(session, situation, EntryKind.PAUSE, paused, who, now, situation.pause_id)
    if alert is not None:
        await write_entry(session, situation, EntryKind.ALERT, f"Cảnh báo: {alert.title}", who, now, alert.id)


async def _checklist(session: AsyncSession, situation: m.Situation, playbook: m.Playbook, now: datetime) -> None:
    """Its steps as tasks with their owners and times; each owner is told once."""
    owners: Counter[tuple[str, UUID]] = Counter()
    for step in playbook.checklist:
        unit_id = UUID(step["unit_id"]) if step.get("unit_id") else situation.unit_id
        owners[step["role"], unit_id] += 1
        session.add(
            m.Task(
                id=new_id(now),
                kind=queries.STEP,
                title=marking.marked(step["title"]) if situation.is_drill else step["title"],
                unit_id=unit_id,
                state=TaskState.OPEN,
                created_at=now,
                situation_id=situation.id,
                role=step["role"],
                due_at=now + timedelta(minutes=step["minutes"]),
                is_drill=situation.is_drill,
            )
        )
    await session.flush()
    for (role, unit_id), count in owners.items():
        body = f"Có {count} việc trong danh sách của tình huống “{situation.title}”."
        await notify(session, situation, "situation_steps", Role(role), unit_id, situation.title, body, now)


async def _tell(
    session: AsyncSession, situation: m.Situation, playbook: m.Playbook, statement: m.Publication, now: datetime
) -> None:
    """Those who will have to agree, before they are asked."""
    for unit_id in dict.fromkeys([playbook.speaking_unit_id, *playbook.approving_units]):
        body = f"Tuyên bố ban đầu “{statement.title}” sẽ cần hai người phát ngôn đang trực duyệt."
        subject = f"Mở tình huống: {situation.title}"
        subject = marking.marked(subject) if situation.is_drill else subject
        await notify(session, situation, "situation_opened", Role.SPOKESPERSON, unit_id, subject, body, now)


async def notify(
    session: AsyncSession,
    situation: m.Situation,
    kind: str,
    role: Role,
    unit_id: UUID,
    subject: str,
    body: str,
    now: datetime,
) -> None:
    values: dict[str, Any] = {
        "id": new_id(now),
        "kind": kind,
        "role": role,
        "unit_id": unit_id,
        "object_type": "situation",
        "object_id": situation.id,
        "subject": subject,
        "body": body,
        "dedupe": f"{kind}:{situation.id}:{role}:{unit_id}",
        "created_at": now,
        "sent_at": None,
    }
    await add_notification(session, values)


def _at(moment: datetime) -> str:
    return f"{moment.astimezone(HANOI):%H:%M ngày %d/%m/%Y}"


async def _audit(session: AsyncSession, situation: m.Situation, who: Principal, now: datetime) -> None:
    await audit.append(
        session,
        service="publish",
        action="situation.opened",
        actor_id=who.person_id,
        object_type="situation",
        object_id=situation.id,
        now=now,
        facts={"playbook_id": str(situation.playbook_id), "is_drill": situation.is_drill},
    )
