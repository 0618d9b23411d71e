"""How short room is on a tablet: whole plans that made way, and what it has laid aside for what must be kept."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("device", sa.Column("plans_missing", sa.Integer(), nullable=True))
    op.add_column("device", sa.Column("reserve_bytes", sa.Integer(), nullable=True))


def downgrade() -> None:
    op.drop_column("device", "reserve_bytes")
    op.drop_column("device", "plans_missing")
