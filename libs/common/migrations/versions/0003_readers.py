"""Readers: mail and push subscriptions, digests, webhooks of platforms, comments without their authors

Revision: 0003; follows 0002.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "reader_subscriptions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("channel_id", sa.Uuid(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("octet_length(token_hash) = 32", name=op.f("ck_reader_subscriptions_hash_length")),
        sa.ForeignKeyConstraint(
            ["channel_id"], ["channels.id"], name=op.f("fk_reader_subscriptions_channel_id_channels")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reader_subscriptions")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_reader_subscriptions_token_hash")),
    )
    op.create_index("ix_reader_subscriptions_channel_id_id", "reader_subscriptions", ["channel_id", "id"], unique=False)
    op.create_table(
        "digest_items",
        sa.Column("delivery_id", sa.Uuid(), nullable=False),
        sa.Column("channel_id", sa.Uuid(), nullable=False),
        sa.Column("payload", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("edition_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["channel_id"], ["channels.id"], name=op.f("fk_digest_items_channel_id_channels")),
        sa.ForeignKeyConstraint(
            ["delivery_id"], ["deliveries.id"], name=op.f("fk_digest_items_delivery_id_deliveries")
        ),
        sa.PrimaryKeyConstraint("delivery_id", name=op.f("pk_digest_items")),
    )
    op.create_index("ix_digest_items_channel_id_edition_at", "digest_items", ["channel_id", "edition_at"], unique=False)
    op.create_table(
        "reader_sends",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("subscription_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("state IN ('sending', 'sent', 'failed', 'gone')", name=op.f("ck_reader_sends_state")),
        sa.ForeignKeyConstraint(
            ["subscription_id"],
            ["reader_subscriptions.id"],
            name=op.f("fk_reader_sends_subscription_id_reader_subscriptions"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("key", "subscription_id", name=op.f("pk_reader_sends")),
    )
    op.create_table(
        "platform_events",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("channel_id", sa.Uuid(), nullable=False),
        sa.Column("dedupe", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("facts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["channel_id"], ["channels.id"], name=op.f("fk_platform_events_channel_id_channels")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_platform_events")),
        sa.UniqueConstraint("channel_id", "dedupe", name=op.f("uq_platform_events_channel_id_dedupe")),
    )
    op.create_index(
        "ix_platform_events_open",
        "platform_events",
        ["id"],
        unique=False,
        postgresql_where=sa.text("done_at IS NULL"),
    )
    op.create_table(
        "comments",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("channel_id", sa.Uuid(), nullable=False),
        sa.Column("delivery_id", sa.Uuid(), nullable=True),
        sa.Column("platform_id", sa.Text(), nullable=False),
        sa.Column("parent_id", sa.Text(), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("first_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("state IN ('visible', 'hidden', 'held', 'deleted')", name=op.f("ck_comments_state")),
        sa.ForeignKeyConstraint(["channel_id"], ["channels.id"], name=op.f("fk_comments_channel_id_channels")),
        sa.ForeignKeyConstraint(["delivery_id"], ["deliveries.id"], name=op.f("fk_comments_delivery_id_deliveries")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_comments")),
        sa.UniqueConstraint("channel_id", "platform_id", name=op.f("uq_comments_channel_id_platform_id")),
    )
    op.create_index("ix_comments_delivery_id_id", "comments", ["delivery_id", "id"], unique=False)


def downgrade() -> None:
    raise NotImplementedError("migrations expand and contract; nothing is undone by going back")
