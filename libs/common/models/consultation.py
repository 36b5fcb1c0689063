"""Consultations: a question with a window, answers counted by option in total, and what changed by them.

Of who answered nothing is kept: an answer is one more in a count, and a spent token says only that it was spent.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from libs.common.models.base import Base, primary_key, table_rules


class Consultation(Base):
    """Written by one person, opened by another (0021_rules.sql); closed by a person who said what changed."""

    __tablename__ = "consultations"
    __table_args__ = (
        CheckConstraint("length(btrim(question)) BETWEEN 10 AND 300", name="question"),
        CheckConstraint("length(btrim(body)) BETWEEN 20 AND 5000", name="body"),
        CheckConstraint("slug ~ '^[a-z0-9-]{1,100}$'", name="slug"),
        CheckConstraint("closes_at >= opens_at + interval '1 hour'", name="window"),
        CheckConstraint("(opened_by IS NULL) = (opened_at IS NULL)", name="opened_by_somebody"),
        CheckConstraint("opened_by <> written_by", name="two_people"),
        CheckConstraint(
            "(what_changed IS NULL) = (changed_by IS NULL) AND (what_changed IS NULL) = (changed_at IS NULL)",
            name="changed_by_somebody",
        ),
        CheckConstraint("length(btrim(what_changed)) BETWEEN 20 AND 5000", name="what_changed"),
        CheckConstraint("changed_at >= closes_at", name="changed_afterwards"),
        CheckConstraint("closed_at IS NULL OR what_changed IS NOT NULL", name="closed_with_what_changed"),
        Index("ix_consultations_unit_id", "unit_id"),
        table_rules("publish"),
    )

    id: Mapped[UUID] = primary_key()
    unit_id: Mapped[UUID] = mapped_column(ForeignKey("organization_units.id"))
    slug: Mapped[str] = mapped_column(unique=True)
    question: Mapped[str]
    body: Mapped[str]
    opens_at: Mapped[datetime]
    closes_at: Mapped[datetime]
    written_by: Mapped[UUID]
    written_at: Mapped[datetime]
    opened_by: Mapped[UUID | None]
    opened_at: Mapped[datetime | None]
    what_changed: Mapped[str | None]
    changed_by: Mapped[UUID | None]
    changed_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]


class ConsultationOption(Base):
    __tablename__ = "consultation_options"
    __table_args__ = (
        CheckConstraint("length(btrim(label)) BETWEEN 1 AND 200", name="label"),
        CheckConstraint("position BETWEEN 1 AND 10", name="position"),
        CheckConstraint("answers >= 0", name="answers"),
        table_rules("publish"),
    )

    consultation_id: Mapped[UUID] = mapped_column(ForeignKey("consultations.id", ondelete="CASCADE"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    label: Mapped[str]
    answers: Mapped[int] = mapped_column(server_default="0")


class ConsultationToken(Base):
    """That a form was sent once: the digest of its random number, and nothing of what it said or who sent it."""

    __tablename__ = "consultation_tokens"
    __table_args__ = (
        CheckConstraint("octet_length(digest) = 32", name="digest_length"),
        Index("ix_consultation_tokens_consultation_id", "consultation_id"),
        table_rules("publish", readers=("publish",)),
    )

    digest: Mapped[bytes] = mapped_column(primary_key=True)
    consultation_id: Mapped[UUID] = mapped_column(ForeignKey("consultations.id", ondelete="CASCADE"))
