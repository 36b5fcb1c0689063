"""What a text is near to, and what changed in it

Revision: 0007; follows 0006.
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

AT = sa.DateTime(timezone=True)
BY_CONTENT = "RANGE (content_id)"


def upgrade() -> None:
    op.create_index("ix_content_keys_content_hash", "content_keys", ["content_hash"])
    op.create_table(
        "near_texts",
        sa.Column("content_id", sa.Uuid(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=True),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("keys", sa.LargeBinary(), nullable=True),
        sa.Column("signed_at", AT, nullable=False),
        sa.PrimaryKeyConstraint("content_id", name=op.f("pk_near_texts")),
        postgresql_partition_by=BY_CONTENT,
    )
    op.create_table(
        "near_keys",
        sa.Column("key", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("content_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("key", "content_id", name=op.f("pk_near_keys")),
        postgresql_partition_by=BY_CONTENT,
    )
    op.create_table(
        "near_copies",
        sa.Column("content_id", sa.Uuid(), nullable=False),
        sa.Column("copy_of", sa.Uuid(), nullable=False),
        sa.Column("nearest_id", sa.Uuid(), nullable=False),
        sa.Column("similarity", sa.REAL(), nullable=False),
        sa.Column("linked_at", AT, nullable=False),
        sa.PrimaryKeyConstraint("content_id", name=op.f("pk_near_copies")),
        postgresql_partition_by=BY_CONTENT,
    )
    op.create_index("ix_near_copies_copy_of", "near_copies", ["copy_of"])


def downgrade() -> None:
    raise NotImplementedError("migrations expand and contract; nothing is undone by going back")
