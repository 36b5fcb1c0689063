"""Routes about plans, themes and campaigns: validate, call one use case, return."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query

from libs.common import models as m
from libs.common.auth import ClockDep, Principal, require
from libs.common.campaigns import Progress, targets_of
from libs.common.db import SessionDep
from libs.common.errors import Forbidden, Unauthenticated, problems
from libs.common.models.enums import PlanState
from libs.common.pagination import Cursor, Page, PageDep, page_of
from services.publish import plans_problems as wrong
from services.publish import plans_queries as queries
from services.publish.plans_schemas import (
    CampaignChoice,
    CampaignCreate,
    CampaignDetail,
    CampaignOfPublication,
    CampaignOut,
    CampaignPatch,
    CampaignProgress,
    PlanCreate,
    PlanOut,
    PlanPatch,
    StateMove,
    Target,
    ThemeCreate,
    ThemeOut,
    ThemePatch,
    Year,
)
from services.publish.problems import ChannelNotFound, PublicationNotFound
from services.publish.schemas import PublicationOut
from services.publish.service import campaigns, plans
from services.publish.service.publications import SEES

router = APIRouter(prefix="/api/publish/v1", tags=["plans"], responses=problems(Unauthenticated, Forbidden))

Reader = Annotated[Principal, require(*SEES)]
Planner = Annotated[Principal, require(*plans.PLANS)]

# --- plans --------------------------------------------------------------------------------------------------


@router.get("/plans", response_model=Page[PlanOut])
async def list_plans(
    session: SessionDep,
    who: Reader,
    page: PageDep,
    year: Annotated[Year | None, Query()] = None,
    programme_id: Annotated[UUID | None, Query()] = None,
    state: Annotated[PlanState | None, Query()] = None,
) -> Any:
    """Plans of one's own units, newest first."""
    rows = await queries.list_plans(session, page, who.units(*SEES), year, programme_id, state)
    return page_of(rows, page.limit, _by_id)


@router.post(
    "/plans",
    status_code=201,
    response_model=PlanOut,
    responses=problems(wrong.NotPlannerOfUnit, wrong.ProgrammeNotFound, wrong.DatesNotAllowed, wrong.PlanExists),
)
async def create_plan(body: PlanCreate, session: SessionDep, who: Planner, clock: ClockDep) -> m.Plan:
    return await plans.create_plan(session, body.model_dump(), who, clock.now())


@router.get("/plans/{plan_id}", response_model=PlanOut, responses=problems(wrong.PlanNotFound))
async def read_plan(plan_id: UUID, session: SessionDep, who: Reader) -> m.Plan:
    return await plans.read_plan(session, plan_id, who)


@router.patch(
    "/plans/{plan_id}",
    response_model=PlanOut,
    responses=problems(
        wrong.PlanNotFound,
        wrong.NotPlannerOfUnit,
        wrong.PlanEnded,
        wrong.ProgrammeNotFound,
        wrong.DatesNotAllowed,
        wrong.PlanExists,
    ),
)
async def change_plan(plan_id: UUID, body: PlanPatch, session: SessionDep, who: Planner, clock: ClockDep) -> m.Plan:
    return await plans.change_plan(session, plan_id, body.changes(), who, clock.now())


@router.post(
    "/plans/{plan_id}/state",
    response_model=PlanOut,
    responses=problems(wrong.PlanNotFound, wrong.NotPlannerOfUnit, wrong.PlanMoveNotAllowed),
)
async def move_plan(plan_id: UUID, body: StateMove, session: SessionDep, who: Planner, clock: ClockDep) -> m.Plan:
    """draft → running → ended; what ended can run again."""
    return await plans.move_plan(session, plan_id, body.state, who, clock.now())


@router.delete(
    "/plans/{plan_id}",
    status_code=204,
    responses=problems(wrong.PlanNotFound, wrong.NotPlannerOfUnit, wrong.PlanInUse),
)
async def delete_plan(plan_id: UUID, session: SessionDep, who: Planner, clock: ClockDep) -> None:
    """A draft without themes."""
    await plans.delete_plan(session, plan_id, who, clock.now())


