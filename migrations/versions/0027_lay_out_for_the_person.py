"""How a copy is laid out: as for staff, in large print, or in Easy Read."""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("handover_sheet", sa.Column("layout", sa.String(length=12), nullable=True))


def downgrade() -> None:
    op.drop_column("handover_sheet", "layout")
