"""Keep scans of papers: what was said of each, its bytes, and why one holds no more."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from epaccs.core.db import UTCDateTime

Document = sa.JSON().with_variant(JSONB(), "postgresql")

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

APPEND_ONLY = ("scan", "scan_content", "scan_withdrawal")


def upgrade() -> None:
    op.create_table(
        "scan",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("title", sa.String(length=150), nullable=False),
        sa.Column("original_location", sa.String(length=300), nullable=False),
        sa.Column("original_seen_by", sa.String(length=150), nullable=True),
        sa.Column("original_seen_on", sa.Date(), nullable=True),
        sa.Column("identifiers", Document, nullable=False),
        sa.Column("media_type", sa.String(length=20), nullable=False),
        sa.Column("pages", sa.Integer(), nullable=False),
        sa.Column("size_bytes", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("virus_scan", sa.String(length=120), nullable=False),
        sa.Column("kept_at", UTCDateTime(), nullable=False),
        sa.Column("kept_by", Document, nullable=False),
        sa.ForeignKeyConstraint(["entry_id"], ["entry.id"], name=op.f("fk_scan_entry_id_entry")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scan")),
    )
    op.create_index(op.f("ix_scan_entry_id"), "scan", ["entry_id"])
    op.create_table(
        "scan_content",
        sa.Column("scan_id", sa.Uuid(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["scan_id"], ["scan.id"], name=op.f("fk_scan_content_scan_id_scan")),
        sa.PrimaryKeyConstraint("scan_id", name=op.f("pk_scan_content")),
    )
    op.create_table(
        "scan_withdrawal",
        sa.Column("scan_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.String(length=20), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("withdrawn_at", UTCDateTime(), nullable=False),
        sa.Column("withdrawn_by", Document, nullable=False),
        sa.ForeignKeyConstraint(["scan_id"], ["scan.id"], name=op.f("fk_scan_withdrawal_scan_id_scan")),
        sa.PrimaryKeyConstraint("scan_id", name=op.f("pk_scan_withdrawal")),
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
    for table in reversed(APPEND_ONLY):
        op.drop_table(table)
