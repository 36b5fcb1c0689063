"""Budgets of hosts, rhythms and WebSub

Revision: 0011; follows 0010.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("fetches", sa.Column("due_at", sa.DateTime(timezone=True), nullable=True))
    _hosts_and_rhythms()
    _pages_being_read()
    _subscriptions()


def _moment(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _count(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer(), server_default="0", nullable=False)


def _of_a_source(table: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_source_id_sources")
    return sa.ForeignKeyConstraint(["source_id"], ["sources.id"], name=name, ondelete="CASCADE")


def _hosts_and_rhythms() -> None:
    op.create_table(
        "host_budgets",
        sa.Column("host", sa.Text(), nullable=False),
        _moment("free_at"),
        _moment("resting_until", nullable=True),
        _count("refusals"),
        sa.PrimaryKeyConstraint("host", name=op.f("pk_host_budgets")),
    )
    op.create_table(
        "source_rhythms",
        sa.Column("source_id", sa.Uuid(), nullable=False),
        sa.Column("arrivals", postgresql.ARRAY(sa.Double()), nullable=False),
        sa.Column("exposure", postgresql.ARRAY(sa.Double()), nullable=False),
        _moment("watched_until"),
        sa.Column("moved_to", sa.Text(), nullable=True),
        _count("moved_polls"),
        sa.CheckConstraint(
            "cardinality(arrivals) = 24 AND cardinality(exposure) = 24", name=op.f("ck_source_rhythms_hours")
        ),
        _of_a_source("source_rhythms"),
        sa.PrimaryKeyConstraint("source_id", name=op.f("pk_source_rhythms")),
    )


def _pages_being_read() -> None:
    op.create_table(
        "article_claims",
        sa.Column("url_hash", sa.LargeBinary(), nullable=False),
        sa.Column("source_id", sa.Uuid(), nullable=False),
        _moment("claimed_until"),
        sa.Column("is_wanted", sa.Boolean(), nullable=False),
        _of_a_source("article_claims"),
        sa.PrimaryKeyConstraint("url_hash", name=op.f("pk_article_claims")),
    )
    op.create_index("ix_article_claims_source_id", "article_claims", ["source_id"])


def _subscriptions() -> None:
    op.create_table(
        "websub_subscriptions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("source_id", sa.Uuid(), nullable=False),
        sa.Column("hub", sa.Text(), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        *(
            _moment(name, nullable=True)
            for name in ("asked_at", "verified_at", "lease_ends_at", "pushed_at", "next_at")
        ),
        _count("failures"),
        _count("missed"),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "state IN ('wanted', 'asked', 'active', 'denied', 'leaving', 'ended')",
            name=op.f("ck_websub_subscriptions_state"),
        ),
        _of_a_source("websub_subscriptions"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_websub_subscriptions")),
        sa.UniqueConstraint("source_id", name=op.f("uq_websub_subscriptions_source_id")),
    )
    op.create_index("ix_websub_subscriptions_next_at", "websub_subscriptions", ["next_at"])


def downgrade() -> None:
    raise NotImplementedError("migrations expand and contract; nothing is undone by going back")
