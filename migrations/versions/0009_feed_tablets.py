"""The numbered feeds that tablets follow, pages that are kept for a first download, and who follows what."""

import sqlalchemy as sa
from alembic import op

from epaccs.core.db import UTCDateTime

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "feed_scope",
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("last_number", sa.BigInteger(), nullable=False),
        sa.Column("sum", sa.BigInteger(), nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_feed_scope")),
    )
    op.create_table(
        "feed_row",
        sa.Column("scope", sa.String(length=80), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("op", sa.String(length=4), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("why", sa.String(length=20), nullable=True),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("scope", "entry_id", name=op.f("pk_feed_row")),
    )
    op.create_index(op.f("ix_feed_row_at"), "feed_row", ["at"])
    op.create_index(op.f("ix_feed_row_entry_id"), "feed_row", ["entry_id"])
    op.create_index("ix_feed_row_scope_number", "feed_row", ["scope", "number"])
    op.create_table(
        "kept_page",
        sa.Column("scope", sa.String(length=80), nullable=False),
        sa.Column("tier", sa.String(length=10), nullable=False),
        sa.Column("audience", sa.String(length=40), nullable=False),
        sa.Column("epoch", sa.String(length=60), nullable=False),
        sa.Column("after_number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("up_to_number", sa.BigInteger(), nullable=False),
        sa.Column("scope_number", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("scope", "tier", "audience", "epoch", "after_number", name=op.f("pk_kept_page")),
    )
    op.create_index(op.f("ix_kept_page_made_at"), "kept_page", ["made_at"])
    op.create_table(
        "feed_reader",
        sa.Column("device_id", sa.Uuid(), nullable=False),
        sa.Column("scope", sa.String(length=80), nullable=False),
        sa.Column("asked_on", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("device_id", "scope", name=op.f("pk_feed_reader")),
    )


def downgrade() -> None:
    op.drop_table("feed_reader")
    op.drop_index(op.f("ix_kept_page_made_at"), table_name="kept_page")
    op.drop_table("kept_page")
    op.drop_index("ix_feed_row_scope_number", table_name="feed_row")
    op.drop_index(op.f("ix_feed_row_entry_id"), table_name="feed_row")
    op.drop_index(op.f("ix_feed_row_at"), table_name="feed_row")
    op.drop_table("feed_row")
    op.drop_table("feed_scope")
