"""What a file tells, whatever its form: the rows, the words for states, and the instant of the figures."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import groupby

from libs.common.clock import HANOI
from libs.common.models.enums import PlanState, PublicationState
from libs.common.papers.wording import cell_text, clean
from services.publish.calendar_rules import Entry

STATES = {
    PublicationState.DRAFT: "Bản nháp",
    PublicationState.IN_REVIEW: "Chờ duyệt",
    PublicationState.APPROVED: "Đã duyệt",
    PublicationState.SCHEDULED: "Đã duyệt, chờ giờ đăng",
    PublicationState.PUBLISHING: "Đang đăng",
    PublicationState.PUBLISHED: "Đã đăng",
    PublicationState.PARTLY_PUBLISHED: "Đã đăng một phần",
    PublicationState.FAILED: "Đăng không được",
    PublicationState.CORRECTED: "Đã đính chính",
    PublicationState.WITHDRAWN: "Đã rút",
    PublicationState.KILLED: "Đã hủy",
}
PLAN_STATES = {PlanState.DRAFT: "Dự thảo", PlanState.RUNNING: "Đang thực hiện", PlanState.ENDED: "Đã kết thúc"}
URGENT = "[KHẨN] "
ZONE_NOTE = "giờ Hà Nội, UTC+7"


@dataclass(frozen=True)
class TargetLine:
    metric: str
    definition: str
    target: int
    value: int | None
    as_of: datetime | None


@dataclass(frozen=True)
class CampaignLine:
    id: str
    title: str
    goals: str
    audience: str
    starts_on: date
    ends_on: date
    state: PlanState
    channels: tuple[str, ...]
    targets: tuple[TargetLine, ...]
    publications: int
    updated_at: datetime


@dataclass(frozen=True)
class ThemeLine:
    title: str
    starts_on: date
    ends_on: date
    campaigns: tuple[CampaignLine, ...]


@dataclass(frozen=True)
class Contents:
    """A plan with its themes, or a range of the calendar (no themes)."""

    unit_name: str
    above: str | None
    """The authority above the unit, where the register of units knows it."""
    form: str
    """What kind of paper it is: KẾ HOẠCH, LỊCH ĐĂNG TIN."""
    title: str
    entries: Sequence[Entry]
    as_of: datetime
    goals: str = ""
    programme: str | None = None
    themes: Sequence[ThemeLine] = field(default_factory=tuple)
    is_plan: bool = False


def by_month(entries: Sequence[Entry]) -> Iterator[tuple[str, list[Entry]]]:
    """Months of Hà Nội, as `Tháng 11/2026`."""
    for (year, month), group in groupby(entries, key=lambda entry: (entry.day.year, entry.day.month)):
        yield f"Tháng {month:02d}/{year}", list(group)


def local(at: datetime) -> datetime:
    return at.astimezone(HANOI)


def when(at: datetime) -> str:
    return f"{local(at):%H:%M ngày %d/%m/%Y}"


def headline(entry: Entry) -> str:
    return clean((URGENT if entry.is_urgent else "") + entry.title)


def number(value: int | None) -> str:
    """As written in Vietnamese; a missing figure is blank, never 0."""
    return cell_text(value)
