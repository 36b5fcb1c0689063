"""The choice of the official channel, partners and their kits

Revision: 0022; follows 0021.
"""

from pathlib import Path

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

RULES = Path(__file__).with_name("0022_rules.sql")


def upgrade() -> None:
    _choices()
    _selections()
    _partners()
    _proofs()
    _kits()
    _links()
    for statement in RULES.read_text(encoding="utf-8").split("--;;"):
        op.execute(sa.text(statement.replace(":", "\\:")))


def _check(table: str, name: str, condition: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(condition, name=op.f(f"ck_{table}_{name}"))


def _text(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=nullable)


def _moment(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _id(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.Uuid(), nullable=nullable)


def _number(name: str, default: int | None = None) -> sa.Column[int]:
    return sa.Column(name, sa.Integer(), server_default=str(default) if default else None, nullable=False)


def _of(table: str, column: str, other: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{other}.id"], name=op.f(f"fk_{table}_{column}_{other}"))


def _choices() -> None:
    table = "channel_choices"
    op.create_table(
        table,
        _id("id"),
        _id("programme_id", nullable=True),
        _id("unit_id"),
        _text("title"),
        sa.Column("criteria", postgresql.JSONB(), nullable=False),
        sa.Column("candidates", postgresql.JSONB(), nullable=False),
        _id("channel_id"),
        _text("decision"),
        _text("state"),
        _id("created_by"),
        _moment("created_at"),
        _id("signed_by", nullable=True),
        _text("signatory", nullable=True),
        _moment("signed_at", nullable=True),
        _id("ended_by", nullable=True),
        _moment("ended_at", nullable=True),
        _text("ended_reason", nullable=True),
        _check(table, "state", "state IN ('draft', 'signed', 'ended')"),
        _check(table, "decision", "length(btrim(decision)) >= 20"),
        _check(
            table,
            "weighed",
            "jsonb_array_length(criteria) BETWEEN 1 AND 20 AND jsonb_array_length(candidates) BETWEEN 1 AND 20",
        ),
        _check(
            table,
            "signed",
            "state = 'draft' OR (signed_by IS NOT NULL AND signed_at IS NOT NULL AND signatory IS NOT NULL)",
        ),
        _check(table, "signed_by_another", "signed_by <> created_by"),
        _check(
            table,
            "ended_with_a_reason",
            "(state = 'ended') = (ended_at IS NOT NULL) AND (state = 'ended') = (ended_by IS NOT NULL) "
            "AND (state = 'ended') = (length(btrim(coalesce(ended_reason, ''))) >= 10)",
        ),
        _of(table, "unit_id", "organization_units"),
        _of(table, "channel_id", "channels"),
        _of(table, "created_by", "people"),
        _of(table, "signed_by", "people"),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
    )
    op.create_index(
        "uq_channel_choices_signed",
        table,
        ["programme_id"],
        unique=True,
        postgresql_where=sa.text("state = 'signed'"),
        postgresql_nulls_not_distinct=True,
    )
    op.create_index("ix_channel_choices_channel_id", table, ["channel_id"])


def _selections() -> None:
    table = "partner_selections"
    op.create_table(
        table,
        _id("id"),
        _id("programme_id", nullable=True),
        _id("unit_id"),
        _text("title"),
        _text("state"),
        _number("min_followers", 50000),
        _number("min_partners", 10),
        _number("max_partners", 20),
        _number("evidence_days", 90),
        _number("recheck_days", 90),
        _id("created_by"),
        _moment("created_at"),
        _id("decided_by", nullable=True),
        _moment("decided_at", nullable=True),
        _text("decision", nullable=True),
        _moment("ended_at", nullable=True),
        _check(table, "state", "state IN ('open', 'decided', 'ended')"),
        _check(table, "rule", "min_followers > 0 AND min_partners > 0 AND max_partners >= min_partners"),
        _check(table, "days", "evidence_days BETWEEN 1 AND 3650 AND recheck_days BETWEEN 1 AND 3650"),
        _check(
            table,
            "decided",
            "(decided_at IS NULL) = (decided_by IS NULL) AND (state <> 'decided' OR decided_at IS NOT NULL)",
        ),
        _check(table, "decided_by_another", "decided_by <> created_by"),
        _check(table, "ended", "(state = 'ended') = (ended_at IS NOT NULL)"),
        _of(table, "unit_id", "organization_units"),
        _of(table, "created_by", "people"),
        _of(table, "decided_by", "people"),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
    )
    op.create_index(
        "uq_partner_selections_decided",
        table,
        ["programme_id"],
        unique=True,
        postgresql_where=sa.text("state = 'decided'"),
        postgresql_nulls_not_distinct=True,
    )


def _partners() -> None:
    table = "partners"
    op.create_table(
        table,
        _id("id"),
        _id("selection_id"),
        _text("kind"),
        _text("platform"),
        _text("name"),
        _text("url"),
        _text("contact_role"),
        _text("state"),
        _text("conflict_result", nullable=True),
        _text("conflict_note", nullable=True),
        _id("conflict_checked_by", nullable=True),
        _moment("conflict_checked_at", nullable=True),
        _id("consent_medium_id", nullable=True),
        _moment("consent_at", nullable=True),
        _moment("consent_withdrawn_at", nullable=True),
        _moment("selected_at", nullable=True),
        _moment("dropped_at", nullable=True),
        _text("drop_reason", nullable=True),
        _moment("recheck_asked_at", nullable=True),
        _id("created_by"),
        _moment("created_at"),
        _check(table, "kind", "kind IN ('page', 'group', 'channel', 'forum')"),
        _check(table, "state", "state IN ('candidate', 'selected', 'dropped')"),
        _check(table, "conflict_result", "conflict_result IN ('clear', 'conflicted')"),
        _check(table, "drop_reason", "drop_reason IN ('too_small', 'consent_withdrawn', 'conflict', 'removed')"),
        _check(table, "platform", "platform ~ '^[a-z0-9_]{2,30}$'"),
        _check(
            table,
            "no_persons_page",
            "url ~ '^https://' AND url !~* '(profile[.]php|/people/|linkedin[.]com/in/|zalo[.]me/[+0-9])'",
        ),
        _check(table, "contact_by_role", "contact_role !~ '(@|[0-9]{6,}|://)'"),
        _check(
            table,
            "conflict_checked",
            "(conflict_result IS NULL) = (conflict_checked_at IS NULL) "
            "AND (conflict_result IS NULL) = (conflict_checked_by IS NULL)",
        ),
        _check(table, "consent_given_first", "consent_withdrawn_at IS NULL OR consent_medium_id IS NOT NULL"),
        _check(
            table,
            "selected_as_agreed",
            "state <> 'selected' OR (selected_at IS NOT NULL AND conflict_result = 'clear' "
            "AND consent_medium_id IS NOT NULL AND consent_withdrawn_at IS NULL)",
        ),
        _check(
            table,
            "dropped",
            "(state = 'dropped') = (dropped_at IS NOT NULL) AND (state = 'dropped') = (drop_reason IS NOT NULL)",
        ),
        _of(table, "selection_id", "partner_selections"),
        _of(table, "consent_medium_id", "media"),
        _of(table, "created_by", "people"),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
    )
    op.create_index(
        "uq_partners_selection_id_url",
        table,
        ["selection_id", "url"],
        unique=True,
        postgresql_where=sa.text("state <> 'dropped'"),
    )


def _proofs() -> None:
    table = "partner_proofs"
    op.create_table(
        table,
        _id("id"),
        _id("partner_id"),
        _number("followers"),
        _moment("measured_at"),
        _text("source_url", nullable=True),
        _id("medium_id", nullable=True),
        _id("recorded_by"),
        _moment("recorded_at"),
        _check(table, "followers", "followers >= 0"),
        _check(table, "measured_before", "measured_at <= recorded_at"),
        _check(table, "is_shown", "source_url IS NOT NULL OR medium_id IS NOT NULL"),
        _check(table, "source_url", "source_url ~ '^https://'"),
        _of(table, "partner_id", "partners"),
        _of(table, "medium_id", "media"),
        _of(table, "recorded_by", "people"),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
    )
    op.create_index("ix_partner_proofs_partner_id", table, ["partner_id", "measured_at"])


def _kits() -> None:
    table = "partner_kits"
    op.create_table(
        table,
        _id("id"),
        _id("publication_id"),
        _id("partner_id"),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        _moment("embargo_until", nullable=True),
        _moment("expires_at"),
        _moment("acknowledged_at", nullable=True),
        _moment("revoked_at", nullable=True),
        _id("created_by"),
        _moment("created_at"),
        _check(table, "hash_length", "octet_length(token_hash) = 32"),
        _check(table, "expires", "expires_at > created_at"),
        _of(table, "publication_id", "publications"),
        _of(table, "partner_id", "partners"),
        _of(table, "created_by", "people"),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
        sa.UniqueConstraint("token_hash", name=op.f(f"uq_{table}_token_hash")),
    )
    op.create_index("ix_partner_kits_publication_id", table, ["publication_id"])
    op.create_index("ix_partner_kits_partner_id", table, ["partner_id"])
    op.create_table(
        "kit_posts",
        _id("id"),
        _id("kit_id"),
        _text("url"),
        _moment("reported_at"),
        _check("kit_posts", "url", "url ~ '^https://'"),
        _of("kit_posts", "kit_id", "partner_kits"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_kit_posts")),
        sa.UniqueConstraint("kit_id", "url", name=op.f("uq_kit_posts_kit_id_url")),
    )


def _links() -> None:
    """A short link is a channel's or a kit's: clicks are counted in the one way there is."""
    table = "short_links"
    op.alter_column(table, "channel_id", nullable=True)
    op.add_column(table, _id("kit_id", nullable=True))
    op.create_foreign_key(op.f(f"fk_{table}_kit_id_partner_kits"), table, "partner_kits", ["kit_id"], ["id"])
    op.create_unique_constraint(op.f(f"uq_{table}_kit_id"), table, ["kit_id"])
    op.create_check_constraint(op.f(f"ck_{table}_of_one"), table, "(channel_id IS NULL) <> (kit_id IS NULL)")


def downgrade() -> None:
    raise NotImplementedError("migrations expand and contract; nothing is undone by going back")
