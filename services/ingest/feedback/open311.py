"""The doors of Open311 GeoReport v2: services, requests, tokens, and FixMyStreet's updates, as XML and as JSON.

What anybody may read is how far a case is: its service, status, times and unit (a ward only among ten of its cases).
What it says is told only to whoever sends the case's code along (a header, never the address). Filing one asks for a
key of the settings, in the form's body as the specification has it, or for a token of ours. Errors come as the
specification's list, with their HTTP status.
"""

from collections.abc import Callable, Coroutine
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession
from typing_extensions import override

from libs.common.auth import ClockDep, public
from libs.common.db import Database, DatabaseDep, SessionDep
from libs.common.errors import Problem
from libs.common.models.enums import CaseState
from libs.common.models.feedback import ReportChannel
from services.ingest.api import PREFIX, SettingsDep
from services.ingest.feedback import intake, open311_queries
from services.ingest.feedback.desk import FeedbackDesk, desk_of
from services.ingest.feedback.doorkeeping import DoorsDep, peer_of
from services.ingest.feedback.open311_filing import FilingDep, body_of
from services.ingest.feedback.open311_queries import OTHER, status_of
from services.ingest.feedback.open311_wire import (
    Form,
    Posted,
    Rejected,
    Status,
    read_form,
    read_range,
    read_report,
    read_search,
    render,
    service_row,
)
from services.ingest.feedback.reading import reference_of
from services.ingest.feedback.reports import Contact, NewReport
from services.ingest.feedback.settings import Open311Settings
from services.ingest.feedback.wording import STATES
from services.ingest.service import refuse_when_overloaded

CODE = "Lantoa-Feedback-Code"
"""Header: the code that a sender was given. It opens what a case says, and what only its sender may do."""
SPECIFICATION = "http://wiki.open311.org/GeoReport_v2"
BASE = f"{PREFIX}/open311"

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


def form_of(path: str) -> Form:
    return Form.JSON if path.endswith(".json") else Form.XML


def rejection(rejected: Rejected, form: Form) -> Response:
    headers = {"Retry-After": str(rejected.retry_after)} if rejected.retry_after else {}
    if rejected.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return Response(render("errors", rejected.rows(), form), rejected.status, headers, form.media_type)


class GeoReportRoute(APIRoute):
    """What is wrong is told in the specification's own form, whoever found it."""

    @override
    def get_route_handler(self) -> Handler:
        handle = super().get_route_handler()

        async def told(request: Request) -> Response:
            form = form_of(request.url.path)
            try:
                return await handle(request)
            except Rejected as rejected:
                return rejection(rejected, form)
            except RequestValidationError:
                return rejection(Rejected(404, "Không có địa chỉ này. / There is nothing at this address."), form)
            except Problem as problem:
                said = f"{problem.title_vi}. {problem.detail or ''}".strip()
                again = problem.retry_after
                return rejection(Rejected(problem.status, f"{said} / {problem.title_en}", retry_after=again), form)

        return told


router = APIRouter(prefix=BASE, include_in_schema=False, dependencies=[public()], route_class=GeoReportRoute)


def get_desk(settings: SettingsDep) -> FeedbackDesk:
    return desk_of(settings)


DeskDep = Annotated[FeedbackDesk, Depends(get_desk)]


def check_jurisdiction(request: Request, settings: SettingsDep) -> None:
    _check_jurisdiction(request.query_params.get("jurisdiction_id", ""), settings.open311)


def pace(request: Request, doors: DoorsDep, clock: ClockDep) -> None:
    if wait := doors.reading.take(peer_of(request), clock.now()):
        raise Rejected(429, "Hỏi quá nhanh. / Too many requests.", retry_after=wait)


READING = [Depends(check_jurisdiction), Depends(pace)]


def _check_jurisdiction(told: str, settings: Open311Settings) -> None:
    """It may be left out: there is one."""
    if told.strip() not in ("", settings.jurisdiction_id):
        raise Rejected(404, f"Không có jurisdiction_id này. / This server answers for {settings.jurisdiction_id}.")


OPEN = {"Cache-Control": "public, max-age=30", "Access-Control-Allow-Origin": "*", "Vary": CODE}
"""What anybody may read, any page may read, too."""
CLOSED = {"Cache-Control": "no-store"}


def answer(name: str, told: Any, form: Form) -> Response:
    return Response(render(name, told, form), 200, OPEN, form.media_type)


