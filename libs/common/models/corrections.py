"""Corrections of claims: which verdict a publication announces, on what evidence, after which earlier ones, where."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from libs.common.models.base import Base, one_of, table_rules


class CorrectionStep(StrEnum):
    """What a message of the chain does: begins it, adds to it, takes back what it said wrongly, or ends it."""

    ALERT = "alert"
    UPDATE = "update"
    CORRECTION = "correction"
    CANCEL = "cancel"


class PublicVerdict(StrEnum):
    """The verdicts that may be announced; what is not verified is none of them."""

    TIN_GIA = "tin_gia"
    TIN_SAI_SU_THAT = "tin_sai_su_that"
    TIN_XAC_THUC = "tin_xac_thuc"


class TargetReason(StrEnum):
    """Why a correction has to be on a channel: ours always, the claim was seen there, what it follows stands there, or
    a person asked for it."""

    BULLETIN = "bulletin"
    SEEN = "seen"
    STANDS = "stands"
    ADDED = "added"


class Correction(Base):
    """What a publication says of a claim; fixed when it is drafted (append-only). `reference_ids` are the publications
    of the chain before it, the oldest first (trigger); the last of them is the publication's `corrects_id`."""

    __tablename__ = "corrections"
    __table_args__ = (
        CheckConstraint(one_of("step", CorrectionStep), name="step"),
        CheckConstraint(one_of("verdict", PublicVerdict), name="verdict"),
        CheckConstraint("jsonb_array_length(evidence) > 0", name="with_evidence"),
        CheckConstraint("length(btrim(claim_text)) > 0", name="claim_text"),
        CheckConstraint("step = 'alert' OR length(btrim(coalesce(reason, ''))) >= 10", name="later_with_a_reason"),
        CheckConstraint("(step = 'alert') = (cardinality(reference_ids) = 0)", name="later_with_references"),
        Index("ix_corrections_claim_id", "claim_id"),
        Index("ix_corrections_chain_id", "chain_id"),
        table_rules("publish"),
    )

    publication_id: Mapped[UUID] = mapped_column(ForeignKey("publications.id"), primary_key=True)
    chain_id: Mapped[UUID]
    """The publication that began the chain."""
    claim_id: Mapped[UUID]
    step: Mapped[str]
    verdict: Mapped[str]
    claim_text: Mapped[str]
    evidence: Mapped[list[Any]]
    reason: Mapped[str | None]
    """What is new since the message before."""
    reference_ids: Mapped[list[UUID]]
    first_seen_at: Mapped[datetime | None]
    """When the claim was first seen in a content that a person confirmed; nothing where it was in none."""
    created_by: Mapped[UUID] = mapped_column(ForeignKey("people.id"))
    created_at: Mapped[datetime]


class CorrectionTarget(Base):
    """A channel that has to carry a correction. `task_id`: where it could not be sent, the task of a person."""

    __tablename__ = "correction_targets"
    __table_args__ = (
        CheckConstraint(one_of("reason", TargetReason), name="reason"),
        table_rules("publish"),
    )

    publication_id: Mapped[UUID] = mapped_column(ForeignKey("corrections.publication_id"), primary_key=True)
    channel_id: Mapped[UUID] = mapped_column(ForeignKey("channels.id"), primary_key=True)
    reason: Mapped[str]
    source_ids: Mapped[list[UUID]]
    """Where the claim was seen on this channel's platform."""
    task_id: Mapped[UUID | None] = mapped_column(ForeignKey("tasks.id"))
