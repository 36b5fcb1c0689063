"""What platforms tell us: their events, each once, and comments under our posts

Revision: 0005; follows 0004.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

AT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "platform_events",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("channel_id", sa.Uuid(), nullable=False),
        sa.Column("received_at", AT, nullable=False),
        sa.CheckConstraint("octet_length(digest) = 32", name=op.f("ck_platform_events_digest_length")),
        sa.ForeignKeyConstraint(
            ["channel_id"], ["channels.id"], name=op.f("fk_platform_events_channel_id_channels"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_platform_events")),
    )
    op.create_index("ix_platform_events_received_at", "platform_events", ["received_at"], unique=False)
    op.create_table(
        "comments",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("channel_id", sa.Uuid(), nullable=False),
        sa.Column("delivery_id", sa.Uuid(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("parent_digest", sa.LargeBinary(), nullable=True),
        sa.Column("body", sa.Text(), nullable=True),
        sa.Column("is_ours", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("posted_at", AT, nullable=True),
        sa.Column("seen_at", AT, nullable=False),
        sa.Column("updated_at", AT, nullable=False),
        sa.CheckConstraint("octet_length(digest) = 32", name=op.f("ck_comments_digest_length")),
        sa.CheckConstraint("octet_length(parent_digest) = 32", name=op.f("ck_comments_parent_digest_length")),
        sa.CheckConstraint("state IN ('visible', 'hidden', 'removed')", name=op.f("ck_comments_state")),
        sa.CheckConstraint("(state = 'removed') = (body IS NULL)", name=op.f("ck_comments_removed_is_erased")),
        sa.ForeignKeyConstraint(["channel_id"], ["channels.id"], name=op.f("fk_comments_channel_id_channels")),
        sa.ForeignKeyConstraint(["delivery_id"], ["deliveries.id"], name=op.f("fk_comments_delivery_id_deliveries")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_comments")),
        sa.UniqueConstraint("channel_id", "digest", name=op.f("uq_comments_channel_id_digest")),
    )
    op.create_index("ix_comments_delivery_id_id", "comments", ["delivery_id", "id"], unique=False)
    op.create_table(
        "reply_addresses",
        sa.Column("comment_id", sa.Uuid(), nullable=False),
        sa.Column("ciphertext", sa.LargeBinary(), nullable=False),
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("expires_at", AT, nullable=False),
        sa.ForeignKeyConstraint(
            ["comment_id"], ["comments.id"], name=op.f("fk_reply_addresses_comment_id_comments"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("comment_id", name=op.f("pk_reply_addresses")),
    )
    op.create_index("ix_reply_addresses_expires_at", "reply_addresses", ["expires_at"], unique=False)
    op.create_table(
        "comment_readings",
        sa.Column("delivery_id", sa.Uuid(), nullable=False),
        sa.Column("due_at", AT, nullable=False),
        sa.ForeignKeyConstraint(
            ["delivery_id"],
            ["deliveries.id"],
            name=op.f("fk_comment_readings_delivery_id_deliveries"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("delivery_id", name=op.f("pk_comment_readings")),
    )
    op.create_index("ix_comment_readings_due_at", "comment_readings", ["due_at"], unique=False)


def downgrade() -> None:
    raise NotImplementedError("migrations expand and contract; nothing is undone by going back")