def confide(name: str, told: Any, form: Form, status: int = 200, code: str | None = None) -> Response:
    """For whoever asked, and to be kept by nobody on the way."""
    headers = CLOSED | ({CODE: code} if code else {})
    return Response(render(name, told, form), status, headers, form.media_type)


# --- services ---------------------------------------------------------------------------------------------------


@router.get("/discovery.{form}")
async def discover(form: Form, settings: SettingsDep) -> Response:
    url = f"{settings.public_url.rstrip('/')}{BASE}/v2"
    endpoint = {
        "specification": SPECIFICATION,
        "url": url,
        "changeset": "2026-11-29T00:00:00+07:00",
        "type": "production",
        "formats": ["text/xml", "application/json"],
    }
    contact = settings.publish.site.contact or settings.publish.site.publisher
    return answer("discovery", {"changeset": endpoint["changeset"], "contact": contact, "endpoints": [endpoint]}, form)


@router.get("/v2/services.{form}", dependencies=READING)
async def list_services(form: Form, desk: DeskDep) -> Response:
    return answer("services", [service_row(one) for one in desk.catalogue.services], form)


@router.get("/v2/services/{code}.{form}", dependencies=READING)
async def get_service(code: str, form: Form, desk: DeskDep) -> Response:
    """No service asks for more than the form has, so the definition has no attributes."""
    if (service := desk.catalogue.get(code)) is None:
        raise Rejected(404, "Không có service_code này. / No service has this service_code.")
    return answer("service_definition", {"service_code": service.code, "attributes": []}, form)


# --- requests ---------------------------------------------------------------------------------------------------


@router.get("/v2/requests.{form}", dependencies=READING)
async def list_requests(form: Form, request: Request, session: SessionDep, desk: DeskDep, clock: ClockDep) -> Response:
    search = read_search(request.query_params, desk.catalogue, clock.now())
    found = await open311_queries.list_requests(session, search)
    return answer("service_requests", [shown(one, desk) for one in found], form)


@router.get("/v2/requests/{reference}.{form}", dependencies=READING)
async def get_request(
    reference: str, form: Form, request: Request, database: DatabaseDep, desk: DeskDep, doors: DoorsDep, clock: ClockDep
) -> Response:
    """With the case's code also what was sent, and the unit's latest word."""
    code = request.headers.get(CODE, "")
    if code and (wait := doors.looking.take(peer_of(request), clock.now())):
        raise Rejected(429, "Hỏi quá nhanh. / Too many requests.", retry_after=wait)
    case_id = await intake.admit(database, desk, reference, code, now=clock.now()) if code else None
    async with database.transaction() as session:
        row = await _require(session, reference)
        own = await intake.full_status(session, desk, case_id) if case_id else None
    told = shown(row, desk)
    if own is None:
        return answer("service_requests", [told], form)
    notes = [one.note for one in own.updates or () if one.note]
    told |= {"description": own.description, "address": own.place, "agency_responsible": own.unit}
    told |= {"status_notes": notes[-1] if notes else told["status_notes"]}
    return confide("service_requests", [told], form)


@router.get("/v2/tokens/{token}.{form}", dependencies=READING)
async def get_token(token: str, form: Form, session: SessionDep) -> Response:
    """Every report has its id at once and no token is given out; whoever asks all the same: the id is its token."""
    row = await _require(session, token)
    return answer("service_requests", [{"service_request_id": row.reference, "token": token}], form)


async def _require(session: AsyncSession, reference: str) -> Row[Any]:
    found = await open311_queries.get_request(session, reference_of(reference))
    if found is None:
        raise Rejected(404, "Không có phản ánh mang mã này. / There is no such service_request_id.")
    return found


def shown(row: Row[Any], desk: FeedbackDesk) -> dict[str, Any]:
    """One request as anybody may see it, with every member of the specification in its place."""
    service = desk.catalogue.get(row.service_code) or desk.catalogue.get(OTHER)
    return {
        "service_request_id": row.reference,
        "status": status_of(CaseState(row.state)).value,
        "status_notes": STATES[row.state],
        "service_name": service.name if service else None,
        "service_code": service.code if service else row.service_code,
        "description": None,
        "agency_responsible": row.unit,
        "service_notice": None,
        "requested_datetime": row.received_at,
        "updated_datetime": row.updated_at,
        "expected_datetime": row.due_at,
        "address": None,
        "address_id": None,
        "zipcode": None,
        "lat": None,
        "long": None,
        "media_url": None,
    }


# --- filing -----------------------------------------------------------------------------------------------------


