"""Keys that sign what is printed, and which signed a sheet."""

import sqlalchemy as sa
from alembic import op

from epaccs.core.db import UTCDateTime

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "stamp_key",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("key_id", sa.String(length=8), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("sealed_private_key", sa.LargeBinary(), nullable=False),
        sa.Column("standing", sa.String(length=10), nullable=False),
        sa.Column("made_at", UTCDateTime(), nullable=False),
        sa.Column("withdrawn_at", UTCDateTime(), nullable=True),
        sa.Column("withdrawn_because", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stamp_key")),
        sa.UniqueConstraint("key_id", name=op.f("uq_stamp_key_key_id")),
    )
    one_of_each = sa.text("standing <> 'former'")
    op.create_index(
        "uq_stamp_key_one_of_each",
        "stamp_key",
        ["standing"],
        unique=True,
        sqlite_where=one_of_each,
        postgresql_where=one_of_each,
    )
    op.add_column("handover_sheet", sa.Column("stamp_key", sa.String(length=8), nullable=True))


def downgrade() -> None:
    op.drop_column("handover_sheet", "stamp_key")
    op.drop_table("stamp_key")
