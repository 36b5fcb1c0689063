"""What the front page is told. Words for people are Vietnamese; `href` is the address of the object in the API."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from pydantic import BaseModel, Field

from libs.common.models.alerts import AlertSeverity, AlertState
from libs.common.models.catalogue import SourceHealth
from libs.common.models.enums import ChannelState, Role, SourceGroup, SourceKind
from libs.common.models.trends import Dimension


class FigureOut(BaseModel):
    """A number that says where it comes from; null is not known."""

    value: int | float | None
    as_of: datetime
    source: str
    formula: str
    unit: str


class ItemKind(StrEnum):
    STORY = "story"
    BURST = "burst"
    PUBLICATION = "publication"
    LABEL_PROPOSAL = "label_proposal"
    CASE_RELABELLING = "case_relabelling"
    FEEDBACK_CASE = "feedback_case"
    DATA_REQUEST = "data_request"
    TASK = "task"
    ASSIGNMENT = "assignment"
    ACTIVITY = "activity"
    DELIVERY = "delivery"
    TAKEDOWN = "takedown"
    SITUATION = "situation"
    PAUSE = "pause"
    CHANNEL = "channel"
    SOURCE = "source"


class Actor(BaseModel):
    """Who has to act: a role, and of which unit; `unit` null: of the city's desks, or of whichever unit is on duty."""

    role: Role
    role_name: str
    unit: str | None


class Item(BaseModel):
    """Something to show and to link. `title` is null where nothing published may be quoted."""

    kind: ItemKind
    id: UUID
    title: str | None
    unit: str | None
    is_drill: bool = False
    since: datetime
    who: Actor | None = Field(description="who has to act; null: nobody has to")
    href: str


class Dashboard(BaseModel):
    as_of: datetime
    note: str | None = Field(description="said where there is nothing to show, or where a part could not be read")


# --- today --------------------------------------------------------------------------------------------------


class TodayFigures(BaseModel):
    """Since midnight in Hà Nội, or as it stands now."""

    items: FigureOut
    items_usual: FigureOut
    classified: FigureOut
    stories: FigureOut
    bursts: FigureOut
    alerts: FigureOut
    feedback_received: FigureOut
    feedback_answered: FigureOut
    feedback_waiting: FigureOut
    published: FigureOut
    corrections: FigureOut
    scheduled: FigureOut
    approvals: FigureOut
    tasks: FigureOut


class TodayItem(Item):
    """What is going on (a situation, a pause) or comes today (a publication, an activity): `at` is its hour."""

    at: datetime | None


class TodayOut(Dashboard):
    since: datetime = Field(description="midnight in Hà Nội")
    figures: TodayFigures
    items: list[TodayItem]


# --- rising stories -----------------------------------------------------------------------------------------


class RaisedAlert(BaseModel):
    id: UUID
    severity: AlertSeverity
    state: AlertState
    href: str


class RisingItem(Item):
    """A story, or a series that rises as a whole (a field, a place); `says` tells how unusual it is."""

    dimension: Dimension
    field: str | None
    seen: FigureOut
    expected: FigureOut
    says: str
    links: list[str] = Field(description="addresses of published pages, at most three")
    alert: RaisedAlert | None
    is_about_my_place: bool


class RisingFigures(BaseModel):
    stories: FigureOut
    bursts: FigureOut
    unseen_alerts: FigureOut


class RisingOut(Dashboard):
    figures: RisingFigures
    items: list[RisingItem]


# --- waiting approvals --------------------------------------------------------------------------------------


class ApprovalItem(Item):
    """`why_not` says why the caller may not; null where they may."""

    is_urgent: bool
    scheduled_at: datetime | None
    needed: int
    given: int
    may_approve: bool
    why_not: str | None
    decide: str = Field(description="where the decision is posted")


class ApprovalFigures(BaseModel):
    waiting: FigureOut
    urgent: FigureOut
    mine: FigureOut
    drills: FigureOut


class ApprovalsOut(Dashboard):
    figures: ApprovalFigures
    items: list[ApprovalItem]


# --- overdue ------------------------------------------------------------------------------------------------


class OverdueItem(Item):
    due_at: datetime


class OverdueFigures(BaseModel):
    feedback_cases: FigureOut
    data_requests: FigureOut
    tasks: FigureOut
    assignments: FigureOut
    activities: FigureOut
    deliveries: FigureOut
    takedowns: FigureOut


class OverdueOut(Dashboard):
    figures: OverdueFigures
    items: list[OverdueItem]


# --- channel health -----------------------------------------------------------------------------------------


class ChannelHealth(StrEnum):
    """`stuck`: something waits for a person or was refused; `waiting`: something is on its way longer than it should
    be, or the platform bids us wait; `ending`: the account has to be connected again soon."""

    OK = "ok"
    ENDING = "ending"
    WAITING = "waiting"
    STUCK = "stuck"
    PAUSED = "paused"
    NEEDS_RECONNECT = "needs_reconnect"


class ChannelItem(Item):
    platform: str
    state: ChannelState
    health: ChannelHealth
    health_name: str
    says: str
    last_seen_at: datetime | None = Field(description="when a post of it was last seen on the platform")
    credentials_end_at: datetime | None
    published_7d: FigureOut
    waiting: FigureOut
    stuck: FigureOut


class ChannelFigures(BaseModel):
    ok: FigureOut
    ending: FigureOut
    waiting: FigureOut
    stuck: FigureOut
    paused: FigureOut
    needs_reconnect: FigureOut


class ChannelsOut(Dashboard):
    figures: ChannelFigures
    items: list[ChannelItem]


# --- source health ------------------------------------------------------------------------------------------


class SourceItem(Item):
    source_kind: SourceKind
    kind_name: str
    group: SourceGroup
    group_name: str
    health: SourceHealth
    health_name: str
    says: str | None
    last_ok_at: datetime | None
    last_item_at: datetime | None


class SourceFigures(BaseModel):
    """As intake judged each source last; `late`: to be read by now, and not read yet."""

    ok: FigureOut
    new: FigureOut
    silent: FigureOut
    flooding: FigureOut
    failing: FigureOut
    blocked: FigureOut
    broken: FigureOut
    paused: FigureOut
    late: FigureOut
    items_24h: FigureOut


class SourcesOut(Dashboard):
    figures: SourceFigures
    items: list[SourceItem]
