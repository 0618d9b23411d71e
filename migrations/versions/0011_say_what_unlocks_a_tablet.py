"""With what a user unlocks a tablet, as the tablet last said it."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

Document = sa.JSON().with_variant(JSONB(), "postgresql")

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("device_user", sa.Column("unlocked_with", Document, nullable=True))


def downgrade() -> None:
    op.drop_column("device_user", "unlocked_with")
