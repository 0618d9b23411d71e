"""Relationships are asked for, confirmed by whoever receives them, and end with a reason.

Those that stand when the register is upgraded count as confirmed: nobody is asked about everybody on one morning.
"""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("relationship") as table:
        table.add_column(sa.Column("asked_by", sa.Uuid(), nullable=True))
        table.add_column(sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True))
        table.add_column(sa.Column("confirmed_by", sa.Uuid(), nullable=True))
        table.add_column(sa.Column("end_reason", sa.String(length=40), nullable=True))
        table.add_column(sa.Column("ended_by", sa.Uuid(), nullable=True))
    op.execute("UPDATE relationship SET confirmed_at = from_at")


def downgrade() -> None:
    with op.batch_alter_table("relationship") as table:
        for name in ("ended_by", "end_reason", "confirmed_by", "confirmed_at", "asked_by"):
            table.drop_column(name)
