"""Schedules of reports, who gets them, the proof of each letter; the words of a version for the archive's search

Revision: 0030; follows 0029.
"""

from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from libs.common.lexemes import lexemes_of

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

RULES = Path(__file__).with_name("0030_rules.sql")
AT, TEXT, ID, COUNT = sa.DateTime(timezone=True), sa.Text(), sa.Uuid(), sa.Integer()
FORMS = "form IN ('docx', 'pdf', 'xlsx')"
VERSIONS = "SELECT report_id, version, text, head ->> 'subject' AS subject FROM report_versions"
KEEP = sa.text("UPDATE report_versions SET lexemes = :lexemes WHERE report_id = :id AND version = :version").bindparams(
    sa.bindparam("lexemes", type_=postgresql.ARRAY(TEXT))
)


def upgrade() -> None:
    _schedules()
    _periods()
    _recipients()
    _sendings()
    _words()
    for statement in RULES.read_text(encoding="utf-8").split("--;;"):
        op.execute(sa.text(statement.replace(":", "\\:")))


def _check(table: str, name: str, condition: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(condition, name=op.f(f"ck_{table}_{name}"))


def _needed(name: str, kind: sa.types.TypeEngine[Any]) -> sa.Column[object]:
    return sa.Column(name, kind, nullable=False)


def _of(table: str, column: str, other: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{other}.id"], name=op.f(f"fk_{table}_{column}_{other}"))


def _key(table: str, *columns: str) -> sa.PrimaryKeyConstraint:
    return sa.PrimaryKeyConstraint(*columns, name=op.f(f"pk_{table}"))


def _schedules() -> None:
    table = "report_schedules"
    op.create_table(
        table,
        _needed("id", ID),
        _needed("title", TEXT),
        _needed("kind", TEXT),
        sa.Column("about", TEXT),
        _needed("unit_id", ID),
        sa.Column("owner_id", ID),
        _needed("cadence", TEXT),
        sa.Column("hour", COUNT),
        sa.Column("weekday", COUNT),
        sa.Column("month_day", COUNT),
        _needed("form", TEXT),
        _needed("filing", TEXT),
        sa.Column("on_since", AT),
        _needed("version", COUNT),
        _needed("created_at", AT),
        _needed("updated_at", AT),
        _check(table, "cadence", "cadence IN ('daily', 'weekly', 'monthly', 'quarterly', 'half_year', 'yearly')"),
        _check(table, "form", FORMS),
        _check(table, "hour", "hour BETWEEN 0 AND 23"),
        _check(table, "weekday", "weekday BETWEEN 0 AND 6"),
        _check(table, "month_day", "month_day BETWEEN 1 AND 31"),
        _check(table, "version", "version >= 1"),
        _of(table, "unit_id", "organization_units"),
        _key(table, "id"),
    )


def _periods() -> None:
    table = "schedule_periods"
    op.create_table(
        table,
        _needed("schedule_id", ID),
        _needed("period_to", AT),
        _needed("period_from", AT),
        _needed("report_id", ID),
        _needed("is_late", sa.Boolean()),
        sa.Column("skipped_from", AT),
        _needed("made_at", AT),
        _of(table, "schedule_id", "report_schedules"),
        _of(table, "report_id", "reports"),
        sa.UniqueConstraint("report_id", name=op.f(f"uq_{table}_report_id")),
        _key(table, "schedule_id", "period_to"),
    )


def _recipients() -> None:
    table = "report_recipients"
    op.create_table(
        table,
        _needed("id", ID),
        _needed("schedule_id", ID),
        _needed("position", COUNT),
        _needed("name", TEXT),
        _needed("email", TEXT),
        _needed("state", TEXT),
        sa.Column("trouble", TEXT),
        _needed("created_at", AT),
        _needed("updated_at", AT),
        _check(table, "state", "state IN ('active', 'flagged', 'removed')"),
        _check(table, "flagged_says_why", "(state = 'flagged') = (trouble IS NOT NULL)"),
        _of(table, "schedule_id", "report_schedules"),
        _key(table, "id"),
    )
    op.create_index("ix_report_recipients_schedule_id", table, ["schedule_id"])
    op.create_index(
        "uq_report_recipients_email",
        table,
        ["schedule_id", "email"],
        unique=True,
        postgresql_where=sa.text("state <> 'removed'"),
    )


def _sendings() -> None:
    table = "report_sendings"
    states = "'queued', 'sending', 'sent', 'refused', 'bounced', 'unknown', 'confirmed', 'failed', 'held', 'dropped'"
    op.create_table(
        table,
        _needed("id", ID),
        _needed("report_id", ID),
        _needed("version", COUNT),
        _needed("recipient_id", ID),
        _needed("turn", COUNT),
        _needed("form", TEXT),
        _needed("name", TEXT),
        _needed("email", TEXT),
        _needed("state", TEXT),
        _needed("attempts", COUNT),
        _needed("not_before", AT),
        sa.Column("claimed_until", AT),
        sa.Column("message_id", TEXT),
        sa.Column("digest", sa.LargeBinary()),
        sa.Column("answer", TEXT),
        sa.Column("sent_at", AT),
        sa.Column("trouble", TEXT),
        sa.Column("asked_by", ID),
        sa.Column("reason", TEXT),
        sa.Column("settled_by", ID),
        sa.Column("settled_why", TEXT),
        _needed("created_at", AT),
        _needed("updated_at", AT),
        _check(table, "state", f"state IN ({states})"),
        _check(table, "form", FORMS),
        _check(
            table,
            "again_by_a_person",
            "turn >= 0 AND (turn = 0) = (asked_by IS NULL) AND (turn = 0) = (reason IS NULL)",
        ),
        _check(table, "digest_length", "octet_length(digest) = 32"),
        _check(
            table,
            "sent_has_proof",
            "state <> 'sent' OR "
            "(sent_at IS NOT NULL AND digest IS NOT NULL AND answer IS NOT NULL AND message_id IS NOT NULL)",
        ),
        _check(table, "confirmed_by_a_person", "(state = 'confirmed') = (settled_by IS NOT NULL)"),
        _check(table, "confirmed_says_why", "(settled_by IS NULL) = (settled_why IS NULL)"),
        _of(table, "report_id", "reports"),
        _of(table, "recipient_id", "report_recipients"),
        sa.UniqueConstraint("report_id", "recipient_id", "turn", name=op.f(f"uq_{table}_report_id_recipient_id_turn")),
        _key(table, "id"),
    )
    is_open = sa.text("state IN ('queued', 'sending')")
    op.create_index("ix_report_sendings_open", table, ["not_before"], postgresql_where=is_open)
    op.create_index("ix_report_sendings_recipient_id", table, ["recipient_id"])


def _words() -> None:
    table = "report_versions"
    none = sa.text("'{}'")
    op.add_column(table, sa.Column("lexemes", postgresql.ARRAY(TEXT), nullable=False, server_default=none))
    connection = op.get_bind()
    op.execute("ALTER TABLE report_versions DISABLE TRIGGER append_only")
    for row in connection.execute(sa.text(VERSIONS)).all():
        told = {"id": row.report_id, "version": row.version, "lexemes": lexemes_of(row.subject, row.text)}
        connection.execute(KEEP, told)
    op.execute("ALTER TABLE report_versions ENABLE TRIGGER append_only")
    op.create_index("ix_report_versions_lexemes", table, ["lexemes"], postgresql_using="gin")


def downgrade() -> None:
    raise NotImplementedError("migrations expand and contract; nothing is undone by going back")
