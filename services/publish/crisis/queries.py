"""Every SQL statement about playbooks, situations and drills."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import and_, func, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import models as m
from libs.common.models.crisis import SituationState
from libs.common.models.enums import ChannelState, DeliveryState, PublicationState, Role, TaskState
from libs.common.pagination import PageRequest
from services.publish.approval_queries import ASKED, holds

STEP = "crisis_step"
"""The kind of a task that stands on a situation's checklist."""


async def list_playbooks(session: AsyncSession, page: PageRequest, units: Iterable[UUID]) -> Sequence[m.Playbook]:
    query = select(m.Playbook).where(m.Playbook.unit_id.in_(list(units))).order_by(m.Playbook.id)
    if page.after is not None:
        query = query.where(m.Playbook.id > page.after.id)
    return (await session.scalars(query.limit(page.limit + 1))).all()


async def get_playbook(session: AsyncSession, playbook_id: UUID, *, lock: bool = False) -> m.Playbook | None:
    return await session.get(m.Playbook, playbook_id, with_for_update=lock or None, populate_existing=lock)


async def list_situations(
    session: AsyncSession, page: PageRequest, units: Iterable[UUID], is_open: bool | None, is_drill: bool | None
) -> Sequence[m.Situation]:
    query = select(m.Situation).where(m.Situation.unit_id.in_(list(units))).order_by(m.Situation.id.desc())
    if is_open is not None:
        query = query.where((m.Situation.state == SituationState.OPEN) == is_open)
    if is_drill is not None:
        query = query.where(m.Situation.is_drill == is_drill)
    if page.after is not None:
        query = query.where(m.Situation.id < page.after.id)
    return (await session.scalars(query.limit(page.limit + 1))).all()


async def get_situation(session: AsyncSession, situation_id: UUID, *, lock: bool = False) -> m.Situation | None:
    return await session.get(m.Situation, situation_id, with_for_update=lock or None, populate_existing=lock)


async def open_of(session: AsyncSession, playbook_id: UUID, *, is_drill: bool) -> m.Situation | None:
    query = select(m.Situation).where(
        m.Situation.playbook_id == playbook_id,
        m.Situation.is_drill == is_drill,
        m.Situation.state == SituationState.OPEN,
    )
    return await session.scalar(query.order_by(m.Situation.id).limit(1))


async def entries_of(session: AsyncSession, situation_id: UUID) -> Sequence[m.SituationEntry]:
    query = select(m.SituationEntry).where(m.SituationEntry.situation_id == situation_id)
    return (await session.scalars(query.order_by(m.SituationEntry.id))).all()


async def steps_of(session: AsyncSession, situation_id: UUID) -> Sequence[m.Task]:
    query = select(m.Task).where(m.Task.situation_id == situation_id)
    return (await session.scalars(query.order_by(m.Task.due_at, m.Task.id))).all()


async def get_alert(session: AsyncSession, alert_id: UUID) -> m.Alert | None:
    return await session.get(m.Alert, alert_id)


async def alerts_by_id(session: AsyncSession, ids: Iterable[UUID]) -> Sequence[m.Alert]:
    return (await session.scalars(select(m.Alert).where(m.Alert.id.in_(list(ids))))).all()


class OnDuty(NamedTuple):
    person_id: UUID
    name: str
    until: datetime


async def on_duty(session: AsyncSession, unit_id: UUID, role: Role, now: datetime) -> list[OnDuty]:
    """Who holds the role in the unit and is on its roster at this instant."""
    shift = and_(
        m.DutyRoster.person_id == m.RoleGrant.person_id,
        m.DutyRoster.unit_id == m.RoleGrant.unit_id,
        m.DutyRoster.role == role,
        m.DutyRoster.starts_at <= now,
        m.DutyRoster.ends_at > now,
    )
    query = (
        select(m.Person.id, m.Person.display_name, m.DutyRoster.ends_at)
        .join(m.RoleGrant, m.RoleGrant.person_id == m.Person.id)
        .join(m.DutyRoster, shift)
        .where(holds(role, now), m.RoleGrant.unit_id == unit_id)
        .order_by(m.Person.display_name, m.Person.id)
    )
    return [OnDuty(*row) for row in await session.execute(query)]


async def units_there(session: AsyncSession, ids: Iterable[UUID]) -> set[UUID]:
    wanted = list(ids)
    return set(await session.scalars(select(m.OrganizationUnit.id).where(m.OrganizationUnit.id.in_(wanted))))


async def drill_channels(session: AsyncSession, unit_id: UUID) -> list[UUID]:
    query = select(m.Channel.id).where(
        m.Channel.unit_id == unit_id, m.Channel.is_drill, m.Channel.state == ChannelState.ACTIVE
    )
    return list(await session.scalars(query.order_by(m.Channel.id)))


async def pause_lasting(session: AsyncSession, unit_id: UUID | None) -> m.Pause | None:
    whose = m.Pause.unit_id.is_(None) if unit_id is None else m.Pause.unit_id == unit_id
    return await session.scalar(select(m.Pause).where(whose, m.Pause.resumed_at.is_(None)))


