"""Who spreads what the city says: how the one official channel was chosen, partners, and the kits that they open.

A partner is a group or page, never a person: no profile and no name of whoever keeps it is held here.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from libs.common.models.base import Base, one_of, primary_key, table_rules


class ChoiceState(StrEnum):
    DRAFT = "draft"
    SIGNED = "signed"
    ENDED = "ended"


class SelectionState(StrEnum):
    OPEN = "open"
    DECIDED = "decided"
    """“Chốt”: the list stands, and partners get kits."""
    ENDED = "ended"


class PartnerKind(StrEnum):
    PAGE = "page"
    GROUP = "group"
    CHANNEL = "channel"
    FORUM = "forum"


class PartnerState(StrEnum):
    CANDIDATE = "candidate"
    SELECTED = "selected"
    DROPPED = "dropped"


class ConflictResult(StrEnum):
    CLEAR = "clear"
    CONFLICTED = "conflicted"


class DropReason(StrEnum):
    TOO_SMALL = "too_small"
    CONSENT_WITHDRAWN = "consent_withdrawn"
    CONFLICT = "conflict"
    REMOVED = "removed"


class ChannelChoice(Base):
    """How a programme's one official channel was chosen. Signed by a spokesperson who did not write it; from then on
    nothing of it changes, and only such a record makes a channel the official one (triggers)."""

    __tablename__ = "channel_choices"
    __table_args__ = (
        CheckConstraint(one_of("state", ChoiceState), name="state"),
        CheckConstraint("length(btrim(decision)) >= 20", name="decision"),
        CheckConstraint(
            "jsonb_array_length(criteria) BETWEEN 1 AND 20 AND jsonb_array_length(candidates) BETWEEN 1 AND 20",
            name="weighed",
        ),
        CheckConstraint(
            "state = 'draft' OR (signed_by IS NOT NULL AND signed_at IS NOT NULL AND signatory IS NOT NULL)",
            name="signed",
        ),
        CheckConstraint("signed_by <> created_by", name="signed_by_another"),
        CheckConstraint(
            "(state = 'ended') = (ended_at IS NOT NULL) AND (state = 'ended') = (ended_by IS NOT NULL) "
            "AND (state = 'ended') = (length(btrim(coalesce(ended_reason, ''))) >= 10)",
            name="ended_with_a_reason",
        ),
        Index(
            "uq_channel_choices_signed",
            "programme_id",
            unique=True,
            postgresql_where=text("state = 'signed'"),
            postgresql_nulls_not_distinct=True,
        ),
        Index("ix_channel_choices_channel_id", "channel_id"),
        table_rules("publish"),
    )

    id: Mapped[UUID] = primary_key()
    programme_id: Mapped[UUID | None]
    unit_id: Mapped[UUID] = mapped_column(ForeignKey("organization_units.id"))
    title: Mapped[str]
    criteria: Mapped[list[Any]]
    """`[{key, name, weight}]`."""
    candidates: Mapped[list[Any]]
    """`[{channel_id, kind, name, address, scores: {key: 0..10}, note}]`, as the channels were then."""
    channel_id: Mapped[UUID] = mapped_column(ForeignKey("channels.id"))
    decision: Mapped[str]
    state: Mapped[str]
    created_by: Mapped[UUID] = mapped_column(ForeignKey("people.id"))
    created_at: Mapped[datetime]
    signed_by: Mapped[UUID | None] = mapped_column(ForeignKey("people.id"))
    signatory: Mapped[str | None]
    """The spokesperson's name as it stood under the record."""
    signed_at: Mapped[datetime | None]
    ended_by: Mapped[UUID | None]
    ended_at: Mapped[datetime | None]
    ended_reason: Mapped[str | None]


class PartnerSelection(Base):
    """One choice of partners for a programme, with the rule it is made by; decided by a spokesperson (trigger)."""

    __tablename__ = "partner_selections"
    __table_args__ = (
        CheckConstraint(one_of("state", SelectionState), name="state"),
        CheckConstraint("min_followers > 0 AND min_partners > 0 AND max_partners >= min_partners", name="rule"),
        CheckConstraint("evidence_days BETWEEN 1 AND 3650 AND recheck_days BETWEEN 1 AND 3650", name="days"),
        CheckConstraint(
            "(decided_at IS NULL) = (decided_by IS NULL) AND (state <> 'decided' OR decided_at IS NOT NULL)",
            name="decided",
        ),
        CheckConstraint("decided_by <> created_by", name="decided_by_another"),
        CheckConstraint("(state = 'ended') = (ended_at IS NOT NULL)", name="ended"),
        Index(
            "uq_partner_selections_decided",
            "programme_id",
            unique=True,
            postgresql_where=text("state = 'decided'"),
            postgresql_nulls_not_distinct=True,
        ),
        table_rules("publish"),
    )

    id: Mapped[UUID] = primary_key()
    programme_id: Mapped[UUID | None]
    unit_id: Mapped[UUID] = mapped_column(ForeignKey("organization_units.id"))
    title: Mapped[str]
    state: Mapped[str]
    min_followers: Mapped[int] = mapped_column(server_default="50000")
    min_partners: Mapped[int] = mapped_column(server_default="10")
    max_partners: Mapped[int] = mapped_column(server_default="20")
    evidence_days: Mapped[int] = mapped_column(server_default="90")
    recheck_days: Mapped[int] = mapped_column(server_default="90")
    created_by: Mapped[UUID] = mapped_column(ForeignKey("people.id"))
    created_at: Mapped[datetime]
    decided_by: Mapped[UUID | None] = mapped_column(ForeignKey("people.id"))
    decided_at: Mapped[datetime | None]
    decision: Mapped[str | None]
    ended_at: Mapped[datetime | None]


