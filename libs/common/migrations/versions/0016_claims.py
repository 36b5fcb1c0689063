"""Claims: who reviewed what was imported; matches keep where and when they were seen, after their contents are gone

Revision: 0016; follows 0015.
"""

from pathlib import Path

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

RULES = Path(__file__).with_name("0016_rules.sql")
AT = sa.DateTime(timezone=True)
TEXT = sa.Text()


def upgrade() -> None:
    for column in (
        sa.Column("reviewer", TEXT, nullable=True),
        sa.Column("review_url", TEXT, nullable=True),
        sa.Column("reviewed_at", AT, nullable=True),
        sa.Column("import_key", sa.LargeBinary(), nullable=True),
    ):
        op.add_column("claims", column)
    op.create_unique_constraint(op.f("uq_claims_import_key"), "claims", ["import_key"])
    op.create_index("ix_claims_updated_at_id", "claims", ["updated_at", "id"])
    for seen in (
        sa.Column("source_id", sa.Uuid(), nullable=True),
        sa.Column("title", TEXT, nullable=True),
        sa.Column("url", TEXT, nullable=True),
        sa.Column("seen_at", AT, nullable=True),
        sa.Column("copy_of", sa.Uuid(), nullable=True),
        sa.Column("decided_at", AT, nullable=True),
    ):
        op.add_column("claim_matches", seen)
    op.execute(
        "UPDATE claim_matches SET seen_at = c.first_seen_at, source_id = c.source_id, url = c.url, "
        "title = left(c.title, 300) FROM contents c WHERE c.id = content_id"
    )
    op.create_index("ix_claim_matches_claim_id_seen_at", "claim_matches", ["claim_id", "seen_at"])
    for statement in RULES.read_text(encoding="utf-8").split("--;;"):
        op.execute(sa.text(statement.replace(":", "\\:")))


def downgrade() -> None:
    raise NotImplementedError("migrations expand and contract; nothing is undone by going back")
