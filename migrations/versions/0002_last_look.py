"""When a clinician last saw a record before the reason that they gave."""

import sqlalchemy as sa
from alembic import op

from epaccs.core.db import UTCDateTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("access_grant", sa.Column("last_looked_at", UTCDateTime(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("access_grant") as table:
        table.drop_column("last_looked_at")
