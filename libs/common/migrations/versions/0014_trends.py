"""Counts in five-minute series, bursts, forecasts

Revision: 0014; follows 0013.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _items()
    _series()
    _points()
    _marks_and_forecasts()
    _bursts()


def _moment(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=False)


def _of_a_series(table: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_series_id_series")
    return sa.ForeignKeyConstraint(["series_id"], ["series.id"], name=name, ondelete="CASCADE")


def _items() -> None:
    op.create_table(
        "series_items",
        sa.Column("content_id", sa.Uuid(), nullable=False),
        _moment("bucket_at"),
        _text("field"),
        sa.Column("places", postgresql.ARRAY(sa.Text()), nullable=False),
        _text("source_kind"),
        _text("source_group"),
        sa.Column("story_id", sa.Uuid(), nullable=True),
        _moment("annotated_at"),
        sa.PrimaryKeyConstraint("content_id", name=op.f("pk_series_items")),
    )
    op.create_index("ix_series_items_bucket_at", "series_items", ["bucket_at"])


def _series() -> None:
    op.create_table(
        "series",
        sa.Column("id", sa.Uuid(), nullable=False),
        _text("dimension"),
        _text("key"),
        sa.Column("detectors", postgresql.JSONB(), server_default=sa.text("'{}'::jsonb"), nullable=False),
        _moment("read_until", nullable=True),
        _moment("created_at"),
        sa.CheckConstraint(
            "dimension IN ('all', 'field', 'story', 'place', 'source_kind', 'source_group')",
            name=op.f("ck_series_dimension"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_series")),
        sa.UniqueConstraint("dimension", "key", name=op.f("uq_series_dimension_key")),
    )
    op.create_index("ix_series_read_until", "series", ["read_until"])


def _points() -> None:
    op.create_table(
        "series_points",
        sa.Column("series_id", sa.Uuid(), nullable=False),
        _moment("bucket_at"),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.CheckConstraint("count > 0", name=op.f("ck_series_points_count")),
        _of_a_series("series_points"),
        sa.PrimaryKeyConstraint("series_id", "bucket_at", name=op.f("pk_series_points")),
    )
    op.create_index("ix_series_points_bucket_at", "series_points", ["bucket_at"])


def _marks_and_forecasts() -> None:
    op.create_table(
        "series_marks",
        _text("name"),
        _moment("reached_at"),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_series_marks")),
    )
    op.create_table(
        "series_forecasts",
        sa.Column("series_id", sa.Uuid(), nullable=False),
        _moment("made_at"),
        sa.Column("history_days", sa.Double(), nullable=False),
        sa.Column("points", postgresql.JSONB(), nullable=False),
        sa.Column("errors", postgresql.JSONB(), nullable=False),
        _of_a_series("series_forecasts"),
        sa.PrimaryKeyConstraint("series_id", name=op.f("pk_series_forecasts")),
    )


def _bursts() -> None:
    op.create_table(
        "bursts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("series_id", sa.Uuid(), nullable=False),
        _moment("began_at"),
        _moment("detected_at"),
        _moment("loud_at"),
        _moment("ended_at", nullable=True),
        sa.Column("window_minutes", sa.Integer(), nullable=False),
        sa.Column("seen", sa.Integer(), nullable=False),
        sa.Column("expected", sa.Double(), nullable=False),
        sa.Column("surprise", sa.Double(), nullable=False),
        sa.Column("once_in_weeks", sa.Double(), nullable=True),
        sa.Column("content_ids", postgresql.ARRAY(sa.Uuid()), nullable=False),
        sa.Column("story_ids", postgresql.ARRAY(sa.Uuid()), nullable=False),
        sa.CheckConstraint("ended_at IS NULL OR ended_at >= began_at", name=op.f("ck_bursts_ended_at")),
        _of_a_series("bursts"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bursts")),
    )
    op.create_index(
        "uq_bursts_open", "bursts", ["series_id"], unique=True, postgresql_where=sa.text("ended_at IS NULL")
    )
    op.create_index("ix_bursts_series_id_loud_at", "bursts", ["series_id", "loud_at"])


def downgrade() -> None:
    raise NotImplementedError("migrations expand and contract; nothing is undone by going back")
