"""Subscribers of events, advice, syndication to units

Revision: 0024; follows 0023.
"""

from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

RULES = Path(__file__).with_name("0024_rules.sql")
GRANTABLE = (
    "'lantoa.publication.approved.v1', 'lantoa.publication.published.v1', 'lantoa.publication.withdrawn.v1', "
    "'lantoa.correction.published.v1', 'lantoa.alert.raised.v1', 'lantoa.feedback.resolved.v1', "
    "'lantoa.report.ready.v1'"
)
AT, TEXT, ID = sa.DateTime(timezone=True), sa.Text(), sa.Uuid()


def upgrade() -> None:
    _subscribers()
    _syndications()
    for statement in RULES.read_text(encoding="utf-8").split("--;;"):
        op.execute(sa.text(statement.replace(":", "\\:")))


def _check(table: str, name: str, condition: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(condition, name=op.f(f"ck_{table}_{name}"))


def _needed(name: str, kind: sa.types.TypeEngine[Any]) -> sa.Column[object]:
    return sa.Column(name, kind, nullable=False)


def _subscribers() -> None:
    table = "event_subscribers"
    op.create_table(
        table,
        _needed("id", ID),
        _needed("name", TEXT),
        _needed("organisation", TEXT),
        _needed("purpose", TEXT),
        _needed("subjects", postgresql.ARRAY(TEXT)),
        _needed("password_hash", TEXT),
        _needed("created_at", AT),
        sa.Column("revoked_at", AT, nullable=True),
        _check(table, "name", "name ~ '^[a-z][a-z0-9-]{2,39}$'"),
        _check(table, "organisation", "length(btrim(organisation)) BETWEEN 2 AND 200"),
        _check(table, "purpose", "length(btrim(purpose)) BETWEEN 10 AND 500"),
        _check(table, "names_no_person", "organisation || purpose !~ '@|[0-9]{9,}'"),
        _check(table, "closed_list", f"subjects <@ ARRAY[{GRANTABLE}] AND cardinality(subjects) >= 1"),
        _check(table, "password_is_hashed", "password_hash ~ '^[$]2a[$][0-9]{2}[$].{53}$'"),
        _check(table, "dates_in_order", "revoked_at IS NULL OR revoked_at >= created_at"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event_subscribers")),
        sa.UniqueConstraint("name", name=op.f("uq_event_subscribers_name")),
    )


def _syndications() -> None:
    table = "syndications"
    op.create_table(
        table,
        _needed("id", ID),
        _needed("publication_id", ID),
        _needed("revision", sa.Integer()),
        _needed("unit_id", ID),
        _needed("draft_id", ID),
        _needed("note", TEXT),
        _needed("offered_by", ID),
        _needed("offered_at", AT),
        sa.Column("declined_by", ID, nullable=True),
        sa.Column("declined_at", AT, nullable=True),
        sa.Column("declined_reason", TEXT, nullable=True),
        _check(table, "a_draft_of_its_own", "draft_id <> publication_id"),
        _check(table, "note", "length(note) <= 1000"),
        _check(
            table,
            "declined_with_a_reason",
            "(declined_at IS NULL) = (declined_by IS NULL) "
            "AND (declined_at IS NULL OR length(btrim(coalesce(declined_reason, ''))) >= 10)",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_syndications")),
        sa.UniqueConstraint("publication_id", "unit_id", name=op.f("uq_syndications_publication_id_unit_id")),
        sa.UniqueConstraint("draft_id", name=op.f("uq_syndications_draft_id")),
        *(
            sa.ForeignKeyConstraint([column], [f"{other}.id"], name=op.f(f"fk_{table}_{column}_{other}"))
            for column, other in (
                ("publication_id", "publications"),
                ("unit_id", "organization_units"),
                ("draft_id", "publications"),
                ("offered_by", "people"),
                ("declined_by", "people"),
            )
        ),
    )
    op.create_index("ix_syndications_unit_id_id", table, ["unit_id", "id"])


def downgrade() -> None:
    raise NotImplementedError("migrations expand and contract; nothing is undone by going back")
