"""Feedback cases: doors, steps, clocks, codes of senders, and, sealed and apart, who may be answered

Revision: 0008; follows 0007.
"""

from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

RULES = Path(__file__).with_name("0008_rules.sql")
AT = sa.DateTime(timezone=True)
TEXT = sa.Text()
STATES = (
    "state IN ('received', 'accepted', 'assigned', 'in_progress', 'answered', 'closed', 'reopened', 'rejected', "
    "'merged')"
)
KINDS = (
    "IN ('news', 'announcement', 'question', 'report_of_problem', 'complaint', 'criticism', 'opinion', 'praise', "
    "'advert', 'scam_suspect', 'other')"
)
TOPICS = (
    "topic IN ('giao_thong', 'moi_truong', 'y_te', 'giao_duc', 'kinh_te', 'do_thi', 'an_ninh_trat_tu', 'van_hoa', "
    "'du_lich', 'the_thao', 'hanh_chinh', 'thien_tai', 'doi_song', 'khac')"
)
CHANNELS = "channel IN ('content', 'form', 'open311', 'mail', 'import', 'conversation', 'push')"


def upgrade() -> None:
    _widen_cases()
    _steps()
    _senders()
    _data_requests()
    _transfers()
    for statement in RULES.read_text(encoding="utf-8").split("--;;"):
        op.execute(sa.text(statement.replace(":", "\\:")))


def _widen_cases() -> None:
    for column in (
        sa.Column("channel", TEXT, server_default="content", nullable=False),
        sa.Column("origin_digest", sa.LargeBinary(), nullable=True),
        sa.Column("topic", TEXT, nullable=True),
        sa.Column("service_code", TEXT, nullable=True),
        sa.Column("place_told", TEXT, nullable=True),
        sa.Column("lat", sa.Float(), nullable=True),
        sa.Column("lon", sa.Float(), nullable=True),
        sa.Column("media_urls", postgresql.ARRAY(TEXT), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("merged_into", sa.Uuid(), nullable=True),
        sa.Column("reopened", sa.Integer(), server_default="0", nullable=False),
        sa.Column("closed_at", AT, nullable=True),
        sa.Column("ask_solved_at", AT, nullable=True),
        sa.Column("is_solved", sa.Boolean(), nullable=True),
    ):
        op.add_column("feedback_cases", column)
    op.drop_constraint(op.f("ck_feedback_cases_state"), "feedback_cases")
    for name, rule in (
        ("state", STATES),
        ("channel", CHANNELS),
        ("topic", TOPICS),
        ("origin_digest_length", "octet_length(origin_digest) = 32"),
        ("merged_into_another", "(state = 'merged') = (merged_into IS NOT NULL)"),
        ("merged_not_into_itself", "merged_into <> id"),
        ("position", "lat BETWEEN -90 AND 90 AND lon BETWEEN -180 AND 180"),
    ):
        op.create_check_constraint(op.f(f"ck_feedback_cases_{name}"), "feedback_cases", rule)
    op.create_foreign_key(
        op.f("fk_feedback_cases_merged_into_feedback_cases"),
        "feedback_cases",
        "feedback_cases",
        ["merged_into"],
        ["id"],
    )
    op.create_index("ix_feedback_cases_unit_id_received_at", "feedback_cases", ["unit_id", "received_at"])
    op.create_index("ix_feedback_cases_received_at", "feedback_cases", ["received_at"])
    op.create_index(
        "ix_feedback_cases_merged_into",
        "feedback_cases",
        ["merged_into"],
        postgresql_where=sa.text("merged_into IS NOT NULL"),
    )
    op.create_index(
        "uq_feedback_cases_origin",
        "feedback_cases",
        ["channel", "origin_digest"],
        unique=True,
        postgresql_where=sa.text("origin_digest IS NOT NULL"),
    )


def _case_id(table: str, *, is_key: bool = False) -> list[Any]:
    """The column that says of which case a row is, its foreign key, and the primary key."""
    name = op.f(f"fk_{table}_case_id_feedback_cases")
    key = [] if is_key else [sa.Column("id", sa.Uuid(), nullable=False)]
    return [
        *key,
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["feedback_cases.id"], name=name),
        sa.PrimaryKeyConstraint("case_id" if is_key else "id", name=op.f(f"pk_{table}")),
    ]


