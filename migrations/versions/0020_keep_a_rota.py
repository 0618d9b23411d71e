"""Sessions of an organisation's rota, and how often it was changed."""

import sqlalchemy as sa
from alembic import op

from epaccs.core.db import UTCDateTime

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "rota",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("changed_at", UTCDateTime(), nullable=False),
        sa.Column("changed_by", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_rota_organisation_id_organisation")
        ),
        sa.PrimaryKeyConstraint("organisation_id", name=op.f("pk_rota")),
    )
    op.create_table(
        "rota_session",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("clinician_id", sa.Uuid(), nullable=False),
        sa.Column("from_at", UTCDateTime(), nullable=False),
        sa.Column("until_at", UTCDateTime(), nullable=False),
        sa.Column("added_at", UTCDateTime(), nullable=False),
        sa.Column("added_by", sa.Uuid(), nullable=False),
        sa.Column("taken_off_at", UTCDateTime(), nullable=True),
        sa.Column("taken_off_by", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_rota_session_organisation_id_organisation")
        ),
        sa.ForeignKeyConstraint(
            ["clinician_id"], ["clinician.id"], name=op.f("fk_rota_session_clinician_id_clinician")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rota_session")),
    )
    op.create_index("ix_rota_session_organisation_id_until_at", "rota_session", ["organisation_id", "until_at"])
    op.create_index("ix_rota_session_clinician_id_until_at", "rota_session", ["clinician_id", "until_at"])


def downgrade() -> None:
    op.drop_table("rota_session")
    op.drop_table("rota")
