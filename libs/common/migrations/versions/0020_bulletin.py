"""What the public bulletin keeps: subscribers of the hub, search

Revision: 0020; follows 0019.
"""

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing yet."""


def downgrade() -> None:
    """Nothing yet."""
