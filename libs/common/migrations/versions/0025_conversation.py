"""Conversations on more platforms

Revision: 0025; follows 0024.
"""

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing yet."""


def downgrade() -> None:
    raise NotImplementedError("migrations expand and contract; nothing is undone by going back")
