"""Programmes as data, frozen snapshots, and what was rendered from them."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from libs.common.models.base import Base, one_of, primary_key, table_rules
from libs.common.models.enums import AssignmentState, ProgrammeState, SourceCompleteness


class Programme(Base):
    """A decision and its period; its owner agency is data, since agencies merge."""

    __tablename__ = "programmes"
    __table_args__ = (
        CheckConstraint(one_of("state", ProgrammeState), name="state"),
        table_rules("reports"),
    )

    id: Mapped[UUID] = primary_key()
    number: Mapped[str] = mapped_column(unique=True)
    title: Mapped[str]
    issued_on: Mapped[date]
    period_from: Mapped[date]
    period_to: Mapped[date]
    owner_unit_id: Mapped[UUID | None] = mapped_column(ForeignKey("organization_units.id"))
    state: Mapped[str]
    is_fictional: Mapped[bool] = mapped_column(server_default=text("false"))
    source: Mapped[str]
    created_at: Mapped[datetime]


class Assignment(Base):
    """A row of a programme's annex; what the source leaves out stays null."""

    __tablename__ = "assignments"
    __table_args__ = (
        UniqueConstraint("programme_id", "row_no"),
        CheckConstraint(one_of("state", AssignmentState), name="state"),
        CheckConstraint(one_of("source_state", SourceCompleteness), name="source_state"),
        table_rules("reports"),
    )

    id: Mapped[UUID] = primary_key()
    programme_id: Mapped[UUID] = mapped_column(ForeignKey("programmes.id", ondelete="CASCADE"))
    row_no: Mapped[str]
    section: Mapped[str]
    text: Mapped[str | None]
    lead: Mapped[str | None]
    partners: Mapped[list[str]]
    period: Mapped[str | None]
    state: Mapped[str]
    source_state: Mapped[str]
    sort: Mapped[int]


class Snapshot(Base):
    """Figures frozen with their instant, source and formula. Append-only."""

    __tablename__ = "snapshots"
    __table_args__ = (
        CheckConstraint("octet_length(digest) = 32", name="digest_length"),
        table_rules("reports"),
    )

    id: Mapped[UUID] = primary_key()
    kind: Mapped[str]
    as_of: Mapped[datetime]
    period_from: Mapped[datetime]
    period_to: Mapped[datetime]
    data: Mapped[dict[str, Any]]
    digest: Mapped[bytes]
    created_at: Mapped[datetime]


class ReportRun(Base):
    __tablename__ = "report_runs"
    __table_args__ = (
        UniqueConstraint("snapshot_id", "kind", "format"),
        Index("ix_report_runs_kind_id", "kind", "id"),
        table_rules("reports"),
    )

    id: Mapped[UUID] = primary_key()
    kind: Mapped[str]
    snapshot_id: Mapped[UUID] = mapped_column(ForeignKey("snapshots.id"))
    format: Mapped[str]
    file_key: Mapped[str]
    digest: Mapped[bytes]
    created_by: Mapped[UUID | None]
    created_at: Mapped[datetime]
