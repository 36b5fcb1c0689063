"""What platforms tell us: their events, each once, and comments under our posts

Revision: 0005; follows 0004.
"""

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    raise NotImplementedError("migrations expand and contract; nothing is undone by going back")
