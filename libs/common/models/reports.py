"""Programmes as data, frozen snapshots, and what was rendered from them."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from libs.common.models.base import Base, one_of, primary_key, table_rules
from libs.common.models.enums import AssignmentState, ProgrammeState, ReportState, RunState, SourceCompleteness
from libs.common.models.programmes import Recurrence


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
        CheckConstraint(one_of("every", Recurrence), name="every"),
        CheckConstraint("percent BETWEEN 0 AND 100", name="percent"),
        CheckConstraint("due_on >= starts_on AND until_on >= starts_on", name="dates_in_order"),
        CheckConstraint(
            "(every IS NULL) = (until_on IS NULL) AND (every IS NULL OR due_on IS NOT NULL)", name="again_until"
        ),
        CheckConstraint("jsonb_typeof(evidence) = 'array'", name="evidence"),
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
    starts_on: Mapped[date | None]
    """As the period's words were read, or a person set it; without a due day the programme's last day counts."""
    due_on: Mapped[date | None]
    """The first one, of a row that falls due again `every` so often, until `until_on`."""
    every: Mapped[str | None]
    until_on: Mapped[date | None]
    lead_unit_code: Mapped[str | None]
    """Of the unit that answers for it, where the name of the lead does not say so."""
    percent: Mapped[int | None]
    evidence: Mapped[list[Any]] = mapped_column(server_default=sa.text("'[]'::jsonb"))
    """Rules by which what was done links itself to the row (`libs.common.programme_evidence`)."""
    withdrawn_at: Mapped[datetime | None]
    """When a later file no longer had the row; kept for its history."""


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


class Report(Base):
    """A paper of one period, or about one thing: drafted from a snapshot, edited by people, signed once."""

    __tablename__ = "reports"
    __table_args__ = (
        CheckConstraint(one_of("state", ReportState), name="state"),
        CheckConstraint("version >= 1", name="version"),
        CheckConstraint(
            "(signed_at IS NULL) = (signed_by IS NULL) AND (signed_at IS NULL) = (number IS NULL) "
            "AND (number IS NULL) = (year IS NULL) AND (state <> 'signed' OR signed_at IS NOT NULL)",
            name="signed_whole",
        ),
        CheckConstraint("(state = 'void') = (void_reason IS NOT NULL)", name="void_says_why"),
        UniqueConstraint("symbol", "year", "number"),
        Index("ix_reports_kind_id", "kind", "id"),
        table_rules("reports"),
    )

    id: Mapped[UUID] = primary_key()
    kind: Mapped[str]
    about: Mapped[str | None]
    snapshot_id: Mapped[UUID] = mapped_column(ForeignKey("snapshots.id"))
    title: Mapped[str]
    state: Mapped[str]
    version: Mapped[int]
    symbol: Mapped[str]
    year: Mapped[int | None]
    number: Mapped[int | None]
    created_by: Mapped[UUID | None]
    created_at: Mapped[datetime]
    signed_by: Mapped[UUID | None]
    signed_at: Mapped[datetime | None]
    void_reason: Mapped[str | None]


class ReportVersion(Base):
    """What a report said after one edit: its text and its head. Append-only."""

    __tablename__ = "report_versions"
    __table_args__ = (
        CheckConstraint("octet_length(digest) = 32", name="digest_length"),
        Index("ix_report_versions_lexemes", "lexemes", postgresql_using="gin"),
        table_rules("reports"),
    )

    report_id: Mapped[UUID] = mapped_column(ForeignKey("reports.id"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    text: Mapped[str]
    head: Mapped[dict[str, Any]]
    reason: Mapped[str | None]
    edited_by: Mapped[UUID | None]
    created_at: Mapped[datetime]
    digest: Mapped[bytes]
    lexemes: Mapped[list[str]] = mapped_column(server_default=sa.text("'{}'"))
    """The words of its subject and text, as search finds them (`libs.common.lexemes`)."""


class ReportRun(Base):
    """One format of one version, to be printed or printed. A printer that dies leaves it to be printed again."""

    __tablename__ = "report_runs"
    __table_args__ = (
        UniqueConstraint("report_id", "version", "format"),
        CheckConstraint(one_of("state", RunState), name="state"),
        CheckConstraint(
            "(state = 'printed') = (file_key IS NOT NULL) AND (file_key IS NULL) = (digest IS NULL)",
            name="printed_has_a_file",
        ),
        Index("ix_report_runs_kind_id", "kind", "id"),
        Index("ix_report_runs_waiting", "id", postgresql_where=text("state = 'waiting'")),
        table_rules("reports"),
    )

    id: Mapped[UUID] = primary_key()
    kind: Mapped[str]
    snapshot_id: Mapped[UUID] = mapped_column(ForeignKey("snapshots.id"))
    report_id: Mapped[UUID | None] = mapped_column(ForeignKey("reports.id"))
    version: Mapped[int] = mapped_column(server_default=text("1"))
    format: Mapped[str]
    state: Mapped[str] = mapped_column(server_default=text("'printed'"))
    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    claimed_until: Mapped[datetime | None]
    error: Mapped[str | None]
    file_key: Mapped[str | None]
    digest: Mapped[bytes | None]
    created_by: Mapped[UUID | None]
    created_at: Mapped[datetime]
