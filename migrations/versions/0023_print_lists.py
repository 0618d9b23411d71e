"""Lists on paper: each line is a sheet of its own, under the number of the list."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from epaccs.core.db import UTCDateTime

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

Document = sa.JSON().with_variant(JSONB(), "postgresql")


def upgrade() -> None:
    op.create_table(
        "handover_list",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.String(length=8), nullable=False),
        sa.Column("place_id", sa.Uuid(), nullable=False),
        sa.Column("title", sa.String(length=300), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("printed_by", Document, nullable=False),
        sa.Column("printed_for", sa.String(length=200), nullable=False),
        sa.Column("kept_at", sa.String(length=200), nullable=False),
        sa.Column("reserved_at", UTCDateTime(), nullable=False),
        sa.Column("printed_at", UTCDateTime(), nullable=True),
        sa.Column("valid_as_at", UTCDateTime(), nullable=True),
        sa.Column("content_hash", sa.String(length=64), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_handover_list")),
        sa.UniqueConstraint("code", name=op.f("uq_handover_list_code")),
    )
    op.create_index(
        "ix_handover_list_place_id_organisation_id", "handover_list", ["place_id", "organisation_id"], unique=False
    )
    op.add_column("handover_sheet", sa.Column("list_id", sa.Uuid(), nullable=True))
    op.create_index("uq_handover_sheet_list_id_entry_id", "handover_sheet", ["list_id", "entry_id"], unique=True)


def downgrade() -> None:
    op.drop_index("uq_handover_sheet_list_id_entry_id", table_name="handover_sheet")
    op.drop_column("handover_sheet", "list_id")
    op.drop_table("handover_list")