async def would_be_held(session: AsyncSession, unit_id: UUID | None) -> int:
    """How many publications a pause of the unit (of all) would hold back now."""
    waiting = select(m.Delivery.publication_id).where(
        m.Delivery.state.in_((DeliveryState.PENDING, DeliveryState.PREPARED, DeliveryState.THROTTLED))
    )
    ready = (PublicationState.APPROVED, PublicationState.SCHEDULED)
    query = select(func.count()).where(
        m.Publication.state.in_(ready), m.Publication.is_drill.is_(False), m.Publication.id.in_(waiting)
    )
    if unit_id is not None:
        query = query.where(m.Publication.unit_id == unit_id)
    return await session.scalar(query) or 0


# --- what happened to the publications of a situation -------------------------------------------------------


async def publications_by_id(session: AsyncSession, ids: Iterable[UUID]) -> dict[UUID, m.Publication]:
    rows = await session.scalars(select(m.Publication).where(m.Publication.id.in_(list(ids))))
    return {row.id: row for row in rows}


async def approvals_given(session: AsyncSession, ids: Iterable[UUID]) -> Sequence[m.Approval]:
    query = select(m.Approval).where(m.Approval.publication_id.in_(list(ids)))
    return (await session.scalars(query.order_by(m.Approval.approved_at, m.Approval.id))).all()


async def submissions(session: AsyncSession, publication: m.Publication) -> list[datetime]:
    """When its approval was asked for, revision by revision."""
    p = publication
    asked = [f"{ASKED}:{p.id}:{n}:0:{Role.SPOKESPERSON}:{p.unit_id}" for n in range(1, p.revision + 1)]
    query = select(m.Notification.created_at).where(m.Notification.dedupe.in_(asked))
    return sorted(await session.scalars(query))


class Sent(NamedTuple):
    publication_id: UUID
    channel_name: str
    state: str
    confirmed_at: datetime | None


async def sent(session: AsyncSession, ids: Iterable[UUID]) -> list[Sent]:
    query = (
        select(m.Delivery.publication_id, m.Channel.name, m.Delivery.state, m.Delivery.confirmed_at)
        .join(m.Channel, m.Channel.id == m.Delivery.channel_id)
        .where(m.Delivery.publication_id.in_(list(ids)))
        .order_by(m.Delivery.id)
    )
    return [Sent(*row) for row in await session.execute(query)]


# --- suggestions --------------------------------------------------------------------------------------------

SUGGEST = text(
    """
    INSERT INTO playbook_suggestions (playbook_id, alert_id, suggested_at)
    SELECT p.id, a.id, :now
    FROM playbooks p
    JOIN alerts a ON (p.rule_id IS NULL OR a.rule_id = p.rule_id) AND (p.field IS NULL OR a.field = p.field)
     AND (p.severity IS NULL OR array_position(ARRAY['notice', 'warning', 'urgent'], a.severity)
                             >= array_position(ARRAY['notice', 'warning', 'urgent'], p.severity))
    JOIN alert_rules r ON r.id = a.rule_id AND (r.unit_id IS NULL OR r.unit_id = p.unit_id)
    WHERE p.trigger = 'alert' AND p.is_active AND a.state IN ('open', 'acknowledged') AND NOT a.is_muted
      AND a.raised_at >= :since
    ON CONFLICT DO NOTHING
    RETURNING playbook_id, alert_id
    """
)


async def suggest(session: AsyncSession, since: datetime, now: datetime) -> list[tuple[UUID, UUID]]:
    """(playbook, alert) that belong together and of which nobody was told yet."""
    return [(row[0], row[1]) for row in await session.execute(SUGGEST, {"since": since, "now": now})]


class Suggested(NamedTuple):
    playbook: m.Playbook
    alert: m.Alert
    suggested_at: datetime


async def list_suggestions(session: AsyncSession, units: Iterable[UUID], limit: int = 100) -> list[Suggested]:
    """What waits for a decision: the alert goes on, and no situation was opened for it. Newest first."""
    s = m.PlaybookSuggestion
    query = (
        select(m.Playbook, m.Alert, s.suggested_at)
        .join(s, s.playbook_id == m.Playbook.id)
        .join(m.Alert, m.Alert.id == s.alert_id)
        .where(m.Playbook.unit_id.in_(list(units)), s.situation_id.is_(None), m.Alert.state != "resolved")
        .order_by(s.suggested_at.desc(), s.alert_id)
        .limit(limit)
    )
    return [Suggested(*row) for row in await session.execute(query)]


async def answer_suggestion(session: AsyncSession, playbook_id: UUID, alert_id: UUID, situation_id: UUID) -> None:
    s = m.PlaybookSuggestion
    of_it = and_(s.playbook_id == playbook_id, s.alert_id == alert_id)
    await session.execute(update(s).where(of_it).values(situation_id=situation_id))


async def overdue_steps(session: AsyncSession, now: datetime, limit: int = 200) -> Sequence[m.Task]:
    """Steps past their time of which nobody was told that they are."""
    told = select(m.Notification.id).where(m.Notification.dedupe == func.concat("step_overdue:", m.Task.id))
    query = select(m.Task).where(
        m.Task.kind == STEP, m.Task.state == TaskState.OPEN, m.Task.due_at < now, ~told.exists()
    )
    return (await session.scalars(query.order_by(m.Task.due_at).limit(limit))).all()
