"""Who does not fit on a tablet, how far each tablet has come, and which of them disagree with the register."""

import sqlalchemy as sa
from alembic import op

from epaccs.core.db import UTCDateTime

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

COUNTS = ("left_out", "disagreements")


def upgrade() -> None:
    op.create_table(
        "feed_cap",
        sa.Column("scope", sa.String(length=80), nullable=False),
        sa.Column("cap", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("began", sa.BigInteger(), nullable=False),
        sa.Column("scope_number", sa.BigInteger(), nullable=False),
        sa.Column("from_version", sa.BigInteger(), nullable=False),
        sa.Column("sum", sa.BigInteger(), nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.Column("left_out", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("scope", "cap", name=op.f("pk_feed_cap")),
    )
    with op.batch_alter_table("feed_reader") as table:
        table.add_column(sa.Column("epoch", sa.String(length=60), nullable=True))
        table.add_column(sa.Column("number", sa.BigInteger(), nullable=False, server_default="0"))
        for name in COUNTS:
            table.add_column(sa.Column(name, sa.Integer(), nullable=False, server_default="0"))
        table.add_column(sa.Column("disagrees_since", UTCDateTime(), nullable=True))
    with op.batch_alter_table("feed_reader") as table:
        for name in ("number", *COUNTS):
            table.alter_column(name, server_default=None)


def downgrade() -> None:
    with op.batch_alter_table("feed_reader") as table:
        for name in ("disagrees_since", *reversed(COUNTS), "number", "epoch"):
            table.drop_column(name)
    op.drop_table("feed_cap")
