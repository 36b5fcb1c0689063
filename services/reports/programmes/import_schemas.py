"""What is told of a file before and after it is loaded."""

from datetime import date
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from libs.common.models.enums import ProgrammeState, SourceCompleteness
from libs.common.models.programmes import Recurrence
from services.reports.programmes.importing.grid import Severity
from services.reports.programmes.importing.reading import FileFormat
from services.reports.programmes.previewing import Preview, RowPreview, RowResult
from services.reports.programmes.schemas import Row, UnitNamed


class RemarkOut(Row):
    severity: Severity
    where: str = Field(description="the file's own line, as a reader finds it")
    row_no: str | None
    text: str


class HeadOut(BaseModel):
    number: str
    title: str
    issued_on: date
    period_from: date
    period_to: date
    owner_unit: str
    state: ProgrammeState
    source: str


class RowOut(BaseModel):
    model_config = ConfigDict(extra="ignore")

    row_no: str
    result: RowResult
    where: str | None = Field(description="null for a row that the file no longer has")
    section: str
    text: str | None
    lead: str | None
    lead_units: list[UnitNamed]
    partners: list[str]
    partner_units: list[UnitNamed]
    period: str | None
    starts_on: date | None
    due_on: date | None = Field(description="null: no day could be read, the programme's last counts")
    every: Recurrence | None
    source_state: SourceCompleteness

    @classmethod
    def of(cls, row: RowPreview) -> "RowOut":
        told: dict[str, Any] = {
            **row.values,
            "lead_units": [UnitNamed.model_validate(unit) for unit in row.leads],
            "partner_units": [UnitNamed.model_validate(unit) for unit in row.partners],
        }
        return cls(row_no=row.row_no, result=row.result, where=row.where, **told)


class PreviewOut(BaseModel):
    """Nothing was stored. `programme` is null where errors keep the file from being read whole."""

    format: FileFormat
    can_be_stored: bool
    is_known: bool = Field(description="a programme of this number is there: storing needs replace=true")
    programme: HeadOut | None
    rows: list[RowOut]
    remarks: list[RemarkOut]

    @classmethod
    def of(cls, preview: Preview) -> "PreviewOut":
        spec = preview.programme
        head = None
        if spec is not None:
            kept = spec.model_dump(include={"number", "title", "issued_on", "owner_unit", "state", "source"})
            head = HeadOut(**kept, period_from=spec.period.begins, period_to=spec.period.ends)
        return cls(
            format=preview.format,
            can_be_stored=preview.can_be_stored,
            is_known=preview.is_known,
            programme=head,
            rows=[RowOut.of(row) for row in preview.rows],
            remarks=[RemarkOut.model_validate(each) for each in preview.remarks],
        )
