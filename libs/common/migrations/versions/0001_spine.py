"""The tables of the loop, and the rules that hold them

Revision: 0001; follows None.
"""

from pathlib import Path

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

RULES = Path(__file__).with_name("0001_rules.sql")


def upgrade() -> None:
    op.execute(sa.schema.CreateSequence(sa.Sequence("feedback_reference_seq")))
    op.create_table(
        "annotations",
        sa.Column("content_id", sa.Uuid(), nullable=False),
        sa.Column("source_id", sa.Uuid(), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("field_score", sa.Double(), nullable=False),
        sa.Column("tone", sa.Text(), nullable=False),
        sa.Column("tone_score", sa.Double(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("kind_score", sa.Double(), nullable=False),
        sa.Column("risk", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("places", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("model_versions", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("content_revision", sa.Integer(), nullable=False),
        sa.Column("annotated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "field IN ('giao_thong', 'moi_truong', 'y_te', 'giao_duc', 'kinh_te', 'do_thi', 'an_ninh_trat_tu', 'van_hoa', 'du_lich', 'the_thao', 'hanh_chinh', 'thien_tai', 'doi_song', 'khac')",
            name=op.f("ck_annotations_field"),
        ),
        sa.CheckConstraint(
            "kind IN ('news', 'announcement', 'question', 'report_of_problem', 'complaint', 'criticism', 'opinion', 'praise', 'advert', 'scam_suspect', 'other')",
            name=op.f("ck_annotations_kind"),
        ),
        sa.CheckConstraint(
            "risk <@ ARRAY['scam_link', 'impersonation', 'forged_document', 'false_emergency', 'exposed_personal_data', 'threat_of_violence', 'reported_defamation']::text[]",
            name=op.f("ck_annotations_risk_closed_list"),
        ),
        sa.CheckConstraint(
            "tone IN ('positive', 'neutral', 'negative')",
            name=op.f("ck_annotations_tone"),
        ),
        sa.PrimaryKeyConstraint("content_id", name=op.f("pk_annotations")),
        postgresql_partition_by="RANGE (content_id)",
    )
    op.create_table(
        "audit_log",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("object_type", sa.Text(), nullable=False),
        sa.Column("object_id", sa.Uuid(), nullable=False),
        sa.Column("facts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("prev_hash", sa.LargeBinary(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint(
            "octet_length(hash) = 32 AND octet_length(prev_hash) = 32",
            name=op.f("ck_audit_log_hash_lengths"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_log")),
        sa.UniqueConstraint("service", "day", "seq", name=op.f("uq_audit_log_service_day_seq")),
    )
    op.create_index("ix_audit_log_object", "audit_log", ["object_type", "object_id"], unique=False)
    op.create_table(
        "claims",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=True),
        sa.Column(
            "evidence",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'[]'::jsonb"),
            nullable=False,
        ),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "state <> 'published' OR (verdict IS NOT NULL AND verdict <> 'chua_xac_minh' AND jsonb_array_length(evidence) > 0)",
            name=op.f("ck_claims_published_with_evidence"),
        ),
        sa.CheckConstraint(
            "state IN ('open', 'checked', 'published', 'closed')",
            name=op.f("ck_claims_state"),
        ),
        sa.CheckConstraint(
            "verdict IN ('tin_gia', 'tin_sai_su_that', 'tin_xac_thuc', 'chua_xac_minh')",
            name=op.f("ck_claims_verdict"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_claims")),
    )
    op.create_table(
        "content_keys",
        sa.Column("url_hash", sa.LargeBinary(), nullable=False),
        sa.Column("content_id", sa.Uuid(), nullable=False),
        sa.Column("content_hash", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("url_hash", name=op.f("pk_content_keys")),
    )
    op.create_index("ix_content_keys_expires_at", "content_keys", ["expires_at"], unique=False)
    op.create_table(
        "content_revisions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("content_id", sa.Uuid(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("summary", sa.Text(), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("content_hash", sa.LargeBinary(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_content_revisions")),
        postgresql_partition_by="RANGE (id)",
    )
    op.create_index(
        "ix_content_revisions_content_id",
        "content_revisions",
        ["content_id"],
        unique=False,
    )
    op.create_table(
        "contents",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("source_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("summary", sa.Text(), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("published_from", sa.Text(), nullable=False),
        sa.Column("first_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("content_hash", sa.LargeBinary(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('article', 'report', 'post', 'release')",
            name=op.f("ck_contents_kind"),
        ),
        sa.CheckConstraint(
            "published_from IN ('feed', 'jsonld', 'meta', 'text', 'push', 'none')",
            name=op.f("ck_contents_published_from"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contents")),
        postgresql_partition_by="RANGE (id)",
    )
    op.create_index("ix_contents_source_id_id", "contents", ["source_id", "id"], unique=False)
    op.create_table(
        "dead_letters",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("consumer", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("dead_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("retried_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dead_letters")),
        sa.UniqueConstraint("event_id", "consumer", name=op.f("uq_dead_letters_event_id_consumer")),
    )
    op.create_index(
        "ix_dead_letters_open",
        "dead_letters",
        ["id"],
        unique=False,
        postgresql_where=sa.text("retried_at IS NULL"),
    )
    op.create_table(
        "inbox",
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("consumer", sa.Text(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("event_id", "consumer", name=op.f("pk_inbox")),
        postgresql_partition_by="RANGE (event_id)",
    )
    op.create_table(
        "label_history",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("content_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("from_kind", sa.Text(), nullable=True),
        sa.Column("labelled_by", sa.Uuid(), nullable=True),
        sa.Column("second_by", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("labelled_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "from_kind IS NULL OR from_kind NOT IN ('complaint', 'criticism', 'opinion') OR kind IN ('complaint', 'criticism', 'opinion') OR (labelled_by IS NOT NULL AND second_by IS NOT NULL AND labelled_by <> second_by AND coalesce(length(btrim(reason)), 0) >= 10)",
            name=op.f("ck_label_history_two_people_to_unprotect"),
        ),
        sa.CheckConstraint(
            "kind IN ('news', 'announcement', 'question', 'report_of_problem', 'complaint', 'criticism', 'opinion', 'praise', 'advert', 'scam_suspect', 'other')",
            name=op.f("ck_label_history_kind"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_label_history")),
    )
    op.create_index("ix_label_history_content_id", "label_history", ["content_id"], unique=False)
    op.create_table(
        "label_proposals",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("content_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("proposed_by", sa.Uuid(), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "kind IN ('news', 'announcement', 'question', 'report_of_problem', 'complaint', 'criticism', 'opinion', 'praise', 'advert', 'scam_suspect', 'other')",
            name=op.f("ck_label_proposals_kind"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_label_proposals")),
    )
    op.create_index(
        "uq_label_proposals_open",
        "label_proposals",
        ["content_id"],
        unique=True,
        postgresql_where=sa.text("decided_at IS NULL"),
    )
    op.create_table(
        "leases",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_leases")),
    )
    op.create_table(
        "notifications",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=True),
        sa.Column("object_type", sa.Text(), nullable=False),
        sa.Column("object_id", sa.Uuid(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notifications")),
    )
    op.create_index(
        "ix_notifications_unsent",
        "notifications",
        ["id"],
        unique=False,
        postgresql_where=sa.text("sent_at IS NULL"),
    )
    op.create_table(
        "organization_units",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_folded", sa.Text(), nullable=False),
        sa.Column("parent_id", sa.Uuid(), nullable=True),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('city', 'department', 'agency', 'district', 'ward', 'commune')",
            name=op.f("ck_organization_units_kind"),
        ),
        sa.CheckConstraint(
            "valid_to IS NULL OR valid_to >= valid_from",
            name=op.f("ck_organization_units_dates_in_order"),
        ),
        sa.ForeignKeyConstraint(
            ["parent_id"],
            ["organization_units.id"],
            name=op.f("fk_organization_units_parent_id_organization_units"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_organization_units")),
        sa.UniqueConstraint("code", "valid_from", name=op.f("uq_organization_units_code_valid_from")),
    )
    op.create_table(
        "outbox",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("payload", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("headers", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
        postgresql_partition_by="RANGE (id)",
    )
    op.create_index(
        "ix_outbox_unpublished",
        "outbox",
        ["id"],
        unique=False,
        postgresql_where=sa.text("published_at IS NULL"),
    )
    op.create_table(
        "schema_state",
        sa.Column("singleton", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("compatible_from", sa.Text(), nullable=False),
        sa.CheckConstraint("singleton = 1", name=op.f("ck_schema_state_one_row")),
        sa.PrimaryKeyConstraint("singleton", name=op.f("pk_schema_state")),
    )
    op.create_table(
        "search_documents",
        sa.Column("content_id", sa.Uuid(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("tsv", postgresql.TSVECTOR(), nullable=False),
        sa.PrimaryKeyConstraint("content_id", name=op.f("pk_search_documents")),
    )
    op.create_index(
        "ix_search_documents_tsv",
        "search_documents",
        ["tsv"],
        unique=False,
        postgresql_using="gin",
    )
    op.create_table(
        "snapshots",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("as_of", sa.DateTime(timezone=True), nullable=False),
        sa.Column("period_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("period_to", sa.DateTime(timezone=True), nullable=False),
        sa.Column("data", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("octet_length(digest) = 32", name=op.f("ck_snapshots_digest_length")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_snapshots")),
    )
    op.create_table(
        "sources",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("group", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), server_default="vi", nullable=False),
        sa.Column(
            "settings",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
        sa.Column("poll_seconds", sa.Integer(), server_default="900", nullable=False),
        sa.Column("next_poll_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("etag", sa.Text(), nullable=True),
        sa.Column("last_modified", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("last_ok_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "kind IN ('feed', 'sitemap', 'page', 'push', 'open311', 'form')",
            name=op.f("ck_sources_kind"),
        ),
        sa.CheckConstraint("state IN ('active', 'paused', 'gone')", name=op.f("ck_sources_state")),
        sa.CheckConstraint(
            "\"group\" IN ('press', 'portal', 'aggregator', 'forum', 'official', 'citizen')",
            name=op.f("ck_sources_group"),
        ),
        sa.CheckConstraint("poll_seconds BETWEEN 5 AND 604800", name=op.f("ck_sources_poll_seconds")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sources")),
        sa.UniqueConstraint("name", name=op.f("uq_sources_name")),
        sa.UniqueConstraint("url", name=op.f("uq_sources_url")),
    )
    op.create_index(
        "ix_sources_due",
        "sources",
        ["next_poll_at"],
        unique=False,
        postgresql_where=sa.text("state = 'active'"),
    )
    op.create_table(
        "stories",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("first_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("items", sa.Integer(), nullable=False),
        sa.Column("sources", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "field IN ('giao_thong', 'moi_truong', 'y_te', 'giao_duc', 'kinh_te', 'do_thi', 'an_ninh_trat_tu', 'van_hoa', 'du_lich', 'the_thao', 'hanh_chinh', 'thien_tai', 'doi_song', 'khac')",
            name=op.f("ck_stories_field"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stories")),
    )
    op.create_index("ix_stories_last_at_id", "stories", ["last_at", "id"], unique=False)
    op.create_index("ix_stories_sources_id", "stories", ["sources", "id"], unique=False)
    op.create_table(
        "channels",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("owner_kind", sa.Text(), server_default="official", nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column(
            "settings",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column(
            "is_city_official",
            sa.Boolean(),
            server_default=sa.text("false"),
            nullable=False,
        ),
        sa.Column("programme_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("owner_kind = 'official'", name=op.f("ck_channels_official_only")),
        sa.CheckConstraint(
            "state IN ('active', 'paused', 'needs_reconnect', 'retired')",
            name=op.f("ck_channels_state"),
        ),
        sa.ForeignKeyConstraint(
            ["unit_id"],
            ["organization_units.id"],
            name=op.f("fk_channels_unit_id_organization_units"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_channels")),
        sa.UniqueConstraint("kind", "address", name=op.f("uq_channels_kind_address")),
    )
    op.create_index(
        "uq_channels_city_official",
        "channels",
        ["programme_id"],
        unique=True,
        postgresql_where=sa.text("is_city_official"),
        postgresql_nulls_not_distinct=True,
    )
    op.create_table(
        "claim_matches",
        sa.Column("claim_id", sa.Uuid(), nullable=False),
        sa.Column("content_id", sa.Uuid(), nullable=False),
        sa.Column("score", sa.Double(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "state IN ('suggested', 'confirmed', 'rejected')",
            name=op.f("ck_claim_matches_state"),
        ),
        sa.ForeignKeyConstraint(
            ["claim_id"],
            ["claims.id"],
            name=op.f("fk_claim_matches_claim_id_claims"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("claim_id", "content_id", name=op.f("pk_claim_matches")),
    )
    op.create_index("ix_claim_matches_content_id", "claim_matches", ["content_id"], unique=False)
    op.create_table(
        "feedback_cases",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("source_id", sa.Uuid(), nullable=True),
        sa.Column("content_id", sa.Uuid(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=True),
        sa.Column("place", sa.Text(), nullable=True),
        sa.Column("urgency", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("accept_due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "kind IN ('news', 'announcement', 'question', 'report_of_problem', 'complaint', 'criticism', 'opinion', 'praise', 'advert', 'scam_suspect', 'other')",
            name=op.f("ck_feedback_cases_kind"),
        ),
        sa.CheckConstraint(
            "state IN ('received', 'accepted', 'in_progress', 'answered', 'closed', 'reopened')",
            name=op.f("ck_feedback_cases_state"),
        ),
        sa.CheckConstraint("urgency IN ('normal', 'urgent')", name=op.f("ck_feedback_cases_urgency")),
        sa.ForeignKeyConstraint(
            ["unit_id"],
            ["organization_units.id"],
            name=op.f("fk_feedback_cases_unit_id_organization_units"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feedback_cases")),
        sa.UniqueConstraint("content_id", name=op.f("uq_feedback_cases_content_id")),
        sa.UniqueConstraint("reference", name=op.f("uq_feedback_cases_reference")),
    )
    op.create_index(
        "ix_feedback_cases_state_due_at",
        "feedback_cases",
        ["state", "due_at"],
        unique=False,
    )
    op.create_table(
        "fetches",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("source_id", sa.Uuid(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("bytes", sa.Integer(), nullable=False),
        sa.Column("duration_ms", sa.Integer(), nullable=False),
        sa.Column("items_seen", sa.Integer(), nullable=False),
        sa.Column("items_new", sa.Integer(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("fetched_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["source_id"],
            ["sources.id"],
            name=op.f("fk_fetches_source_id_sources"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fetches")),
    )
    op.create_index("ix_fetches_source_id_id", "fetches", ["source_id", "id"], unique=False)
    op.create_table(
        "legal_risk_cases",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("content_id", sa.Uuid(), nullable=False),
        sa.Column("risk_class", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("claim_id", sa.Uuid(), nullable=True),
        sa.Column(
            "reported_by_harmed",
            sa.Boolean(),
            server_default=sa.text("false"),
            nullable=False,
        ),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "risk_class <> 'false_emergency' OR claim_id IS NOT NULL",
            name=op.f("ck_legal_risk_cases_needs_claim"),
        ),
        sa.CheckConstraint(
            "risk_class <> 'reported_defamation' OR reported_by_harmed",
            name=op.f("ck_legal_risk_cases_reported_by_harmed"),
        ),
        sa.CheckConstraint(
            "risk_class IN ('scam_link', 'impersonation', 'forged_document', 'false_emergency', 'exposed_personal_data', 'threat_of_violence', 'reported_defamation')",
            name=op.f("ck_legal_risk_cases_risk_class"),
        ),
        sa.CheckConstraint(
            "state IN ('suggested', 'referred', 'dismissed', 'released')",
            name=op.f("ck_legal_risk_cases_state"),
        ),
        sa.CheckConstraint(
            "state IN ('suggested', 'released') OR (decided_by IS NOT NULL AND coalesce(length(btrim(reason)), 0) >= 10 AND decided_at IS NOT NULL)",
            name=op.f("ck_legal_risk_cases_decided_by_a_person"),
        ),
        sa.ForeignKeyConstraint(
            ["claim_id"],
            ["claims.id"],
            name=op.f("fk_legal_risk_cases_claim_id_claims"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_legal_risk_cases")),
        sa.UniqueConstraint(
            "content_id",
            "risk_class",
            name=op.f("uq_legal_risk_cases_content_id_risk_class"),
        ),
    )
    op.create_table(
        "people",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("display_name", sa.Text(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("is_active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["unit_id"],
            ["organization_units.id"],
            name=op.f("fk_people_unit_id_organization_units"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_people")),
        sa.UniqueConstraint("subject", name=op.f("uq_people_subject")),
    )
    op.create_table(
        "programmes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("issued_on", sa.Date(), nullable=False),
        sa.Column("period_from", sa.Date(), nullable=False),
        sa.Column("period_to", sa.Date(), nullable=False),
        sa.Column("owner_unit_id", sa.Uuid(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column(
            "is_fictional",
            sa.Boolean(),
            server_default=sa.text("false"),
            nullable=False,
        ),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("state IN ('draft', 'running', 'ended')", name=op.f("ck_programmes_state")),
        sa.ForeignKeyConstraint(
            ["owner_unit_id"],
            ["organization_units.id"],
            name=op.f("fk_programmes_owner_unit_id_organization_units"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_programmes")),
        sa.UniqueConstraint("number", name=op.f("uq_programmes_number")),
    )
    op.create_table(
        "report_runs",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("snapshot_id", sa.Uuid(), nullable=False),
        sa.Column("format", sa.Text(), nullable=False),
        sa.Column("file_key", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["snapshot_id"],
            ["snapshots.id"],
            name=op.f("fk_report_runs_snapshot_id_snapshots"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_report_runs")),
        sa.UniqueConstraint(
            "snapshot_id",
            "kind",
            "format",
            name=op.f("uq_report_runs_snapshot_id_kind_format"),
        ),
    )
    op.create_index("ix_report_runs_kind_id", "report_runs", ["kind", "id"], unique=False)
    op.create_table(
        "story_items",
        sa.Column("content_id", sa.Uuid(), nullable=False),
        sa.Column("story_id", sa.Uuid(), nullable=False),
        sa.Column("source_id", sa.Uuid(), nullable=False),
        sa.Column("score", sa.Double(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("assigned_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["story_id"],
            ["stories.id"],
            name=op.f("fk_story_items_story_id_stories"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("content_id", name=op.f("pk_story_items")),
    )
    op.create_index("ix_story_items_story_id", "story_items", ["story_id"], unique=False)
    op.create_table(
        "unit_aliases",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("alias", sa.Text(), nullable=False),
        sa.Column("alias_folded", sa.Text(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["unit_id"],
            ["organization_units.id"],
            name=op.f("fk_unit_aliases_unit_id_organization_units"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unit_aliases")),
        sa.UniqueConstraint(
            "alias_folded",
            "unit_id",
            "valid_from",
            name=op.f("uq_unit_aliases_alias_folded_unit_id_valid_from"),
        ),
    )
    op.create_index("ix_unit_aliases_alias_folded", "unit_aliases", ["alias_folded"], unique=False)
    op.create_table(
        "assignments",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("programme_id", sa.Uuid(), nullable=False),
        sa.Column("row_no", sa.Text(), nullable=False),
        sa.Column("section", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("lead", sa.Text(), nullable=True),
        sa.Column("partners", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("period", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("source_state", sa.Text(), nullable=False),
        sa.Column("sort", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "source_state IN ('whole', 'incomplete_in_source')",
            name=op.f("ck_assignments_source_state"),
        ),
        sa.CheckConstraint(
            "state IN ('open', 'in_progress', 'done')",
            name=op.f("ck_assignments_state"),
        ),
        sa.ForeignKeyConstraint(
            ["programme_id"],
            ["programmes.id"],
            name=op.f("fk_assignments_programme_id_programmes"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assignments")),
        sa.UniqueConstraint("programme_id", "row_no", name=op.f("uq_assignments_programme_id_row_no")),
    )
    op.create_table(
        "channel_credentials",
        sa.Column("channel_id", sa.Uuid(), nullable=False),
        sa.Column("ciphertext", sa.LargeBinary(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["channel_id"],
            ["channels.id"],
            name=op.f("fk_channel_credentials_channel_id_channels"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("channel_id", name=op.f("pk_channel_credentials")),
    )
    op.create_table(
        "publications",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), server_default="vi", nullable=False),
        sa.Column("story_id", sa.Uuid(), nullable=True),
        sa.Column(
            "affects_rights",
            sa.Boolean(),
            server_default=sa.text("false"),
            nullable=False,
        ),
        sa.Column("source_note", sa.Text(), nullable=True),
        sa.Column("ai_label", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("content_hash", sa.LargeBinary(), nullable=False),
        sa.Column("scheduled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("withdrawn_reason", sa.Text(), nullable=True),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "kind IN ('announcement', 'correction', 'reply')",
            name=op.f("ck_publications_kind"),
        ),
        sa.CheckConstraint(
            "state IN ('draft', 'in_review', 'approved', 'scheduled', 'publishing', 'published', 'partly_published', 'failed', 'corrected', 'withdrawn', 'killed')",
            name=op.f("ck_publications_state"),
        ),
        sa.CheckConstraint("octet_length(content_hash) = 32", name=op.f("ck_publications_hash_length")),
        sa.ForeignKeyConstraint(
            ["created_by"],
            ["people.id"],
            name=op.f("fk_publications_created_by_people"),
        ),
        sa.ForeignKeyConstraint(
            ["unit_id"],
            ["organization_units.id"],
            name=op.f("fk_publications_unit_id_organization_units"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_publications")),
        sa.UniqueConstraint("slug", name=op.f("uq_publications_slug")),
    )
    op.create_index(
        "ix_publications_state_scheduled_at",
        "publications",
        ["state", "scheduled_at"],
        unique=False,
    )
    op.create_table(
        "role_grants",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_to", sa.DateTime(timezone=True), nullable=True),
        sa.Column("granted_by", sa.Uuid(), nullable=True),
        sa.Column("granted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("revoked_by", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "role IN ('viewer', 'editor', 'spokesperson', 'fact_checker', 'feedback_officer', 'admin', 'integrator')",
            name=op.f("ck_role_grants_role"),
        ),
        sa.CheckConstraint(
            "valid_to IS NULL OR valid_to >= valid_from",
            name=op.f("ck_role_grants_dates_in_order"),
        ),
        sa.CheckConstraint("granted_by <> person_id", name=op.f("ck_role_grants_by_another")),
        sa.CheckConstraint(
            "(granted_by IS NULL) = (granted_at IS NULL) AND (granted_by IS NULL OR length(btrim(reason)) >= 10)",
            name=op.f("ck_role_grants_given_with_a_reason"),
        ),
        sa.CheckConstraint("valid_from >= granted_at", name=op.f("ck_role_grants_not_dated_back")),
        sa.ForeignKeyConstraint(["granted_by"], ["people.id"], name=op.f("fk_role_grants_granted_by_people")),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_role_grants_person_id_people")),
        sa.ForeignKeyConstraint(["revoked_by"], ["people.id"], name=op.f("fk_role_grants_revoked_by_people")),
        sa.ForeignKeyConstraint(
            ["unit_id"],
            ["organization_units.id"],
            name=op.f("fk_role_grants_unit_id_organization_units"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_role_grants")),
        sa.UniqueConstraint(
            "person_id",
            "role",
            "unit_id",
            "valid_from",
            name=op.f("uq_role_grants_person_id_role_unit_id_valid_from"),
        ),
    )
    op.create_index("ix_role_grants_unit_id", "role_grants", ["unit_id"], unique=False)
    op.create_table(
        "duty_rosters",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "role IN ('viewer', 'editor', 'spokesperson', 'fact_checker', 'feedback_officer', 'admin', 'integrator')",
            name=op.f("ck_duty_rosters_role"),
        ),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("ck_duty_rosters_dates_in_order")),
        sa.ForeignKeyConstraint(["created_by"], ["people.id"], name=op.f("fk_duty_rosters_created_by_people")),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_duty_rosters_person_id_people")),
        sa.ForeignKeyConstraint(
            ["unit_id"],
            ["organization_units.id"],
            name=op.f("fk_duty_rosters_unit_id_organization_units"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_duty_rosters")),
    )
    op.create_index("ix_duty_rosters_unit_id_ends_at", "duty_rosters", ["unit_id", "ends_at"], unique=False)
    op.create_index("ix_duty_rosters_person_id_ends_at", "duty_rosters", ["person_id", "ends_at"], unique=False)
    op.create_table(
        "approvals",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("publication_id", sa.Uuid(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("content_hash", sa.LargeBinary(), nullable=False),
        sa.Column("approver_id", sa.Uuid(), nullable=False),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["approver_id"], ["people.id"], name=op.f("fk_approvals_approver_id_people")),
        sa.ForeignKeyConstraint(
            ["publication_id"],
            ["publications.id"],
            name=op.f("fk_approvals_publication_id_publications"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_approvals")),
        sa.UniqueConstraint(
            "publication_id",
            "revision",
            "approver_id",
            name=op.f("uq_approvals_publication_id_revision_approver_id"),
        ),
    )
    op.create_table(
        "deliveries",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("publication_id", sa.Uuid(), nullable=False),
        sa.Column("channel_id", sa.Uuid(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempt", sa.Integer(), server_default="0", nullable=False),
        sa.Column("platform_id", sa.Text(), nullable=True),
        sa.Column("platform_url", sa.Text(), nullable=True),
        sa.Column(
            "handle",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("not_before", sa.DateTime(timezone=True), nullable=False),
        sa.Column("committed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("collect_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "state <> 'published' OR confirmed_at IS NOT NULL",
            name=op.f("ck_deliveries_published_is_confirmed"),
        ),
        sa.CheckConstraint(
            "state IN ('pending', 'prepared', 'armed', 'committed', 'published', 'accepted', 'rejected', 'throttled', 'auth_required', 'unknown', 'manual', 'withdrawing', 'withdrawn')",
            name=op.f("ck_deliveries_state"),
        ),
        sa.ForeignKeyConstraint(
            ["channel_id"],
            ["channels.id"],
            name=op.f("fk_deliveries_channel_id_channels"),
        ),
        sa.ForeignKeyConstraint(
            ["publication_id"],
            ["publications.id"],
            name=op.f("fk_deliveries_publication_id_publications"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deliveries")),
        sa.UniqueConstraint(
            "publication_id",
            "channel_id",
            name=op.f("uq_deliveries_publication_id_channel_id"),
        ),
    )
    op.create_index("ix_deliveries_channel_id_id", "deliveries", ["channel_id", "id"], unique=False)
    op.create_index(
        "ix_deliveries_state_not_before",
        "deliveries",
        ["state", "not_before"],
        unique=False,
    )
    op.create_table(
        "publication_revisions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("publication_id", sa.Uuid(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("content_hash", sa.LargeBinary(), nullable=False),
        sa.Column("edited_by", sa.Uuid(), nullable=False),
        sa.Column("edited_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["edited_by"],
            ["people.id"],
            name=op.f("fk_publication_revisions_edited_by_people"),
        ),
        sa.ForeignKeyConstraint(
            ["publication_id"],
            ["publications.id"],
            name=op.f("fk_publication_revisions_publication_id_publications"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_publication_revisions")),
    )
    op.create_index(
        "ix_publication_revisions_publication_id",
        "publication_revisions",
        ["publication_id", "revision"],
        unique=False,
    )
    op.create_table(
        "variants",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("publication_id", sa.Uuid(), nullable=False),
        sa.Column("channel_id", sa.Uuid(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("link", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["channel_id"],
            ["channels.id"],
            name=op.f("fk_variants_channel_id_channels"),
        ),
        sa.ForeignKeyConstraint(
            ["publication_id"],
            ["publications.id"],
            name=op.f("fk_variants_publication_id_publications"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_variants")),
        sa.UniqueConstraint(
            "publication_id",
            "channel_id",
            name=op.f("uq_variants_publication_id_channel_id"),
        ),
    )
    op.create_table(
        "engagement_points",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("delivery_id", sa.Uuid(), nullable=False),
        sa.Column("metric", sa.Text(), nullable=False),
        sa.Column("value", sa.Integer(), nullable=True),
        sa.Column("definition", sa.Text(), nullable=False),
        sa.Column("as_of", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["delivery_id"],
            ["deliveries.id"],
            name=op.f("fk_engagement_points_delivery_id_deliveries"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_engagement_points")),
    )
    op.create_index(
        "ix_engagement_points_delivery_id_as_of",
        "engagement_points",
        ["delivery_id", "as_of"],
        unique=False,
    )
    op.create_table(
        "tasks",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("link", sa.Text(), nullable=True),
        sa.Column("delivery_id", sa.Uuid(), nullable=True),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("evidence_url", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done_by", sa.Uuid(), nullable=True),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state <> 'done' OR (done_by IS NOT NULL AND done_at IS NOT NULL)",
            name=op.f("ck_tasks_done_by"),
        ),
        sa.CheckConstraint("state IN ('open', 'done')", name=op.f("ck_tasks_state")),
        sa.ForeignKeyConstraint(
            ["delivery_id"],
            ["deliveries.id"],
            name=op.f("fk_tasks_delivery_id_deliveries"),
        ),
        sa.ForeignKeyConstraint(
            ["unit_id"],
            ["organization_units.id"],
            name=op.f("fk_tasks_unit_id_organization_units"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tasks")),
        sa.UniqueConstraint("kind", "delivery_id", name=op.f("uq_tasks_kind_delivery_id")),
    )
    for statement in RULES.read_text(encoding="utf-8").split("--;;"):
        op.execute(sa.text(statement.replace(":", "\\:")))
    op.execute("INSERT INTO schema_state (singleton, compatible_from) VALUES (1, '0001')")


def downgrade() -> None:
    raise NotImplementedError("migrations expand and contract; nothing is undone by going back")
