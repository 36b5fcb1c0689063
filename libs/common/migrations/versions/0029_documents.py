"""Snapshots, reports and their versions

Revision: 0029; follows 0028.
"""

from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

RULES = Path(__file__).with_name("0029_rules.sql")
AT, TEXT, ID, COUNT = sa.DateTime(timezone=True), sa.Text(), sa.Uuid(), sa.Integer()


def upgrade() -> None:
    _reports()
    _versions()
    _runs()
    for statement in RULES.read_text(encoding="utf-8").split("--;;"):
        op.execute(sa.text(statement.replace(":", "\\:")))


def _check(table: str, name: str, condition: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(condition, name=op.f(f"ck_{table}_{name}"))


def _needed(name: str, kind: sa.types.TypeEngine[Any]) -> sa.Column[object]:
    return sa.Column(name, kind, nullable=False)


def _of(table: str, column: str, other: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{other}.id"], name=op.f(f"fk_{table}_{column}_{other}"))


def _reports() -> None:
    table = "reports"
    op.create_table(
        table,
        _needed("id", ID),
        _needed("kind", TEXT),
        sa.Column("about", TEXT),
        _needed("snapshot_id", ID),
        _needed("title", TEXT),
        _needed("state", TEXT),
        _needed("version", COUNT),
        _needed("symbol", TEXT),
        sa.Column("year", COUNT),
        sa.Column("number", COUNT),
        sa.Column("created_by", ID),
        _needed("created_at", AT),
        sa.Column("signed_by", ID),
        sa.Column("signed_at", AT),
        sa.Column("void_reason", TEXT),
        _check(table, "state", "state IN ('draft', 'signed', 'void')"),
        _check(table, "version", "version >= 1"),
        _check(
            table,
            "signed_whole",
            "(signed_at IS NULL) = (signed_by IS NULL) AND (signed_at IS NULL) = (number IS NULL) "
            "AND (number IS NULL) = (year IS NULL) AND (state <> 'signed' OR signed_at IS NOT NULL)",
        ),
        _check(table, "void_says_why", "(state = 'void') = (void_reason IS NOT NULL)"),
        _of(table, "snapshot_id", "snapshots"),
        sa.UniqueConstraint("symbol", "year", "number", name=op.f("uq_reports_symbol_year_number")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reports")),
    )
    op.create_index("ix_reports_kind_id", table, ["kind", "id"])


def _versions() -> None:
    table = "report_versions"
    op.create_table(
        table,
        _needed("report_id", ID),
        _needed("version", COUNT),
        _needed("text", TEXT),
        _needed("head", postgresql.JSONB()),
        sa.Column("reason", TEXT),
        sa.Column("edited_by", ID),
        _needed("created_at", AT),
        _needed("digest", sa.LargeBinary()),
        _check(table, "digest_length", "octet_length(digest) = 32"),
        _of(table, "report_id", "reports"),
        sa.PrimaryKeyConstraint("report_id", "version", name=op.f("pk_report_versions")),
    )


def _runs() -> None:
    """A run may wait for its printer. What was printed before stands as the first version of its report."""
    table = "report_runs"
    op.add_column(table, sa.Column("report_id", ID))
    op.add_column(table, sa.Column("version", COUNT, nullable=False, server_default=sa.text("1")))
    op.add_column(table, sa.Column("state", TEXT, nullable=False, server_default=sa.text("'printed'")))
    op.add_column(table, sa.Column("attempts", COUNT, nullable=False, server_default=sa.text("0")))
    op.add_column(table, sa.Column("claimed_until", AT))
    op.add_column(table, sa.Column("error", TEXT))
    op.alter_column(table, "file_key", nullable=True)
    op.alter_column(table, "digest", nullable=True)
    op.drop_constraint(op.f("uq_report_runs_snapshot_id_kind_format"), table, type_="unique")
    op.execute(
        "INSERT INTO reports (id, kind, snapshot_id, title, state, version, symbol, created_by, created_at) "
        "SELECT id, kind, snapshot_id, 'Tin nhanh trong ngày', 'draft', 1, 'BC', created_by, created_at "
        "FROM report_runs WHERE format = 'md'"
    )
    op.execute(
        "UPDATE report_runs run SET report_id = told.id FROM reports told WHERE told.snapshot_id = run.snapshot_id"
    )
    op.create_foreign_key(op.f("fk_report_runs_report_id_reports"), table, "reports", ["report_id"], ["id"])
    op.create_unique_constraint(
        op.f("uq_report_runs_report_id_version_format"), table, ["report_id", "version", "format"]
    )
    op.create_check_constraint(op.f("ck_report_runs_state"), table, "state IN ('waiting', 'printed', 'failed')")
    op.create_check_constraint(
        op.f("ck_report_runs_printed_has_a_file"),
        table,
        "(state = 'printed') = (file_key IS NOT NULL) AND (file_key IS NULL) = (digest IS NULL)",
    )
    op.create_index("ix_report_runs_waiting", table, ["id"], postgresql_where=sa.text("state = 'waiting'"))


def downgrade() -> None:
    raise NotImplementedError("migrations expand and contract; nothing is undone by going back")
