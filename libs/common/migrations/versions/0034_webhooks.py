"""Systems of others that are told of events by signed requests, what each was told, and what it answered

Revision: 0034; follows 0033.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None

AT, TEXT, ID, COUNT = sa.DateTime(timezone=True), sa.Text(), sa.Uuid(), sa.Integer()
TEXTS, NONE, ZERO = postgresql.ARRAY(TEXT), sa.text("'{}'"), sa.text("0")
CLOSED_LIST = (
    "ARRAY['lantoa.publication.approved.v1', 'lantoa.publication.published.v1', 'lantoa.publication.withdrawn.v1', "
    "'lantoa.correction.published.v1', 'lantoa.alert.raised.v1', 'lantoa.feedback.resolved.v1', "
    "'lantoa.report.ready.v1']"
)


def upgrade() -> None:
    _subscriptions()
    _deliveries()
    _attempts()


def _check(table: str, name: str, condition: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(condition, name=op.f(f"ck_{table}_{name}"))


def _needed(name: str, kind: sa.types.TypeEngine[Any], default: sa.TextClause | None = None) -> sa.Column[object]:
    return sa.Column(name, kind, nullable=False, server_default=default)


def _subscriptions() -> None:
    table = "webhook_subscriptions"
    op.create_table(
        table,
        _needed("id", ID),
        _needed("unit_id", ID),
        _needed("organisation", TEXT),
        _needed("purpose", TEXT),
        _needed("host", TEXT),
        sa.Column("ciphertext", sa.LargeBinary()),
        sa.Column("key_id", TEXT),
        sa.Column("old_secret_ends_at", AT),
        _needed("events", TEXTS),
        _needed("unit_codes", TEXTS, NONE),
        _needed("kinds", TEXTS, NONE),
        _needed("fields", TEXTS, NONE),
        _needed("state", TEXT),
        sa.Column("disabled_reason", TEXT),
        sa.Column("failing_since", AT),
        sa.Column("delivered_at", AT),
        _needed("created_by", ID),
        _needed("created_at", AT),
        sa.Column("ended_at", AT),
        _check(table, "state", "state IN ('active', 'paused', 'disabled', 'ended')"),
        _check(table, "organisation", "length(btrim(organisation)) BETWEEN 2 AND 200"),
        _check(table, "purpose", "length(btrim(purpose)) BETWEEN 10 AND 500"),
        _check(table, "names_no_person", "organisation || purpose !~ '@|[0-9]{9,}'"),
        _check(table, "closed_list", f"events <@ {CLOSED_LIST} AND cardinality(events) >= 1"),
        _check(table, "disabled_says_why", "(state = 'disabled') = (disabled_reason IS NOT NULL)"),
        _check(table, "disabled_reason", "disabled_reason IN ('gone', 'failing')"),
        _check(table, "ended_at", "(state = 'ended') = (ended_at IS NOT NULL)"),
        _check(
            table,
            "ended_is_erased",
            "(state = 'ended') = (ciphertext IS NULL) AND (ciphertext IS NULL) = (key_id IS NULL)",
        ),
        sa.ForeignKeyConstraint(
            ["unit_id"], ["organization_units.id"], name=op.f(f"fk_{table}_unit_id_organization_units")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
    )
    op.create_index(f"ix_{table}_unit_id_id", table, ["unit_id", "id"])


def _deliveries() -> None:
    table = "webhook_deliveries"
    op.create_table(
        table,
        _needed("id", ID),
        _needed("subscription_id", ID),
        _needed("event_id", ID),
        _needed("subject", TEXT),
        _needed("document", postgresql.JSONB()),
        _needed("is_test", sa.Boolean()),
        _needed("state", TEXT),
        _needed("due_at", AT),
        _needed("attempts", COUNT, ZERO),
        _needed("tries", COUNT, ZERO),
        _needed("created_at", AT),
        sa.Column("settled_at", AT),
        _check(table, "closed_list", f"subject = ANY ({CLOSED_LIST})"),
        _check(table, "state", "state IN ('waiting', 'delivered', 'failed', 'dropped')"),
        _check(table, "settled_at", "(state = 'waiting') = (settled_at IS NULL)"),
        _check(table, "tries", "tries BETWEEN 0 AND attempts"),
        _check(table, "document", "jsonb_typeof(document) = 'object'"),
        sa.ForeignKeyConstraint(
            ["subscription_id"],
            ["webhook_subscriptions.id"],
            name=op.f(f"fk_{table}_subscription_id_webhook_subscriptions"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
        sa.UniqueConstraint("subscription_id", "event_id", name=op.f(f"uq_{table}_subscription_id_event_id")),
    )
    waiting = sa.text("state = 'waiting'")
    op.create_index(f"ix_{table}_due", table, ["subscription_id", "due_at", "id"], postgresql_where=waiting)
    op.create_index(f"ix_{table}_subscription_id_id", table, ["subscription_id", "id"])


def _attempts() -> None:
    table = "webhook_attempts"
    op.create_table(
        table,
        _needed("delivery_id", ID),
        _needed("number", COUNT),
        _needed("started_at", AT),
        sa.Column("outcome", TEXT),
        sa.Column("status", COUNT),
        sa.Column("duration_ms", COUNT),
        sa.Column("answer", TEXT),
        sa.Column("trouble", TEXT),
        _check(table, "outcome", "outcome IN ('delivered', 'refused', 'silent', 'not_sent')"),
        _check(table, "ended_whole", "(outcome IS NULL) = (duration_ms IS NULL)"),
        _check(table, "status", "status BETWEEN 100 AND 599"),
        _check(table, "answered_with_a_status", "(status IS NOT NULL) = (outcome IN ('delivered', 'refused'))"),
        _check(table, "answer", "length(answer) <= 500"),
        sa.ForeignKeyConstraint(
            ["delivery_id"],
            ["webhook_deliveries.id"],
            name=op.f(f"fk_{table}_delivery_id_webhook_deliveries"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("delivery_id", "number", name=op.f(f"pk_{table}")),
    )


def downgrade() -> None:
    raise NotImplementedError("migrations expand and contract; nothing is undone by going back")
