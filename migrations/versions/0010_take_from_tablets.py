"""What tablets wrote and looked at without signal, each kept once with its first outcome."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from epaccs.core.db import UTCDateTime

Document = sa.JSON().with_variant(JSONB(), "postgresql")

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

APPEND_ONLY = ("pushed_edit", "failed_edit", "offline_look")


def upgrade() -> None:
    op.create_table(
        "pushed_edit",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("device_id", sa.Uuid(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=True),
        sa.Column("author_id", sa.Uuid(), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=True),
        sa.Column("sealed_body", sa.LargeBinary(), nullable=False),
        sa.Column("body_hash", sa.String(length=64), nullable=False),
        sa.Column("received_at", UTCDateTime(), nullable=False),
        sa.Column("outcome", sa.String(length=12), nullable=False),
        sa.Column("section_version", sa.Integer(), nullable=False),
        sa.Column("errors", Document, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pushed_edit")),
        sa.UniqueConstraint("device_id", "sequence", name=op.f("uq_pushed_edit_device_id_sequence")),
    )
    op.create_index(op.f("ix_pushed_edit_author_id"), "pushed_edit", ["author_id"])
    op.create_table(
        "failed_edit",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("edit_id", sa.Uuid(), nullable=False),
        sa.Column("device_id", sa.Uuid(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("author_id", sa.Uuid(), nullable=False),
        sa.Column("sealed_body", sa.LargeBinary(), nullable=False),
        sa.Column("body_hash", sa.String(length=64), nullable=False),
        sa.Column("failed_at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_failed_edit")),
        sa.UniqueConstraint("edit_id", "body_hash", name=op.f("uq_failed_edit_edit_id_body_hash")),
    )
    op.create_index(op.f("ix_failed_edit_device_id"), "failed_edit", ["device_id"])
    op.create_table(
        "tablet_book",
        sa.Column("device_id", sa.Uuid(), nullable=False),
        sa.Column("next_sequence", sa.Integer(), nullable=False),
        sa.Column("gap_at", UTCDateTime(), nullable=True),
        sa.Column("gap_told_at", UTCDateTime(), nullable=True),
        sa.Column("looks_upto", sa.Integer(), nullable=False),
        sa.Column("copied_at", UTCDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("device_id", name=op.f("pk_tablet_book")),
    )
    op.create_table(
        "sealed_miss",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("address", sa.String(length=45), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sealed_miss")),
    )
    op.create_index("ix_sealed_miss_address_at", "sealed_miss", ["address", "at"])
    op.create_index(op.f("ix_sealed_miss_at"), "sealed_miss", ["at"])
    op.create_table(
        "offline_look",
        sa.Column("device_id", sa.Uuid(), nullable=False),
        sa.Column("sequence", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("received_at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("device_id", "sequence", "hash", name=op.f("pk_offline_look")),
    )
    for table in APPEND_ONLY:
        _keep_append_only(table)


def _keep_append_only(table: str) -> None:
    """No row is changed or removed; PostgreSQL's function came with the first step."""
    if op.get_bind().dialect.name == "sqlite":
        for deed in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{deed.lower()} BEFORE {deed} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            )
        return
    op.execute(
        f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} "
        "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
    )


def downgrade() -> None:
    for table in ("offline_look", "sealed_miss", "tablet_book", "failed_edit", "pushed_edit"):
        op.drop_table(table)
