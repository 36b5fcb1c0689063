"""Request and response bodies of schedules, recipients, sendings and the archive."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from libs.common.models import ReportSchedule, ReportSending
from libs.common.models.sending import Cadence, RecipientState, SendingState, SentForm
from libs.common.settings import MAIL_ADDRESS
from libs.common.text import nfc
from services.reports.schemas import KindName, ReportOut

Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=300, pattern=r"^[^\r\n]*$")]
Words = Annotated[Line, AfterValidator(nfc)]
Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=10, max_length=1000), AfterValidator(nfc)]
Hour = Annotated[int, Field(ge=0, le=23, description="when a day and a week end (Asia/Ho_Chi_Minh); null: the city's")]
Weekday = Annotated[int, Field(ge=0, le=6, description="the day that ends a week, 0 is Monday; null: the city's")]
MonthDay = Annotated[int, Field(ge=1, le=31, description="the last day of a month that counts; null: the city's")]
CUT_OFFS = ("hour", "weekday", "month_day")


def _address(value: str) -> str:
    if not MAIL_ADDRESS.fullmatch(value):
        raise ValueError("địa chỉ thư có dạng ten@noinhan.vn")
    return value.lower()


Email = Annotated[str, StringConstraints(strip_whitespace=True, max_length=254), AfterValidator(_address)]


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Row(BaseModel):
    model_config = ConfigDict(from_attributes=True)


# --- asked --------------------------------------------------------------------------------------------------


class ScheduleCreate(Strict):
    title: Words
    kind: KindName
    about: str | None = Field(default=None, max_length=100, description="the id of what a report not periodic is about")
    unit_id: UUID = Field(description="whose people edit and sign it and keep its recipients: one of yours")
    cadence: Cadence = Field(description="a periodic kind's own; any for a kind about one thing")
    hour: Hour | None = None
    weekday: Weekday | None = None
    month_day: MonthDay | None = None
    form: SentForm = SentForm.PDF
    filing: Words = Field(default="Lưu: VT", description="the last line of Nơi nhận")
    is_on: bool = True


class SchedulePatch(Strict):
    """What is left out stays. Kind, object and unit stay: another report has another schedule."""

    based_on: int = Field(ge=1, description="the version that was read; another is a conflict")
    title: Words | None = None
    cadence: Cadence | None = None
    hour: Hour | None = None
    weekday: Weekday | None = None
    month_day: MonthDay | None = None
    form: SentForm | None = None
    filing: Words | None = None
    is_on: bool | None = None

    def changes(self) -> dict[str, Any]:
        """A cut-off that is sent as null is the city's again; of the rest null is nothing new."""
        told = self.model_dump(exclude_unset=True, exclude={"based_on", "is_on"})
        return {name: value for name, value in told.items() if value is not None or name in CUT_OFFS}


class RecipientCreate(Strict):
    name: Words = Field(description="as it is printed under Nơi nhận")
    email: Email
    position: int | None = Field(default=None, ge=1, le=1000, description="by default the last")


class RecipientPatch(Strict):
    """Another address is not flagged any more."""

    name: Words | None = None
    email: Email | None = None
    position: int | None = Field(default=None, ge=1, le=1000)


class SendAgain(Strict):
    reason: Reason


class Settle(Strict):
    has_arrived: bool = Field(description="what the recipient says")
    reason: Reason = Field(description="who was asked, and what they said; no personal data")


# --- told ---------------------------------------------------------------------------------------------------


class ScheduleOut(Row):
    id: UUID
    title: str
    kind: str
    about: str | None
    unit_id: UUID
    owner_id: UUID | None = Field(description="the official who answers for it; null for the one that is shipped")
    cadence: Cadence
    hour: int | None
    weekday: int | None
    month_day: int | None
    form: SentForm
    filing: str
    is_on: bool
    on_since: datetime | None
    version: int
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, row: ReportSchedule) -> "ScheduleOut":
        told = {name: getattr(row, name) for name in cls.model_fields if name != "is_on"}
        return cls(**told, is_on=row.on_since is not None)


class PeriodOut(Row):
    """is_late: made up for. skipped_from: where the periods begin that passed meanwhile without a report."""

    period_from: datetime
    period_to: datetime
    report_id: UUID
    is_late: bool
    skipped_from: datetime | None
    made_at: datetime


class RecipientOut(Row):
    id: UUID
    position: int
    name: str
    email: str
    state: RecipientState
    trouble: str | None = Field(description="why it is flagged")
    updated_at: datetime


class SendingOut(Row):
    """The proof of one letter: the document by its digest, the Message-ID, what the server said and when."""

    id: UUID
    report_id: UUID
    version: int
    recipient_id: UUID
    turn: int = Field(description="0: by itself; each later one was asked for by a person")
    form: SentForm
    name: str
    email: str
    state: SendingState
    attempts: int
    next_try_at: datetime | None
    message_id: str | None
    digest: str | None = Field(description="SHA-256 of the document that was attached, hex")
    answer: str | None = Field(description="the mail server's own words when it took the letter")
    sent_at: datetime | None
    trouble: str | None
    asked_by: UUID | None
    reason: str | None
    settled_by: UUID | None
    settled_why: str | None
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, row: ReportSending) -> "SendingOut":
        told = {name: getattr(row, name) for name in cls.model_fields if name not in ("digest", "next_try_at")}
        waits = row.not_before if row.state == SendingState.QUEUED else None
        return cls(**told, digest=row.digest.hex() if row.digest else None, next_try_at=waits)


class ArchivedOut(ReportOut):
    subject: str = Field(description="trích yếu")
    signer: str | None
    schedule_id: UUID | None = Field(description="the schedule that made it")
    sendings: dict[SendingState, int] = Field(description="letters by state; empty where nobody gets it by mail")
