"""Snapshots, reports and their versions

Revision: 0029; follows 0028.
"""

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing yet."""


def downgrade() -> None:
    raise NotImplementedError("migrations expand and contract; nothing is undone by going back")
