"""The public form at /gui-phan-anh: sending a report, and following it with its code.

Plain HTML: no script, no cookie, nothing loaded from elsewhere. The code comes in the body of a POST and stands in no
address. What was typed is there again whenever it could not be taken.
"""

from dataclasses import dataclass, replace
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from libs.common.auth import ClockDep, public
from libs.common.clock import HANOI
from libs.common.db import SessionDep
from libs.common.errors import Problem
from libs.common.models.feedback import ReportChannel
from services.ingest.api import SettingsDep
from services.ingest.feedback import intake, page_queries
from services.ingest.feedback.desk import FeedbackDesk
from services.ingest.feedback.doorkeeping import DoorsDep, peer_of
from services.ingest.feedback.form import Draft, Ticket, TicketState, read_draft
from services.ingest.feedback.intake import SimilarCase
from services.ingest.feedback.joining import join
from services.ingest.feedback.open311 import DeskDep
from services.ingest.feedback.reports import Contact, NewReport
from services.ingest.feedback.showing import HERE, FieldsDep, PageRoute, StageDep
from services.ingest.feedback.wording import STATES
from services.ingest.service import refuse_when_overloaded

READ = ["GET", "HEAD"]
ITS_OWN = "-"
"""The sender has seen what is like it, and says that it is none of these."""
router = APIRouter(prefix=HERE, include_in_schema=False, dependencies=[public()], route_class=PageRoute)

_TICKETS = {
    TicketState.EARLY: "Gửi nhanh quá. Xin xem lại nội dung rồi bấm “Gửi phản ánh” lần nữa.",
    TicketState.STALE: "Trang đã mở quá lâu. Nội dung vẫn còn dưới đây, xin bấm “Gửi phản ánh” lần nữa.",
    TicketState.FORGED: "Trang này không còn hiệu lực. Nội dung vẫn còn dưới đây, xin bấm “Gửi phản ánh” lần nữa.",
}


@dataclass(frozen=True)
class FormDesk:
    """What it takes to show the form and to take what it sends."""

    request: Request
    stage: StageDep
    session: SessionDep
    desk: DeskDep
    doors: DoorsDep
    clock: ClockDep
    settings: SettingsDep

    async def wards(self) -> dict[str, str]:
        return await page_queries.list_wards(self.session, self.clock.now().astimezone(HANOI).date())

    async def form(self, draft: Draft, status: int = 200, *, ticket: str = "", wait: int | None = None) -> Response:
        return self.stage.show(
            "feedback_form.html",
            status,
            retry_after=wait,
            draft=draft,
            groups=self.desk.catalogue.grouped(),
            wards=(await self.wards()).items(),
            ticket=ticket or self.doors.tickets.issue(self.clock.now()),
            contact_days=self.desk.clocks.limits.keep_contact_days,
            takes_contact=self.desk.keys is not None,
        )

    async def refuse(
        self, draft: Draft, what: str, status: int, *, ticket: str = "", wait: int | None = None
    ) -> Response:
        """The form once more, with what was typed and one line at its top."""
        return await self.form(replace(draft, errors={"form": what}), status, ticket=ticket, wait=wait)


FormDeskDep = Annotated[FormDesk, Depends()]


@router.api_route("", methods=READ)
async def form_page(form: FormDeskDep) -> Response:
    return await form.form(Draft())


@router.post("")
async def send(form: FormDeskDep, fields: FieldsDep) -> Response:
    wards = await form.wards()
    draft = read_draft(fields, form.desk.catalogue, wards)
    written, now = fields.get("ticket", ""), form.clock.now()
    ticket = form.doors.tickets.read(written, now)
    if fields.get("edit"):
        return await form.form(replace(draft, errors={}), ticket=written)
    if draft.errors:
        again = written if ticket.state in (TicketState.GOOD, TicketState.EARLY) else ""
        return await form.form(draft, 422, ticket=again)
    if fields.get("website"):
        return await form.refuse(draft, "Có một ô phải để trống đã bị điền. Xin bấm “Gửi phản ánh” lần nữa.", 422)
    if ticket.state is not TicketState.GOOD:
        again = written if ticket.state is TicketState.EARLY else ""
        return await form.refuse(draft, _TICKETS[ticket.state], 422, ticket=again)
    return await _take(form, fields, draft, ticket, wards)


async def _take(
    form: FormDesk, fields: dict[str, str], draft: Draft, ticket: Ticket, wards: dict[str, str]
) -> Response:
    """What is in order: once more shown beside what is like it, then opened."""
    now, written = form.clock.now(), fields["ticket"]
    try:
        await refuse_when_overloaded(form.session, form.settings.intake, now)
    except Problem as busy:
        text = "Hệ thống đang quá tải. Nội dung vẫn còn dưới đây, xin bấm gửi lại sau ít phút."
        return await form.refuse(draft, text, busy.status, ticket=written, wait=busy.retry_after)
    report = report_of(draft, ticket, wards, form.desk)
    same_as = fields.get("same_as", "")
    found = await intake.similar(form.session, form.desk, report, now=now) if same_as != ITS_OWN else []
    if found and not same_as:
        return _ask(form, draft, written, found)
    if wait := form.doors.sending.take(peer_of(form.request), now):
        text = "Có quá nhiều phản ánh gửi từ mạng của bạn. Nội dung vẫn còn dưới đây, xin gửi lại sau."
        return await form.refuse(draft, text, 429, ticket=written, wait=wait)
    opened = await intake.open_report(form.session, form.desk, report, now=now)
    if opened.is_new and same_as in {one.reference for one in found}:
        await join(form.session, form.desk, opened.case_id, same_as, now=now)
    return await _received(form, draft, opened)


def report_of(draft: Draft, ticket: Ticket, wards: dict[str, str], desk: FeedbackDesk) -> NewReport:
    """The ticket's number is the form's own id: a button that is pressed twice opens one case."""
    service = desk.catalogue.get(draft.service)
    contact = Contact(name=draft.name or None, phone=draft.phone or None, email=draft.email or None)
    place = ", ".join(part for part in (draft.place, wards.get(draft.ward, "")) if part)
    return NewReport(
        title="",
        description=draft.description,
        channel=ReportChannel.FORM,
        place_text=place,
        service_code=draft.service,
        kind=service.kind if service else None,
        contact=contact if desk.keys is not None and not contact.is_empty else None,
        external_id=ticket.number,
    )


def _ask(form: FormDesk, draft: Draft, written: str, found: list[SimilarCase]) -> Response:
    rows = [
        {
            "reference": one.reference,
            "service": form_service(form, one.service_code),
            "state": STATES[one.state],
            "received_at": one.received_at,
            "unit": one.unit,
        }
        for one in found
    ]
    return form.stage.show("feedback_similar.html", found=rows, hidden=draft.typed | {"ticket": written})


def form_service(form: FormDesk, code: str | None) -> str:
    service = form.desk.catalogue.get(code)
    return service.name if service else "Phản ánh"


async def _received(form: FormDesk, draft: Draft, opened: intake.Opened) -> Response:
    view = await intake.status(form.session, form.desk, opened.reference)
    return form.stage.show(
        "feedback_received.html",
        reference=opened.reference,
        code=opened.code,
        is_new=opened.is_new,
        service=form_service(form, draft.service),
        received_at=view.received_at,
        expected_at=view.expected_at,
        main_reference=view.main_reference,
    )


@router.api_route("/{path:path}", methods=[*READ, "POST"])
async def nothing_here(path: str, stage: StageDep) -> Response:
    return stage.tell("Không có trang này", "Địa chỉ có thể bị gõ sai.", 404)
