"""Stories: a summary with its sources, the order in which contents were assigned, and what people merged and split

Revision: 0013; follows 0012.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

AT = sa.DateTime(timezone=True)
IDS = postgresql.ARRAY(sa.Uuid())


def upgrade() -> None:
    nothing = sa.text("'[]'::jsonb")
    op.add_column("stories", sa.Column("summary", postgresql.JSONB(), server_default=nothing, nullable=False))
    op.add_column("stories", sa.Column("merged_into", sa.Uuid(), nullable=True))
    op.add_column("story_items", sa.Column("strand_id", sa.Uuid(), nullable=True))
    op.add_column("story_items", sa.Column("position", sa.BigInteger(), server_default="0", nullable=False))
    op.create_index("ix_story_items_position_content_id", "story_items", ["position", "content_id"])
    _links()


def _links() -> None:
    op.create_table(
        "story_links",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("story_id", sa.Uuid(), nullable=False),
        sa.Column("other_id", sa.Uuid(), nullable=False),
        sa.Column("contents", IDS, nullable=False),
        sa.Column("strands", IDS, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("decided_by", sa.Uuid(), nullable=False),
        sa.Column("decided_at", AT, nullable=False),
        sa.Column("undone_by", sa.Uuid(), nullable=True),
        sa.Column("undone_at", AT, nullable=True),
        sa.Column("change", sa.Integer(), nullable=False),
        sa.CheckConstraint("kind IN ('must', 'cannot')", name=op.f("ck_story_links_kind")),
        sa.CheckConstraint("length(btrim(reason)) >= 10", name=op.f("ck_story_links_reason")),
        sa.CheckConstraint("(undone_by IS NULL) = (undone_at IS NULL)", name=op.f("ck_story_links_undone_by_a_person")),
        sa.CheckConstraint("story_id <> other_id", name=op.f("ck_story_links_two_stories")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_story_links")),
    )
    op.create_index("ix_story_links_change", "story_links", ["change"], unique=True)
    op.create_index("ix_story_links_story_id", "story_links", ["story_id"])
    op.create_index("ix_story_links_other_id", "story_links", ["other_id"])
