"""Conversations on more platforms: a message to an account stands in the inbox as well, under no post

Revision: 0025; follows 0024.
"""

from pathlib import Path

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

RULES = Path(__file__).with_name("0025_rules.sql")


def upgrade() -> None:
    op.alter_column("comments", "delivery_id", existing_type=sa.Uuid(), nullable=True)
    op.create_index(
        "ix_comments_messages",
        "comments",
        ["seen_at"],
        postgresql_where=sa.text("delivery_id IS NULL AND body IS NOT NULL"),
    )
    op.create_index(
        "ix_comments_answers",
        "comments",
        ["channel_id", "parent_digest"],
        postgresql_where=sa.text("parent_digest IS NOT NULL"),
    )
    op.add_column("notifications", sa.Column("person_id", sa.Uuid(), nullable=True))
    for statement in RULES.read_text("utf-8").split("--;;"):
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("migrations expand and contract; nothing is undone by going back")
