"""Budgets of hosts, rhythms and WebSub

Revision: 0011; follows 0010.
"""

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    raise NotImplementedError("migrations expand and contract; nothing is undone by going back")
