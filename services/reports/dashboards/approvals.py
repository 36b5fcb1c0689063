"""What waits for a second person, and whether the caller may be that person, or why not.

The rule is the desk's own (`libs.common.approval`). What the desk asks beside it when somebody approves, whether the
channels can be used and the words still fit them, is asked only there.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row

from libs.common import models as m
from libs.common.approval import ApprovalAttempt, Refusal, approvals_needed, refusal
from libs.common.label_names import KINDS
from libs.common.models.enums import PublicationState, Role, TextKind
from services.reports.daily import quoted
from services.reports.dashboards import approval_queries as queries
from services.reports.dashboards.parts import SHOWN, Look, actor
from services.reports.dashboards.schemas import ApprovalFigures, ApprovalItem, ApprovalsOut, ItemKind

LABELLERS = (Role.FEEDBACK_OFFICER, Role.EDITOR, Role.FACT_CHECKER, Role.SPOKESPERSON, Role.ADMIN)
"""Who may be the second person of a label's change."""
EMPTY = "Không có gì đang chờ duyệt trong đơn vị của bạn."
NOT_SPOKESPERSON = "Chỉ người phát ngôn của đơn vị được duyệt."
WHY_NOT = {
    Refusal.NOT_SPOKESPERSON: NOT_SPOKESPERSON,
    Refusal.NOT_ON_DUTY: "Tin khẩn do người phát ngôn đang trong ca trực duyệt.",
    Refusal.OWN_WORK: "Bạn đã soạn hoặc sửa tin này; cần người khác duyệt.",
    Refusal.NOT_IN_REVIEW: "Tin không còn chờ duyệt.",
    Refusal.CHANGED: "Tin vừa được sửa.",
}
GIVEN = "Bạn đã duyệt bản này; còn chờ người khác."
OWN_PROPOSAL = "Bạn là người đề nghị; cần người thứ hai quyết định."


async def waiting_approvals(look: Look) -> ApprovalsOut:
    parts = (
        await look.tried(_publications(look)),
        await look.tried(_proposals(look)),
        await look.tried(_relabellings(look)),
    )
    found = [item for part in parts for item in part or ()]
    found.sort(key=lambda item: (item.is_drill, not item.is_urgent, item.since, str(item.id)))
    return ApprovalsOut(
        as_of=look.as_of,
        note=None if found else EMPTY,
        figures=_figures(look, None if None in parts else found),
        items=found[:SHOWN],
    )


async def _publications(look: Look) -> list[ApprovalItem]:
    who = look.sight.who
    on_duty = await queries.is_on_duty(look.session, who.person_id, who.units(Role.SPOKESPERSON), look.as_of)
    rows = await queries.waiting_publications(look.session, who.person_id, look.sight.units, is_on_duty=on_duty)
    return [_publication(look, row, is_on_duty=on_duty) for row in rows]


def _publication(look: Look, row: Row[Any], *, is_on_duty: bool) -> ApprovalItem:
    why_not = _why_not(look, row, is_on_duty=is_on_duty)
    href = f"/api/publish/v1/publications/{row.id}"
    return ApprovalItem(
        kind=ItemKind.PUBLICATION,
        id=row.id,
        title=quoted(row.title),
        unit=row.unit,
        is_drill=row.is_drill,
        since=row.since,
        who=actor(Role.SPOKESPERSON, None if row.is_urgent else row.unit),
        href=href,
        is_urgent=row.is_urgent,
        scheduled_at=row.scheduled_at,
        needed=approvals_needed(row.kind, row.is_urgent),
        given=row.given,
        may_approve=why_not is None,
        why_not=why_not,
        decide=f"{href}/approve",
    )


def _why_not(look: Look, row: Row[Any], *, is_on_duty: bool) -> str | None:
    who = look.sight.who
    speaks = who.has_within(row.unit_id, Role.SPOKESPERSON)
    attempt = ApprovalAttempt(
        approver_id=who.person_id,
        speaks_for_unit=speaks,
        editors=frozenset({who.person_id}) if row.has_touched else frozenset(),
        state=PublicationState.IN_REVIEW,
        current_hash=b"",
        seen_hash=b"",
        kind=row.kind,
        is_urgent=row.is_urgent,
        is_on_duty=is_on_duty,
    )
    refused = refusal(attempt)
    if refused is not None:
        return WHY_NOT[refused]
    if row.is_syndicated and not speaks:
        return NOT_SPOKESPERSON
    return GIVEN if row.has_mine else None


async def _proposals(look: Look) -> list[ApprovalItem]:
    """Moves of a text's label away from criticism, opinion or complaint; the text itself is not quoted."""
    if not look.sight.who.has(*LABELLERS):
        return []
    return [_proposal(look, row) for row in await queries.label_proposals(look.session)]


def _proposal(look: Look, row: m.LabelProposal) -> ApprovalItem:
    return _second_word(
        kind=ItemKind.LABEL_PROPOSAL,
        id=row.id,
        title=f"Đề nghị đổi nhãn của một nội dung thành “{KINDS[TextKind(row.kind)]}”",
        unit=None,
        since=row.proposed_at,
        who=actor(Role.FACT_CHECKER, None),
        href=f"/api/ingest/v1/contents/{row.content_id}",
        why_not=OWN_PROPOSAL if row.proposed_by == look.sight.who.person_id else None,
        decide=f"/api/classify/v1/label-proposals/{row.id}/confirm",
    )


async def _relabellings(look: Look) -> list[ApprovalItem]:
    who = look.sight.who
    if not who.has(Role.FEEDBACK_OFFICER):
        return []
    rows = await queries.case_relabellings(look.session, look.sight.cases_of(Role.FEEDBACK_OFFICER))
    return [_relabelling(look, *row) for row in rows]


def _relabelling(look: Look, row: m.CaseRelabelling, case: m.FeedbackCase, unit: str | None) -> ApprovalItem:
    before, after = KINDS[TextKind(row.from_kind)], KINDS[TextKind(row.to_kind)]
    return _second_word(
        kind=ItemKind.CASE_RELABELLING,
        id=row.id,
        title=f"{case.reference}: đề nghị đổi loại từ “{before}” thành “{after}”",
        unit=unit,
        since=row.proposed_at,
        who=actor(Role.FEEDBACK_OFFICER, unit),
        href=f"/api/ingest/v1/feedback-cases/{case.id}",
        why_not=OWN_PROPOSAL if row.proposed_by == look.sight.who.person_id else None,
        decide=f"/api/ingest/v1/feedback-relabellings/{row.id}/confirm",
    )


def _second_word(*, why_not: str | None, **told: Any) -> ApprovalItem:
    """A proposal of one person that a second one decides."""
    return ApprovalItem(
        **told, is_urgent=False, scheduled_at=None, needed=1, given=0, may_approve=why_not is None, why_not=why_not
    )


def _figures(look: Look, found: Sequence[ApprovalItem] | None) -> ApprovalFigures:
    source = "publications, label_proposals, case_relabellings"
    real = None if found is None else [item for item in found if not item.is_drill]
    counts = {
        "waiting": (None if real is None else len(real), "số việc chờ người thứ hai quyết định, không kể diễn tập"),
        "urgent": (None if real is None else sum(item.is_urgent for item in real), "trong đó là tin khẩn"),
        "mine": (None if real is None else sum(item.may_approve for item in real), "trong đó bạn được duyệt"),
        "drills": (
            None if real is None or found is None else len(found) - len(real),
            "số việc chờ duyệt của các cuộc diễn tập",
        ),
    }
    return ApprovalFigures(
        **{name: look.figure(value, source, formula, "việc") for name, (value, formula) in counts.items()}
    )
