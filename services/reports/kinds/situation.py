"""A situation report: what happened and when, what is stopped, what was said and where it stands, how fast it went.

It is read in the situation's own unit. People are there by their roles. A drill says so in its title, in its subject
and on every page.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from libs.common import models as m
from libs.common.models.crisis import EntryKind
from libs.common.models.enums import Role, TaskState
from libs.common.models.publish import DRILL_MARK
from libs.common.papers.content import Picture
from services.reports import labels
from services.reports.daily import publication_told, quoted
from services.reports.domain import Period, iso
from services.reports.kinds import about_queries as queries
from services.reports.kinds.base import KINDS, About, Data, Gather, id_of
from services.reports.periods import Cadence
from services.reports.problems import AboutNotFound
from services.reports.queries import deliveries

ENTRIES = {
    EntryKind.OPENED: "Mở tình huống",
    EntryKind.NOTE: "Ghi nhận",
    EntryKind.PUBLICATION: "Gắn bài đăng",
    EntryKind.ALERT: "Gắn cảnh báo",
    EntryKind.PAUSE: "Tạm dừng đăng tin",
    EntryKind.CLOSED: "Đóng tình huống",
}
STEPS = {TaskState.OPEN: "Chưa xong", TaskState.DONE: "Đã xong"}


@dataclass(frozen=True)
class Facts:
    """What was read of one situation."""

    row: m.Situation
    entries: Sequence[m.SituationEntry]
    steps: Sequence[m.Task]
    approvals: Sequence[m.Approval]
    sent: Sequence[tuple[m.Delivery, str]]
    resumed: Sequence[datetime]


@KINDS.register("situation")
class SituationReport:
    title: ClassVar[str] = "Báo cáo tình huống"
    cadence: ClassVar[Cadence] = Cadence.DAILY
    about: ClassVar[About | None] = About.SITUATION
    roles: ClassVar[tuple[Role, ...]] = (Role.EDITOR, Role.SPOKESPERSON, Role.ADMIN)

    async def gather(self, gather: Gather) -> Data:
        session = gather.session
        found = await queries.situation_of(session, id_of(gather.about))
        if found is None:
            raise AboutNotFound(f"Không có tình huống {gather.about}.")
        row, unit, playbook = found
        entries = await queries.entries_of(session, row.id)
        linked = {each.object_id for each in entries if each.kind == EntryKind.PUBLICATION and each.object_id}
        ids = [row.publication_id, *sorted(linked - {row.publication_id})]
        sent = await deliveries(session, ids)
        facts = Facts(
            row,
            entries,
            await queries.steps_of(session, row.id),
            await queries.approvals_of(session, ids),
            [(delivery, channel) for delivery, channel, _ in sent],
            await queries.resumptions_of(session, row.pause_id) if row.pause_id else [],
        )
        publications = await queries.publications_of(session, ids)
        names = {one.id: one.title for one, _ in publications}
        return {
            "mark": DRILL_MARK if row.is_drill else None,
            "situation": _situation(row, unit, playbook),
            "timeline": _timeline(facts, names),
            "pause": await _pause(gather, row),
            "publications": [
                {**publication_told(one, of, sent), "is_statement": one.id == row.publication_id}
                for one, of in publications
            ],
            "steps": [_step(step) for step in facts.steps],
            "measures": _measures(gather, facts),
        }

    def subject(self, data: Data, period: Period) -> str:
        """The mark of a drill stands before the whole, once."""
        return f"Tình huống: {data['situation']['title'].removeprefix(DRILL_MARK).lstrip(' :.-–')}"

    def pictures(self, data: Data) -> Mapping[str, Picture]:
        return {}

    def unit_of(self, data: Data) -> UUID | None:
        return UUID(data["situation"]["unit_id"])

    def codes(self, data: Data) -> dict[str, str]:
        return {"situation_id": data["situation"]["situation_id"]}


def _situation(row: m.Situation, unit: str, playbook: str) -> Data:
    return {
        "situation_id": str(row.id),
        "title": quoted(row.title),
        "is_drill": row.is_drill,
        "unit_id": str(row.unit_id),
        "unit": unit,
        "playbook": playbook,
        "playbook_version": row.playbook_version,
        "state": row.state,
        "state_name": "Đã đóng" if row.closed_at else "Đang mở",
        "opened_at": iso(row.opened_at),
        "closed_at": iso(row.closed_at),
        "lesson": quoted(row.lesson) if row.lesson else None,
    }


def _timeline(facts: Facts, names: Mapping[UUID, str]) -> list[Data]:
    """In the order in which it happened: what people wrote down, and what the records show."""
    moments: list[tuple[datetime, str, str, str | None]] = [
        (e.happened_at, ENTRIES[EntryKind(e.kind)], e.body, e.role) for e in facts.entries
    ]
    moments += [(step.done_at, "Xong việc", step.title, step.role) for step in facts.steps if step.done_at]
    moments += [
        (word.approved_at, "Duyệt", f"“{names[word.publication_id]}”, bản {word.revision}", Role.SPOKESPERSON)
        for word in facts.approvals
    ]
    moments += [
        (delivery.confirmed_at, "Đã lên kênh", f"“{names[delivery.publication_id]}” trên {channel}", None)
        for delivery, channel in facts.sent
        if delivery.confirmed_at
    ]
    moments += [(at, "Đồng ý đăng tin trở lại", "", Role.SPOKESPERSON) for at in facts.resumed]
    return [
        {"at": iso(at), "what": what, "words": quoted(words), "role_name": labels.ROLES[Role(role)] if role else None}
        for at, what, words, role in sorted(moments, key=lambda moment: moment[0])
    ]


async def _pause(gather: Gather, row: m.Situation) -> Data | None:
    found = await queries.pause_of(gather.session, row.pause_id) if row.pause_id else None
    if found is None:
        return None
    pause, unit = found
    return {
        "scope": unit or "Tất cả các đơn vị",
        "reason": quoted(pause.reason),
        "paused_at": iso(pause.paused_at),
        "resumed_at": iso(pause.resumed_at),
    }


def _step(step: m.Task) -> Data:
    is_late = step.due_at is not None and step.done_at is not None and step.done_at > step.due_at
    return {
        "title": quoted(step.title),
        "role_name": labels.ROLES[Role(step.role)] if step.role else None,
        "due_at": iso(step.due_at),
        "done_at": iso(step.done_at),
        "state": step.state,
        "state_name": "Xong, sau hạn" if is_late else STEPS.get(TaskState(step.state), step.state),
    }


def _measures(gather: Gather, facts: Facts) -> Data:
    """Of the holding statement, in minutes from the opening; a step that has not happened has none, never 0."""
    statement, opened = facts.row.publication_id, facts.row.opened_at
    agreed = [word.approved_at for word in facts.approvals if word.publication_id == statement]
    sent = [delivery for delivery, _ in facts.sent if delivery.publication_id == statement]
    out = sorted(one.confirmed_at for one in sent if one.confirmed_at is not None)
    done = [step for step in facts.steps if step.done_at is not None]
    in_time = [s for s in done if s.done_at is not None and s.due_at is not None and s.done_at <= s.due_at]
    is_open = [step for step in facts.steps if step.state == TaskState.OPEN]
    source = "situations, approvals, deliveries, tasks (đăng tin)"

    def minutes(at: Iterable[datetime], formula: str) -> Data:
        first = next(iter(at), None)
        value = None if first is None else round((first - opened).total_seconds() / 60, 1)
        return gather.count(value, source, formula, "phút")

    def count(rows: Sequence[object], formula: str, unit: str) -> Data:
        return gather.count(len(rows), source, formula, unit)

    all_out = out[-1:] if len(out) == len(sent) else []
    return {
        "first_approval": minutes(agreed, "từ lúc mở tình huống đến người đầu tiên duyệt tuyên bố ban đầu"),
        "released": minutes(agreed[-1:] if sent else [], "từ lúc mở đến người cuối cùng duyệt, khi đã giao cho kênh"),
        "first_delivered": minutes(out, "từ lúc mở đến khi kênh đầu tiên xác nhận đã đăng"),
        "all_delivered": minutes(all_out, "từ lúc mở đến khi mọi kênh xác nhận đã đăng; trống khi còn kênh chưa xong"),
        "channels": count(sent, "số kênh được giao tuyên bố ban đầu", "kênh"),
        "channels_delivered": count(out, "số kênh đã xác nhận đăng tuyên bố ban đầu", "kênh"),
        "steps": count(facts.steps, "số việc trong danh sách của tình huống", "việc"),
        "steps_in_time": count(in_time, "số việc xong không muộn hơn hạn", "việc"),
        "steps_open": count(is_open, "số việc chưa xong tại lúc chốt số liệu", "việc"),
    }
