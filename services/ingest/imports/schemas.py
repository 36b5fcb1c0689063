"""What an import answers: what became of each row, and of the whole."""

from enum import StrEnum
from uuid import UUID

from pydantic import BaseModel, Field


class Target(StrEnum):
    CONTENTS = "contents"
    CASES = "cases"


class RowStatus(StrEnum):
    READY = "ready"
    """It would be taken; nothing is stored by a preview."""
    STORED = "stored"
    DUPLICATE = "duplicate"
    SKIPPED = "skipped"
    """It was dealt with elsewhere, and opens no case."""
    REJECTED = "rejected"


class RowOut(BaseModel):
    """`row`: its number in the file, as a spreadsheet shows it."""

    row: int
    status: RowStatus
    content_id: UUID | None = None
    reference: str | None = Field(default=None, description="of the case")
    reasons: list[str] = []


class ImportOut(BaseModel):
    """How the file was read, how many rows of each status there are, and each row in the order of the file."""

    form: str = Field(description="xlsx, or the encoding and the delimiter of a CSV")
    mapping: str
    into: Target
    is_preview: bool
    columns: list[str] = Field(description="what was found in the file")
    ignored_columns: int = Field(description="how many columns are not read")
    rows: int
    stored: int
    duplicates: int
    skipped: int
    rejected: int
    results: list[RowOut]
