"""Readers' browsers that asked to be told, and what was sent to them

Revision: 0004; follows 0003.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _who_asked()
    _what_is_told()
    _what_was_sent()


def _who_asked() -> None:
    op.create_table(
        "push_subscriptions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("ciphertext", sa.LargeBinary(), nullable=False),
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("key_hash", sa.LargeBinary(), nullable=False),
        sa.Column("topics", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("subscribed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("octet_length(key_hash) = 32", name=op.f("ck_push_subscriptions_hash_length")),
        sa.CheckConstraint("cardinality(topics) BETWEEN 1 AND 20", name=op.f("ck_push_subscriptions_topics")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_push_subscriptions")),
        sa.UniqueConstraint("key_hash", name=op.f("uq_push_subscriptions_key_hash")),
    )
    op.create_index("ix_push_subscriptions_topics", "push_subscriptions", ["topics"], postgresql_using="gin")


def _what_is_told() -> None:
    op.create_table(
        "push_notices",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("delivery_id", sa.Uuid(), nullable=False),
        sa.Column("channel_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("thread", sa.Uuid(), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("payload", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("urgency", sa.Text(), nullable=False),
        sa.Column("noted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("fanned_out_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        *(
            sa.Column(name, sa.Integer(), server_default="0", nullable=False)
            for name in ("wanted", "accepted", "gone", "refused", "expired", "dropped")
        ),
        sa.CheckConstraint("kind IN ('news', 'withdrawal')", name=op.f("ck_push_notices_kind")),
        sa.CheckConstraint("urgency IN ('very-low', 'low', 'normal', 'high')", name=op.f("ck_push_notices_urgency")),
        sa.ForeignKeyConstraint(["channel_id"], ["channels.id"], name=op.f("fk_push_notices_channel_id_channels")),
        sa.ForeignKeyConstraint(
            ["delivery_id"], ["deliveries.id"], name=op.f("fk_push_notices_delivery_id_deliveries")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_push_notices")),
        sa.UniqueConstraint("delivery_id", "kind", name=op.f("uq_push_notices_delivery_id_kind")),
    )
    op.create_index("ix_push_notices_thread", "push_notices", ["thread"])
    op.create_index("ix_push_notices_channel_id", "push_notices", ["channel_id", "finished_at"])
    op.create_index(
        "ix_push_notices_waiting", "push_notices", ["noted_at"], postgresql_where=sa.text("fanned_out_at IS NULL")
    )
    op.create_index(
        "ix_push_notices_unfinished",
        "push_notices",
        ["id"],
        postgresql_where=sa.text("fanned_out_at IS NOT NULL AND finished_at IS NULL"),
    )


def _what_was_sent() -> None:
    op.create_table(
        "push_sends",
        sa.Column("notice_id", sa.Uuid(), nullable=False),
        sa.Column("subscription_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("not_before", sa.DateTime(timezone=True), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "state IN ('queued', 'sending', 'accepted', 'refused', 'expired', 'dropped')",
            name=op.f("ck_push_sends_state"),
        ),
        sa.ForeignKeyConstraint(["notice_id"], ["push_notices.id"], name=op.f("fk_push_sends_notice_id_push_notices")),
        sa.ForeignKeyConstraint(
            ["subscription_id"],
            ["push_subscriptions.id"],
            name=op.f("fk_push_sends_subscription_id_push_subscriptions"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("notice_id", "subscription_id", name=op.f("pk_push_sends")),
    )
    op.create_index(
        "ix_push_sends_due",
        "push_sends",
        ["not_before"],
        postgresql_where=sa.text("state IN ('queued', 'sending')"),
    )
    op.create_index("ix_push_sends_subscription_id", "push_sends", ["subscription_id"])


def downgrade() -> None:
    raise NotImplementedError("migrations expand and contract; nothing is undone by going back")