class Partner(Base):
    """A group or page that may spread what the city says. Whoever keeps it is known by role alone."""

    __tablename__ = "partners"
    __table_args__ = (
        CheckConstraint(one_of("kind", PartnerKind), name="kind"),
        CheckConstraint(one_of("state", PartnerState), name="state"),
        CheckConstraint(one_of("conflict_result", ConflictResult), name="conflict_result"),
        CheckConstraint(one_of("drop_reason", DropReason), name="drop_reason"),
        CheckConstraint("platform ~ '^[a-z0-9_]{2,30}$'", name="platform"),
        CheckConstraint(
            "url ~ '^https://' AND url !~* '(profile[.]php|/people/|linkedin[.]com/in/|zalo[.]me/[+0-9])'",
            name="no_persons_page",
        ),
        CheckConstraint("contact_role !~ '(@|[0-9]{6,}|://)'", name="contact_by_role"),
        CheckConstraint(
            "(conflict_result IS NULL) = (conflict_checked_at IS NULL) "
            "AND (conflict_result IS NULL) = (conflict_checked_by IS NULL)",
            name="conflict_checked",
        ),
        CheckConstraint("consent_withdrawn_at IS NULL OR consent_medium_id IS NOT NULL", name="consent_given_first"),
        CheckConstraint(
            "state <> 'selected' OR (selected_at IS NOT NULL AND conflict_result = 'clear' "
            "AND consent_medium_id IS NOT NULL AND consent_withdrawn_at IS NULL)",
            name="selected_as_agreed",
        ),
        CheckConstraint(
            "(state = 'dropped') = (dropped_at IS NOT NULL) AND (state = 'dropped') = (drop_reason IS NOT NULL)",
            name="dropped",
        ),
        Index(
            "uq_partners_selection_id_url",
            "selection_id",
            "url",
            unique=True,
            postgresql_where=text("state <> 'dropped'"),
        ),
        table_rules("publish"),
    )

    id: Mapped[UUID] = primary_key()
    selection_id: Mapped[UUID] = mapped_column(ForeignKey("partner_selections.id"))
    kind: Mapped[str]
    platform: Mapped[str]
    name: Mapped[str]
    url: Mapped[str]
    contact_role: Mapped[str]
    state: Mapped[str]
    conflict_result: Mapped[str | None]
    conflict_note: Mapped[str | None]
    conflict_checked_by: Mapped[UUID | None]
    conflict_checked_at: Mapped[datetime | None]
    consent_medium_id: Mapped[UUID | None] = mapped_column(ForeignKey("media.id"))
    """The letter, as a picture in the unit's library; no page shows it."""
    consent_at: Mapped[datetime | None]
    consent_withdrawn_at: Mapped[datetime | None]
    selected_at: Mapped[datetime | None]
    dropped_at: Mapped[datetime | None]
    drop_reason: Mapped[str | None]
    recheck_asked_at: Mapped[datetime | None]
    """When somebody was last asked to measure it again."""
    created_by: Mapped[UUID] = mapped_column(ForeignKey("people.id"))
    created_at: Mapped[datetime]


class PartnerProof(Base):
    """How large a partner was, when, and what shows it. Append-only."""

    __tablename__ = "partner_proofs"
    __table_args__ = (
        CheckConstraint("followers >= 0", name="followers"),
        CheckConstraint("measured_at <= recorded_at", name="measured_before"),
        CheckConstraint("source_url IS NOT NULL OR medium_id IS NOT NULL", name="is_shown"),
        CheckConstraint("source_url ~ '^https://'", name="source_url"),
        Index("ix_partner_proofs_partner_id", "partner_id", "measured_at"),
        table_rules("publish"),
    )

    id: Mapped[UUID] = primary_key()
    partner_id: Mapped[UUID] = mapped_column(ForeignKey("partners.id"))
    followers: Mapped[int]
    measured_at: Mapped[datetime]
    source_url: Mapped[str | None]
    medium_id: Mapped[UUID | None] = mapped_column(ForeignKey("media.id"))
    recorded_by: Mapped[UUID] = mapped_column(ForeignKey("people.id"))
    recorded_at: Mapped[datetime]


class PartnerKit(Base):
    """What one partner may spread of one publication, behind a token that only its hash is kept of."""

    __tablename__ = "partner_kits"
    __table_args__ = (
        CheckConstraint("octet_length(token_hash) = 32", name="hash_length"),
        CheckConstraint("expires_at > created_at", name="expires"),
        UniqueConstraint("token_hash"),
        Index("ix_partner_kits_publication_id", "publication_id"),
        Index("ix_partner_kits_partner_id", "partner_id"),
        table_rules("publish", readers=("publish",)),
    )

    id: Mapped[UUID] = primary_key()
    publication_id: Mapped[UUID] = mapped_column(ForeignKey("publications.id"))
    partner_id: Mapped[UUID] = mapped_column(ForeignKey("partners.id"))
    token_hash: Mapped[bytes]
    embargo_until: Mapped[datetime | None]
    expires_at: Mapped[datetime]
    acknowledged_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    created_by: Mapped[UUID] = mapped_column(ForeignKey("people.id"))
    created_at: Mapped[datetime]


class KitPost(Base):
    """Where a partner says that it has posted a kit: an address on its own page, which nothing of ours fetches."""

    __tablename__ = "kit_posts"
    __table_args__ = (
        CheckConstraint("url ~ '^https://'", name="url"),
        UniqueConstraint("kit_id", "url"),
        table_rules("publish"),
    )

    id: Mapped[UUID] = primary_key()
    kit_id: Mapped[UUID] = mapped_column(ForeignKey("partner_kits.id"))
    url: Mapped[str]
    reported_at: Mapped[datetime]
