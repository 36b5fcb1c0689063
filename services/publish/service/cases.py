"""Take-down cases: opened when what went out has to come down or be corrected; closed by themselves.

Guarantee: a case closes when every channel of it is confirmed, and not before (the database refuses); whoever changes a
delivery of the publication holds the publication's lock, so that of two channels that end together one sees the other.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import audit
from libs.common import models as m
from libs.common.events import TakedownClosed
from libs.common.ids import new_id
from libs.common.models.enums import DeliveryState, TakedownKind
from services.publish import domain, queries, takedown_queries
from services.publish.service.announcing import tell_outside


async def open_case(
    session: AsyncSession,
    publication_id: UUID,
    kind: TakedownKind,
    reason: str,
    by: UUID,
    now: datetime,
    correction_id: UUID | None = None,
) -> None:
    """One open case of a kind for each publication; a later correction takes over the case of an earlier one."""
    for case in await takedown_queries.lock_open(session, publication_id):
        if case.kind == kind:
            case.correction_id = correction_id
            return
    case = m.Takedown(
        id=new_id(now),
        publication_id=publication_id,
        kind=kind,
        correction_id=correction_id,
        reason=reason,
        opened_by=by,
        opened_at=now,
    )
    session.add(case)
    await session.flush()
    await _audit(session, case, "takedown.opened", by, now)


async def close_confirmed(session: AsyncSession, publication_id: UUID, now: datetime) -> None:
    """Whatever open case of this publication is confirmed on every channel."""
    await session.flush()
    for case in await takedown_queries.lock_open(session, publication_id):
        if await takedown_queries.is_confirmed(session, case):
            case.closed_at = now
            await session.flush()
            await _audit(session, case, "takedown.closed", None, now)
            event = TakedownClosed(takedown_id=case.id, publication_id=publication_id, kind=case.kind)
            await tell_outside(session, publication_id, event, now)


async def _audit(session: AsyncSession, case: m.Takedown, action: str, by: UUID | None, now: datetime) -> None:
    await audit.append(
        session,
        service="publish",
        action=action,
        actor_id=by,
        object_type="takedown",
        object_id=case.id,
        now=now,
        facts={"publication_id": str(case.publication_id), "kind": case.kind},
    )


@dataclass(frozen=True)
class CaseChannel:
    """One channel of a case: what went out there, what corrects it, and who has to act."""

    channel: m.Channel
    delivery: m.Delivery
    correction: m.Delivery | None
    task: m.Task | None
    by_hand: m.Task | None
    """A correction that a person made there, and showed."""

    @property
    def is_confirmed(self) -> bool:
        corrected = self.correction is not None and self.correction.state == DeliveryState.PUBLISHED
        return self.delivery.state == DeliveryState.WITHDRAWN or corrected or self.by_hand is not None

    @property
    def proof(self) -> dict[str, Any] | None:
        if self.delivery.withdrawal_proof is not None:
            return self.delivery.withdrawal_proof
        if self.by_hand is not None:
            return {"evidence_url": self.by_hand.evidence_url, "by": str(self.by_hand.done_by)}
        return self.correction.proof if self.correction is not None else None

    @property
    def waits_for_person(self) -> bool:
        return not self.is_confirmed and (self.delivery.not_before == domain.NEVER or self.task is not None)

    @property
    def next_try_at(self) -> datetime | None:
        acted_on = self.correction or self.delivery
        is_tried = acted_on.state != DeliveryState.MANUAL and acted_on.not_before < domain.NEVER
        return None if self.is_confirmed or not is_tried else acted_on.not_before


async def channels_of(session: AsyncSession, case: m.Takedown) -> list[CaseChannel]:
    """Every channel on which the publication went out, or may have."""
    deliveries = [d for d in await queries.deliveries_of(session, case.publication_id) if _went_out(d)]
    correcting = await queries.deliveries_of(session, case.correction_id) if case.correction_id else []
    corrections = {d.channel_id: d for d in correcting}
    channels = await queries.channels_by_id(session, [d.channel_id for d in deliveries])
    of_case = [d.id for d in (*deliveries, *correcting)]
    tasks = {task.delivery_id: task for task in await takedown_queries.open_tasks_of(session, of_case)}
    by_hand = await takedown_queries.corrected_by_hand(session, of_case) if case.correction_id else {}
    return [
        CaseChannel(
            channels[d.channel_id],
            d,
            corrections.get(d.channel_id),
            tasks.get(d.id) or _task_of(tasks, corrections.get(d.channel_id)),
            by_hand.get(d.id),
        )
        for d in deliveries
    ]


def _task_of(tasks: Mapping[UUID | None, m.Task], correction: m.Delivery | None) -> m.Task | None:
    return tasks.get(correction.id) if correction is not None else None


def _went_out(delivery: m.Delivery) -> bool:
    return delivery.confirmed_at is not None or delivery.state not in (*domain.NOT_SENT, DeliveryState.WITHDRAWN)
