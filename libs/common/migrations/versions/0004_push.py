"""Readers' browsers that asked to be told, and what was sent to them

Revision: 0004; follows 0003.
"""

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    raise NotImplementedError("migrations expand and contract; nothing is undone by going back")
