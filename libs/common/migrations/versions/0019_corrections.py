"""Corrections: drafts made of claims, their chain and what was sent for them

Revision: 0019; follows 0018.
"""

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing yet."""


def downgrade() -> None:
    """Nothing yet."""
