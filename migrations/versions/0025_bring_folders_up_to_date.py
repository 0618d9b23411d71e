"""Packs that bring the folder of an older pack up to date."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("handover_pack", sa.Column("renews_id", sa.Uuid(), nullable=True))
    op.create_index("ix_handover_pack_renews_id", "handover_pack", ["renews_id"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_handover_pack_renews_id", table_name="handover_pack")
    op.drop_column("handover_pack", "renews_id")
