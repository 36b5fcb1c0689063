"""Rows of the index of words that lack the pairs of common words are known by a mark

Revision: 0035; follows 0034.
"""

from alembic import op

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None

_TIMED = """
CREATE OR REPLACE FUNCTION time_search_document() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp
AS $$
DECLARE
    hour bigint := ('x' || left(translate(NEW.content_id::text, '-', ''), 12))::bit(48)::bigint / 3600000;
    unpaired text := CASE WHEN NEW.tsv @@ '''pairs=1'''::tsquery THEN NULL ELSE 'unpaired=1' END;
BEGIN
    NEW.tsv := NEW.tsv || array_to_tsvector(array_remove(ARRAY['h=' || hour, 'd=' || hour / 24, unpaired], NULL));
    RETURN NEW;
END $$
"""


def upgrade() -> None:
    # By the database itself, so that a phrase finds the rows of a process of the version before, too.
    op.execute(_TIMED)
    op.execute("UPDATE search_documents SET tsv = tsv")


def downgrade() -> None:
    raise NotImplementedError("migrations expand and contract; nothing is undone by going back")
