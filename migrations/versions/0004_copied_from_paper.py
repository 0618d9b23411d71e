"""Which edits were copied from paper, and which sections wait for a second person to compare them with it."""

import sqlalchemy as sa
from alembic import op

from epaccs.core.db import UTCDateTime

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("edit_log", sa.Column("is_from_paper", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("section", sa.Column("copied_at", UTCDateTime(), nullable=True))
    op.create_index("ix_section_copied_at", "section", ["copied_at"])


def downgrade() -> None:
    op.drop_index("ix_section_copied_at", table_name="section")
    op.drop_column("section", "copied_at")
    op.drop_column("edit_log", "is_from_paper")
