"""Places and alerts put right by people

Revision: 0027; follows 0026.
"""

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing yet."""


def downgrade() -> None:
    raise NotImplementedError("migrations expand and contract; nothing is undone by going back")
