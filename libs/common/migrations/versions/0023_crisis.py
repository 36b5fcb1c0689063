"""Playbooks, situations, drills, and the desk of events

Revision: 0023; follows 0022.
"""

from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

RULES = Path(__file__).with_name("0023_rules.sql")
MARKED = "NOT is_drill OR title LIKE 'DIỄN TẬP%'"
SANDBOX = (
    "NOT is_drill OR (kind IN ('bluesky', 'facebook', 'instagram', 'mastodon', 'telegram', 'threads', 'tiktok', "
    "'youtube', 'zalo') AND settings ? 'service' AND NOT is_city_official)"
)
FIELDS = (
    "'giao_thong', 'moi_truong', 'dat_dai_xay_dung', 'do_thi', 'y_te', 'giao_duc', 'an_sinh', 'an_ninh_trat_tu', "
    "'chay_no', 'thien_tai', 'hanh_chinh', 'chinh_tri', 'kinh_te', 'van_hoa_du_lich', 'the_thao', "
    "'khoa_hoc_cong_nghe', 'khac'"
)
ROLES = "'viewer', 'editor', 'spokesperson', 'fact_checker', 'feedback_officer', 'admin', 'integrator'"


def upgrade() -> None:
    _playbooks()
    _situations()
    _drills()
    _agenda()
    for statement in RULES.read_text(encoding="utf-8").split("--;;"):
        op.execute(sa.text(statement.replace(":", "\\:")))


def _check(table: str, name: str, condition: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(condition, name=op.f(f"ck_{table}_{name}"))


def _text(name: str, *, nullable: bool = False, default: str | None = None) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=nullable, server_default=default)


