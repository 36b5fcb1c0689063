"""Alert rules, alerts with their timeline and tellings, and what thresholds and first appearances remember

Revision: 0018; follows 0017.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

KINDS = "'threshold', 'burst', 'first_appearance', 'claim_seen', 'source_quiet', 'saved_query'"
PUBLIC_KINDS = "'threshold', 'burst', 'first_appearance', 'claim_seen'"
SEVERITIES = "'notice', 'warning', 'urgent'"
ROLES = "'viewer', 'editor', 'spokesperson', 'fact_checker', 'feedback_officer', 'admin', 'integrator'"
FIELDS = (
    "'giao_thong', 'moi_truong', 'dat_dai_xay_dung', 'do_thi', 'y_te', 'giao_duc', 'an_sinh', 'an_ninh_trat_tu', "
    "'chay_no', 'thien_tai', 'hanh_chinh', 'chinh_tri', 'kinh_te', 'van_hoa_du_lich', 'the_thao', "
    "'khoa_hoc_cong_nghe', 'khac'"
)
STEPS = "'raised', 'held', 'told', 'escalated', 'dropped', 'acknowledged', 'resolved', 'ended'"
HOUR = r"'^([01]\d|2[0-3]):[0-5]\d$'"


def upgrade() -> None:
    _rules()
    _alerts()
    _alert_indexes()
    _tellings_and_steps()
    _hits_and_memories()


def _check(table: str, name: str, condition: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(condition, name=op.f(f"ck_{table}_{name}"))


def _text(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=nullable)


def _moment(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _id(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.Uuid(), nullable=nullable)


def _flag(name: str, default: str | None = None) -> sa.Column[bool]:
    return sa.Column(name, sa.Boolean(), server_default=sa.text(default) if default else None, nullable=False)


def _json(name: str, default: str | None = None) -> sa.Column[object]:
    return sa.Column(
        name, postgresql.JSONB(), server_default=sa.text(f"'{default}'::jsonb") if default else None, nullable=False
    )


def _of(table: str, column: str, other: str, *, cascades: bool = True) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_{column}_{other}")
    return sa.ForeignKeyConstraint([column], [f"{other}.id"], name=name, ondelete="CASCADE" if cascades else None)


def _rules() -> None:
    table = "alert_rules"
    op.create_table(
        table,
        _id("id"),
        _text("slug", nullable=True),
        _text("name"),
        _text("kind"),
        _json("condition"),
        _text("severity"),
        _text("role"),
        _id("unit_id", nullable=True),
        _text("group_by"),
        sa.Column("group_minutes", sa.Integer(), nullable=False),
        _text("quiet_from", nullable=True),
        _text("quiet_to", nullable=True),
        _text("breaks_quiet"),
        _json("escalation", "[]"),
        _moment("mute_until", nullable=True),
        _moment("muted_at", nullable=True),
        _text("mute_reason", nullable=True),
        _id("muted_by", nullable=True),
        _flag("is_enabled", "true"),
        _flag("is_public", "false"),
        _moment("expires_at", nullable=True),
        _moment("remembers_from", nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        _id("created_by", nullable=True),
        _moment("created_at"),
        _moment("updated_at"),
        _check(table, "kind", f"kind IN ({KINDS})"),
        _check(table, "severity", f"severity IN ({SEVERITIES})"),
        _check(table, "breaks_quiet", f"breaks_quiet IN ({SEVERITIES})"),
        _check(table, "role", f"role IN ({ROLES}) AND role <> 'integrator'"),
        _check(table, "group_by", "group_by IN ('rule', 'field', 'place', 'story', 'alert')"),
        _check(table, "group_minutes", "group_minutes BETWEEN 0 AND 1440"),
        _check(table, "escalation", "jsonb_array_length(escalation) <= 5"),
        _check(table, "name", "length(name) BETWEEN 3 AND 200"),
        _check(
            table,
            "quiet_hours",
            f"(quiet_from IS NULL) = (quiet_to IS NULL) AND quiet_from ~ {HOUR} AND quiet_to ~ {HOUR}",
        ),
        _check(
            table,
            "mute_ends",
            "mute_until IS NULL OR (muted_at IS NOT NULL AND mute_until > muted_at "
            "AND mute_until <= muted_at + interval '720 hours' AND coalesce(length(btrim(mute_reason)), 0) >= 10)",
        ),
        _check(
            table,
            "asks_for_no_person",
            r"name || condition::text !~ '@' AND regexp_replace(name || condition::text, "
            r"'[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}', '', 'g') !~ '[0-9]{9,}'",
        ),
        _check(table, "public_kinds", f"NOT is_public OR kind IN ({PUBLIC_KINDS})"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert_rules")),
        sa.UniqueConstraint("slug", name=op.f("uq_alert_rules_slug")),
    )


def _alerts() -> None:
    table = "alerts"
    op.create_table(
        table,
        _id("id"),
        _id("rule_id"),
        _text("kind"),
        _text("event_key"),
        _text("bundle"),
        _text("severity"),
        _text("state"),
        _text("title"),
        _json("why"),
        _text("field", nullable=True),
        _text("place", nullable=True),
        _id("story_id", nullable=True),
        sa.Column("count", sa.Integer(), nullable=False),
        _moment("first_at"),
        _moment("last_at"),
        _moment("raised_at"),
        _moment("ended_at", nullable=True),
        _flag("is_muted"),
        _text("hold", nullable=True),
        _moment("due_at", nullable=True),
        sa.Column("next_level", sa.Integer(), server_default="0", nullable=False),
        _moment("told_at", nullable=True),
        _id("acknowledged_by", nullable=True),
        _moment("acknowledged_at", nullable=True),
        _id("resolved_by", nullable=True),
        _moment("resolved_at", nullable=True),
        _check(table, "kind", f"kind IN ({KINDS})"),
        _check(table, "severity", f"severity IN ({SEVERITIES})"),
        _check(table, "state", "state IN ('open', 'acknowledged', 'resolved')"),
        _check(table, "hold", "hold IN ('quiet', 'mute')"),
        _check(table, "field", f"field IN ({FIELDS})"),
        _check(table, "count", "count > 0"),
        _check(
            table,
            "state_facts",
            "state = 'open' OR (state = 'acknowledged' AND acknowledged_by IS NOT NULL AND acknowledged_at IS NOT NULL)"
            " OR (state = 'resolved' AND resolved_at IS NOT NULL "
            "AND (resolved_by IS NOT NULL OR ended_at IS NOT NULL))",
        ),
        _check(table, "ended_is_resolved", "ended_at IS NULL OR state = 'resolved'"),
        _of(table, "rule_id", "alert_rules", cascades=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alerts")),
    )


def _alert_indexes() -> None:
    op.create_index(
        "uq_alerts_going_on",
        "alerts",
        ["rule_id", "event_key"],
        unique=True,
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_index("ix_alerts_rule_id_event_key", "alerts", ["rule_id", "event_key"])
    op.create_index("ix_alerts_due_at", "alerts", ["due_at"], postgresql_where=sa.text("due_at IS NOT NULL"))
    op.create_index("ix_alerts_rule_id_bundle", "alerts", ["rule_id", "bundle", "told_at"])
    op.create_index("ix_alerts_state_id", "alerts", ["state", "id"])


def _tellings_and_steps() -> None:
    op.create_table(
        "alert_tellings",
        _id("alert_id"),
        sa.Column("level", sa.Integer(), autoincrement=False, nullable=False),
        _text("role"),
        _id("notification_id"),
        _moment("told_at"),
        _check("alert_tellings", "role", f"role IN ({ROLES}) AND role <> 'integrator'"),
        _check("alert_tellings", "level", "level BETWEEN 0 AND 5"),
        _of("alert_tellings", "alert_id", "alerts"),
        sa.PrimaryKeyConstraint("alert_id", "level", name=op.f("pk_alert_tellings")),
    )
    op.create_table(
        "alert_steps",
        _id("id"),
        _id("alert_id"),
        _text("kind"),
        _id("done_by", nullable=True),
        _json("facts", "{}"),
        _moment("happened_at"),
        _check("alert_steps", "kind", f"kind IN ({STEPS})"),
        _of("alert_steps", "alert_id", "alerts"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert_steps")),
    )
    op.create_index("ix_alert_steps_alert_id", "alert_steps", ["alert_id"])


def _hits_and_memories() -> None:
    op.create_table(
        "alert_hits",
        _id("rule_id"),
        _text("key"),
        _id("content_id"),
        _moment("hit_at"),
        _of("alert_hits", "rule_id", "alert_rules"),
        sa.PrimaryKeyConstraint("rule_id", "key", "content_id", name=op.f("pk_alert_hits")),
    )
    op.create_index("ix_alert_hits_rule_id_key_hit_at", "alert_hits", ["rule_id", "key", "hit_at"])
    op.create_index("ix_alert_hits_hit_at", "alert_hits", ["hit_at"])
    op.create_table(
        "alert_memories",
        _id("rule_id"),
        _text("key"),
        _moment("seen_at"),
        _of("alert_memories", "rule_id", "alert_rules"),
        sa.PrimaryKeyConstraint("rule_id", "key", name=op.f("pk_alert_memories")),
    )


def downgrade() -> None:
    raise NotImplementedError("migrations expand and contract; nothing is undone by going back")
