"""Places put right by people; names that people gave to places; the index of words knows when a text came in

Revision: 0027; follows 0026.
"""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

AT = sa.DateTime(timezone=True)

_TIMED = """
CREATE FUNCTION time_search_document() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    hour bigint := ('x' || left(translate(NEW.content_id::text, '-', ''), 12))::bit(48)::bigint / 3600000;
BEGIN
    NEW.tsv := NEW.tsv || array_to_tsvector(array_remove(ARRAY['h=' || hour, 'd=' || hour / 24], NULL));
    RETURN NEW;
END $$
"""
_ON_EVERY_ROW = """
CREATE TRIGGER timed BEFORE INSERT OR UPDATE OF tsv ON search_documents
    FOR EACH ROW EXECUTE FUNCTION time_search_document()
"""


def upgrade() -> None:
    # By the database itself, so that a row of a process of the version before is found too.
    op.execute(_TIMED)
    op.execute(_ON_EVERY_ROW)
    op.execute("UPDATE search_documents SET tsv = tsv")
    op.drop_constraint(op.f("ck_label_corrections_head"), "label_corrections", type_="check")
    op.create_check_constraint(
        op.f("ck_label_corrections_head"), "label_corrections", "head IN ('field', 'tone', 'kind', 'risk', 'places')"
    )
    _place_aliases()


def _place_aliases() -> None:
    op.create_table(
        "place_aliases",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_folded", sa.Text(), nullable=False),
        sa.Column("unit_code", sa.Text(), nullable=False),
        sa.Column("content_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("proposed_by", sa.Uuid(), nullable=False),
        sa.Column("proposed_at", AT, nullable=False),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("decided_at", AT, nullable=True),
        sa.CheckConstraint(
            "state IN ('proposed', 'confirmed', 'refused', 'ended')", name=op.f("ck_place_aliases_state")
        ),
        sa.CheckConstraint("length(name) BETWEEN 3 AND 60", name=op.f("ck_place_aliases_name")),
        sa.CheckConstraint("name !~ '@' AND name !~ '[0-9]{5,}'", name=op.f("ck_place_aliases_names_no_person")),
        sa.CheckConstraint(
            "(state = 'proposed') = (decided_by IS NULL) AND (decided_by IS NULL) = (decided_at IS NULL)",
            name=op.f("ck_place_aliases_decided"),
        ),
        sa.CheckConstraint(
            "state <> 'confirmed' OR decided_by <> proposed_by", name=op.f("ck_place_aliases_two_people")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_place_aliases")),
    )
    op.create_index(
        "uq_place_aliases_name_unit",
        "place_aliases",
        ["name_folded", "unit_code"],
        unique=True,
        postgresql_where=sa.text("state IN ('proposed', 'confirmed')"),
    )


def downgrade() -> None:
    raise NotImplementedError("migrations expand and contract; nothing is undone by going back")
