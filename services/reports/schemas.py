"""Request and response bodies of reports."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from libs.common.models import Report, ReportVersion, Snapshot
from libs.common.models.enums import ReportState, RunState
from services.reports.domain import Format
from services.reports.kinds import KINDS
from services.reports.service import Issue

Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]
LONGEST_TEXT = 500_000


def _known(name: str) -> str:
    if name not in KINDS.names():
        raise ValueError(f"các loại báo cáo: {', '.join(KINDS.names())}")
    return name


KindName = Annotated[str, AfterValidator(_known), Field(json_schema_extra={"enum": KINDS.names()})]


class ReportCreate(BaseModel):
    """Without dates: the 24 hours that end now, or the last whole week, month, quarter, half-year or year."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    kind: KindName
    about: str | None = Field(default=None, max_length=100, description="the id of what a report not periodic is about")
    start: AwareDatetime | None = Field(default=None, alias="from", description="counts; default: 24 hours before `to`")
    end: AwareDatetime | None = Field(default=None, alias="to", description="does not count; default: now")


class HeadPatch(BaseModel):
    """What of the paper's head and end an editor may set; what is left out stays."""

    model_config = ConfigDict(extra="forbid")

    authority: Words | None = None
    agency: Words | None = None
    place: Words | None = None
    type_name: Words | None = None
    subject: Words | None = None
    recipients: list[Words] | None = Field(default=None, min_length=1, max_length=50)
    authority_line: Words | None = None
    position: Words | None = None


class ReportEdit(BaseModel):
    """based_on: the version that was read; an edit of an older one is refused, and nothing is lost."""

    model_config = ConfigDict(extra="forbid")

    based_on: int = Field(ge=1)
    text: str = Field(min_length=1, max_length=LONGEST_TEXT, description="Markdown")
    head: HeadPatch = HeadPatch()
    reason: Words | None = None


class ReportSign(BaseModel):
    model_config = ConfigDict(extra="forbid")

    based_on: int = Field(ge=1)
    signer: Words = Field(description="the name below the signature")
    number: int | None = Field(default=None, ge=1, description="by default the next one of the year's register")


class ReportVoid(BaseModel):
    model_config = ConfigDict(extra="forbid")

    reason: Words


class ReportOut(BaseModel):
    id: UUID
    kind: str
    about: str | None
    title: str
    state: ReportState
    version: int
    number: int | None
    symbol: str
    year: int | None
    snapshot_id: UUID
    digest: str = Field(description="SHA-256 of the snapshot's canonical JSON, hex")
    as_of: datetime
    period_from: datetime
    period_to: datetime
    formats: list[Format]
    created_by: UUID | None = Field(description="a person's id; null where the schedule made it")
    created_at: datetime
    signed_by: UUID | None
    signed_at: datetime | None
    void_reason: str | None

    @classmethod
    def of_rows(cls, report: Report, snapshot: Snapshot, formats: list[str]) -> "ReportOut":
        return cls(
            id=report.id,
            kind=report.kind,
            about=report.about,
            title=report.title,
            state=ReportState(report.state),
            version=report.version,
            number=report.number,
            symbol=report.symbol,
            year=report.year,
            snapshot_id=snapshot.id,
            digest=snapshot.digest.hex(),
            as_of=snapshot.as_of,
            period_from=snapshot.period_from,
            period_to=snapshot.period_to,
            formats=[Format(each) for each in formats],
            created_by=report.created_by,
            created_at=report.created_at,
            signed_by=report.signed_by,
            signed_at=report.signed_at,
            void_reason=report.void_reason,
        )


class RunOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    format: Format
    state: RunState
    attempts: int
    error: str | None


class ReportDetail(ReportOut):
    text: str | None = Field(description="Markdown of the present version; null for one older than versions")
    head: dict[str, Any] | None
    runs: list[RunOut]

    @classmethod
    def of(cls, issue: Issue) -> "ReportDetail":
        base = ReportOut.of_rows(issue.report, issue.snapshot, sorted(run.format for run in issue.runs))
        version = issue.version
        return cls(
            **base.model_dump(),
            text=version.text if version else None,
            head=version.head if version else None,
            runs=[RunOut.model_validate(run) for run in sorted(issue.runs, key=lambda run: run.format)],
        )


class PictureOut(BaseModel):
    name: str
    alt: str = Field(description="what it shows, in words")
    svg: str
    png: str

    @classmethod
    def of(cls, report_id: UUID, told: dict[str, str]) -> "PictureOut":
        """With its addresses on this site."""
        above = f"/api/reports/v1/reports/{report_id}"
        return cls(name=told["name"], alt=told["alt"], svg=f"{above}/{told['svg']}", png=f"{above}/{told['png']}")


class VersionOut(BaseModel):
    version: int
    text: str
    head: dict[str, Any]
    reason: str | None
    edited_by: UUID | None
    created_at: datetime
    digest: str

    @classmethod
    def of(cls, row: ReportVersion) -> "VersionOut":
        return cls(
            version=row.version,
            text=row.text,
            head=row.head,
            reason=row.reason,
            edited_by=row.edited_by,
            created_at=row.created_at,
            digest=row.digest.hex(),
        )


class SnapshotOut(BaseModel):
    id: UUID
    kind: str
    as_of: datetime
    period_from: datetime
    period_to: datetime
    digest: str
    data: dict[str, Any]
    created_at: datetime

    @classmethod
    def of(cls, row: Snapshot) -> "SnapshotOut":
        return cls(
            id=row.id,
            kind=row.kind,
            as_of=row.as_of,
            period_from=row.period_from,
            period_to=row.period_to,
            digest=row.digest.hex(),
            data=row.data,
            created_at=row.created_at,
        )
