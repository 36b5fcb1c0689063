"""Conversations on own channels: who looks, templates, replies, house rules, hidden comments

Revision: 0021; follows 0020.
"""

from pathlib import Path

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

RULES = Path(__file__).with_name("0021_rules.sql")
OPEN_REPLIES = "state IN ('prepared', 'armed', 'committed', 'unknown', 'manual')"
LIVE_HIDINGS = "state IN ('to_hide', 'armed', 'hidden', 'to_show')"


def upgrade() -> None:
    _conversations()
    _templates()
    _replies()
    _house_rules()
    _hidings()
    _consultations()
    op.create_index(
        "ix_comments_own_answers", "comments", ["channel_id", "parent_digest"], postgresql_where=sa.text("is_ours")
    )
    for statement in RULES.read_text(encoding="utf-8").split("--;;"):
        op.execute(statement)


def _check(table: str, name: str, condition: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(condition, name=op.f(f"ck_{table}_{name}"))


def _text(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=nullable)


def _moment(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _id(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.Uuid(), nullable=nullable)


def _count(name: str, default: str | None = None) -> sa.Column[int]:
    return sa.Column(name, sa.Integer(), server_default=default, autoincrement=False, nullable=False)


def _of(table: str, column: str, other: str, *, cascades: bool = False) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_{column}_{other}")
    return sa.ForeignKeyConstraint([column], [f"{other}.id"], name=name, ondelete="CASCADE" if cascades else None)


def _conversations() -> None:
    table = "conversations"
    op.create_table(
        table,
        _id("comment_id"),
        _id("assigned_to", nullable=True),
        _id("assigned_by", nullable=True),
        _moment("assigned_at", nullable=True),
        _id("held_by", nullable=True),
        _moment("held_until", nullable=True),
        _id("closed_by", nullable=True),
        _moment("closed_at", nullable=True),
        _check(table, "held_for_a_time", "(held_by IS NULL) = (held_until IS NULL)"),
        _check(table, "assigned_at_a_time", "(assigned_to IS NULL) = (assigned_at IS NULL)"),
        _check(table, "closed_by_somebody", "(closed_by IS NULL) = (closed_at IS NULL)"),
        _of(table, "comment_id", "comments", cascades=True),
        _of(table, "assigned_to", "people"),
        _of(table, "held_by", "people"),
        sa.PrimaryKeyConstraint("comment_id", name=op.f("pk_conversations")),
    )
    op.create_index(
        "ix_conversations_assigned_to", table, ["assigned_to"], postgresql_where=sa.text("assigned_to IS NOT NULL")
    )


def _templates() -> None:
    table = "reply_templates"
    op.create_table(
        table,
        _id("id"),
        _id("unit_id"),
        _text("name"),
        _count("version"),
        _id("created_by"),
        _moment("created_at"),
        _moment("retired_at", nullable=True),
        _check(table, "name", "length(btrim(name)) BETWEEN 3 AND 100"),
        _of(table, "unit_id", "organization_units"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reply_templates")),
        sa.UniqueConstraint("unit_id", "name", name=op.f("uq_reply_templates_unit_id_name")),
    )
    table = "reply_template_versions"
    op.create_table(
        table,
        _id("template_id"),
        _count("version"),
        _text("body"),
        _id("written_by"),
        _moment("written_at"),
        _check(table, "body", "length(btrim(body)) BETWEEN 5 AND 1000"),
        _check(table, "version", "version >= 1"),
        _of(table, "template_id", "reply_templates"),
        sa.PrimaryKeyConstraint("template_id", "version", name=op.f("pk_reply_template_versions")),
    )


def _replies() -> None:
    table = "comment_replies"
    op.create_table(
        table,
        _id("id"),
        _id("comment_id"),
        _text("body"),
        _id("template_id", nullable=True),
        sa.Column("template_version", sa.Integer(), nullable=True),
        _id("replied_by"),
        _text("state"),
        _moment("created_at"),
        _moment("updated_at"),
        _moment("not_before"),
        _moment("armed_at", nullable=True),
        _count("looks", "0"),
        _text("platform_id", nullable=True),
        _moment("confirmed_at", nullable=True),
        _id("told_by", nullable=True),
        _text("error", nullable=True),
        _check(
            table,
            "state",
            "state IN ('prepared', 'armed', 'committed', 'unknown', 'confirmed', 'manual', 'rejected', 'cancelled')",
        ),
        _check(table, "body", "length(btrim(body)) BETWEEN 1 AND 1000"),
        _check(table, "template_version", "(template_id IS NULL) = (template_version IS NULL)"),
        _check(table, "armed_before_sent", "state IN ('prepared', 'rejected', 'cancelled') OR armed_at IS NOT NULL"),
        _check(table, "confirmed_at_a_time", "(state = 'confirmed') = (confirmed_at IS NOT NULL)"),
        _check(table, "seen_or_told", "state <> 'confirmed' OR platform_id IS NOT NULL OR told_by IS NOT NULL"),
        _of(table, "comment_id", "comments"),
        _of(table, "replied_by", "people"),
        sa.ForeignKeyConstraint(
            ["template_id", "template_version"],
            ["reply_template_versions.template_id", "reply_template_versions.version"],
            name=op.f("fk_comment_replies_template_id_reply_template_versions"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_comment_replies")),
    )
    op.create_index("ix_comment_replies_comment_id", table, ["comment_id"])
    op.create_index(
        "uq_comment_replies_open", table, ["comment_id"], unique=True, postgresql_where=sa.text(OPEN_REPLIES)
    )
    op.create_index("ix_comment_replies_due", table, ["not_before"], postgresql_where=sa.text(OPEN_REPLIES))


def _house_rules() -> None:
    table = "house_rules"
    op.create_table(
        table,
        _id("id"),
        _id("unit_id"),
        _text("ground"),
        _text("title"),
        _text("body"),
        _id("written_by"),
        _moment("written_at"),
        _id("in_force_by", nullable=True),
        _moment("in_force_at", nullable=True),
        _moment("retired_at", nullable=True),
        _check(
            table,
            "ground",
            "ground IN ('scam_link', 'impersonation', 'exposed_personal_data', 'threat_of_violence', 'advert')",
        ),
        _check(table, "title", "length(btrim(title)) BETWEEN 3 AND 200"),
        _check(table, "body", "length(btrim(body)) BETWEEN 20 AND 2000"),
        _check(table, "in_force", "(in_force_by IS NULL) = (in_force_at IS NULL)"),
        _check(table, "two_people", "in_force_by <> written_by"),
        _check(table, "retired_was_in_force", "retired_at IS NULL OR in_force_at IS NOT NULL"),
        _of(table, "unit_id", "organization_units"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_house_rules")),
    )
    op.create_index("ix_house_rules_unit_id", table, ["unit_id"])


def _hidings() -> None:
    table = "comment_hidings"
    op.create_table(
        table,
        _id("id"),
        _id("comment_id"),
        _id("rule_id"),
        _text("reason"),
        _id("hidden_by"),
        _text("state"),
        _moment("asked_at"),
        _moment("updated_at"),
        _moment("not_before"),
        _count("attempts", "0"),
        _moment("hidden_at", nullable=True),
        _moment("shown_at", nullable=True),
        _id("shown_by", nullable=True),
        _text("shown_because", nullable=True),
        _text("error", nullable=True),
        _check(table, "state", "state IN ('to_hide', 'armed', 'hidden', 'to_show', 'shown', 'failed')"),
        _check(table, "reason", "length(btrim(reason)) BETWEEN 10 AND 500"),
        _check(table, "shown_because", "shown_because IN ('officer', 'protected')"),
        _check(table, "shown_for_a_reason", "state NOT IN ('to_show', 'shown') OR shown_because IS NOT NULL"),
        _check(table, "hidden_at_a_time", "state <> 'hidden' OR hidden_at IS NOT NULL"),
        _of(table, "comment_id", "comments"),
        _of(table, "rule_id", "house_rules"),
        _of(table, "hidden_by", "people"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_comment_hidings")),
    )
    op.create_index("ix_comment_hidings_comment_id", table, ["comment_id"])
    op.create_index("ix_comment_hidings_rule_id", table, ["rule_id"])
    op.create_index(
        "uq_comment_hidings_live", table, ["comment_id"], unique=True, postgresql_where=sa.text(LIVE_HIDINGS)
    )
    op.create_index("ix_comment_hidings_due", table, ["not_before"], postgresql_where=sa.text(LIVE_HIDINGS))


def _consultations() -> None:
    table = "consultations"
    op.create_table(
        table,
        _id("id"),
        _id("unit_id"),
        _text("slug"),
        _text("question"),
        _text("body"),
        _moment("opens_at"),
        _moment("closes_at"),
        _id("written_by"),
        _moment("written_at"),
        _id("opened_by", nullable=True),
        _moment("opened_at", nullable=True),
        _text("what_changed", nullable=True),
        _id("changed_by", nullable=True),
        _moment("changed_at", nullable=True),
        _moment("closed_at", nullable=True),
        _check(table, "question", "length(btrim(question)) BETWEEN 10 AND 300"),
        _check(table, "body", "length(btrim(body)) BETWEEN 20 AND 5000"),
        _check(table, "slug", "slug ~ '^[a-z0-9-]{1,100}$'"),
        _check(table, "window", "closes_at >= opens_at + interval '1 hour'"),
        _check(table, "opened_by_somebody", "(opened_by IS NULL) = (opened_at IS NULL)"),
        _check(table, "two_people", "opened_by <> written_by"),
        _check(
            table,
            "changed_by_somebody",
            "(what_changed IS NULL) = (changed_by IS NULL) AND (what_changed IS NULL) = (changed_at IS NULL)",
        ),
        _check(table, "what_changed", "length(btrim(what_changed)) BETWEEN 20 AND 5000"),
        _check(table, "changed_afterwards", "changed_at >= closes_at"),
        _check(table, "closed_with_what_changed", "closed_at IS NULL OR what_changed IS NOT NULL"),
        _of(table, "unit_id", "organization_units"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consultations")),
        sa.UniqueConstraint("slug", name=op.f("uq_consultations_slug")),
    )
    op.create_index("ix_consultations_unit_id", table, ["unit_id"])
    table = "consultation_options"
    op.create_table(
        table,
        _id("consultation_id"),
        _count("position"),
        _text("label"),
        _count("answers", "0"),
        _check(table, "label", "length(btrim(label)) BETWEEN 1 AND 200"),
        _check(table, "position", "position BETWEEN 1 AND 10"),
        _check(table, "answers", "answers >= 0"),
        _of(table, "consultation_id", "consultations", cascades=True),
        sa.PrimaryKeyConstraint("consultation_id", "position", name=op.f("pk_consultation_options")),
    )
    table = "consultation_tokens"
    op.create_table(
        table,
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        _id("consultation_id"),
        _check(table, "digest_length", "octet_length(digest) = 32"),
        _of(table, "consultation_id", "consultations", cascades=True),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_consultation_tokens")),
    )
    op.create_index("ix_consultation_tokens_consultation_id", table, ["consultation_id"])


def downgrade() -> None:
    raise NotImplementedError("migrations expand and contract; nothing is undone by going back")
