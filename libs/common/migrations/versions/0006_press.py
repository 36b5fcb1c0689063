"""The press kit: versions of items, and what each partner took of them

Revision: 0006; follows 0005.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

AT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "press_versions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("delivery_id", sa.Uuid(), nullable=False),
        sa.Column("channel_id", sa.Uuid(), nullable=False),
        sa.Column("item", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("payload", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", AT, nullable=False),
        sa.Column("embargoed_until", AT, nullable=True),
        sa.CheckConstraint("status IN ('usable', 'canceled')", name=op.f("ck_press_versions_status")),
        sa.ForeignKeyConstraint(["channel_id"], ["channels.id"], name=op.f("fk_press_versions_channel_id_channels")),
        sa.ForeignKeyConstraint(
            ["delivery_id"], ["deliveries.id"], name=op.f("fk_press_versions_delivery_id_deliveries")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_press_versions")),
        sa.UniqueConstraint("delivery_id", "status", name=op.f("uq_press_versions_delivery_id_status")),
        sa.UniqueConstraint("item", "version", name=op.f("uq_press_versions_item_version")),
        sa.UniqueConstraint("channel_id", "position", name=op.f("uq_press_versions_channel_id_position")),
    )
    op.create_table(
        "press_sends",
        sa.Column("version_id", sa.Uuid(), nullable=False),
        sa.Column("partner", sa.Text(), nullable=False),
        sa.Column("way", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("not_before", AT, nullable=False),
        sa.Column("updated_at", AT, nullable=False),
        sa.Column("trouble", sa.Text(), nullable=True),
        sa.CheckConstraint("way IN ('feed', 'post', 'mail')", name=op.f("ck_press_sends_way")),
        sa.CheckConstraint(
            "state IN ('queued', 'sending', 'accepted', 'failed', 'dropped')", name=op.f("ck_press_sends_state")
        ),
        sa.ForeignKeyConstraint(
            ["version_id"], ["press_versions.id"], name=op.f("fk_press_sends_version_id_press_versions")
        ),
        sa.PrimaryKeyConstraint("version_id", "partner", "way", name=op.f("pk_press_sends")),
    )
    op.create_index(
        "ix_press_sends_due",
        "press_sends",
        ["not_before"],
        postgresql_where=sa.text("state IN ('queued', 'sending')"),
    )


def downgrade() -> None:
    raise NotImplementedError("migrations expand and contract; nothing is undone by going back")
