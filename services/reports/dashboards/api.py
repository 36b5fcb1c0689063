"""Routes of the console's front page, one call for each of its parts. Ask again with If-None-Match."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from libs.common.auth import ClockDep, Principal, require
from libs.common.db import SessionDep
from libs.common.errors import Forbidden, Unauthenticated, problems
from services.reports.dashboards.answering import answer
from services.reports.dashboards.approvals import waiting_approvals
from services.reports.dashboards.channels import channel_health
from services.reports.dashboards.overdue import overdue
from services.reports.dashboards.parts import Look, looked
from services.reports.dashboards.rising import rising
from services.reports.dashboards.schemas import (
    ApprovalsOut,
    ChannelsOut,
    OverdueOut,
    RisingOut,
    SourcesOut,
    TodayOut,
)
from services.reports.dashboards.sight import sight_of
from services.reports.dashboards.sources import source_health
from services.reports.dashboards.today import today
from services.reports.issuing.access import READERS

router = APIRouter(
    prefix="/api/reports/v1/dashboards",
    tags=["dashboards"],
    responses={304: {"description": "The asker holds these data already"}, **problems(Unauthenticated, Forbidden)},
)


async def _look(session: SessionDep, who: Annotated[Principal, require(*READERS)], clock: ClockDep) -> Look:
    return Look(session, await sight_of(session, who), clock.now())


LookDep = Annotated[Look, Depends(_look, scope="function")]


@router.get("/today", response_model=TodayOut)
async def read_today(request: Request, look: LookDep) -> Response:
    """What came in since midnight, what is said back, what waits; what goes on or comes today."""
    return answer(request, await looked(look, today))


@router.get("/rising-stories", response_model=RisingOut)
async def read_rising_stories(request: Request, look: LookDep) -> Response:
    """Stories and series that rise, the strongest first: since when, how unusual, and who was told."""
    return answer(request, await looked(look, rising))


@router.get("/waiting-approvals", response_model=ApprovalsOut)
async def read_waiting_approvals(request: Request, look: LookDep) -> Response:
    """What waits for a second person, and whether the caller may be that person, or why not."""
    return answer(request, await looked(look, waiting_approvals))


@router.get("/overdue", response_model=OverdueOut)
async def read_overdue(request: Request, look: LookDep) -> Response:
    """What is past its time, the longest first, and who has to act."""
    return answer(request, await looked(look, overdue))


@router.get("/channel-health", response_model=ChannelsOut)
async def read_channel_health(request: Request, look: LookDep) -> Response:
    """How each channel is, the worst first."""
    return answer(request, await looked(look, channel_health))


@router.get("/source-health", response_model=SourcesOut)
async def read_source_health(request: Request, look: LookDep) -> Response:
    """How many sources are how, and those that need somebody, the worst first."""
    return answer(request, await looked(look, source_health))
