"""What stands in the calendar, and what about it is worth a second look. Pure: no database, no clock."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from libs.common.clock import HANOI
from libs.common.models.enums import PublicationState
from services.publish.domain import GOING_OUT, quiet_until

CLOSE = timedelta(minutes=30)
"""Two publications nearer than this on one channel take each other's readers."""
LONGEST = timedelta(days=92)
"""A quarter: the longest range that is shown or exported at once."""
DEAD = frozenset({PublicationState.WITHDRAWN, PublicationState.KILLED})
UNAPPROVED = frozenset({PublicationState.DRAFT, PublicationState.IN_REVIEW})


@dataclass(frozen=True)
class ChannelTold:
    id: UUID
    name: str
    kind: str
    settings: Mapping[str, Any] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class CampaignTold:
    id: UUID
    title: str
    starts_on: date
    ends_on: date


@dataclass(frozen=True)
class Hint:
    """Something to look at; nothing is forbidden by it."""

    kind: str
    message: str
    channel_id: UUID | None = None
    publication_id: UUID | None = None
    minutes_apart: int | None = None


@dataclass(frozen=True)
class Entry:
    """One publication at its instant: when it went out, or when it is to go."""

    publication_id: UUID
    unit_id: UUID
    title: str
    slug: str
    kind: str
    state: PublicationState
    revision: int
    is_urgent: bool
    is_drill: bool
    at: datetime
    scheduled_at: datetime | None
    published_at: datetime | None
    updated_at: datetime
    channels: tuple[ChannelTold, ...] = ()
    campaign: CampaignTold | None = None
    conflicts: tuple[Hint, ...] = ()

    @property
    def day(self) -> date:
        return self.at.astimezone(HANOI).date()

    @property
    def may_change(self) -> bool:
        return self.state not in DEAD and self.state not in GOING_OUT


@dataclass(frozen=True)
class Neighbour:
    """What else goes to a channel."""

    publication_id: UUID
    title: str
    channel_id: UUID
    at: datetime


def hints(entries: Sequence[Entry], neighbours: Iterable[Neighbour]) -> dict[UUID, tuple[Hint, ...]]:
    """For each entry that can still be moved: too close on a channel, in its quiet hours, outside its campaign."""
    on_channel: dict[UUID, list[Neighbour]] = defaultdict(list)
    for neighbour in neighbours:
        on_channel[neighbour.channel_id].append(neighbour)
    return {e.publication_id: (*_close(e, on_channel), *_quiet(e), *_outside(e)) for e in entries if e.may_change}


def _close(entry: Entry, on_channel: Mapping[UUID, Sequence[Neighbour]]) -> Iterable[Hint]:
    for channel in entry.channels:
        for other in on_channel.get(channel.id, ()):
            apart = abs(other.at - entry.at)
            if other.publication_id == entry.publication_id or apart >= CLOSE:
                continue
            minutes = int(apart.total_seconds() // 60)
            when = f"lúc {other.at.astimezone(HANOI):%H:%M}"
            message = f"Kênh “{channel.name}” có tin “{other.title}” {when}, cách {minutes} phút."
            yield Hint("too_close", message, channel.id, other.publication_id, minutes)


def _quiet(entry: Entry) -> Iterable[Hint]:
    """What is urgent goes out in quiet hours too."""
    for channel in entry.channels:
        until = quiet_until(channel.settings.get("quiet_hours"), entry.at)
        if until is not None and not entry.is_urgent:
            message = f"Kênh “{channel.name}” đang giờ yên lặng đến {until.astimezone(HANOI):%H:%M}."
            yield Hint("quiet_hours", message, channel.id)


def _outside(entry: Entry) -> Iterable[Hint]:
    campaign = entry.campaign
    if campaign is not None and not campaign.starts_on <= entry.day <= campaign.ends_on:
        span = f"{campaign.starts_on:%d/%m/%Y}–{campaign.ends_on:%d/%m/%Y}"
        yield Hint("outside_campaign", f"Ngày đăng nằm ngoài chiến dịch “{campaign.title}” ({span}).")
