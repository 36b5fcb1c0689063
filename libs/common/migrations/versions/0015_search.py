"""Search: the index by month, with what it filters on; kept queries and what they found

Revision: 0015; follows 0014. The index is made anew: the worker fills it from what is stored, the newest first.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

AT = sa.DateTime(timezone=True)
TEXT = sa.Text()
PURPOSES = "'service_quality', 'incident', 'false_information', 'policy_feedback', 'coverage', 'other'"
ROLES = "'viewer', 'editor', 'spokesperson', 'fact_checker', 'feedback_officer', 'admin', 'integrator'"
UUIDS = "'[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}'"


def upgrade() -> None:
    _index_by_month()
    _saved_queries()
    op.create_table(
        "saved_query_hits",
        sa.Column("saved_query_id", sa.Uuid(), nullable=False),
        sa.Column("content_id", sa.Uuid(), nullable=False),
        sa.Column("found_at", AT, nullable=False),
        sa.Column("is_new", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["saved_query_id"],
            ["saved_queries.id"],
            name=op.f("fk_saved_query_hits_saved_query_id_saved_queries"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("saved_query_id", "content_id", name=op.f("pk_saved_query_hits")),
    )
    op.execute("UPDATE schema_state SET compatible_from = '0015'")


def _index_by_month() -> None:
    op.drop_table("search_documents")
    op.create_table(
        "search_documents",
        sa.Column("content_id", sa.Uuid(), nullable=False),
        sa.Column("source_id", sa.Uuid(), nullable=False),
        *(sa.Column(name, TEXT, nullable=False) for name in ("group", "field", "kind", "tone", "language")),
        sa.Column("places", postgresql.ARRAY(TEXT), nullable=False),
        sa.Column("title", TEXT, nullable=False),
        sa.Column("published_at", AT, nullable=True),
        sa.Column("told_at", AT, nullable=False),
        sa.Column("content_revision", sa.Integer(), nullable=False),
        sa.Column("tsv", postgresql.TSVECTOR(), nullable=False),
        sa.PrimaryKeyConstraint("content_id", name=op.f("pk_search_documents")),
        postgresql_partition_by="RANGE (content_id)",
    )
    op.create_index("ix_search_documents_tsv", "search_documents", ["tsv"], postgresql_using="gin")


def _saved_queries() -> None:
    op.create_table(
        "saved_queries",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("query", TEXT, nullable=False),
        sa.Column("resolved", postgresql.JSONB(), nullable=False),
        sa.Column("candidates", postgresql.TSQUERY(), nullable=False),
        sa.Column("purpose_kind", TEXT, nullable=False),
        sa.Column("purpose", TEXT, nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("alert_role", TEXT, nullable=False),
        sa.Column("is_alerting", sa.Boolean(), nullable=False),
        *(sa.Column(name, AT, nullable=False) for name in ("created_at", "expires_at")),
        *(sa.Column(name, AT, nullable=True) for name in ("renewed_at", "ended_at", "last_seen_at", "alerted_at")),
        sa.Column("look_from", sa.Uuid(), nullable=True),
        sa.Column("look_started_at", AT, nullable=False),
        sa.Column("looked_back_at", AT, nullable=True),
        sa.Column("found_before", sa.Integer(), server_default="0", nullable=False),
        *_checks(),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_queries")),
    )
    op.create_index("ix_saved_queries_unit_id_id", "saved_queries", ["unit_id", "id"])
    running = sa.text("ended_at IS NULL")
    op.create_index("ix_saved_queries_running", "saved_queries", ["expires_at"], postgresql_where=running)


def _checks() -> list[sa.CheckConstraint]:
    since = "coalesce(renewed_at, created_at)"
    rules = {
        "purpose_kind": f"purpose_kind IN ({PURPOSES})",
        "purpose": "length(btrim(purpose)) >= 10",
        "expires": f"expires_at > {since} AND expires_at <= {since} + interval '180 days'",
        "asks_for_no_person": f"query !~ '@' AND regexp_replace(query, {UUIDS}, '', 'g') !~ '[0-9]{{9,}}'",
        "role": f"alert_role IN ({ROLES}) AND alert_role <> 'integrator'",
    }
    return [sa.CheckConstraint(rule, name=op.f(f"ck_saved_queries_{name}")) for name, rule in rules.items()]


def downgrade() -> None:
    raise NotImplementedError("migrations expand and contract; nothing is undone by going back")
