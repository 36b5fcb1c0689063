"""Counts by place frozen month by month, versions of data sets, changes of the public register

Revision: 0031; follows 0030.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

AT, TEXT, ID, COUNT = sa.DateTime(timezone=True), sa.Text(), sa.Uuid(), sa.Integer()
SUBJECTS = "'opened', 'source', 'classes', 'model', 'retention', 'dataset'"
TABLES = ("place_months", "dataset_versions", "register_changes")


def upgrade() -> None:
    _months()
    _versions()
    _changes()
    for table in TABLES:
        op.execute(
            f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )
        op.execute(
            f"CREATE TRIGGER never_emptied BEFORE TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )


def _check(table: str, name: str, condition: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(condition, name=op.f(f"ck_{table}_{name}"))


def _needed(name: str, kind: sa.types.TypeEngine[Any]) -> sa.Column[object]:
    return sa.Column(name, kind, nullable=False)


def _months() -> None:
    table = "place_months"
    op.create_table(
        table,
        _needed("period_from", AT),
        _needed("period_to", AT),
        _needed("frozen_at", AT),
        _needed("wards", postgresql.JSONB()),
        _needed("units", postgresql.JSONB()),
        _check(table, "in_order", "period_from < period_to"),
        _check(table, "closed", "frozen_at >= period_to"),
        postgresql.ExcludeConstraint(
            (sa.func.tstzrange(sa.column("period_from"), sa.column("period_to")), "&&"), name="ex_place_months_apart"
        ),
        sa.PrimaryKeyConstraint("period_from", name=op.f("pk_place_months")),
    )


def _versions() -> None:
    table = "dataset_versions"
    op.create_table(
        table,
        _needed("dataset", TEXT),
        _needed("day", sa.Date()),
        _needed("as_of", AT),
        _needed("row_count", COUNT),
        _needed("digest", sa.LargeBinary()),
        _needed("csv_key", TEXT),
        _needed("json_key", TEXT),
        _check(table, "digest_length", "octet_length(digest) = 32"),
        _check(table, "row_count", "row_count >= 0"),
        sa.PrimaryKeyConstraint("dataset", "day", name=op.f("pk_dataset_versions")),
    )


def _changes() -> None:
    table = "register_changes"
    op.create_table(
        table,
        _needed("id", ID),
        _needed("subject", TEXT),
        _needed("key", TEXT),
        _needed("at", AT),
        sa.Column("before", postgresql.JSONB()),
        sa.Column("after", postgresql.JSONB()),
        _check(table, "subject", f"subject IN ({SUBJECTS})"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_register_changes")),
    )
    op.create_index("ix_register_changes_subject_key_id", table, ["subject", "key", "id"])


def downgrade() -> None:
    raise NotImplementedError("migrations expand and contract; nothing is undone by going back")
