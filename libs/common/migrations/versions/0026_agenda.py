"""Calendars read by their address

Revision: 0026; follows 0025.
"""

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing yet."""


def downgrade() -> None:
    raise NotImplementedError("migrations expand and contract; nothing is undone by going back")
