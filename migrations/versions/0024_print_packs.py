"""Packs on paper: the sheets of everybody in a home or team; and doubts about CPR under a name of their own."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from epaccs.core.db import UTCDateTime

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

Document = sa.JSON().with_variant(JSONB(), "postgresql")


def upgrade() -> None:
    op.create_table(
        "handover_pack",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("place_id", sa.Uuid(), nullable=False),
        sa.Column("title", sa.String(length=300), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("printed_by", Document, nullable=False),
        sa.Column("printed_for", sa.String(length=200), nullable=False),
        sa.Column("kept_at", sa.String(length=200), nullable=False),
        sa.Column("asked_at", UTCDateTime(), nullable=False),
        sa.Column("printed_at", UTCDateTime(), nullable=True),
        sa.Column("ended_at", UTCDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_handover_pack")),
    )
    op.create_index(
        "ix_handover_pack_place_id_organisation_id", "handover_pack", ["place_id", "organisation_id"], unique=False
    )
    op.create_table(
        "handover_packed_sheet",
        sa.Column("sheet_id", sa.Uuid(), nullable=False),
        sa.Column("pack_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("called", sa.String(length=400), nullable=False),
        sa.Column("claimed_until", UTCDateTime(), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=True),
        sa.Column("pages", sa.Integer(), nullable=True),
        sa.Column("is_left_out", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["pack_id"], ["handover_pack.id"], name=op.f("fk_handover_packed_sheet_pack_id_handover_pack")
        ),
        sa.ForeignKeyConstraint(
            ["sheet_id"], ["handover_sheet.id"], name=op.f("fk_handover_packed_sheet_sheet_id_handover_sheet")
        ),
        sa.PrimaryKeyConstraint("sheet_id", name=op.f("pk_handover_packed_sheet")),
    )
    op.create_index(
        "ix_handover_packed_sheet_pack_id_position", "handover_packed_sheet", ["pack_id", "position"], unique=False
    )
    op.add_column("handover_sheet", sa.Column("pack_id", sa.Uuid(), nullable=True))
    op.create_index("uq_handover_sheet_pack_id_entry_id", "handover_sheet", ["pack_id", "entry_id"], unique=True)
    # A doubt about CPR was announced as two changes that disagree, and nothing but the settling of those ended it.
    op.execute(
        "UPDATE notice SET kind = 'cpr_doubt' WHERE kind = 'dispute' AND section = 'cpr' AND ended_at IS NULL"
        " AND NOT EXISTS (SELECT 1 FROM held_edit WHERE held_edit.entry_id = notice.entry_id"
        " AND held_edit.section = 'cpr' AND held_edit.settled_at IS NULL)"
    )


def downgrade() -> None:
    op.execute("UPDATE notice SET kind = 'dispute' WHERE kind = 'cpr_doubt'")
    op.drop_index("uq_handover_sheet_pack_id_entry_id", table_name="handover_sheet")
    op.drop_column("handover_sheet", "pack_id")
    op.drop_table("handover_packed_sheet")
    op.drop_table("handover_pack")
