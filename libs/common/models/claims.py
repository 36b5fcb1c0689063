"""Claims that people check, and the contents that may repeat them."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Uuid
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from libs.common.models.base import Base, one_of, primary_key, table_rules
from libs.common.models.enums import ClaimState, MatchState, Verdict


class Claim(Base):
    """What is told, and what became of checking it. `reviewer`, `review_url` and `reviewed_at` say whose verdict an
    imported one is; by `import_key`, made of its address and words, it is known when it is imported again."""

    __tablename__ = "claims"
    __table_args__ = (
        CheckConstraint(one_of("verdict", Verdict), name="verdict"),
        CheckConstraint(one_of("state", ClaimState), name="state"),
        CheckConstraint(
            "state <> 'published' OR (verdict IS NOT NULL AND verdict <> 'chua_xac_minh' "
            "AND jsonb_array_length(evidence) > 0)",
            name="published_with_evidence",
        ),
        Index("ix_claims_updated_at_id", "updated_at", "id"),
        table_rules("classify"),
    )

    id: Mapped[UUID] = primary_key()
    text: Mapped[str]
    verdict: Mapped[str | None]
    evidence: Mapped[list[Any]] = mapped_column(server_default=sql("'[]'::jsonb"))
    state: Mapped[str]
    created_by: Mapped[UUID | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    reviewer: Mapped[str | None]
    review_url: Mapped[str | None]
    reviewed_at: Mapped[datetime | None]
    import_key: Mapped[bytes | None] = mapped_column(unique=True)


class ClaimMatch(Base):
    """A content that may repeat a claim. It keeps where and when it was seen, since contents are not kept for ever;
    `copy_of` is the content, confirmed by a person, of which it is nearly the same text."""

    __tablename__ = "claim_matches"
    __table_args__ = (
        CheckConstraint(one_of("state", MatchState), name="state"),
        Index("ix_claim_matches_content_id", "content_id"),
        Index("ix_claim_matches_claim_id_seen_at", "claim_id", "seen_at"),
        table_rules("classify"),
    )

    claim_id: Mapped[UUID] = mapped_column(ForeignKey("claims.id", ondelete="CASCADE"), primary_key=True)
    content_id: Mapped[UUID] = mapped_column(Uuid(), primary_key=True)
    score: Mapped[float]
    state: Mapped[str]
    decided_by: Mapped[UUID | None]
    created_at: Mapped[datetime]
    source_id: Mapped[UUID | None]
    title: Mapped[str | None]
    url: Mapped[str | None]
    seen_at: Mapped[datetime | None]
    copy_of: Mapped[UUID | None]
    decided_at: Mapped[datetime | None]
