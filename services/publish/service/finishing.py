"""Finishing a task: what a person found or did on a platform becomes the state of the delivery it is about.

A person's word is checked where the platform lets us look: outside of any transaction, before it is recorded.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import audit
from libs.common import models as m
from libs.common.auth import Principal
from libs.common.db import Database
from libs.common.models.enums import ChannelState, DeliveryState, PublicationState, Role, TaskOutcome, TaskState
from services.publish import delivery_queries, domain, queries, takedown_queries
from services.publish.adapters.base import AuthRequired, ChannelError, Found
from services.publish.adapters.by_hand import is_on
from services.publish.desk_problems import (
    AlreadyOnPlatform,
    ChannelNotConnected,
    OutcomeNotPossible,
    StillOnPlatform,
    TaskAlreadyDone,
)
from services.publish.problems import StateConflict, TaskEvidenceNeeded, TaskNotFound
from services.publish.resources import PublishResources
from services.publish.service import cases, correcting, outcomes, sending, withdrawing

D, P = DeliveryState, PublicationState
NEEDS_ADDRESS: Mapping[str, Mapping[TaskOutcome, bool]] = {
    "takedown_failed": {TaskOutcome.REMOVED: True},
    "delivery_undecided": {TaskOutcome.POSTED: True, TaskOutcome.NOT_POSTED: False},
    outcomes.BY_HAND: {TaskOutcome.POSTED: True, TaskOutcome.NOT_POSTED: False},
    "delivery_rejected": {TaskOutcome.NOT_POSTED: False, TaskOutcome.DONE: False},
    "duplicate_post": {TaskOutcome.DONE: True, TaskOutcome.REMOVED: True},
    "channel_reconnect": {TaskOutcome.DONE: False},
    "channel_expiring": {TaskOutcome.DONE: False},
    "correction_by_hand": {TaskOutcome.POSTED: True, TaskOutcome.REMOVED: True},
    "stale_publication": {TaskOutcome.DONE: False},
    "delivery_overdue": {TaskOutcome.DONE: False},
    "letters_unsettled": {TaskOutcome.DONE: False},
    "letters_stuck": {TaskOutcome.DONE: False},
    "partner_recheck": {TaskOutcome.DONE: False},
    "partner_dropped": {TaskOutcome.DONE: False},
    "partners_too_few": {TaskOutcome.DONE: False},
    "crisis_step": {TaskOutcome.DONE: False},
}
"""What each kind of task may end with, and whether an address has to show it. Of any other kind: done, with one."""
DECIDED = ("open_try", "refused")
"""What a delivery remembers of earlier tries, until a person says that nothing of them is there."""
OF_A_CHANNEL = ("channel_reconnect", "channel_expiring")


@dataclass(frozen=True)
class Seen:
    """What the platform showed when a person said that the work was done; None where it does not let us see."""

    is_live: bool | None = None
    found: Found | None = None
    proof: Mapping[str, Any] | None = None


async def look(
    db: Database, task_id: UUID, outcome: TaskOutcome, who: Principal, now: datetime, res: PublishResources
) -> Seen:
    """What the platform shows now about the post that the task is about; nothing is held open meanwhile."""
    async with db.transaction() as session:
        task = await _require_task(session, task_id, who)
        delivery = await session.get(m.Delivery, task.delivery_id) if task.delivery_id else None
        was_removed = outcome == TaskOutcome.REMOVED and task.kind != "duplicate_post"
        is_about_a_post = task.kind == "delivery_undecided" or was_removed
        if delivery is None or not is_about_a_post:
            return Seen()
        ready = await sending.open_channel(session, delivery, res)
    if isinstance(ready, AuthRequired):
        return Seen()
    try:
        if outcome == TaskOutcome.REMOVED and delivery.platform_id:
            standing = await ready.adapter.status(delivery.platform_id)
            return Seen(is_live=standing.is_live, proof=standing.proof)
        if outcome != TaskOutcome.REMOVED:
            found = await ready.adapter.reconcile(outcomes.sending_of(delivery))
            return Seen(found=found if isinstance(found, Found) else None)
    except ChannelError:
        return Seen()
    return Seen()


async def finish_task(
    session: AsyncSession,
    task_id: UUID,
    outcome: TaskOutcome,
    evidence_url: str | None,
    seen: Seen,
    who: Principal,
    now: datetime,
) -> m.Task:
    task = await _require_task(session, task_id, who)
    _check(task, outcome, evidence_url)
    publications = await _locked_publications(session, task)
    task = await _require_task(session, task_id, who, lock=True)
    if task.state == TaskState.DONE:
        raise TaskAlreadyDone(f"Đã xong, kết quả: {task.outcome or TaskOutcome.DONE}.")
    if task.kind in OF_A_CHANNEL:
        await _require_connected(session, task)
    task.state, task.outcome, task.evidence_url = TaskState.DONE, outcome, evidence_url
    task.done_by, task.done_at = who.person_id, now
    await session.flush()
    if task.delivery_id is not None:
        await _apply(session, task, task.delivery_id, publications, seen, who, now)
    await _audit(session, task, who, now)
    return task


async def _locked_publications(session: AsyncSession, task: m.Task) -> dict[UUID, m.Publication]:
    """Before the task, as whoever takes a task off the list because its delivery has changed."""
    held = await session.get(m.Delivery, task.delivery_id) if task.delivery_id else None
    return await takedown_queries.lock_with_sharers(session, held) if held is not None else {}


async def _require_task(session: AsyncSession, task_id: UUID, who: Principal, *, lock: bool = False) -> m.Task:
    task = await queries.get_task(session, task_id) if lock else await session.get(m.Task, task_id)
    if task is None or task.unit_id not in who.units(Role.EDITOR, Role.SPOKESPERSON, Role.ADMIN):
        raise TaskNotFound(f"Không có việc {task_id} trong đơn vị của bạn.")
    return task


def _check(task: m.Task, outcome: TaskOutcome, evidence_url: str | None) -> None:
    known = NEEDS_ADDRESS.get(task.kind, {TaskOutcome.DONE: True})
    if outcome not in known:
        allowed = ", ".join(known)
        raise OutcomeNotPossible(f"Việc loại {task.kind} kết thúc bằng một trong: {allowed}.")
    address = urlsplit(evidence_url or "")
    is_address = address.scheme in ("http", "https") and bool(address.netloc)
    if not is_address and (known[outcome] or evidence_url):
        raise TaskEvidenceNeeded("Hãy gửi địa chỉ (http, https) cho thấy việc đã làm.")


async def _require_connected(session: AsyncSession, task: m.Task) -> None:
    delivery = await session.get(m.Delivery, task.delivery_id) if task.delivery_id else None
    channel_id = task.channel_id or (delivery.channel_id if delivery else None)
    channel = await queries.get_channel(session, channel_id) if channel_id else None
    if channel is not None and channel.state != ChannelState.ACTIVE:
        raise ChannelNotConnected(f"Kênh “{channel.name}” chưa hoạt động: hãy nhập thông tin đăng nhập mới trước.")


async def _apply(
    session: AsyncSession,
    task: m.Task,
    delivery_id: UUID,
    publications: dict[UUID, m.Publication],
    seen: Seen,
    who: Principal,
    now: datetime,
) -> None:
    """The delivery becomes what the person says, where the platform does not say otherwise."""
    delivery = await delivery_queries.lock_delivery(session, delivery_id)
    assert delivery is not None
    publication = publications[delivery.publication_id]
    proof = {"evidence_url": task.evidence_url, "by": str(who.person_id), "seen_at": now.isoformat()}
    match task.kind, task.outcome:
        case (("takedown_failed" | "correction_by_hand"), TaskOutcome.REMOVED):
            await _removed(session, delivery, seen, proof, now)
        case outcomes.BY_HAND, TaskOutcome.POSTED:
            await _require_on_site(session, delivery, task)
            await _posted(session, publication, delivery, task, seen, proof, now)
        case outcomes.BY_HAND, TaskOutcome.NOT_POSTED:
            await _never_posted(session, publication, delivery, proof, now)
        case "delivery_undecided", TaskOutcome.POSTED:
            await _posted(session, publication, delivery, task, seen, proof, now)
        case "delivery_undecided", TaskOutcome.NOT_POSTED:
            await _not_posted(session, publication, delivery, seen, proof, now)
        case "delivery_rejected", TaskOutcome.NOT_POSTED:
            _send_again(publication, delivery, now)
        case "delivery_rejected", TaskOutcome.DONE:
            await correcting.ask_a_person(session, delivery, now)
        case _:
            pass
    await outcomes.settle(session, publication, now)
    for publication_id in publications:
        await cases.close_confirmed(session, publication_id, now)


async def _removed(
    session: AsyncSession, delivery: m.Delivery, seen: Seen, proof: dict[str, Any], now: datetime
) -> None:
    if delivery.state == D.WITHDRAWN:
        return
    if seen.is_live:
        raise StillOnPlatform("Vừa xem lại: bài vẫn còn trên nền tảng. Hãy gỡ xong rồi báo lại.")
    if delivery.state not in (D.WITHDRAWING, D.PUBLISHED):
        raise StateConflict("Bài này không ở trạng thái chờ gỡ.")
    looked = {"looked": dict(seen.proof or {})} if seen.is_live is False else {}
    await withdrawing.gone(session, delivery, {**proof, **looked}, now)


async def _posted(
    session: AsyncSession,
    publication: m.Publication,
    delivery: m.Delivery,
    task: m.Task,
    seen: Seen,
    proof: dict[str, Any],
    now: datetime,
) -> None:
    """Found by its address: the platform's own id is known only where a look finds it too."""
    _require_undecided(delivery)
    delivery.platform_id = seen.found.id if seen.found else None
    delivery.platform_url = seen.found.url if seen.found else task.evidence_url
    delivery.proof = {**(seen.found.proof if seen.found else {}), **proof}
    delivery.confirmed_at, delivery.error, delivery.updated_at = now, None, now
    delivery.state = domain.delivery_moved(delivery.state, D.PUBLISHED)
    delivery.collect_at = now + domain.FIRST_FIGURES if seen.found else None
    await session.flush()
    if publication.state == P.WITHDRAWN:
        await withdrawing.recall(session, delivery, now)
    await outcomes.announce(session, delivery, now)


