"""Programmes, their rows and their evidence

Revision: 0028; follows 0027.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

AT, DAY, TEXT, ID, COUNT = sa.DateTime(timezone=True), sa.Date(), sa.Text(), sa.Uuid(), sa.Integer()
STATES = "'open', 'in_progress', 'done'"
EVIDENCE = "'publication', 'correction', 'report', 'partner_decision', 'agenda', 'plan', 'link'"


def upgrade() -> None:
    _rows()
    _progress()
    _choices()


def _check(table: str, name: str, condition: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(condition, name=op.f(f"ck_{table}_{name}"))


def _needed(name: str, kind: sa.types.TypeEngine[Any]) -> sa.Column[object]:
    return sa.Column(name, kind, nullable=False)


def _of(table: str, column: str, other: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{other}.id"], name=op.f(f"fk_{table}_{column}_{other}"))


def _rows() -> None:
    table = "assignments"
    none = sa.text("'[]'::jsonb")
    for column in (
        sa.Column("starts_on", DAY),
        sa.Column("due_on", DAY),
        sa.Column("every", TEXT),
        sa.Column("until_on", DAY),
        sa.Column("lead_unit_code", TEXT),
        sa.Column("percent", COUNT),
        sa.Column("evidence", postgresql.JSONB(), nullable=False, server_default=none),
        sa.Column("withdrawn_at", AT),
    ):
        op.add_column(table, column)
    for name, condition in (
        ("every", "every IN ('year', 'half', 'quarter', 'month')"),
        ("percent", "percent BETWEEN 0 AND 100"),
        ("dates_in_order", "due_on >= starts_on AND until_on >= starts_on"),
        ("again_until", "(every IS NULL) = (until_on IS NULL) AND (every IS NULL OR due_on IS NOT NULL)"),
        ("evidence", "jsonb_typeof(evidence) = 'array'"),
    ):
        op.create_check_constraint(op.f(f"ck_{table}_{name}"), table, condition)


def _progress() -> None:
    table = "assignment_progress"
    op.create_table(
        table,
        _needed("id", ID),
        _needed("assignment_id", ID),
        _needed("version", COUNT),
        _needed("state", TEXT),
        sa.Column("percent", COUNT),
        _needed("note", TEXT),
        _needed("reported_by", ID),
        _needed("reported_at", AT),
        _check(table, "state", f"state IN ({STATES})"),
        _check(table, "percent", "percent BETWEEN 0 AND 100"),
        _check(table, "done_is_whole", "state <> 'done' OR coalesce(percent, 100) = 100"),
        _check(table, "note", "length(btrim(note)) BETWEEN 1 AND 2000"),
        _of(table, "assignment_id", "assignments"),
        _of(table, "reported_by", "people"),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
        sa.UniqueConstraint("assignment_id", "version", name=op.f(f"uq_{table}_assignment_id_version")),
    )


def _choices() -> None:
    table = "evidence_choices"
    op.create_table(
        table,
        _needed("id", ID),
        _needed("assignment_id", ID),
        _needed("kind", TEXT),
        _needed("object_id", ID),
        _needed("is_linked", sa.Boolean()),
        _needed("title", TEXT),
        sa.Column("url", TEXT),
        _needed("happened_at", AT),
        _needed("reason", TEXT),
        _needed("chosen_by", ID),
        _needed("chosen_at", AT),
        _check(table, "kind", f"kind IN ({EVIDENCE})"),
        _check(table, "title", "length(btrim(title)) BETWEEN 1 AND 500"),
        _check(table, "url", "url ~ '^https?://'"),
        _check(table, "link_has_a_url", "(kind = 'link') = (url IS NOT NULL)"),
        _check(table, "with_a_reason", "length(btrim(reason)) BETWEEN 10 AND 1000"),
        _of(table, "assignment_id", "assignments"),
        _of(table, "chosen_by", "people"),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
    )
    op.create_index(f"ix_{table}_assignment_id_object_id", table, ["assignment_id", "object_id", "id"])


def downgrade() -> None:
    raise NotImplementedError("migrations expand and contract; nothing is undone by going back")