def _steps() -> None:
    op.create_table(
        "case_events",
        *_case_id("case_events"),
        sa.Column("action", TEXT, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("at", AT, nullable=False),
        sa.Column("by", sa.Uuid(), nullable=True),
        sa.Column("unit_id", sa.Uuid(), nullable=True),
        sa.Column("legal_ground", TEXT, nullable=True),
        sa.Column("public_note", TEXT, nullable=True),
        sa.Column("internal_note", TEXT, nullable=True),
        sa.CheckConstraint(STATES, name=op.f("ck_case_events_state")),
        sa.CheckConstraint(
            "state <> 'rejected' OR coalesce(legal_ground, '') <> ''",
            name=op.f("ck_case_events_rejected_on_a_legal_ground"),
        ),
        sa.ForeignKeyConstraint(
            ["unit_id"], ["organization_units.id"], name=op.f("fk_case_events_unit_id_organization_units")
        ),
    )
    op.create_index("ix_case_events_case_id_id", "case_events", ["case_id", "id"])
    op.create_table(
        "case_relabellings",
        *_case_id("case_relabellings"),
        sa.Column("from_kind", TEXT, nullable=False),
        sa.Column("to_kind", TEXT, nullable=False),
        sa.Column("reason", TEXT, nullable=False),
        sa.Column("proposed_by", sa.Uuid(), nullable=False),
        sa.Column("proposed_at", AT, nullable=False),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("decided_at", AT, nullable=True),
        sa.Column("is_confirmed", sa.Boolean(), nullable=True),
        sa.CheckConstraint(f"from_kind {KINDS}", name=op.f("ck_case_relabellings_from_kind")),
        sa.CheckConstraint(f"to_kind {KINDS}", name=op.f("ck_case_relabellings_to_kind")),
        sa.CheckConstraint("char_length(btrim(reason)) >= 10", name=op.f("ck_case_relabellings_reason")),
        sa.CheckConstraint(
            "NOT is_confirmed OR (decided_by <> proposed_by AND decided_at IS NOT NULL)",
            name=op.f("ck_case_relabellings_two_people"),
        ),
        sa.CheckConstraint("(decided_at IS NULL) = (is_confirmed IS NULL)", name=op.f("ck_case_relabellings_decided")),
        sa.CheckConstraint(
            "(decided_at IS NULL) = (decided_by IS NULL)", name=op.f("ck_case_relabellings_decided_by_somebody")
        ),
    )
    op.create_index(
        "uq_case_relabellings_open",
        "case_relabellings",
        ["case_id"],
        unique=True,
        postgresql_where=sa.text("decided_at IS NULL"),
    )


def _senders() -> None:
    op.create_table(
        "case_codes",
        *_case_id("case_codes", is_key=True),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("key_id", TEXT, nullable=False),
        sa.Column("wrong_tries", sa.Integer(), server_default="0", nullable=False),
        sa.Column("locked_until", AT, nullable=True),
        sa.CheckConstraint("octet_length(digest) = 32", name=op.f("ck_case_codes_digest_length")),
    )
    op.create_table(
        "case_contacts",
        *_case_id("case_contacts", is_key=True),
        sa.Column("ciphertext", sa.LargeBinary(), nullable=False),
        sa.Column("key_id", TEXT, nullable=False),
        sa.Column("purge_at", AT, nullable=True),
    )
    op.create_index(
        "ix_case_contacts_purge_at",
        "case_contacts",
        ["purge_at"],
        postgresql_where=sa.text("purge_at IS NOT NULL"),
    )


def _data_requests() -> None:
    op.create_table(
        "data_requests",
        *_case_id("data_requests"),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("received_at", AT, nullable=False),
        sa.Column("due_at", AT, nullable=False),
        sa.Column("decided_at", AT, nullable=True),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("reason", TEXT, nullable=True),
        sa.CheckConstraint("kind IN ('access', 'erasure')", name=op.f("ck_data_requests_kind")),
        sa.CheckConstraint("state IN ('open', 'fulfilled', 'refused')", name=op.f("ck_data_requests_state")),
        sa.CheckConstraint("(state = 'open') = (decided_at IS NULL)", name=op.f("ck_data_requests_decided")),
        sa.CheckConstraint(
            "(state = 'open') = (decided_by IS NULL)", name=op.f("ck_data_requests_decided_by_somebody")
        ),
        sa.CheckConstraint(
            "state <> 'refused' OR char_length(btrim(coalesce(reason, ''))) >= 10",
            name=op.f("ck_data_requests_refused_with_a_reason"),
        ),
    )
    op.create_index(
        "uq_data_requests_open",
        "data_requests",
        ["case_id", "kind"],
        unique=True,
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_index("ix_data_requests_due_at", "data_requests", ["due_at"], postgresql_where=sa.text("state = 'open'"))


def _transfers() -> None:
    op.create_table(
        "case_transfers",
        *_case_id("case_transfers"),
        sa.Column("server", TEXT, nullable=False),
        sa.Column("service_code", TEXT, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("requested_by", sa.Uuid(), nullable=False),
        sa.Column("requested_at", AT, nullable=False),
        sa.Column("armed_at", AT, nullable=True),
        sa.Column("remote_id", TEXT, nullable=True),
        sa.Column("token", TEXT, nullable=True),
        sa.Column("looks", sa.Integer(), server_default="0", nullable=False),
        sa.Column("due_at", AT, nullable=False),
        sa.Column("seen", postgresql.ARRAY(TEXT), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("trouble", TEXT, nullable=True),
        sa.Column("updated_at", AT, nullable=False),
        sa.CheckConstraint(
            "state IN ('queued', 'armed', 'sent', 'unknown', 'undecided', 'failed', 'done')",
            name=op.f("ck_case_transfers_state"),
        ),
        sa.CheckConstraint("(state = 'queued') = (armed_at IS NULL)", name=op.f("ck_case_transfers_armed_once")),
        sa.CheckConstraint(
            "state NOT IN ('sent', 'done') OR remote_id IS NOT NULL OR token IS NOT NULL",
            name=op.f("ck_case_transfers_known_there"),
        ),
    )
    op.create_index(
        "uq_case_transfers_standing",
        "case_transfers",
        ["case_id", "server"],
        unique=True,
        postgresql_where=sa.text("state <> 'failed'"),
    )
    op.create_index(
        "ix_case_transfers_due_at",
        "case_transfers",
        ["due_at"],
        postgresql_where=sa.text("state IN ('queued', 'armed', 'sent', 'unknown')"),
    )


def downgrade() -> None:
    raise NotImplementedError("migrations expand and contract; nothing is undone by going back")
