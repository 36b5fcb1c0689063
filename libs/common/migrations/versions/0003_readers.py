"""Readers' mail: who asked for it, what a digest holds, what was sent

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
    _who_asked()
    _what_is_told()
    _what_was_sent()


def _who_asked() -> None:
    op.create_table(
        "mail_subscriptions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("channel_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("ciphertext", sa.LargeBinary(), nullable=True),
        sa.Column("key_id", sa.Text(), nullable=True),
        sa.Column("key_hash", sa.LargeBinary(), nullable=True),
        sa.Column("domain_hash", sa.LargeBinary(), nullable=True),
        sa.Column("asks", sa.Integer(), server_default="0", nullable=False),
        sa.Column("ask_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("end_reason", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "state IN ('pending', 'confirmed', 'ended')",
            name=op.f("ck_mail_subscriptions_state"),
        ),
        sa.CheckConstraint(
            "end_reason IN ('unsubscribed', 'bounced', 'complained')",
            name=op.f("ck_mail_subscriptions_end_reason"),
        ),
        sa.CheckConstraint(
            "(state = 'ended') = (ciphertext IS NULL) AND (state = 'ended') = (key_hash IS NULL) "
            "AND (state = 'ended') = (domain_hash IS NULL)",
            name=op.f("ck_mail_subscriptions_erased_at_the_end"),
        ),
        sa.CheckConstraint(
            "(state = 'ended') = (ended_at IS NOT NULL AND end_reason IS NOT NULL)",
            name=op.f("ck_mail_subscriptions_ended"),
        ),
        sa.CheckConstraint(
            "state <> 'confirmed' OR confirmed_at IS NOT NULL",
            name=op.f("ck_mail_subscriptions_confirmed_by_the_reader"),
        ),
        sa.CheckConstraint("octet_length(key_hash) = 32", name=op.f("ck_mail_subscriptions_hash_length")),
        sa.ForeignKeyConstraint(
            ["channel_id"], ["channels.id"], name=op.f("fk_mail_subscriptions_channel_id_channels")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mail_subscriptions")),
        sa.UniqueConstraint("channel_id", "key_hash", name=op.f("uq_mail_subscriptions_channel_id_key_hash")),
    )
    op.create_index("ix_mail_subscriptions_key_hash", "mail_subscriptions", ["key_hash"])
    op.create_index(
        "ix_mail_subscriptions_ask_at",
        "mail_subscriptions",
        ["ask_at"],
        postgresql_where=sa.text("ask_at IS NOT NULL"),
    )
    op.create_table(
        "mail_suppressions",
        sa.Column("key_hash", sa.LargeBinary(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("reason IN ('bounced', 'complained')", name=op.f("ck_mail_suppressions_reason")),
        sa.CheckConstraint("octet_length(key_hash) = 32", name=op.f("ck_mail_suppressions_hash_length")),
        sa.PrimaryKeyConstraint("key_hash", name=op.f("pk_mail_suppressions")),
    )


def _what_is_told() -> None:
    op.create_table(
        "digests",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("channel_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("is_urgent", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["channel_id"], ["channels.id"], name=op.f("fk_digests_channel_id_channels")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_digests")),
        sa.UniqueConstraint("channel_id", "number", name=op.f("uq_digests_channel_id_number")),
    )
    op.create_index("ix_digests_unfinished", "digests", ["channel_id"], postgresql_where=sa.text("finished_at IS NULL"))
    op.create_table(
        "digest_items",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("delivery_id", sa.Uuid(), nullable=False),
        sa.Column("channel_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("payload", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("is_urgent", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("digest_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint("kind IN ('news', 'withdrawal')", name=op.f("ck_digest_items_kind")),
        sa.ForeignKeyConstraint(["channel_id"], ["channels.id"], name=op.f("fk_digest_items_channel_id_channels")),
        sa.ForeignKeyConstraint(
            ["delivery_id"], ["deliveries.id"], name=op.f("fk_digest_items_delivery_id_deliveries")
        ),
        sa.ForeignKeyConstraint(["digest_id"], ["digests.id"], name=op.f("fk_digest_items_digest_id_digests")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_digest_items")),
        sa.UniqueConstraint("delivery_id", "kind", name=op.f("uq_digest_items_delivery_id_kind")),
    )
    op.create_index("ix_digest_items_digest_id", "digest_items", ["digest_id"])
    op.create_index(
        "ix_digest_items_waiting",
        "digest_items",
        ["channel_id", "added_at"],
        postgresql_where=sa.text("digest_id IS NULL AND removed_at IS NULL"),
    )


def _what_was_sent() -> None:
    op.create_table(
        "digest_sends",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("digest_id", sa.Uuid(), nullable=False),
        sa.Column("subscription_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("not_before", sa.DateTime(timezone=True), nullable=False),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "state IN ('queued', 'sending', 'handed_over', 'unclear', 'refused', 'bounced', 'complained', 'dropped')",
            name=op.f("ck_digest_sends_state"),
        ),
        sa.CheckConstraint(
            "state NOT IN ('handed_over', 'complained') OR sent_at IS NOT NULL",
            name=op.f("ck_digest_sends_sent"),
        ),
        sa.ForeignKeyConstraint(["digest_id"], ["digests.id"], name=op.f("fk_digest_sends_digest_id_digests")),
        sa.ForeignKeyConstraint(
            ["subscription_id"],
            ["mail_subscriptions.id"],
            name=op.f("fk_digest_sends_subscription_id_mail_subscriptions"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_digest_sends")),
        sa.UniqueConstraint("digest_id", "subscription_id", name=op.f("uq_digest_sends_digest_id_subscription_id")),
    )
    op.create_index(
        "ix_digest_sends_due",
        "digest_sends",
        ["not_before"],
        postgresql_where=sa.text("state IN ('queued', 'sending')"),
    )
    op.create_index("ix_digest_sends_subscription_id", "digest_sends", ["subscription_id"])
    op.create_index("ix_digest_sends_claimed_at", "digest_sends", ["claimed_at"])


def downgrade() -> None:
    raise NotImplementedError("migrations expand and contract; nothing is undone by going back")