async def _not_posted(
    session: AsyncSession,
    publication: m.Publication,
    delivery: m.Delivery,
    seen: Seen,
    proof: dict[str, Any],
    now: datetime,
) -> None:
    """Sent again by a person's word; of what was withdrawn there is nothing to take down."""
    if seen.found is not None:
        raise AlreadyOnPlatform(f"Vừa xem lại: bài đang có tại {seen.found.url}. Hãy chọn kết quả “đã đăng”.")
    _require_undecided(delivery)
    if publication.state in (P.WITHDRAWN, P.CORRECTED):
        await _never_there(session, delivery, proof, now)
        return
    _send_again(publication, delivery, now)


async def _never_posted(
    session: AsyncSession, publication: m.Publication, delivery: m.Delivery, proof: dict[str, Any], now: datetime
) -> None:
    """The person did not, or could not, post the card: the channel is left out, in plain sight."""
    _require_undecided(delivery)
    if publication.state in (P.WITHDRAWN, P.CORRECTED):
        await _never_there(session, delivery, proof, now)
        return
    delivery.state = domain.delivery_moved(delivery.state, D.REJECTED)
    delivery.error, delivery.updated_at = "Người phụ trách báo không đăng lên kênh này", now


async def _never_there(session: AsyncSession, delivery: m.Delivery, proof: dict[str, Any], now: datetime) -> None:
    delivery.state = domain.delivery_moved(delivery.state, D.WITHDRAWN)
    delivery.withdrawn_at, delivery.withdrawal_proof, delivery.updated_at = now, proof, now
    await outcomes.announce(session, delivery, now)


