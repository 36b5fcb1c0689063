"""Calendars read by their address

Revision: 0026; follows 0025.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

AT, TEXT, ID, COUNT = sa.DateTime(timezone=True), sa.Text(), sa.Uuid(), sa.Integer()


def upgrade() -> None:
    _calendars()
    _imports()
    _events()


def _check(table: str, name: str, condition: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(condition, name=op.f(f"ck_{table}_{name}"))


def _needed(name: str, kind: sa.types.TypeEngine[Any]) -> sa.Column[object]:
    return sa.Column(name, kind, nullable=False)


def _of(table: str, column: str, other: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{other}.id"], name=op.f(f"fk_{table}_{column}_{other}"))


def _calendars() -> None:
    table = "agenda_calendars"
    op.create_table(
        table,
        _needed("id", ID),
        _needed("unit_id", ID),
        _needed("name", TEXT),
        _needed("url", TEXT),
        _needed("poll_seconds", COUNT),
        _needed("state", TEXT),
        _needed("next_poll_at", AT),
        sa.Column("leased_until", AT),
        sa.Column("etag", TEXT),
        sa.Column("last_modified", TEXT),
        sa.Column("digest", sa.LargeBinary()),
        sa.Column("failures", COUNT, nullable=False, server_default="0"),
        sa.Column("last_status", COUNT),
        sa.Column("last_error", TEXT),
        sa.Column("last_polled_at", AT),
        sa.Column("last_ok_at", AT),
        _needed("created_by", ID),
        _needed("created_at", AT),
        _needed("updated_at", AT),
        _check(table, "state", "state IN ('active', 'paused', 'gone')"),
        _check(table, "url", "url ~ '^https?://[^/?#@[:space:]]+([/?#][^[:space:]]*)?$'"),
        _check(table, "rhythm", "poll_seconds BETWEEN 300 AND 86400"),
        _check(table, "failures", "failures >= 0"),
        _of(table, "unit_id", "organization_units"),
        _of(table, "created_by", "people"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agenda_calendars")),
        sa.UniqueConstraint("unit_id", "url", name=op.f("uq_agenda_calendars_unit_id_url")),
    )
    op.create_index(
        "ix_agenda_calendars_next_poll_at", table, ["next_poll_at"], postgresql_where=sa.text("state = 'active'")
    )


def _imports() -> None:
    table = "agenda_imports"
    op.alter_column(table, "imported_by", nullable=True)
    op.add_column(table, sa.Column("calendar_id", ID))
    op.create_foreign_key(
        op.f("fk_agenda_imports_calendar_id_agenda_calendars"), table, "agenda_calendars", ["calendar_id"], ["id"]
    )
    op.create_check_constraint(
        op.f("ck_agenda_imports_by_somebody_or_a_calendar"),
        table,
        "imported_by IS NOT NULL OR calendar_id IS NOT NULL",
    )


def _events() -> None:
    table = "agenda_events"
    op.add_column(table, sa.Column("calendar_id", ID))
    op.create_foreign_key(
        op.f("fk_agenda_events_calendar_id_agenda_calendars"), table, "agenda_calendars", ["calendar_id"], ["id"]
    )
    op.create_index(
        "ix_agenda_events_calendar_id",
        table,
        ["calendar_id", "starts_at"],
        postgresql_where=sa.text("calendar_id IS NOT NULL AND state = 'planned'"),
    )


def downgrade() -> None:
    raise NotImplementedError("migrations expand and contract; nothing is undone by going back")
