"""What anybody may take away and use: counts by place frozen month by month, versions of data sets, and what changed in
the public register. All three are append-only."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, column, func
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column

from libs.common.models.base import Base, one_of, primary_key, table_rules


class RegisterSubject(StrEnum):
    """What the public register tells changes of."""

    OPENED = "opened"
    """The register itself, once."""
    SOURCE = "source"
    CLASSES = "classes"
    MODEL = "model"
    RETENTION = "retention"
    DATASET = "dataset"


class PlaceMonth(Base):
    """Feedback of one closed month by ward and by unit, as it may be shown, once and for ever: a second count of it, or
    one of months that overlap, would let what is held back be worked out by subtraction (the database refuses both).
    Only what may be shown is here: a count that is held back is null."""

    __tablename__ = "place_months"
    __table_args__ = (
        CheckConstraint("period_from < period_to", name="in_order"),
        CheckConstraint("frozen_at >= period_to", name="closed"),
        ExcludeConstraint(
            (func.tstzrange(column("period_from"), column("period_to")), "&&"), name="ex_place_months_apart"
        ),
        table_rules("reports"),
    )

    period_from: Mapped[datetime] = mapped_column(primary_key=True)
    period_to: Mapped[datetime]
    frozen_at: Mapped[datetime]
    wards: Mapped[list[Any]]
    """[{code, name, cases}] of every place of that month; `cases` null: held back."""
    units: Mapped[list[Any]]


class DatasetVersion(Base):
    """A data set as it was published on one day (of Hà Nội); the files lie in the store under their own hashes."""

    __tablename__ = "dataset_versions"
    __table_args__ = (
        CheckConstraint("octet_length(digest) = 32", name="digest_length"),
        CheckConstraint("row_count >= 0", name="row_count"),
        table_rules("reports"),
    )

    dataset: Mapped[str] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    as_of: Mapped[datetime]
    row_count: Mapped[int]
    digest: Mapped[bytes]
    """Of what it says (dictionary and rows), whatever the format."""
    csv_key: Mapped[str]
    json_key: Mapped[str]


class RegisterChange(Base):
    """One change of the public register, told by its feed. The newest of a subject is how it stands."""

    __tablename__ = "register_changes"
    __table_args__ = (
        CheckConstraint(one_of("subject", RegisterSubject), name="subject"),
        Index("ix_register_changes_subject_key_id", "subject", "key", "id"),
        table_rules("reports"),
    )

    id: Mapped[UUID] = primary_key()
    subject: Mapped[str]
    key: Mapped[str]
    """Which source, list, model, limit or data set."""
    at: Mapped[datetime]
    before: Mapped[dict[str, Any] | None]
    """None: it is new."""
    after: Mapped[dict[str, Any] | None]
    """None: it is gone."""
