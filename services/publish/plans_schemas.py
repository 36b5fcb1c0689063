"""Bodies about plans, campaigns and the calendar."""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, Field, StringConstraints

from libs.common.models.enums import PlanState, PublicationKind, PublicationState
from services.publish.people_schemas import Instant
from services.publish.schemas import ChannelIds, Note, Row, Strict, Title, _clean

LongText = Annotated[str, StringConstraints(strip_whitespace=True, max_length=10_000), AfterValidator(_clean)]
Year = Annotated[int, Field(ge=2000, le=2100)]
Metric = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
Position = Annotated[int, Field(ge=0, le=1000)]


class PlanCreate(Strict):
    unit_id: UUID | None = Field(default=None, description="the caller's own unit where absent")
    programme_id: UUID | None = Field(default=None, description="the year lies in the programme's period")
    year: Year
    title: Title
    goals: LongText = ""


class PlanPatch(Strict):
    """Only what is given changes; the year stays, since themes lie in it."""

    programme_id: UUID | None = None
    title: Title | None = None
    goals: LongText | None = None

    def changes(self) -> dict[str, Any]:
        sent = self.model_dump(exclude_unset=True)
        return {name: value for name, value in sent.items() if value is not None or name == "programme_id"}


class StateMove(Strict):
    state: PlanState


class PlanOut(Row):
    id: UUID
    unit_id: UUID
    programme_id: UUID | None
    year: int
    title: str
    goals: str
    state: PlanState
    created_by: UUID
    created_at: datetime
    updated_at: datetime


class ThemeCreate(Strict):
    title: Title
    starts_on: date
    ends_on: date
    position: Position | None = Field(default=None, description="after the others where absent")


class ThemePatch(Strict):
    title: Title | None = None
    starts_on: date | None = None
    ends_on: date | None = None
    position: Position | None = None

    def changes(self) -> dict[str, Any]:
        return self.model_dump(exclude_none=True)


class ThemeOut(Row):
    id: UUID
    plan_id: UUID
    title: str
    starts_on: date
    ends_on: date
    position: int
    created_at: datetime


class Target(Row):
    """A figure to reach. `publications` is counted here; every other metric is what the channels' platforms tell."""

    metric: Metric
    target: Annotated[int, Field(ge=0, le=10**15)]
    definition: Note = Field(description="how it is counted, in words")


Targets = Annotated[list[Target], Field(max_length=20)]


def _one_each(targets: list[Target] | None) -> list[Target] | None:
    if targets is not None and len({target.metric for target in targets}) < len(targets):
        raise ValueError("mỗi chỉ số chỉ có một chỉ tiêu / one target for each metric")
    return targets


class CampaignCreate(Strict):
    title: Title
    goals: LongText = ""
    audience: LongText = ""
    starts_on: date
    ends_on: date
    channel_ids: ChannelIds = Field(default_factory=list)
    targets: Annotated[Targets, AfterValidator(_one_each)] = Field(default_factory=list)


class CampaignPatch(Strict):
    """Only what is given changes; channels and targets are replaced as a whole."""

    title: Title | None = None
    goals: LongText | None = None
    audience: LongText | None = None
    starts_on: date | None = None
    ends_on: date | None = None
    channel_ids: ChannelIds | None = None
    targets: Annotated[Targets | None, AfterValidator(_one_each)] = None

    def changes(self) -> dict[str, Any]:
        return self.model_dump(exclude_none=True)


class CampaignOut(Row):
    id: UUID
    theme_id: UUID
    unit_id: UUID
    title: str
    goals: str
    audience: str
    starts_on: date
    ends_on: date
    state: PlanState
    created_by: UUID
    created_at: datetime
    updated_at: datetime


class CampaignDetail(CampaignOut):
    channel_ids: list[UUID]
    targets: list[Target]


class FigureOut(Row):
    """What one channel's platform told last, summed over the campaign's posts there."""

    channel_id: UUID
    channel_name: str
    definition: str
    value: int
    posts: int
    as_of: datetime = Field(description="the oldest reading within the sum")


class TargetProgress(Target):
    value: int | None = Field(description="null where nothing was told; never 0 for want of a figure")
    percent: float | None
    as_of: datetime | None = Field(description="the oldest reading within the value")
    posts_without_figure: int | None = Field(description="posts that are out and of which nothing is known")
    channels: list[FigureOut]


class CampaignProgress(Row):
    campaign_id: UUID
    as_of: datetime
    publications: dict[PublicationState, int]
    total: int
    targets: list[TargetProgress]


class CampaignChoice(Strict):
    campaign_id: UUID | None = Field(description="null takes the publication out of its campaign")


class CampaignOfPublication(Row):
    publication_id: UUID
    campaign_id: UUID | None
    revision: int
    state: PublicationState


# --- the calendar -------------------------------------------------------------------------------------------


class ChannelTold(Row):
    id: UUID
    name: str
    kind: str


class CampaignTold(Row):
    id: UUID
    title: str


class HintOut(Row):
    """Something to look at; nothing is forbidden by it."""

    kind: str = Field(description="too_close | quiet_hours | outside_campaign")
    message: str
    channel_id: UUID | None = None
    publication_id: UUID | None = None
    minutes_apart: int | None = None


class CalendarItem(Row):
    publication_id: UUID
    unit_id: UUID
    title: str
    kind: PublicationKind
    state: PublicationState
    revision: int
    is_urgent: bool
    is_drill: bool
    at: datetime = Field(description="published_at, or scheduled_at where it is not out; Hà Nội time")
    day: date = Field(description="the day in Hà Nội")
    scheduled_at: datetime | None
    published_at: datetime | None
    channels: list[ChannelTold]
    campaign: CampaignTold | None
    conflicts: list[HintOut]


class Move(Strict):
    scheduled_at: Instant
    revision: int = Field(description="the one you saw; a newer one is not overwritten")


class Voided(Row):
    approvals: int
    deliveries: int


class MoveOut(Row):
    publication_id: UUID
    is_preview: bool
    is_changed: bool
    state: PublicationState
    revision: int
    scheduled_at: datetime
    state_before: PublicationState
    revision_before: int
    scheduled_before: datetime | None
    voided: Voided
    message: str
    conflicts: list[HintOut]


class FeedCreate(Strict):
    unit_id: UUID | None = Field(default=None, description="the caller's own unit where absent")


class FeedOut(Row):
    id: UUID
    unit_id: UUID
    created_by: UUID
    created_at: datetime
    revoked_at: datetime | None


class FeedAddress(FeedOut):
    url: str = Field(description="shown this once; whoever has it reads the calendar")
