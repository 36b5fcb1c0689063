"""Campaigns of a theme: their channels and targets, which publications belong to them, and how far they have come."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import models as m
from libs.common.auth import Principal
from libs.common.campaigns import Progress, progress_of
from libs.common.ids import new_id
from libs.common.models.enums import ChannelState, PlanState
from services.publish import plans_problems as wrong
from services.publish import plans_queries as queries
from services.publish.problems import ChannelNotFound
from services.publish.queries import channels_by_id
from services.publish.service import plans
from services.publish.service.publications import SEES, require_locked


async def create_campaign(
    session: AsyncSession, theme_id: UUID, fields: dict[str, Any], who: Principal, now: datetime
) -> m.Campaign:
    plan, theme = await plans.planned_theme(session, theme_id, who)
    plans.require_open(plan.state)
    _require_in_theme(fields["starts_on"], fields["ends_on"], theme)
    channel_ids, targets = fields.pop("channel_ids"), fields.pop("targets")
    campaign = m.Campaign(
        id=new_id(now),
        theme_id=theme.id,
        unit_id=plan.unit_id,
        state=PlanState.DRAFT,
        created_by=who.person_id,
        created_at=now,
        updated_at=now,
        **fields,
    )
    session.add(campaign)
    await session.flush()
    await _set_channels(session, campaign, channel_ids)
    await _set_targets(session, campaign, targets, now)
    facts = {"theme_id": str(theme.id), **plans.dates(campaign)}
    await plans.record(session, "campaign", campaign.id, "campaign.created", who, now, facts)
    return campaign


async def change_campaign(
    session: AsyncSession, campaign_id: UUID, changes: dict[str, Any], who: Principal, now: datetime
) -> m.Campaign:
    theme, campaign = await _planned(session, campaign_id, who)
    plans.require_open(campaign.state)
    facts: dict[str, Any] = {"fields": sorted(changes)}
    starts_on, ends_on = changes.get("starts_on", campaign.starts_on), changes.get("ends_on", campaign.ends_on)
    _require_in_theme(starts_on, ends_on, theme)
    if (channel_ids := changes.pop("channel_ids", None)) is not None:
        await _set_channels(session, campaign, channel_ids)
    if (targets := changes.pop("targets", None)) is not None:
        await _set_targets(session, campaign, targets, now)
    for name, value in changes.items():
        setattr(campaign, name, value)
    campaign.updated_at = now
    facts |= plans.dates(campaign)
    await plans.record(session, "campaign", campaign.id, "campaign.changed", who, now, facts)
    return campaign


async def move_campaign(
    session: AsyncSession, campaign_id: UUID, to: PlanState, who: Principal, now: datetime
) -> m.Campaign:
    """A campaign runs only while its plan does."""
    theme, campaign = await _planned(session, campaign_id, who)
    plans.require_move(campaign.state, to)
    plan = await plans.read_plan(session, theme.plan_id, who)
    if to is PlanState.RUNNING and plan.state != PlanState.RUNNING:
        raise wrong.PlanMoveNotAllowed(
            f"Kế hoạch năm {plan.year} {plans.STATE_NAMES[PlanState(plan.state)]}: hãy cho kế hoạch thực hiện trước."
        )
    before, campaign.state, campaign.updated_at = campaign.state, to, now
    facts = {"from": str(before), "to": str(to)}
    await plans.record(session, "campaign", campaign.id, "campaign.moved", who, now, facts)
    return campaign


async def delete_campaign(session: AsyncSession, campaign_id: UUID, who: Principal, now: datetime) -> None:
    theme, campaign = await _planned(session, campaign_id, who)
    if campaign.state != PlanState.DRAFT:
        raise wrong.PlanInUse("Chỉ xóa được chiến dịch dự thảo; chiến dịch đã thực hiện thì hãy kết thúc.")
    if count := await queries.count_publications(session, campaign.id):
        raise wrong.PlanInUse(f"Chiến dịch còn {count} tin: hãy đưa các tin ra khỏi chiến dịch trước.")
    await session.delete(campaign)
    await plans.record(session, "campaign", campaign.id, "campaign.deleted", who, now, {"theme_id": str(theme.id)})


async def read_campaign(session: AsyncSession, campaign_id: UUID, who: Principal, *, lock: bool = False) -> m.Campaign:
    campaign = await queries.get(session, m.Campaign, campaign_id, lock=lock)
    if campaign is None or campaign.unit_id not in who.units(*SEES):
        raise wrong.CampaignNotFound(f"Không có chiến dịch {campaign_id} trong đơn vị của bạn.")
    return campaign


async def _planned(session: AsyncSession, campaign_id: UUID, who: Principal) -> tuple[m.Theme, m.Campaign]:
    """Theme and campaign, locked with their plan, for whoever may change them."""
    campaign = await read_campaign(session, campaign_id, who)
    _, theme = await plans.planned_theme(session, campaign.theme_id, who)
    return theme, await read_campaign(session, campaign_id, who, lock=True)


def _require_in_theme(starts_on: Any, ends_on: Any, theme: m.Theme) -> None:
    plans.require_within(starts_on, ends_on, theme.starts_on, theme.ends_on, f"chủ đề “{theme.title}”")


async def _set_channels(session: AsyncSession, campaign: m.Campaign, channel_ids: Iterable[UUID]) -> None:
    """A unit's own channels, and the city's bulletin."""
    wanted = list(dict.fromkeys(channel_ids))
    found = await channels_by_id(session, wanted)
    for channel_id in wanted:
        channel = found.get(channel_id)
        if channel is None:
            raise ChannelNotFound(f"Không có kênh {channel_id}.")
        if channel.unit_id != campaign.unit_id and channel.kind != "own_site":
            raise wrong.CampaignChannelRefused(f"Kênh “{channel.name}” thuộc đơn vị khác: hãy chọn kênh của đơn vị.")
        if channel.state == ChannelState.RETIRED:
            raise wrong.CampaignChannelRefused(f"Kênh “{channel.name}” đã ngừng sử dụng: hãy chọn kênh khác.")
    await queries.replace_channels(session, campaign.id, wanted)


async def _set_targets(
    session: AsyncSession, campaign: m.Campaign, targets: Sequence[dict[str, Any]], now: datetime
) -> None:
    rows = [{"id": new_id(now), "campaign_id": campaign.id, **target} for target in targets]
    await queries.replace_targets(session, campaign.id, rows)


# --- publications of a campaign -----------------------------------------------------------------------------


async def assign_publication(
    session: AsyncSession, publication_id: UUID, campaign_id: UUID | None, who: Principal, now: datetime
) -> m.Publication:
    """Where a publication belongs is organisation, not content: no revision, and no approval is voided."""
    publication = await require_locked(session, publication_id, who)
    plans.require_planner(who, publication.unit_id)
    if campaign_id is not None:
        campaign = await read_campaign(session, campaign_id, who)
        if campaign.unit_id != publication.unit_id:
            raise wrong.CampaignOfAnotherUnit("Hãy chọn một chiến dịch của chính đơn vị có tin.")
        plans.require_open(campaign.state)
    if publication.campaign_id == campaign_id:
        return publication
    facts = {"from": _told(publication.campaign_id), "to": _told(campaign_id)}
    publication.campaign_id = campaign_id
    await plans.record(session, "publication", publication.id, "publication.campaign_set", who, now, facts)
    return publication


def _told(row_id: UUID | None) -> str | None:
    return str(row_id) if row_id else None


# --- how far a campaign has come ----------------------------------------------------------------------------


async def campaign_progress(session: AsyncSession, campaign_id: UUID, who: Principal, now: datetime) -> Progress:
    campaign = await read_campaign(session, campaign_id, who)
    return (await progress_of(session, [campaign.id], now))[campaign.id]
