"""Programmes, their rows and their evidence

Revision: 0028; follows 0027.
"""

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing yet."""


def downgrade() -> None:
    raise NotImplementedError("migrations expand and contract; nothing is undone by going back")
