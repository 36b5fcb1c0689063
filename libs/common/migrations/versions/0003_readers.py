"""Readers' mail: who asked for it, what a digest holds, what was sent

Revision: 0003; follows 0002.
"""

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    raise NotImplementedError("migrations expand and contract; nothing is undone by going back")
