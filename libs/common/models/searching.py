"""The search index, the queries that people have kept, and what those found."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Uuid
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import TSQUERY, TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from libs.common.models.base import Base, one_of, primary_key, table_rules
from libs.common.models.enums import STAFF_ROLES


class SearchPurpose(StrEnum):
    """What a query is kept for; the public register counts by these. None of them is a person or a group."""

    SERVICE_QUALITY = "service_quality"
    INCIDENT = "incident"
    FALSE_INFORMATION = "false_information"
    POLICY_FEEDBACK = "policy_feedback"
    COVERAGE = "coverage"
    OTHER = "other"


class SearchDocument(Base):
    """The search index, filled a few seconds behind so that it never slows the hot transaction.

    `tsv` holds the unmarked words with their places in the text, and one lexeme for each filter (`f=y_te`), so that
    one index answers a whole question; the columns say the same for whoever reads rows.
    """

    __tablename__ = "search_documents"
    __table_args__ = (
        Index("ix_search_documents_tsv", "tsv", postgresql_using="gin"),
        table_rules("classify", partitioned="month", partition_key="content_id"),
    )

    content_id: Mapped[UUID] = mapped_column(Uuid(), primary_key=True)
    source_id: Mapped[UUID]
    group: Mapped[str]
    field: Mapped[str]
    kind: Mapped[str]
    tone: Mapped[str]
    language: Mapped[str]
    places: Mapped[list[str]]
    title: Mapped[str]
    published_at: Mapped[datetime | None]
    told_at: Mapped[datetime]
    """When it was published or, where nobody says so, first seen."""
    content_revision: Mapped[int]
    tsv: Mapped[Any] = mapped_column(TSVECTOR())


class SavedQuery(Base):
    """A question that is asked of everything new, with its purpose, its owner and its end. It asks for content; the
    database itself refuses a handle, an address or a long number in it."""

    __tablename__ = "saved_queries"
    __table_args__ = (
        CheckConstraint(one_of("purpose_kind", SearchPurpose), name="purpose_kind"),
        CheckConstraint("length(btrim(purpose)) >= 10", name="purpose"),
        CheckConstraint(
            "expires_at > coalesce(renewed_at, created_at) "
            "AND expires_at <= coalesce(renewed_at, created_at) + interval '180 days'",
            name="expires",
        ),
        CheckConstraint(
            r"query !~ '@' AND regexp_replace(query, '[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}', '', 'g') "
            r"!~ '[0-9]{9,}'",
            name="asks_for_no_person",
        ),
        CheckConstraint(one_of("alert_role", STAFF_ROLES), name="role"),
        Index("ix_saved_queries_unit_id_id", "unit_id", "id"),
        Index("ix_saved_queries_running", "expires_at", postgresql_where=sql("ended_at IS NULL")),
        table_rules("classify"),
    )

    id: Mapped[UUID] = primary_key()
    name: Mapped[str]
    query: Mapped[str]
    resolved: Mapped[dict[str, Any]]
    """The ids and codes that the names of places and sources in it meant when it was kept."""
    candidates: Mapped[Any] = mapped_column(TSQUERY())
    """What the index is asked."""
    purpose_kind: Mapped[str]
    purpose: Mapped[str]
    unit_id: Mapped[UUID]
    owner_id: Mapped[UUID]
    alert_role: Mapped[str]
    """Who in the unit is told."""
    is_alerting: Mapped[bool]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    renewed_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    last_seen_at: Mapped[datetime | None]
    alerted_at: Mapped[datetime | None]
    look_from: Mapped[UUID | None]
    """What is older than this was not looked at yet; nothing when all that was stored has been."""
    look_started_at: Mapped[datetime]
    looked_back_at: Mapped[datetime | None]
    found_before: Mapped[int] = mapped_column(server_default="0")
    """What was found looking back, whether or not a hit was kept of it."""


class SavedQueryHit(Base):
    """A content that a kept query found, once."""

    __tablename__ = "saved_query_hits"
    __table_args__ = table_rules("classify")

    saved_query_id: Mapped[UUID] = mapped_column(ForeignKey("saved_queries.id", ondelete="CASCADE"), primary_key=True)
    content_id: Mapped[UUID] = mapped_column(Uuid(), primary_key=True)
    found_at: Mapped[datetime]
    is_new: Mapped[bool]
    """False for what was stored before the query was kept; nobody is alerted of that."""
