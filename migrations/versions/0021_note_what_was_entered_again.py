"""Which refused edits of tablets their authors have entered again."""

import sqlalchemy as sa
from alembic import op

from epaccs.core.db import UTCDateTime

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

TABLE = "entered_again"


def upgrade() -> None:
    op.create_table(
        TABLE,
        sa.Column("edit_id", sa.Uuid(), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("edit_id", name=op.f("pk_entered_again")),
    )
    _keep_append_only()


def _keep_append_only() -> None:
    """No row is changed or removed; PostgreSQL's function came with the first step."""
    if op.get_bind().dialect.name == "sqlite":
        for deed in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {TABLE}_no_{deed.lower()} BEFORE {deed} ON {TABLE} "
                f"BEGIN SELECT RAISE(ABORT, '{TABLE} is append-only'); END"
            )
        return
    op.execute(
        f"CREATE TRIGGER {TABLE}_append_only BEFORE UPDATE OR DELETE ON {TABLE} "
        "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
    )


def downgrade() -> None:
    op.drop_table(TABLE)