async def _require_on_site(session: AsyncSession, delivery: m.Delivery, task: m.Task) -> None:
    """The address is of the channel's own site: a link to somewhere else shows nothing."""
    channel = await queries.get_channel(session, delivery.channel_id)
    site = str(channel.settings.get("site", "")) if channel else ""
    if not is_on(site, task.evidence_url or ""):
        raise TaskEvidenceNeeded(f"Địa chỉ phải là của bài trên {site}.")


def _require_undecided(delivery: m.Delivery) -> None:
    if delivery.state != D.MANUAL:
        raise StateConflict("Bài này không còn chờ người quyết định: hãy xem trạng thái mới của nó.")


def _send_again(publication: m.Publication, delivery: m.Delivery, now: datetime) -> None:
    if publication.state not in sending.SENDING_STATES:
        raise StateConflict("Tin đã được rút, hủy hoặc cải chính nên không gửi lại.")
    if not domain.may_deliver(DeliveryState(delivery.state), D.PENDING):
        raise StateConflict("Bài này không còn chờ gửi lại: hãy xem trạng thái mới của nó.")
    delivery.state, delivery.attempt = domain.delivery_moved(delivery.state, D.PENDING), 0
    delivery.not_before, delivery.error, delivery.updated_at = now, None, now
    delivery.handle = {name: kept for name, kept in delivery.handle.items() if name not in DECIDED}


async def _audit(session: AsyncSession, task: m.Task, who: Principal, now: datetime) -> None:
    await audit.append(
        session,
        service="publish",
        action="task.done",
        actor_id=who.person_id,
        object_type="task",
        object_id=task.id,
        now=now,
        facts={"kind": task.kind, "outcome": task.outcome},
    )