# --- themes -------------------------------------------------------------------------------------------------


@router.get("/plans/{plan_id}/themes", response_model=Page[ThemeOut], responses=problems(wrong.PlanNotFound))
async def list_themes(plan_id: UUID, session: SessionDep, who: Reader, page: PageDep) -> Any:
    """In the plan's own order."""
    await plans.read_plan(session, plan_id, who)
    rows = await queries.list_themes(session, plan_id, page)
    return page_of(rows, page.limit, lambda theme: Cursor(theme.position, theme.id))


@router.post(
    "/plans/{plan_id}/themes",
    status_code=201,
    response_model=ThemeOut,
    responses=problems(wrong.PlanNotFound, wrong.NotPlannerOfUnit, wrong.PlanEnded, wrong.DatesNotAllowed),
)
async def create_theme(plan_id: UUID, body: ThemeCreate, session: SessionDep, who: Planner, clock: ClockDep) -> m.Theme:
    return await plans.create_theme(session, plan_id, body.model_dump(), who, clock.now())


@router.get("/themes/{theme_id}", response_model=ThemeOut, responses=problems(wrong.ThemeNotFound))
async def read_theme(theme_id: UUID, session: SessionDep, who: Reader) -> m.Theme:
    return (await plans.read_theme(session, theme_id, who))[1]


@router.patch(
    "/themes/{theme_id}",
    response_model=ThemeOut,
    responses=problems(wrong.ThemeNotFound, wrong.NotPlannerOfUnit, wrong.PlanEnded, wrong.DatesNotAllowed),
)
async def change_theme(theme_id: UUID, body: ThemePatch, session: SessionDep, who: Planner, clock: ClockDep) -> m.Theme:
    return await plans.change_theme(session, theme_id, body.changes(), who, clock.now())


@router.delete(
    "/themes/{theme_id}",
    status_code=204,
    responses=problems(wrong.ThemeNotFound, wrong.NotPlannerOfUnit, wrong.PlanEnded, wrong.PlanInUse),
)
async def delete_theme(theme_id: UUID, session: SessionDep, who: Planner, clock: ClockDep) -> None:
    await plans.delete_theme(session, theme_id, who, clock.now())


# --- campaigns ----------------------------------------------------------------------------------------------


@router.get("/campaigns", response_model=Page[CampaignOut])
async def list_campaigns(
    session: SessionDep,
    who: Reader,
    page: PageDep,
    plan_id: Annotated[UUID | None, Query()] = None,
    theme_id: Annotated[UUID | None, Query()] = None,
    state: Annotated[PlanState | None, Query()] = None,
) -> Any:
    """Campaigns of one's own units, as they begin."""
    rows = await queries.list_campaigns(session, page, who.units(*SEES), plan_id, theme_id, state)
    return page_of(rows, page.limit, lambda campaign: Cursor(campaign.starts_on.isoformat(), campaign.id))


@router.post(
    "/themes/{theme_id}/campaigns",
    status_code=201,
    response_model=CampaignDetail,
    responses=problems(
        wrong.ThemeNotFound,
        wrong.NotPlannerOfUnit,
        wrong.PlanEnded,
        wrong.DatesNotAllowed,
        ChannelNotFound,
        wrong.CampaignChannelRefused,
    ),
)
async def create_campaign(
    theme_id: UUID, body: CampaignCreate, session: SessionDep, who: Planner, clock: ClockDep
) -> CampaignDetail:
    return await _detail(
        session, await campaigns.create_campaign(session, theme_id, body.model_dump(), who, clock.now())
    )


@router.get("/campaigns/{campaign_id}", response_model=CampaignDetail, responses=problems(wrong.CampaignNotFound))
async def read_campaign(campaign_id: UUID, session: SessionDep, who: Reader) -> CampaignDetail:
    return await _detail(session, await campaigns.read_campaign(session, campaign_id, who))


