"""Lists of people to consider for the register, and what was decided about each."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from epaccs.core.db import UTCDateTime

Document = sa.JSON().with_variant(JSONB(), "postgresql")

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "candidate_list",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("taken_at", UTCDateTime(), nullable=False),
        sa.Column("taken_by", sa.Uuid(), nullable=False),
        sa.Column("taken_by_name", sa.String(length=200), nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_candidate_list_organisation_id_organisation")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_candidate_list")),
    )
    op.create_index("ix_candidate_list_organisation_id_taken_at", "candidate_list", ["organisation_id", "taken_at"])
    op.create_table(
        "candidate",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("nhs_number", sa.String(length=10), nullable=False),
        sa.Column("family_name", sa.String(length=200), nullable=False),
        sa.Column("given_name", sa.String(length=200), nullable=False),
        sa.Column("born_on", sa.Date(), nullable=False),
        sa.Column("conditions", Document, nullable=False),
        sa.Column("signs", Document, nullable=False),
        sa.Column("frailty_scale", sa.Integer(), nullable=True),
        sa.Column("list_id", sa.Uuid(), nullable=False),
        sa.Column("listed_at", UTCDateTime(), nullable=False),
        sa.Column("outcome", sa.String(length=20), nullable=True),
        sa.Column("decided_at", UTCDateTime(), nullable=True),
        sa.Column("look_again_on", sa.Date(), nullable=True),
        sa.Column("decisions", sa.Integer(), nullable=False),
        sa.Column("registration_id", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(["list_id"], ["candidate_list.id"], name=op.f("fk_candidate_list_id_candidate_list")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_candidate_organisation_id_organisation")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_candidate")),
        sa.UniqueConstraint("organisation_id", "nhs_number", name=op.f("uq_candidate_organisation_id_nhs_number")),
    )
    op.create_index(op.f("ix_candidate_list_id"), "candidate", ["list_id"])
    op.create_table(
        "consideration",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("candidate_id", sa.Uuid(), nullable=False),
        sa.Column("outcome", sa.String(length=20), nullable=False),
        sa.Column("reason", sa.String(length=1000), nullable=False),
        sa.Column("look_again_on", sa.Date(), nullable=True),
        sa.Column("decided_at", UTCDateTime(), nullable=False),
        sa.Column("decided_by", sa.Uuid(), nullable=False),
        sa.Column("decided_by_name", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(
            ["candidate_id"], ["candidate.id"], name=op.f("fk_consideration_candidate_id_candidate")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consideration")),
    )
    op.create_index(op.f("ix_consideration_candidate_id"), "consideration", ["candidate_id"])


def downgrade() -> None:
    op.drop_index(op.f("ix_consideration_candidate_id"), table_name="consideration")
    op.drop_table("consideration")
    op.drop_index(op.f("ix_candidate_list_id"), table_name="candidate")
    op.drop_table("candidate")
    op.drop_index("ix_candidate_list_organisation_id_taken_at", table_name="candidate_list")
    op.drop_table("candidate_list")
