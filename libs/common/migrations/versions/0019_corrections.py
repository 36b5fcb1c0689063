"""Corrections: what a publication says of a claim, its chain, and the channels that have to carry it

Revision: 0019; follows 0018.
"""

from pathlib import Path

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

RULES = Path(__file__).with_name("0019_rules.sql")
AT = sa.DateTime(timezone=True)
IDS = postgresql.ARRAY(sa.Uuid())


def upgrade() -> None:
    _corrections()
    _targets()
    for statement in RULES.read_text(encoding="utf-8").split("--;;"):
        op.execute(sa.text(statement.replace(":", "\\:")))


def _corrections() -> None:
    table = "corrections"
    op.create_table(
        table,
        sa.Column("publication_id", sa.Uuid(), nullable=False),
        sa.Column("chain_id", sa.Uuid(), nullable=False),
        sa.Column("claim_id", sa.Uuid(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("claim_text", sa.Text(), nullable=False),
        sa.Column("evidence", postgresql.JSONB(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("reference_ids", IDS, nullable=False),
        sa.Column("first_seen_at", AT, nullable=True),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.Column("created_at", AT, nullable=False),
        _check(table, "step", "step IN ('alert', 'update', 'correction', 'cancel')"),
        _check(table, "verdict", "verdict IN ('tin_gia', 'tin_sai_su_that', 'tin_xac_thuc')"),
        _check(table, "with_evidence", "jsonb_array_length(evidence) > 0"),
        _check(table, "claim_text", "length(btrim(claim_text)) > 0"),
        _check(table, "later_with_a_reason", "step = 'alert' OR length(btrim(coalesce(reason, ''))) >= 10"),
        _check(table, "later_with_references", "(step = 'alert') = (cardinality(reference_ids) = 0)"),
        _of(table, "created_by", "people", "id"),
        _of(table, "publication_id", "publications", "id"),
        sa.PrimaryKeyConstraint("publication_id", name=op.f("pk_corrections")),
    )
    op.create_index("ix_corrections_claim_id", table, ["claim_id"])
    op.create_index("ix_corrections_chain_id", table, ["chain_id"])


def _targets() -> None:
    table = "correction_targets"
    op.create_table(
        table,
        sa.Column("publication_id", sa.Uuid(), nullable=False),
        sa.Column("channel_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("source_ids", IDS, nullable=False),
        sa.Column("task_id", sa.Uuid(), nullable=True),
        _check(table, "reason", "reason IN ('bulletin', 'seen', 'stands', 'added')"),
        _of(table, "channel_id", "channels", "id"),
        _of(table, "publication_id", "corrections", "publication_id"),
        _of(table, "task_id", "tasks", "id"),
        sa.PrimaryKeyConstraint("publication_id", "channel_id", name=op.f("pk_correction_targets")),
    )


def _check(table: str, name: str, condition: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(condition, name=op.f(f"ck_{table}_{name}"))


def _of(table: str, column: str, other: str, key: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{other}.{key}"], name=op.f(f"fk_{table}_{column}_{other}"))


def downgrade() -> None:
    raise NotImplementedError("migrations expand and contract; nothing is undone by going back")
