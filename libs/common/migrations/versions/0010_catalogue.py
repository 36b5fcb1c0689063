"""The catalogue of sources and how each is doing

Revision: 0010; follows 0009.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

AT = sa.DateTime(timezone=True)
HEALTHS = "'new', 'ok', 'silent', 'flooding', 'failing', 'blocked', 'broken', 'paused', 'gone'"
CAUSES = (
    "'registered', 'read', 'recovered', 'quiet', 'flood', 'server', 'moved', 'robots', 'login', 'captcha', 'refused', "
    "'page_changed', 'reader_broke', 'thin', 'person', 'ended'"
)


def upgrade() -> None:
    for column in (
        sa.Column("homepage", sa.Text(), nullable=True),
        sa.Column("owner", sa.Text(), nullable=True),
        sa.Column("terms", sa.Text(), nullable=True),
        sa.Column("audience", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("state_reason", sa.Text(), nullable=True),
        sa.Column("tags", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'::text[]"), nullable=False),
        sa.Column("place", sa.Text(), nullable=True),
        sa.Column("health", sa.Text(), server_default="new", nullable=False),
        sa.Column("health_since", AT, nullable=True),
        sa.Column("health_reason", sa.Text(), nullable=True),
        sa.Column("checked_at", AT, nullable=True),
        sa.Column("last_item_at", AT, nullable=True),
    ):
        op.add_column("sources", column)
    op.create_check_constraint(op.f("ck_sources_health"), "sources", f"health IN ({HEALTHS})")
    _create_events()
    _create_figures()


def _create_events() -> None:
    op.create_table(
        "source_events",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("source_id", sa.Uuid(), nullable=False),
        sa.Column("was", sa.Text(), nullable=False),
        sa.Column("health", sa.Text(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("facts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("happened_at", AT, nullable=False),
        sa.CheckConstraint(f"health IN ({HEALTHS})", name=op.f("ck_source_events_health")),
        sa.CheckConstraint(f"cause IN ({CAUSES})", name=op.f("ck_source_events_cause")),
        _of_source("source_events"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_source_events")),
    )
    op.create_index("ix_source_events_source_id_id", "source_events", ["source_id", "id"])


def _create_figures() -> None:
    op.create_table(
        "source_hours",
        sa.Column("source_id", sa.Uuid(), nullable=False),
        sa.Column("hour", AT, nullable=False),
        sa.Column("items", sa.Integer(), nullable=False),
        _of_source("source_hours"),
        sa.PrimaryKeyConstraint("source_id", "hour", name=op.f("pk_source_hours")),
    )
    op.create_index("ix_source_hours_hour", "source_hours", ["hour"])
    op.create_table(
        "source_norms",
        sa.Column("source_id", sa.Uuid(), nullable=False),
        sa.Column("rates", postgresql.ARRAY(sa.Double()), nullable=False),
        sa.Column("spread", sa.Double(), nullable=False),
        sa.Column("longest_gap", sa.Double(), nullable=False),
        sa.Column("busiest", sa.Double(), nullable=False),
        sa.Column("days", sa.Double(), nullable=False),
        sa.Column("learned_at", AT, nullable=False),
        sa.Column("sketch", sa.LargeBinary(), nullable=True),
        sa.Column("sketched_at", AT, nullable=True),
        sa.Column("probed_at", AT, nullable=True),
        _of_source("source_norms"),
        sa.PrimaryKeyConstraint("source_id", name=op.f("pk_source_norms")),
    )


def _of_source(table: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_source_id_sources")
    return sa.ForeignKeyConstraint(["source_id"], ["sources.id"], name=name, ondelete="CASCADE")


def downgrade() -> None:
    raise NotImplementedError("migrations expand and contract; nothing is undone by going back")
