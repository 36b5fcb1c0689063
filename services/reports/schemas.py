"""Request and response bodies of the reports service."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from libs.common.models import ReportRun, Snapshot
from services.reports.domain import Format, ReportKind
from services.reports.rendering import TITLES
from services.reports.service import Report


class ReportCreate(BaseModel):
    """Without dates: the 24 hours that end now."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    kind: ReportKind
    start: AwareDatetime | None = Field(default=None, alias="from", description="counts; default: 24 hours before `to`")
    end: AwareDatetime | None = Field(default=None, alias="to", description="does not count; default: now")


class ReportOut(BaseModel):
    id: UUID
    kind: ReportKind
    title: str
    snapshot_id: UUID
    digest: str = Field(description="SHA-256 of the snapshot's canonical JSON, hex")
    as_of: datetime
    period_from: datetime
    period_to: datetime
    formats: list[Format]
    created_by: UUID | None = Field(description="a person's id; null where the schedule made it")
    created_at: datetime

    @classmethod
    def of(cls, report: Report) -> "ReportOut":
        return cls.of_rows(report.run, report.snapshot, report.formats)

    @classmethod
    def of_rows(cls, run: ReportRun, snapshot: Snapshot, formats: list[str]) -> "ReportOut":
        kind = ReportKind(run.kind)
        return cls(
            id=run.id,
            kind=kind,
            title=TITLES[kind],
            snapshot_id=snapshot.id,
            digest=snapshot.digest.hex(),
            as_of=snapshot.as_of,
            period_from=snapshot.period_from,
            period_to=snapshot.period_to,
            formats=[Format(each) for each in formats],
            created_by=run.created_by,
            created_at=run.created_at,
        )


class SnapshotOut(BaseModel):
    id: UUID
    kind: ReportKind
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
            kind=ReportKind(row.kind),
            as_of=row.as_of,
            period_from=row.period_from,
            period_to=row.period_to,
            digest=row.digest.hex(),
            data=row.data,
            created_at=row.created_at,
        )
