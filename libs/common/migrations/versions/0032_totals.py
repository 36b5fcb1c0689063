"""Totals of each day, for reports that are longer than a day

Revision: 0032; follows 0031.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

MEASURES = (
    "'items', 'kinds', 'fields', 'feedback_opened', 'feedback_answered', 'claims_opened', 'claim_matches', "
    "'corrections'"
)


def upgrade() -> None:
    op.create_table(
        "counted_days",
        _needed("day", sa.Date()),
        _needed("as_of", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_counted_days")),
    )
    table = "daily_totals"
    op.create_table(
        table,
        _needed("measure", sa.Text()),
        _needed("day", sa.Date()),
        _needed("key", sa.Text()),
        _needed("value", sa.BigInteger()),
        _check(table, "measure", f"measure IN ({MEASURES})"),
        _check(table, "value", "value > 0"),
        sa.PrimaryKeyConstraint("measure", "day", "key", name=op.f("pk_daily_totals")),
    )
    table = "daily_story_totals"
    op.create_table(
        table,
        _needed("day", sa.Date()),
        _needed("story_id", sa.Uuid()),
        _needed("items", sa.Integer()),
        _needed("source_ids", postgresql.ARRAY(sa.Uuid())),
        _check(table, "items", "items > 0"),
        _check(table, "source_ids", "cardinality(source_ids) BETWEEN 1 AND items"),
        sa.PrimaryKeyConstraint("day", "story_id", name=op.f("pk_daily_story_totals")),
    )


def _check(table: str, name: str, condition: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(condition, name=op.f(f"ck_{table}_{name}"))


def _needed(name: str, kind: sa.types.TypeEngine[Any]) -> sa.Column[object]:
    return sa.Column(name, kind, nullable=False)


def downgrade() -> None:
    raise NotImplementedError("migrations expand and contract; nothing is undone by going back")
