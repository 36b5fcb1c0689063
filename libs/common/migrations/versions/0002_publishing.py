"""Publishing whole: urgent approvals, media, links, plans, pauses, take-down cases, limits, mails, the watchdog

Revision: 0002; follows 0001.
"""

from pathlib import Path

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

RULES = Path(__file__).with_name("0002_rules.sql")


def upgrade() -> None:
    op.create_table(
        "plans",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("programme_id", sa.Uuid(), nullable=True),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("goals", sa.Text(), server_default="", nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("state IN ('draft', 'running', 'ended')", name=op.f("ck_plans_state")),
        sa.CheckConstraint("year BETWEEN 2000 AND 2100", name=op.f("ck_plans_year")),
        sa.ForeignKeyConstraint(["created_by"], ["people.id"], name=op.f("fk_plans_created_by_people")),
        sa.ForeignKeyConstraint(["programme_id"], ["programmes.id"], name=op.f("fk_plans_programme_id_programmes")),
        sa.ForeignKeyConstraint(
            ["unit_id"], ["organization_units.id"], name=op.f("fk_plans_unit_id_organization_units")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plans")),
        sa.UniqueConstraint(
            "unit_id",
            "programme_id",
            "year",
            name=op.f("uq_plans_unit_id_programme_id_year"),
            postgresql_nulls_not_distinct=True,
        ),
    )
    op.create_table(
        "themes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("plan_id", sa.Uuid(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("ends_on >= starts_on", name=op.f("ck_themes_dates_in_order")),
        sa.ForeignKeyConstraint(["plan_id"], ["plans.id"], name=op.f("fk_themes_plan_id_plans")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_themes")),
    )
    op.create_index("ix_themes_plan_id", "themes", ["plan_id"], unique=False)
    op.create_table(
        "campaigns",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("theme_id", sa.Uuid(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("goals", sa.Text(), server_default="", nullable=False),
        sa.Column("audience", sa.Text(), server_default="", nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("state IN ('draft', 'running', 'ended')", name=op.f("ck_campaigns_state")),
        sa.CheckConstraint("ends_on >= starts_on", name=op.f("ck_campaigns_dates_in_order")),
        sa.ForeignKeyConstraint(["created_by"], ["people.id"], name=op.f("fk_campaigns_created_by_people")),
        sa.ForeignKeyConstraint(["theme_id"], ["themes.id"], name=op.f("fk_campaigns_theme_id_themes")),
        sa.ForeignKeyConstraint(
            ["unit_id"], ["organization_units.id"], name=op.f("fk_campaigns_unit_id_organization_units")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaigns")),
    )
    op.create_index("ix_campaigns_theme_id", "campaigns", ["theme_id"], unique=False)
    op.create_index("ix_campaigns_unit_id_starts_on", "campaigns", ["unit_id", "starts_on"], unique=False)
    op.create_table(
        "campaign_channels",
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column("channel_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"],
            ["campaigns.id"],
            name=op.f("fk_campaign_channels_campaign_id_campaigns"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["channel_id"], ["channels.id"], name=op.f("fk_campaign_channels_channel_id_channels")),
        sa.PrimaryKeyConstraint("campaign_id", "channel_id", name=op.f("pk_campaign_channels")),
    )
    op.create_table(
        "campaign_targets",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column("metric", sa.Text(), nullable=False),
        sa.Column("target", sa.BigInteger(), nullable=False),
        sa.Column("definition", sa.Text(), nullable=False),
        sa.CheckConstraint("target >= 0", name=op.f("ck_campaign_targets_target")),
        sa.ForeignKeyConstraint(
            ["campaign_id"],
            ["campaigns.id"],
            name=op.f("fk_campaign_targets_campaign_id_campaigns"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaign_targets")),
        sa.UniqueConstraint("campaign_id", "metric", name=op.f("uq_campaign_targets_campaign_id_metric")),
    )
    op.create_table(
        "calendar_feeds",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("octet_length(token_hash) = 32", name=op.f("ck_calendar_feeds_hash_length")),
        sa.ForeignKeyConstraint(["created_by"], ["people.id"], name=op.f("fk_calendar_feeds_created_by_people")),
        sa.ForeignKeyConstraint(
            ["unit_id"], ["organization_units.id"], name=op.f("fk_calendar_feeds_unit_id_organization_units")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calendar_feeds")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_calendar_feeds_token_hash")),
    )
    op.create_index(
        "uq_calendar_feeds_open",
        "calendar_feeds",
        ["unit_id"],
        unique=True,
        postgresql_where=sa.text("revoked_at IS NULL"),
    )
    op.create_table(
        "media",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("mime", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=True),
        sa.Column("height", sa.Integer(), nullable=True),
        sa.Column("duration_ms", sa.Integer(), nullable=True),
        sa.Column("alt", sa.Text(), nullable=False),
        sa.Column("credit", sa.Text(), nullable=True),
        sa.Column("is_ai_made", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("ai_label", sa.Text(), nullable=True),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("archived_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "NOT is_ai_made OR length(btrim(coalesce(ai_label, ''))) > 0", name=op.f("ck_media_ai_is_labelled")
        ),
        sa.CheckConstraint("length(btrim(alt)) > 0", name=op.f("ck_media_described")),
        sa.CheckConstraint("octet_length(sha256) = 32", name=op.f("ck_media_hash_length")),
        sa.ForeignKeyConstraint(["created_by"], ["people.id"], name=op.f("fk_media_created_by_people")),
        sa.ForeignKeyConstraint(
            ["unit_id"], ["organization_units.id"], name=op.f("fk_media_unit_id_organization_units")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_media")),
        sa.UniqueConstraint("unit_id", "sha256", name=op.f("uq_media_unit_id_sha256")),
    )
    op.create_table(
        "media_files",
        sa.Column("medium_id", sa.Uuid(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("mime", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=True),
        sa.Column("height", sa.Integer(), nullable=True),
        sa.CheckConstraint("octet_length(sha256) = 32", name=op.f("ck_media_files_hash_length")),
        sa.ForeignKeyConstraint(
            ["medium_id"], ["media.id"], name=op.f("fk_media_files_medium_id_media"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("medium_id", "role", name=op.f("pk_media_files")),
    )
    op.create_table(
        "publication_media",
        sa.Column("publication_id", sa.Uuid(), nullable=False),
        sa.Column("medium_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["medium_id"], ["media.id"], name=op.f("fk_publication_media_medium_id_media")),
        sa.ForeignKeyConstraint(
            ["publication_id"],
            ["publications.id"],
            name=op.f("fk_publication_media_publication_id_publications"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("publication_id", "medium_id", name=op.f("pk_publication_media")),
        sa.UniqueConstraint("publication_id", "position", name=op.f("uq_publication_media_publication_id_position")),
    )
    op.create_table(
        "short_links",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("publication_id", sa.Uuid(), nullable=False),
        sa.Column("channel_id", sa.Uuid(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["channel_id"], ["channels.id"], name=op.f("fk_short_links_channel_id_channels")),
        sa.ForeignKeyConstraint(
            ["publication_id"], ["publications.id"], name=op.f("fk_short_links_publication_id_publications")
        ),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_short_links")),
        sa.UniqueConstraint("publication_id", "channel_id", name=op.f("uq_short_links_publication_id_channel_id")),
    )
    op.create_table(
        "link_clicks",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("clicks", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["code"], ["short_links.code"], name=op.f("fk_link_clicks_code_short_links")),
        sa.PrimaryKeyConstraint("code", "day", name=op.f("pk_link_clicks")),
    )
    op.create_table(
        "channel_limits",
        sa.Column("channel_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column(
            "used", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'::jsonb"), nullable=False
        ),
        sa.Column("blocked_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["channel_id"], ["channels.id"], name=op.f("fk_channel_limits_channel_id_channels"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("channel_id", "name", name=op.f("pk_channel_limits")),
    )
    op.create_table(
        "takedowns",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("publication_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("correction_id", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("opened_by", sa.Uuid(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("kind IN ('withdrawal', 'correction')", name=op.f("ck_takedowns_kind")),
        sa.ForeignKeyConstraint(
            ["correction_id"], ["publications.id"], name=op.f("fk_takedowns_correction_id_publications")
        ),
        sa.ForeignKeyConstraint(["opened_by"], ["people.id"], name=op.f("fk_takedowns_opened_by_people")),
        sa.ForeignKeyConstraint(
            ["publication_id"], ["publications.id"], name=op.f("fk_takedowns_publication_id_publications")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_takedowns")),
    )
    op.create_index(
        "uq_takedowns_open",
        "takedowns",
        ["publication_id", "kind"],
        unique=True,
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.create_table(
        "pauses",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("paused_by", sa.Uuid(), nullable=False),
        sa.Column("paused_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("resumed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["paused_by"], ["people.id"], name=op.f("fk_pauses_paused_by_people")),
        sa.ForeignKeyConstraint(
            ["unit_id"], ["organization_units.id"], name=op.f("fk_pauses_unit_id_organization_units")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pauses")),
    )
    op.create_index(
        "uq_pauses_open",
        "pauses",
        ["unit_id"],
        unique=True,
        postgresql_where=sa.text("resumed_at IS NULL"),
        postgresql_nulls_not_distinct=True,
    )
    op.create_table(
        "pause_resumptions",
        sa.Column("pause_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("given_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["pause_id"], ["pauses.id"], name=op.f("fk_pause_resumptions_pause_id_pauses")),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_pause_resumptions_person_id_people")),
        sa.PrimaryKeyConstraint("pause_id", "person_id", name=op.f("pk_pause_resumptions")),
    )
    op.create_table(
        "notification_mails",
        sa.Column("notification_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("not_before", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["notification_id"], ["notifications.id"], name=op.f("fk_notification_mails_notification_id_notifications")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_notification_mails_person_id_people")),
        sa.PrimaryKeyConstraint("notification_id", "person_id", name=op.f("pk_notification_mails")),
    )
    op.create_index(
        "ix_notification_mails_due",
        "notification_mails",
        ["not_before"],
        unique=False,
        postgresql_where=sa.text("sent_at IS NULL"),
    )
    op.create_table(
        "watchdog_alerts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("object_id", sa.Uuid(), nullable=False),
        sa.Column("first_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("mailed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("posted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cleared_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_watchdog_alerts")),
        sa.UniqueConstraint("kind", "object_id", name=op.f("uq_watchdog_alerts_kind_object_id")),
    )
    op.add_column("channels", sa.Column("capabilities", postgresql.JSONB(astext_type=sa.Text()), nullable=True))
    op.add_column("channels", sa.Column("capabilities_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("channels", sa.Column("health_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("channels", sa.Column("credentials_end_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("channel_credentials", sa.Column("key_id", sa.Text(), nullable=True))
    op.add_column("channel_credentials", sa.Column("renewing_since", sa.DateTime(timezone=True), nullable=True))
    op.add_column(
        "publications", sa.Column("is_ai_made", sa.Boolean(), server_default=sa.text("false"), nullable=False)
    )
    op.add_column("publications", sa.Column("is_urgent", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.add_column("publications", sa.Column("urgent_reason", sa.Text(), nullable=True))
    op.add_column("publications", sa.Column("corrects_id", sa.Uuid(), nullable=True))
    op.add_column("publications", sa.Column("campaign_id", sa.Uuid(), nullable=True))
    op.create_foreign_key(
        op.f("fk_publications_corrects_id_publications"), "publications", "publications", ["corrects_id"], ["id"]
    )
    op.create_foreign_key(
        op.f("fk_publications_campaign_id_campaigns"), "publications", "campaigns", ["campaign_id"], ["id"]
    )
    op.create_index("ix_publications_campaign_id", "publications", ["campaign_id"], unique=False)
    op.create_index("ix_publications_corrects_id", "publications", ["corrects_id"], unique=False)
    op.create_index("ix_publications_unit_id_scheduled_at", "publications", ["unit_id", "scheduled_at"], unique=False)
    op.create_index(
        "ix_publications_calendar",
        "publications",
        ["unit_id", sa.literal_column("coalesce(published_at, scheduled_at)"), "id"],
        unique=False,
    )
    op.create_check_constraint(
        op.f("ck_publications_urgent_with_a_reason"),
        "publications",
        "NOT is_urgent OR length(btrim(coalesce(urgent_reason, ''))) >= 10",
    )
    op.create_check_constraint(
        op.f("ck_publications_ai_is_labelled"),
        "publications",
        "NOT is_ai_made OR length(btrim(coalesce(ai_label, ''))) > 0",
    )
    op.create_check_constraint(
        op.f("ck_publications_correction_corrects"),
        "publications",
        "corrects_id IS NULL OR (kind = 'correction' AND corrects_id <> id)",
    )
    op.add_column("deliveries", sa.Column("proof", postgresql.JSONB(astext_type=sa.Text()), nullable=True))
    op.add_column("deliveries", sa.Column("withdrawal_proof", postgresql.JSONB(astext_type=sa.Text()), nullable=True))
    op.add_column("tasks", sa.Column("channel_id", sa.Uuid(), nullable=True))
    op.add_column("tasks", sa.Column("publication_id", sa.Uuid(), nullable=True))
    op.add_column("tasks", sa.Column("outcome", sa.Text(), nullable=True))
    op.create_foreign_key(
        op.f("fk_tasks_publication_id_publications"), "tasks", "publications", ["publication_id"], ["id"]
    )
    op.create_foreign_key(op.f("fk_tasks_channel_id_channels"), "tasks", "channels", ["channel_id"], ["id"])
    op.create_index("ix_tasks_publication_id", "tasks", ["publication_id"], unique=False)
    op.create_index(
        "uq_tasks_open_channel",
        "tasks",
        ["kind", "channel_id"],
        unique=True,
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_check_constraint(
        op.f("ck_tasks_outcome"), "tasks", "outcome IN ('done', 'posted', 'not_posted', 'removed')"
    )
    op.add_column("notifications", sa.Column("level", sa.Integer(), server_default="0", nullable=False))
    op.add_column("notifications", sa.Column("dedupe", sa.Text(), nullable=True))
    op.create_unique_constraint(op.f("uq_notifications_dedupe"), "notifications", ["dedupe"])
    op.execute("ALTER TABLE role_grants DROP CONSTRAINT IF EXISTS ck_role_grants_given_with_a_reason")
    op.create_check_constraint(
        op.f("ck_role_grants_given_with_a_reason"),
        "role_grants",
        "(granted_by IS NULL) = (granted_at IS NULL) AND (granted_by IS NULL OR length(btrim(coalesce(reason, ''))) >= 10)",
    )
    for statement in RULES.read_text(encoding="utf-8").split("--;;"):
        op.execute(sa.text(statement.replace(":", "\\:")))


def downgrade() -> None:
    raise NotImplementedError("migrations expand and contract; nothing is undone by going back")
