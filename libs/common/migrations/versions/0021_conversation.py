"""Conversations on own channels, templates, hidden comments, consultations

Revision: 0021; follows 0020.
"""

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing yet."""


def downgrade() -> None:
    """Nothing yet."""
