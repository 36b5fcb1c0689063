"""Who inspects: the role of auditors; sealed days of the audit log, its checks and its exports

Revision: 0033; follows 0032.
"""

from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None

RULES = Path(__file__).with_name("0033_rules.sql")
AT, DAY, TEXT, ID, COUNT = sa.DateTime(timezone=True), sa.Date(), sa.Text(), sa.Uuid(), sa.Integer()
MANY, BYTES, LIST = sa.BigInteger(), sa.LargeBinary(), postgresql.JSONB()
ROLES = "'viewer', 'editor', 'spokesperson', 'fact_checker', 'feedback_officer', 'admin', 'integrator', 'auditor'"


def upgrade() -> None:
    _roles()
    _days()
    _checks()
    _exports()
    op.create_index("ix_audit_log_actor_id_id", "audit_log", ["actor_id", "id"])
    op.create_index("ix_audit_log_action_id", "audit_log", ["action", "id"])
    op.create_index("ix_audit_log_day", "audit_log", ["day"], postgresql_using="brin")
    for statement in RULES.read_text(encoding="utf-8").split("--;;"):
        op.execute(sa.text(statement.replace(":", "\\:")))


def _check(table: str, name: str, condition: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(condition, name=op.f(f"ck_{table}_{name}"))


def _needed(name: str, kind: sa.types.TypeEngine[Any]) -> sa.Column[object]:
    return sa.Column(name, kind, nullable=False)


def _of(table: str, column: str, other: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{other}.id"], name=op.f(f"fk_{table}_{column}_{other}"))


def _roles() -> None:
    for table in ("role_grants", "duty_rosters", "situation_entries"):
        op.drop_constraint(op.f(f"ck_{table}_role"), table, type_="check")
        op.create_check_constraint(op.f(f"ck_{table}_role"), table, f"role IN ({ROLES})")


def _days() -> None:
    table = "audit_days"
    op.create_table(
        table,
        _needed("day", DAY),
        _needed("chains", LIST),
        _needed("prev_digest", BYTES),
        _needed("digest", BYTES),
        _needed("sealed_at", AT),
        _check(table, "digest_lengths", "octet_length(digest) = 32 AND octet_length(prev_digest) = 32"),
        _check(table, "chains", "jsonb_typeof(chains) = 'array'"),
        sa.PrimaryKeyConstraint("day", name=op.f(f"pk_{table}")),
    )


def _checks() -> None:
    table = "audit_checks"
    op.create_table(
        table,
        _needed("id", ID),
        _needed("scope", TEXT),
        sa.Column("day_from", DAY),
        sa.Column("day_to", DAY),
        _needed("chains", COUNT),
        _needed("entries", MANY),
        _needed("broken", COUNT),
        _needed("breaks", LIST),
        _needed("started_at", AT),
        _needed("finished_at", AT),
        _check(table, "scope", "scope IN ('daily', 'full')"),
        _check(table, "breaks", "jsonb_typeof(breaks) = 'array'"),
        _check(table, "breaks_are_named", "(broken = 0) = (jsonb_array_length(breaks) = 0)"),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
    )
    op.create_index(f"ix_{table}_scope_id", table, ["scope", "id"])


def _exports() -> None:
    table = "audit_exports"
    op.create_table(
        table,
        _needed("id", ID),
        _needed("day_from", DAY),
        _needed("day_to", DAY),
        _needed("state", TEXT),
        _needed("entries", MANY),
        _needed("done", MANY),
        _needed("attempts", COUNT),
        sa.Column("claimed_until", AT),
        sa.Column("error", TEXT),
        sa.Column("file_key", TEXT),
        sa.Column("digest", BYTES),
        sa.Column("size", MANY),
        sa.Column("broken", COUNT),
        _needed("requested_by", ID),
        _needed("requested_at", AT),
        sa.Column("made_at", AT),
        sa.Column("signed_by", ID),
        sa.Column("signed_at", AT),
        _check(table, "state", "state IN ('waiting', 'made', 'failed')"),
        _check(table, "days_in_order", "day_to >= day_from"),
        _check(table, "digest_length", "octet_length(digest) = 32"),
        _check(
            table,
            "made_has_a_file",
            "(state = 'made') = (file_key IS NOT NULL) AND (file_key IS NULL) = (digest IS NULL) "
            "AND (file_key IS NULL) = (size IS NULL) AND (file_key IS NULL) = (made_at IS NULL) "
            "AND (file_key IS NULL) = (broken IS NULL)",
        ),
        _check(
            table,
            "signed_whole",
            "(signed_by IS NULL) = (signed_at IS NULL) AND (signed_at IS NULL OR state = 'made')",
        ),
        _of(table, "requested_by", "people"),
        _of(table, "signed_by", "people"),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
    )
    op.create_index(f"ix_{table}_waiting", table, ["id"], postgresql_where=sa.text("state = 'waiting'"))


def downgrade() -> None:
    raise NotImplementedError("migrations expand and contract; nothing is undone by going back")
