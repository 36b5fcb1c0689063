"""What the public bulletin keeps: subscribers of the hub, search, English texts

Revision: 0020; follows 0019.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

AT = sa.DateTime(timezone=True)
GUARD = """
CREATE FUNCTION guard_translation() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    made publications%ROWTYPE;
    original publications%ROWTYPE;
BEGIN
    SELECT * INTO made FROM publications WHERE id = NEW.publication_id FOR SHARE;
    SELECT * INTO original FROM publications WHERE id = NEW.translates_id FOR SHARE;
    IF made.language <> 'en' OR original.language <> 'vi' OR made.unit_id <> original.unit_id THEN
        RAISE EXCEPTION 'an English text of a unit stands for a Vietnamese one of the same unit'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'translation_of_own_text';
    END IF;
    IF TG_OP = 'INSERT' AND NEW.confirmed_by IS NOT NULL THEN
        RAISE EXCEPTION 'a translation is proposed first' USING ERRCODE = 'check_violation',
            CONSTRAINT = 'translation_is_proposed_first';
    END IF;
    IF TG_OP = 'UPDATE' AND (NEW.publication_id, NEW.translates_id, NEW.proposed_by, NEW.proposed_at)
       IS DISTINCT FROM (OLD.publication_id, OLD.translates_id, OLD.proposed_by, OLD.proposed_at) THEN
        RAISE EXCEPTION 'what was proposed does not change' USING ERRCODE = 'check_violation',
            CONSTRAINT = 'translation_stays';
    END IF;
    RETURN NEW;
END $$
"""


def upgrade() -> None:
    _hub_subscriptions()
    _bulletin_texts()
    _publication_translations()


def _check(table: str, name: str, condition: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(condition, name=op.f(f"ck_{table}_{name}"))


def _of(table: str, column: str, other: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{other}.id"], name=op.f(f"fk_{table}_{column}_{other}"))


def _hub_subscriptions() -> None:
    table = "hub_subscriptions"
    op.create_table(
        table,
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("ciphertext", sa.LargeBinary(), nullable=False),
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("key_hash", sa.LargeBinary(), nullable=False),
        sa.Column("wish", sa.Text(), nullable=True),
        sa.Column("lease_seconds", sa.Integer(), nullable=False),
        sa.Column("ask_at", AT, nullable=True),
        sa.Column("asks", sa.Integer(), server_default="0", nullable=False),
        sa.Column("asked_at", AT, nullable=False),
        sa.Column("verified_at", AT, nullable=True),
        sa.Column("lease_ends_at", AT, nullable=True),
        sa.Column("push_at", AT, nullable=False),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("sent_digest", sa.Text(), nullable=True),
        sa.Column("sent_at", AT, nullable=True),
        _check(table, "topic", "topic IN ('feed.rss', 'feed.atom', 'feed.json')"),
        _check(table, "wish", "wish IN ('subscribe', 'unsubscribe')"),
        _check(table, "hash_length", "octet_length(key_hash) = 32"),
        _check(table, "a_wish_is_asked", "(wish IS NULL) = (ask_at IS NULL)"),
        _check(table, "verified_has_a_lease", "(lease_ends_at IS NULL) = (verified_at IS NULL)"),
        _check(table, "wished_or_verified", "wish IS NOT NULL OR verified_at IS NOT NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hub_subscriptions")),
        sa.UniqueConstraint("key_hash", name=op.f("uq_hub_subscriptions_key_hash")),
    )
    op.create_index("ix_hub_subscriptions_host", table, ["host"])
    op.create_index("ix_hub_subscriptions_ask_at", table, ["ask_at"], postgresql_where=sa.text("ask_at IS NOT NULL"))
    op.create_index("ix_hub_subscriptions_topic_push_at", table, ["topic", "push_at"])


def _bulletin_texts() -> None:
    table = "bulletin_texts"
    op.create_table(
        table,
        sa.Column("publication_id", sa.Uuid(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("lead", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("unit_name", sa.Text(), nullable=True),
        sa.Column("is_about_rights", sa.Boolean(), nullable=False),
        sa.Column("published_at", AT, nullable=False),
        sa.Column("lexemes", postgresql.ARRAY(sa.Text()), nullable=False),
        _of(table, "publication_id", "publications"),
        sa.PrimaryKeyConstraint("publication_id", name=op.f("pk_bulletin_texts")),
    )
    op.create_index("ix_bulletin_texts_lexemes", table, ["lexemes"], postgresql_using="gin")
    op.create_index("ix_bulletin_texts_published_at", table, ["published_at"])


def _publication_translations() -> None:
    table = "publication_translations"
    op.create_table(
        table,
        sa.Column("publication_id", sa.Uuid(), nullable=False),
        sa.Column("translates_id", sa.Uuid(), nullable=False),
        sa.Column("proposed_by", sa.Uuid(), nullable=False),
        sa.Column("proposed_at", AT, nullable=False),
        sa.Column("confirmed_by", sa.Uuid(), nullable=True),
        sa.Column("confirmed_at", AT, nullable=True),
        _check(table, "of_another", "publication_id <> translates_id"),
        _check(table, "confirmed", "(confirmed_by IS NULL) = (confirmed_at IS NULL)"),
        _check(table, "two_people", "confirmed_by <> proposed_by"),
        _of(table, "publication_id", "publications"),
        _of(table, "translates_id", "publications"),
        _of(table, "proposed_by", "people"),
        _of(table, "confirmed_by", "people"),
        sa.PrimaryKeyConstraint("publication_id", name=op.f("pk_publication_translations")),
        sa.UniqueConstraint("translates_id", name=op.f("uq_publication_translations_translates_id")),
    )
    op.execute(GUARD)
    op.execute(
        "CREATE TRIGGER translation_of_own_text BEFORE INSERT OR UPDATE ON publication_translations "
        "FOR EACH ROW EXECUTE FUNCTION guard_translation()"
    )


def downgrade() -> None:
    raise NotImplementedError("migrations expand and contract; nothing is undone by going back")
