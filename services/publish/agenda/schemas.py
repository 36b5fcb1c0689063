"""Bodies of the events desk."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, Field, StringConstraints, ValidationInfo, field_validator

from libs.common.activities import TARGET, Told, measure
from libs.common.activities import Row as EventRow
from libs.common.clock import HANOI
from libs.common.models.agenda import AgendaSource, AgendaState, CalendarState, MeasuredFrom
from services.publish.agenda.calendar_rules import HOURLY
from services.publish.schemas import Body, ChannelIds, Name, Row, Strict, Title

CalendarUrl = Annotated[str, StringConstraints(pattern=r"^https?://[^/?#@\s]+([/?#]\S*)?$", max_length=2000)]
"""Without a name and password."""
Word = Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=60)]


class KindIn(Strict):
    name: Name
    words: list[Word] = Field(
        default_factory=list, max_length=30, description="an activity with one of them in its title or category is so"
    )
    target_minutes: int = Field(default=TARGET, ge=1, le=10_080)
    measured_from: MeasuredFrom = MeasuredFrom.END
    post_title: Title = Field(description="with {ten}, {dia_diem}, {ngay}, {gio}, {gio_ket_thuc}, {don_vi}")
    post_body: Body


class KindCreate(KindIn):
    unit_id: UUID | None = Field(default=None, description="the caller's own unit where absent")


class KindOut(Row):
    id: UUID
    unit_id: UUID
    name: str
    words: list[str]
    target_minutes: int
    measured_from: MeasuredFrom
    post_title: str
    post_body: str
    updated_at: datetime


class ImportFromUrl(Strict):
    url: CalendarUrl
    unit_id: UUID | None = Field(default=None, description="the caller's own unit where absent")


class CalendarIn(Strict):
    name: Name
    poll_seconds: int = Field(default=HOURLY, ge=300, le=86_400)


class CalendarCreate(CalendarIn):
    url: CalendarUrl
    unit_id: UUID | None = Field(default=None, description="the caller's own unit where absent")


class CalendarChange(CalendarIn):
    is_paused: bool | None = Field(default=None, description="absent: as it is")


class CalendarOut(Row):
    """`failures` in a row; `last_error` says in Vietnamese why the last reading brought nothing."""

    id: UUID
    unit_id: UUID
    name: str
    url: str
    poll_seconds: int
    state: CalendarState
    failures: int
    last_status: int | None
    last_error: str | None
    last_polled_at: datetime | None
    last_ok_at: datetime | None
    next_poll_at: datetime | None = Field(description="null where nobody asks it")
    created_at: datetime

    @field_validator("next_poll_at", mode="after")
    @classmethod
    def only_where_watched(cls, at: datetime | None, told: ValidationInfo) -> datetime | None:
        return at if told.data.get("state") == CalendarState.ACTIVE else None


class RefusedOut(BaseModel):
    entry: int | None = Field(description="the how-manieth entry of the file; null of several together")
    uid: str | None
    reason: str


class ImportOut(Row):
    """`outdated`: older than what was known already. `refused`: why an entry was not taken."""

    id: UUID
    unit_id: UUID
    source: AgendaSource
    url: str | None
    created: int
    updated: int
    cancelled: int
    unchanged: int
    outdated: int
    refused: list[RefusedOut]
    imported_by: UUID | None = Field(description="null where a calendar was read by its address at its time")
    calendar_id: UUID | None
    imported_at: datetime


class EventOut(BaseModel):
    """Times as in Hà Nội. `minutes` are null where no post was seen, and negative where one came before."""

    id: UUID
    unit_id: UUID
    uid: str
    occurrence: str
    title: str
    place: str | None
    starts_at: datetime
    ends_at: datetime
    is_all_day: bool
    state: AgendaState
    kind_id: UUID | None
    kind_name: str | None
    publication_id: UUID | None
    first_post_at: datetime | None
    told: Told
    is_late: bool
    minutes: float | None
    measured_from: MeasuredFrom
    target_minutes: int
    due_at: datetime

    @classmethod
    def of(cls, row: EventRow, now: datetime) -> Self:
        event, measured = row.event, measure(row.activity, now)
        return cls(
            id=event.id,
            unit_id=event.unit_id,
            uid=event.uid,
            occurrence=event.occurrence,
            title=event.title,
            place=event.place,
            starts_at=event.starts_at.astimezone(HANOI),
            ends_at=event.ends_at.astimezone(HANOI),
            is_all_day=event.is_all_day,
            state=AgendaState(event.state),
            kind_id=event.kind_id,
            kind_name=row.kind.name if row.kind else None,
            publication_id=event.publication_id,
            first_post_at=row.first_post_at.astimezone(HANOI) if row.first_post_at else None,
            told=measured.told,
            is_late=measured.is_late,
            minutes=measured.minutes,
            measured_from=measured.measured_from,
            target_minutes=measured.target_minutes,
            due_at=measured.due_at.astimezone(HANOI),
        )


class KindChoice(Strict):
    kind_id: UUID | None


class LinkIn(Strict):
    publication_id: UUID | None = Field(description="null takes the link away")


class DraftIn(Strict):
    channel_ids: ChannelIds


class FiguresOut(Row):
    """`counted` leaves out what is cancelled, has no hour or lies ahead."""

    as_of: datetime
    source: str
    formula: str
    activities: int
    counted: int
    in_time: int
    late: int
    overdue: int
    waiting: int
    median_minutes: float | None
    share_in_time: float | None
