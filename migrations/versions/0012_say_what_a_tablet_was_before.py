"""Which tablet a browser was before it took everything away."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("device", sa.Column("replaces_id", sa.Uuid(), nullable=True))


def downgrade() -> None:
    op.drop_column("device", "replaces_id")
