"""Routes of playbooks, situations and drills: validate, call one use case, return."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query

from libs.common import models as m
from libs.common.auth import ClockDep, Principal, require
from libs.common.db import SessionDep
from libs.common.errors import Forbidden, Unauthenticated, problems
from libs.common.models.crisis import EntryKind
from libs.common.models.enums import PublicationState, Role
from libs.common.pagination import Cursor, Page, PageDep, page_of
from services.publish import desk_problems as hard
from services.publish import problems as publish_wrong
from services.publish.api import Reader, Res
from services.publish.crisis import opening, playbooks, queries, report, timeline
from services.publish.crisis import problems as wrong
from services.publish.crisis.schemas import (
    EntryCreate,
    EntryOut,
    PlaybookCreate,
    PlaybookOut,
    PlaybookReplace,
    ReportOut,
    SituationClose,
    SituationDetail,
    SituationOpen,
    SituationOut,
    SuggestionOut,
)
from services.publish.filling import names_in
from services.publish.service.publications import SEES

router = APIRouter(prefix="/api/publish/v1", tags=["crisis"], responses=problems(Unauthenticated, Forbidden))
Keeper = Annotated[Principal, require(*playbooks.KEEPS)]
Opener = Annotated[Principal, require(*opening.OPENS)]
Officer = Annotated[Principal, require(*timeline.WRITES)]


@router.get("/playbooks", response_model=Page[PlaybookOut])
async def list_playbooks(session: SessionDep, who: Reader, page: PageDep) -> Any:
    return page_of(await queries.list_playbooks(session, page, who.units(*SEES)), page.limit, _by_id)


@router.post(
    "/playbooks",
    status_code=201,
    response_model=PlaybookOut,
    responses=problems(
        wrong.NotKeeperOfUnit,
        wrong.PlaybookExists,
        wrong.PlaybookNotUsable,
        wrong.DrillStaysInside,
        publish_wrong.ChannelNotFound,
        publish_wrong.ChannelOfAnotherUnit,
    ),
)
async def write_playbook(body: PlaybookCreate, session: SessionDep, who: Keeper, clock: ClockDep) -> m.Playbook:
    """Written before it is needed; its channels are those of real statements, drills find their own."""
    return await playbooks.write_playbook(session, _fields(body), who, clock.now())


@router.get("/playbooks/{playbook_id}", response_model=PlaybookOut, responses=problems(wrong.PlaybookNotFound))
async def read_playbook(playbook_id: UUID, session: SessionDep, who: Reader) -> m.Playbook:
    return playbooks.seen(await queries.get_playbook(session, playbook_id), playbook_id, who)


@router.put(
    "/playbooks/{playbook_id}",
    response_model=PlaybookOut,
    responses=problems(
        wrong.PlaybookNotFound,
        wrong.NotKeeperOfUnit,
        wrong.PlaybookExists,
        wrong.PlaybookChanged,
        wrong.PlaybookNotUsable,
        wrong.DrillStaysInside,
        publish_wrong.ChannelNotFound,
        publish_wrong.ChannelOfAnotherUnit,
    ),
)
async def rewrite_playbook(
    playbook_id: UUID, body: PlaybookReplace, session: SessionDep, who: Keeper, clock: ClockDep
) -> m.Playbook:
    fields = _fields(body)
    return await playbooks.rewrite_playbook(session, playbook_id, fields.pop("version"), fields, who, clock.now())


@router.get("/playbook-suggestions", response_model=list[SuggestionOut])
async def list_suggestions(session: SessionDep, who: Reader) -> list[SuggestionOut]:
    """Alerts that go on and for which a playbook was written; a person decides. Newest first, at most 100."""
    return [
        SuggestionOut(
            playbook_id=each.playbook.id,
            playbook_name=each.playbook.name,
            unit_id=each.playbook.unit_id,
            alert_id=each.alert.id,
            alert_title=each.alert.title,
            severity=each.alert.severity,
            suggested_at=each.suggested_at,
        )
        for each in await queries.list_suggestions(session, who.units(*SEES))
    ]


@router.post(
    "/playbooks/{playbook_id}/open",
    status_code=201,
    response_model=SituationDetail,
    responses=problems(
        wrong.PlaybookNotFound,
        wrong.PlaybookNotUsable,
        wrong.NotKeeperOfUnit,
        wrong.UnknownPlaceholder,
        wrong.SituationGoingOn,
        wrong.LinkNotPossible,
        wrong.NoDrillChannel,
        wrong.DrillStaysInside,
        hard.NotSpeaking,
        publish_wrong.ChannelNotFound,
        publish_wrong.ChannelOfAnotherUnit,
        publish_wrong.NotPostableHere,
    ),
)
async def open_situation(
    playbook_id: UUID, body: SituationOpen, session: SessionDep, who: Opener, clock: ClockDep, res: Res
) -> SituationDetail:
    """One action: the situation with its timeline, the holding statement as an urgent draft, the checklist as tasks
    and, where asked, the pause. A drill makes the same in the sandbox, marked, and pauses nothing."""
    given = opening.Opening(**{**dict(body), "channel_ids": tuple(body.channel_ids)})
    situation = await opening.open_situation(session, playbook_id, given, who, clock.now(), res)
    return await _detail(session, situation, clock)


@router.get("/situations", response_model=Page[SituationOut])
async def list_situations(
    session: SessionDep,
    who: Reader,
    page: PageDep,
    is_open: Annotated[bool | None, Query(alias="open")] = None,
    drill: Annotated[bool | None, Query(description="only drills, or only what is real")] = None,
) -> Any:
    rows = await queries.list_situations(session, page, who.units(*SEES), is_open, drill)
    return page_of(rows, page.limit, _by_id)


@router.get("/situations/{situation_id}", response_model=SituationDetail, responses=problems(wrong.SituationNotFound))
async def read_situation(situation_id: UUID, session: SessionDep, who: Reader, clock: ClockDep) -> SituationDetail:
    """Where it stands now: who speaks, what the statement lacks, which steps are open, and everything so far."""
    return await _detail(session, await timeline.require_situation(session, situation_id, who), clock)


@router.post(
    "/situations/{situation_id}/entries",
    status_code=201,
    response_model=EntryOut,
    responses=problems(wrong.SituationNotFound, wrong.SituationClosed, wrong.NotKeeperOfUnit, wrong.LinkNotPossible),
)
async def add_entry(
    situation_id: UUID, body: EntryCreate, session: SessionDep, who: Officer, clock: ClockDep
) -> m.SituationEntry:
    """A note, or a publication or an alert that belongs to it. Nothing is ever changed or taken away."""
    kind = EntryKind(body.kind)
    return await timeline.add_entry(session, situation_id, kind, body.body, body.object_id, who, clock.now())


@router.post(
    "/situations/{situation_id}/close",
    response_model=SituationOut,
    responses=problems(
        wrong.SituationNotFound, wrong.SituationClosed, wrong.NotKeeperOfUnit, wrong.SituationUnfinished
    ),
)
async def close_situation(
    situation_id: UUID, body: SituationClose, session: SessionDep, who: Officer, clock: ClockDep
) -> m.Situation:
    return await timeline.close_situation(session, situation_id, body.lesson, who, clock.now())


@router.get("/situations/{situation_id}/report", response_model=ReportOut, responses=problems(wrong.SituationNotFound))
async def read_report(situation_id: UUID, session: SessionDep, who: Reader, clock: ClockDep) -> report.Report:
    """Minutes from the opening to the statement's approval and to its being seen on each channel."""
    situation = await timeline.require_situation(session, situation_id, who)
    return await report.report_of(session, situation, clock.now())


async def _detail(session: SessionDep, situation: m.Situation, clock: ClockDep) -> SituationDetail:
    await session.flush()
    playbook = await queries.get_playbook(session, situation.playbook_id)
    statement = (await queries.publications_by_id(session, [situation.publication_id]))[situation.publication_id]
    assert playbook is not None
    more = {
        "speaking_unit_id": playbook.speaking_unit_id,
        "speakers": await queries.on_duty(session, playbook.speaking_unit_id, Role.SPOKESPERSON, clock.now()),
        "statement_state": PublicationState(statement.state),
        "missing": names_in(statement.title, statement.body),
        "steps": await queries.steps_of(session, situation.id),
        "timeline": await timeline.tell(session, situation),
    }
    told = SituationOut.model_validate(situation).model_dump(exclude={"badge"})
    return SituationDetail.model_validate({**told, **more}, from_attributes=True)


def _fields(body: PlaybookCreate | PlaybookReplace) -> dict[str, Any]:
    steps = [step.model_dump(mode="json") for step in body.checklist]
    return {**body.model_dump(exclude={"checklist"}), "checklist": steps}


def _by_id(row: Any) -> Cursor:
    return Cursor(None, row.id)