def _moment(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _id(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.Uuid(), nullable=nullable)


def _number(name: str, default: str | None = None) -> sa.Column[int]:
    return sa.Column(name, sa.Integer(), nullable=False, server_default=default)


def _flag(name: str, default: str | None = None) -> sa.Column[bool]:
    return sa.Column(name, sa.Boolean(), server_default=sa.text(default) if default else None, nullable=False)


def _list(name: str) -> sa.Column[object]:
    return sa.Column(name, postgresql.JSONB(), server_default=sa.text("'[]'::jsonb"), nullable=False)


def _array(name: str, of: sa.types.TypeEngine[Any]) -> sa.Column[object]:
    return sa.Column(name, postgresql.ARRAY(of), nullable=False)


def _of(table: str, column: str, other: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{other}.id"], name=op.f(f"fk_{table}_{column}_{other}"))


def _playbooks() -> None:
    table = "playbooks"
    op.create_table(
        table,
        _id("id"),
        _id("unit_id"),
        _text("name"),
        _text("trigger"),
        _id("rule_id", nullable=True),
        _text("field", nullable=True),
        _text("severity", nullable=True),
        _text("statement_title"),
        _text("statement_body"),
        _text("urgent_reason"),
        _id("speaking_unit_id"),
        _array("approving_units", sa.Uuid()),
        _array("channel_ids", sa.Uuid()),
        _list("checklist"),
        _number("version", "1"),
        _flag("is_active", "true"),
        _id("created_by"),
        _moment("created_at"),
        _moment("updated_at"),
        _check(table, "trigger", "trigger IN ('manual', 'alert')"),
        _check(table, "field", f"field IN ({FIELDS})"),
        _check(table, "severity", "severity IN ('notice', 'warning', 'urgent')"),
        _check(
            table,
            "trigger_says_when",
            "(trigger = 'manual') = (rule_id IS NULL AND field IS NULL AND severity IS NULL)",
        ),
        _check(table, "urgent_with_a_reason", "length(btrim(urgent_reason)) >= 10"),
        _check(table, "checklist", "jsonb_array_length(checklist) <= 50"),
        _of(table, "unit_id", "organization_units"),
        _of(table, "speaking_unit_id", "organization_units"),
        _of(table, "created_by", "people"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_playbooks")),
        sa.UniqueConstraint("unit_id", "name", name=op.f("uq_playbooks_unit_id_name")),
    )


def _situations() -> None:
    table = "situations"
    op.create_table(
        table,
        _id("id"),
        _id("unit_id"),
        _id("playbook_id"),
        _number("playbook_version"),
        _text("title"),
        _flag("is_drill"),
        _text("state"),
        _id("publication_id"),
        _id("pause_id", nullable=True),
        _id("alert_id", nullable=True),
        _id("opened_by"),
        _moment("opened_at"),
        _id("closed_by", nullable=True),
        _moment("closed_at", nullable=True),
        _text("lesson", nullable=True),
        _check(table, "state", "state IN ('open', 'closed')"),
        _check(table, "drill_is_marked", MARKED),
        _check(table, "drill_pauses_nothing", "NOT is_drill OR pause_id IS NULL"),
        _check(
            table,
            "closed_with_a_lesson",
            "(state = 'closed') = (closed_at IS NOT NULL) AND (state = 'closed') = (closed_by IS NOT NULL) "
            "AND (state = 'open' OR length(btrim(coalesce(lesson, ''))) >= 10)",
        ),
        _of(table, "unit_id", "organization_units"),
        _of(table, "playbook_id", "playbooks"),
        _of(table, "publication_id", "publications"),
        _of(table, "pause_id", "pauses"),
        _of(table, "opened_by", "people"),
        _of(table, "closed_by", "people"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_situations")),
    )
    op.create_index("ix_situations_unit_id_id", table, ["unit_id", "id"])
    op.create_index("ix_situations_publication_id", table, ["publication_id"])
    _entries_and_suggestions()


def _entries_and_suggestions() -> None:
    table = "situation_entries"
    op.create_table(
        table,
        _id("id"),
        _id("situation_id"),
        _text("kind"),
        _text("body"),
        _id("object_id", nullable=True),
        _text("role"),
        _id("done_by"),
        _moment("happened_at"),
        _check(table, "kind", "kind IN ('opened', 'note', 'publication', 'alert', 'pause', 'closed')"),
        _check(table, "role", f"role IN ({ROLES})"),
        _check(table, "link_leads_somewhere", "(kind IN ('publication', 'alert')) <= (object_id IS NOT NULL)"),
        _of(table, "situation_id", "situations"),
        _of(table, "done_by", "people"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_situation_entries")),
    )
    op.create_index("ix_situation_entries_situation_id_id", table, ["situation_id", "id"])
    table = "playbook_suggestions"
    op.create_table(
        table,
        _id("playbook_id"),
        _id("alert_id"),
        _moment("suggested_at"),
        _id("situation_id", nullable=True),
        _of(table, "playbook_id", "playbooks"),
        _of(table, "situation_id", "situations"),
        sa.PrimaryKeyConstraint("playbook_id", "alert_id", name=op.f("pk_playbook_suggestions")),
    )
    op.create_index("ix_playbook_suggestions_alert_id", table, ["alert_id"])


def _drills() -> None:
    for table in ("channels", "publications", "tasks"):
        op.add_column(table, _flag("is_drill", "false"))
    op.create_check_constraint(op.f("ck_channels_drill_in_the_sandbox"), "channels", SANDBOX)
    op.create_check_constraint(op.f("ck_publications_drill_is_marked"), "publications", MARKED)
    op.create_check_constraint(op.f("ck_tasks_drill_is_marked"), "tasks", MARKED)
    op.add_column("tasks", _id("situation_id", nullable=True))
    op.add_column("tasks", _text("role", nullable=True))
    op.add_column("tasks", _moment("due_at", nullable=True))
    op.create_foreign_key(op.f("fk_tasks_situation_id_situations"), "tasks", "situations", ["situation_id"], ["id"])
    op.create_index("ix_tasks_situation_id", "tasks", ["situation_id"])


def _agenda() -> None:
    table = "agenda_kinds"
    op.create_table(
        table,
        _id("id"),
        _id("unit_id"),
        _text("name"),
        _array("words", sa.Text()),
        _number("target_minutes", "60"),
        _text("measured_from", default="end"),
        _text("post_title"),
        _text("post_body"),
        _id("created_by"),
        _moment("created_at"),
        _moment("updated_at"),
        _check(table, "measured_from", "measured_from IN ('start', 'end')"),
        _check(table, "target", "target_minutes BETWEEN 1 AND 10080"),
        _of(table, "unit_id", "organization_units"),
        _of(table, "created_by", "people"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agenda_kinds")),
        sa.UniqueConstraint("unit_id", "name", name=op.f("uq_agenda_kinds_unit_id_name")),
    )
    table = "agenda_imports"
    op.create_table(
        table,
        _id("id"),
        _id("unit_id"),
        _text("source"),
        _text("url", nullable=True),
        _number("created"),
        _number("updated"),
        _number("cancelled"),
        _number("unchanged"),
        _number("outdated"),
        _list("refused"),
        _id("imported_by"),
        _moment("imported_at"),
        _check(table, "source", "source IN ('upload', 'url')"),
        _check(table, "url_of_its_source", "(source = 'url') = (url IS NOT NULL)"),
        _of(table, "unit_id", "organization_units"),
        _of(table, "imported_by", "people"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agenda_imports")),
    )
    op.create_index("ix_agenda_imports_unit_id_id", table, ["unit_id", "id"])
    _agenda_events()


def _agenda_events() -> None:
    table = "agenda_events"
    op.create_table(
        table,
        _id("id"),
        _id("unit_id"),
        _text("uid"),
        _text("occurrence", default=""),
        _id("kind_id", nullable=True),
        _text("title"),
        _text("place", nullable=True),
        _moment("starts_at"),
        _moment("ends_at"),
        _flag("is_all_day"),
        _text("state"),
        _number("sequence"),
        _moment("revised_at", nullable=True),
        _id("publication_id", nullable=True),
        _id("linked_by", nullable=True),
        _moment("linked_at", nullable=True),
        _moment("warned_at", nullable=True),
        _id("import_id"),
        _moment("created_at"),
        _moment("updated_at"),
        _check(table, "state", "state IN ('planned', 'cancelled')"),
        _check(table, "dates_in_order", "ends_at >= starts_at"),
        _check(
            table,
            "linked_by_somebody",
            "(publication_id IS NULL) = (linked_by IS NULL) AND (publication_id IS NULL) = (linked_at IS NULL)",
        ),
        _of(table, "unit_id", "organization_units"),
        _of(table, "kind_id", "agenda_kinds"),
        _of(table, "publication_id", "publications"),
        _of(table, "linked_by", "people"),
        _of(table, "import_id", "agenda_imports"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agenda_events")),
        sa.UniqueConstraint("unit_id", "uid", "occurrence", name=op.f("uq_agenda_events_unit_id_uid_occurrence")),
    )
    op.create_index("ix_agenda_events_unit_id_starts_at", table, ["unit_id", "starts_at", "id"])
    op.create_index("ix_agenda_events_publication_id", table, ["publication_id"])
    op.create_index(
        "ix_agenda_events_unwarned",
        table,
        ["ends_at"],
        postgresql_where=sa.text("warned_at IS NULL AND state = 'planned'"),
    )


def downgrade() -> None:
    raise NotImplementedError("migrations expand and contract; nothing is undone by going back")
