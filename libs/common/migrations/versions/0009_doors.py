"""Further doors: keys of pushes, hand-over, mail and imports

Revision: 0009; follows 0008.
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

AT = sa.DateTime(timezone=True)
KINDS = (
    "feed",
    "sitemap",
    "page",
    "push",
    "open311",
    "form",
    "conversation",
    "mail",
    "import",
    "youtube",
    "facebook_page",
)


def upgrade() -> None:
    _kinds_of_sources()
    _answers_given()
    _how_far_a_mailbox_was_read()
    _comments_that_became_cases()


def _kinds_of_sources() -> None:
    members = ", ".join(f"'{kind}'" for kind in KINDS)
    op.drop_constraint(op.f("ck_sources_kind"), "sources", type_="check")
    op.create_check_constraint(op.f("ck_sources_kind"), "sources", f"kind IN ({members})")


def _answers_given() -> None:
    op.create_table(
        "push_keys",
        sa.Column("key_hash", sa.LargeBinary(), nullable=False),
        sa.Column("body_hash", sa.LargeBinary(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("answer", sa.LargeBinary(), nullable=False),
        sa.Column("answered_at", AT, nullable=False),
        sa.Column("expires_at", AT, nullable=False),
        sa.CheckConstraint("octet_length(key_hash) = 32", name=op.f("ck_push_keys_key_length")),
        sa.CheckConstraint("octet_length(body_hash) = 32", name=op.f("ck_push_keys_body_length")),
        sa.PrimaryKeyConstraint("key_hash", name=op.f("pk_push_keys")),
    )
    op.create_index("ix_push_keys_expires_at", "push_keys", ["expires_at"], unique=False)


def _how_far_a_mailbox_was_read() -> None:
    op.create_table(
        "mailbox_positions",
        sa.Column("box_hash", sa.LargeBinary(), nullable=False),
        sa.Column("uid_validity", sa.BigInteger(), nullable=False),
        sa.Column("last_uid", sa.BigInteger(), nullable=False),
        sa.Column("read_at", AT, nullable=False),
        sa.CheckConstraint("octet_length(box_hash) = 32", name=op.f("ck_mailbox_positions_box_length")),
        sa.PrimaryKeyConstraint("box_hash", name=op.f("pk_mailbox_positions")),
    )


def _comments_that_became_cases() -> None:
    op.create_table(
        "comment_cases",
        sa.Column("comment_id", sa.Uuid(), nullable=False),
        sa.Column("escalated_at", AT, nullable=False),
        sa.ForeignKeyConstraint(
            ["comment_id"], ["comments.id"], name=op.f("fk_comment_cases_comment_id_comments"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("comment_id", name=op.f("pk_comment_cases")),
    )
    op.create_table(
        "conversation_cases",
        sa.Column("comment_id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_id"], ["feedback_cases.id"], name=op.f("fk_conversation_cases_case_id_feedback_cases")
        ),
        sa.PrimaryKeyConstraint("comment_id", name=op.f("pk_conversation_cases")),
    )


def downgrade() -> None:
    raise NotImplementedError("migrations expand and contract; nothing is undone by going back")
