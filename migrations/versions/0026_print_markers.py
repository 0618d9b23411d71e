"""Markers for a home: a code that leads whoever may open a record to it, and codes that were tried in vain."""

import sqlalchemy as sa
from alembic import op

from epaccs.core.db import UTCDateTime

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "home_marker",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.String(length=10), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.Column("printed_at", UTCDateTime(), nullable=False),
        sa.Column("printed_by", sa.Uuid(), nullable=False),
        sa.Column("place", sa.String(length=200), nullable=False),
        sa.Column("ended_at", UTCDateTime(), nullable=True),
        sa.Column("ended_by", sa.Uuid(), nullable=True),
        sa.Column("end_reason", sa.String(length=12), nullable=True),
        sa.ForeignKeyConstraint(["entry_id"], ["entry.id"], name=op.f("fk_home_marker_entry_id_entry")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_home_marker")),
        sa.UniqueConstraint("code", name=op.f("uq_home_marker_code")),
    )
    op.create_index(op.f("ix_home_marker_entry_id"), "home_marker", ["entry_id"], unique=False)
    op.create_table(
        "marker_miss",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("clinician_id", sa.Uuid(), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_marker_miss")),
    )
    op.create_index("ix_marker_miss_clinician_id_at", "marker_miss", ["clinician_id", "at"], unique=False)


def downgrade() -> None:
    op.drop_table("marker_miss")
    op.drop_table("home_marker")
