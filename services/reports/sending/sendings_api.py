"""Routes of the archive and of the letters that reports went in; the door of what comes back."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from pydantic import AwareDatetime

from libs.common.auth import ClockDep, Principal, public, require
from libs.common.db import SessionDep
from libs.common.errors import Forbidden, Unauthenticated, problems
from libs.common.mail_returns import MOST_BYTES, is_let_in
from libs.common.models.enums import ReportState
from libs.common.models.sending import SendingState
from libs.common.pagination import Cursor, Page, PageDep, page_of
from libs.common.uploads import read_beginning
from services.reports.api import Res
from services.reports.issuing import access
from services.reports.issuing.queries import formats_of
from services.reports.schemas import KindName, ReportOut
from services.reports.sending import archive, by_hand, queries, returns
from services.reports.sending import problems as wrong
from services.reports.sending.schemas import ArchivedOut, SendAgain, SendingOut, Settle

router = APIRouter(prefix="/api/reports/v1", tags=["sendings"], responses=problems(Unauthenticated, Forbidden))
public_router = APIRouter(prefix="/api/reports/v1", tags=["sendings"], dependencies=[public()])
Reader = Annotated[Principal, require(*access.READERS)]
Maker = Annotated[Principal, require(*access.MAKERS)]
OF_SENDING = (wrong.SendingNotFound, wrong.NotScheduleKeeper)


@router.get("/archive", response_model=Page[ArchivedOut])
async def search_archive(
    page: PageDep,
    session: SessionDep,
    _: Reader,
    kind: Annotated[KindName | None, Query()] = None,
    state: Annotated[ReportState | None, Query()] = None,
    start: Annotated[AwareDatetime | None, Query(alias="from", description="periods that end after it")] = None,
    end: Annotated[AwareDatetime | None, Query(alias="to", description="periods that begin before it")] = None,
    number: Annotated[int | None, Query(ge=1, le=2**31 - 1)] = None,
    year: Annotated[int | None, Query(ge=2000, le=9999)] = None,
    words: Annotated[
        str | None, Query(alias="q", max_length=200, description="words of trích yếu or text, with marks or without")
    ] = None,
    signatory: Annotated[
        str | None, Query(max_length=100, pattern=r"^[^\x00]*$", description="a part of the name that signed")
    ] = None,
) -> Any:
    """Newest first. Reports that are for some eyes only (situations, cases) are found in `reports` alone."""
    asked = archive.Asked(kind, state, start, end, number, year, words, signatory)
    found = page_of(await archive.search(session, page, asked), page.limit, lambda row: Cursor(None, row[0].id))
    ids = [row[0].id for row in found["items"]]
    formats, totals = await formats_of(session, ids), await queries.totals(session, ids)
    items = [
        ArchivedOut(
            **ReportOut.of_rows(report, snapshot, formats.get(report.id, [])).model_dump(),
            subject=subject,
            signer=signer,
            schedule_id=schedule_id,
            sendings=totals.get(report.id, {}),
        )
        for report, snapshot, subject, signer, schedule_id in found["items"]
    ]
    return {**found, "items": items}


@router.get("/sendings", response_model=Page[SendingOut])
async def list_sendings(
    page: PageDep,
    session: SessionDep,
    who: Maker,
    report_id: Annotated[UUID | None, Query()] = None,
    state: Annotated[SendingState | None, Query(description="`unknown` waits for a person")] = None,
) -> Any:
    """Letters of the schedules of one's own units, newest first, each with its proof."""
    rows = await queries.list_sendings(session, page, who.units(*access.MAKERS), report_id, state)
    found = page_of(rows, page.limit, lambda row: Cursor(None, row.id))
    return {**found, "items": [SendingOut.of(row) for row in found["items"]]}


@router.post(
    "/sendings/{sending_id}/send-again",
    status_code=201,
    responses=problems(
        *OF_SENDING, wrong.ReportNotSigned, wrong.SendingUnderWay, wrong.RecipientFlagged, wrong.RecipientGone
    ),
)
async def send_again(sending_id: UUID, body: SendAgain, session: SessionDep, who: Maker, clock: ClockDep) -> SendingOut:
    """Nothing is sent twice by itself: a person asks for it, with a reason that is kept."""
    return SendingOut.of(await by_hand.send_again(session, sending_id, reason=body.reason, who=who, now=clock.now()))


@router.post("/sendings/{sending_id}/settle", responses=problems(*OF_SENDING, wrong.NothingToSettle))
async def settle(sending_id: UUID, body: Settle, session: SessionDep, who: Maker, clock: ClockDep) -> SendingOut:
    """What became of a letter that nobody knows of, or that was taken and did not arrive (its recipient is flagged)."""
    return SendingOut.of(
        await by_hand.settle(
            session, sending_id, has_arrived=body.has_arrived, reason=body.reason, who=who, now=clock.now()
        )
    )


@public_router.post("/returns", status_code=204, include_in_schema=False)
async def take_return(request: Request, session: SessionDep, clock: ClockDep, res: Res) -> Response:
    """One message as it came back (message/rfc822), from the mail server with its token; `Lantoa-Recipient` says who it
    was to, where its headers do not."""
    if not is_let_in(request.headers.get("authorization"), res.post_room.paths.key):
        raise Unauthenticated("Máy chủ thư gửi kèm mã của mình.")
    raw, recipient = await read_beginning(request, MOST_BYTES), request.headers.get("lantoa-recipient", "")
    found = returns.read(raw, res.post_room.paths, recipient)
    if found is not None:
        await returns.record(session, found, clock.now())
    return Response(status_code=204)