@router.patch(
    "/campaigns/{campaign_id}",
    response_model=CampaignDetail,
    responses=problems(
        wrong.CampaignNotFound,
        wrong.NotPlannerOfUnit,
        wrong.PlanEnded,
        wrong.DatesNotAllowed,
        ChannelNotFound,
        wrong.CampaignChannelRefused,
    ),
)
async def change_campaign(
    campaign_id: UUID, body: CampaignPatch, session: SessionDep, who: Planner, clock: ClockDep
) -> CampaignDetail:
    campaign = await campaigns.change_campaign(session, campaign_id, body.changes(), who, clock.now())
    return await _detail(session, campaign)


@router.post(
    "/campaigns/{campaign_id}/state",
    response_model=CampaignDetail,
    responses=problems(wrong.CampaignNotFound, wrong.NotPlannerOfUnit, wrong.PlanMoveNotAllowed),
)
async def move_campaign(
    campaign_id: UUID, body: StateMove, session: SessionDep, who: Planner, clock: ClockDep
) -> CampaignDetail:
    """draft → running (while the plan runs) → ended; what ended can run again."""
    return await _detail(session, await campaigns.move_campaign(session, campaign_id, body.state, who, clock.now()))


@router.delete(
    "/campaigns/{campaign_id}",
    status_code=204,
    responses=problems(wrong.CampaignNotFound, wrong.NotPlannerOfUnit, wrong.PlanInUse),
)
async def delete_campaign(campaign_id: UUID, session: SessionDep, who: Planner, clock: ClockDep) -> None:
    """A draft without publications."""
    await campaigns.delete_campaign(session, campaign_id, who, clock.now())


@router.get(
    "/campaigns/{campaign_id}/progress",
    response_model=CampaignProgress,
    responses=problems(wrong.CampaignNotFound),
)
async def read_progress(campaign_id: UUID, session: SessionDep, who: Reader, clock: ClockDep) -> Progress:
    """Publications by state, and what the platforms told against the targets; null where nothing was told."""
    return await campaigns.campaign_progress(session, campaign_id, who, clock.now())


@router.get(
    "/campaigns/{campaign_id}/publications",
    response_model=Page[PublicationOut],
    responses=problems(wrong.CampaignNotFound),
)
async def list_publications(campaign_id: UUID, session: SessionDep, who: Reader, page: PageDep) -> Any:
    """Newest first; here are also those that have no time yet and so are in no calendar."""
    await campaigns.read_campaign(session, campaign_id, who)
    return page_of(await queries.list_publications(session, campaign_id, page), page.limit, _by_id)


@router.put(
    "/publications/{publication_id}/campaign",
    response_model=CampaignOfPublication,
    responses=problems(
        PublicationNotFound,
        wrong.CampaignNotFound,
        wrong.NotPlannerOfUnit,
        wrong.CampaignOfAnotherUnit,
        wrong.PlanEnded,
    ),
)
async def assign_publication(
    publication_id: UUID, body: CampaignChoice, session: SessionDep, who: Planner, clock: ClockDep
) -> CampaignOfPublication:
    """Into a campaign of the same unit, or out of it; nothing that was approved is touched."""
    now = clock.now()
    publication = await campaigns.assign_publication(session, publication_id, body.campaign_id, who, now)
    told = {name: getattr(publication, name) for name in ("campaign_id", "revision", "state")}
    return CampaignOfPublication(publication_id=publication.id, **told)


async def _detail(session: SessionDep, campaign: m.Campaign) -> CampaignDetail:
    channels = await queries.channels_of(session, [campaign.id])
    targets = await targets_of(session, [campaign.id])
    return CampaignDetail(
        **CampaignOut.model_validate(campaign).model_dump(),
        channel_ids=[channel.id for channel in channels.get(campaign.id, [])],
        targets=[Target.model_validate(target) for target in targets.get(campaign.id, [])],
    )


def _by_id(row: Any) -> Cursor:
    return Cursor(None, row.id)
