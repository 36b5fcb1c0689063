"""Gathering what a file tells: a range of the calendar, or a plan with all below it."""

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from itertools import groupby
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import models as m
from libs.common.auth import Principal
from libs.common.campaigns import Progress, progress_of
from libs.common.clock import HANOI
from libs.common.models.enums import PlanState
from services.publish import calendar_queries, plans_queries
from services.publish import plans_problems as wrong
from services.publish.calendar_queries import Asked
from services.publish.exports.contents import CampaignLine, Contents, TargetLine, ThemeLine
from services.publish.service import calendar, plans

MOST_CAMPAIGNS = 500


async def calendar_contents(session: AsyncSession, asked: Asked, who: Principal, now: datetime) -> Contents:
    entries = await calendar.all_entries(session, asked)
    name, above = await _names(session, asked.units, who)
    first = asked.since.astimezone(HANOI).date()
    last = (asked.until - timedelta(microseconds=1)).astimezone(HANOI).date()
    title = f"Lịch đăng tin từ ngày {first:%d/%m/%Y} đến ngày {last:%d/%m/%Y}"
    return Contents(name, above, "Lịch đăng tin", title, entries, now)


async def plan_contents(session: AsyncSession, plan_id: UUID, who: Principal, now: datetime) -> Contents:
    """The plan's own year of its campaigns' publications, whatever a quarter is."""
    plan = await plans.read_plan(session, plan_id, who)
    themes = await _themes(session, plan, now)
    first, last = plans.year_of(plan)
    since, until = (datetime.combine(day, time(), HANOI) for day in (first, last + timedelta(days=1)))
    asked = Asked(frozenset({plan.unit_id}), since, until, plan_id=plan.id)
    name, above = await _names(session, asked.units, who)
    programme = await plans_queries.get_programme(session, plan.programme_id) if plan.programme_id else None
    return Contents(
        unit_name=name,
        above=above,
        form="Kế hoạch",
        title=plan.title,
        entries=await calendar.all_entries(session, asked),
        as_of=now,
        goals=plan.goals,
        programme=f"{programme.number}: {programme.title}" if programme else None,
        themes=themes,
        is_plan=True,
    )


async def _names(session: AsyncSession, units: frozenset[UUID], who: Principal) -> tuple[str, str | None]:
    """Of the one unit that is asked about; of several, of the person's own."""
    unit_id = next(iter(units)) if len(units) == 1 else who.unit_id
    unit = await calendar_queries.get_unit(session, unit_id)
    above = await calendar_queries.get_unit(session, unit.parent_id) if unit and unit.parent_id else None
    return unit.name if unit else "", above.name if above else None


async def _themes(session: AsyncSession, plan: m.Plan, now: datetime) -> list[ThemeLine]:
    rows = await plans_queries.campaigns_of_plan(session, plan.id, MOST_CAMPAIGNS + 1)
    if len(rows) > MOST_CAMPAIGNS:
        raise wrong.ExportTooLong(f"Kế hoạch có hơn {MOST_CAMPAIGNS} chiến dịch: hãy xuất lịch theo từng khoảng.")
    ids = [campaign.id for _, campaign in rows if campaign is not None]
    channels = await plans_queries.channels_of(session, ids)
    reached = await progress_of(session, ids, now)
    lines = []
    for theme, group in groupby(rows, key=lambda row: row[0]):
        held = [campaign for _, campaign in group if campaign is not None]
        shown = tuple(_campaign_line(c, channels.get(c.id, []), reached[c.id]) for c in held)
        lines.append(ThemeLine(theme.title, theme.starts_on, theme.ends_on, shown))
    return lines


def _campaign_line(campaign: m.Campaign, channels: Sequence[m.Channel], progress: Progress) -> CampaignLine:
    targets = (TargetLine(t.metric, t.definition, t.target, t.value, t.as_of) for t in progress.targets)
    return CampaignLine(
        id=str(campaign.id),
        title=campaign.title,
        goals=campaign.goals,
        audience=campaign.audience,
        starts_on=campaign.starts_on,
        ends_on=campaign.ends_on,
        state=PlanState(campaign.state),
        channels=tuple(channel.name for channel in channels),
        targets=tuple(targets),
        publications=progress.total,
        updated_at=campaign.updated_at,
    )