@router.post("/v2/requests.{form}", status_code=201)
async def file_request(form: Form, session: SessionDep, desk: DeskDep, filing: FilingDep) -> Response:
    now = filing.clock.now()
    await refuse_when_overloaded(session, filing.settings.intake, now)
    fields = read_form(await body_of(filing.request))
    _check_jurisdiction(fields.get("jurisdiction_id", ""), filing.settings.open311)
    filer = await filing.by(fields, session)
    posted = read_report(fields, desk.catalogue)
    opened = await intake.open_report(session, desk, _report(posted, filer), now=now)
    told = {"service_request_id": opened.reference, "service_notice": _notice(opened), "account_id": None}
    return confide("service_requests", [told], form, 201, opened.code)


def _report(posted: Posted, filer: str) -> NewReport:
    """`external_id` counts within the program that sent it: two may number alike."""
    contact = Contact(name=posted.name, phone=posted.phone, email=posted.email)
    return NewReport(
        title="",
        description=posted.description,
        channel=ReportChannel.OPEN311,
        place_text=posted.place,
        lat=posted.lat,
        lon=posted.long,
        service_code=posted.service.code,
        kind=posted.service.kind,
        contact=None if contact.is_empty else contact,
        external_id=f"{filer}:{posted.external_id}" if posted.external_id else None,
        media_urls=posted.media_urls,
    )


def _notice(opened: intake.Opened) -> str:
    if opened.code is None:
        return f"Mã phản ánh {opened.reference}. / Reference {opened.reference}."
    return (
        f"Mã phản ánh {opened.reference}, mã theo dõi {opened.code}: xin giữ lại cả hai."
        f" / Reference {opened.reference}, follow-up code {opened.code}: keep both."
    )


# --- updates (FixMyStreet's extension) --------------------------------------------------------------------------


@router.get("/v2/servicerequestupdates.{form}", dependencies=READING)
async def list_updates(form: Form, request: Request, session: SessionDep, clock: ClockDep) -> Response:
    asked = request.query_params
    since, until = read_range(asked, clock.now())
    reference = reference_of(asked.get("service_request_id", "")) or None
    found = await open311_queries.list_updates(session, since, until, reference)
    return answer("service_request_updates", [_update(one) for one in found], form)


def _update(row: Row[Any]) -> dict[str, Any]:
    return {
        "update_id": row.id,
        "service_request_id": row.reference,
        "status": status_of(CaseState(row.state)).value,
        "updated_datetime": row.at,
        "description": STATES[row.state],
        "media_url": None,
    }


@router.post("/v2/servicerequestupdates.{form}", status_code=201)
async def post_update(form: Form, database: DatabaseDep, desk: DeskDep, filing: FilingDep) -> Response:
    """The sender's own word, proved by their code: `open` reopens the case for the reason in `description`, `closed`
    says that it was solved."""
    fields = read_form(await body_of(filing.request))
    _check_jurisdiction(fields.get("jurisdiction_id", ""), filing.settings.open311)
    async with database.transaction() as session:
        await refuse_when_overloaded(session, filing.settings.intake, filing.clock.now())
        await filing.by(fields, session)
    fields["code"] = filing.request.headers.get(CODE, "")
    update_id = await _heard(fields, database, desk, filing.clock.now())
    return confide("service_request_updates", [{"update_id": update_id}], form, 201)


async def _heard(fields: dict[str, str], database: Database, desk: FeedbackDesk, now: datetime) -> UUID | None:
    """The id of the step that came of it."""
    try:
        told = Status(fields.get("status", "").strip().lower())
    except ValueError as error:
        raise Rejected(400, "status là open hoặc closed. / status is open or closed.") from error
    reference, reason = reference_of(fields.get("service_request_id", "")), fields.get("description", "").strip()
    if told is Status.OPEN and not reason:
        raise Rejected(400, "Thiếu description: vì sao mở lại. / description is needed: why it is opened again.")
    case_id = await intake.admit(database, desk, reference, fields["code"], now=now)
    async with database.transaction() as session:
        if told is Status.OPEN:
            await intake.reopen(session, desk, case_id, reason[:1000], now=now)
        else:
            await intake.confirm_solved(session, desk, case_id, True, now=now)
        steps = await open311_queries.list_updates(session, now, now, reference)
    return steps[-1].id if steps else None


@router.api_route("/{path:path}", methods=["GET", "HEAD", "POST"])
async def nothing_here(path: str) -> Response:
    raise Rejected(404, "Không có địa chỉ này. / There is nothing at this address.")
