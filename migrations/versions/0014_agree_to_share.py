"""What organisations have agreed to share, who signed it, and what ended; and an agreement for those that are there."""

from datetime import timedelta
from uuid import uuid4

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from epaccs.core import clock
from epaccs.core.db import UTCDateTime

Document = sa.JSON().with_variant(JSONB(), "postgresql")

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

APPEND_ONLY = ("sharing_agreement", "sharing_party", "sharing_signature", "sharing_end")
#: So long nothing stops that flowed before: time enough to sign what was agreed.
CARRIED_OVER_DAYS = 90


def upgrade() -> None:
    agreement = op.create_table(
        "sharing_agreement",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("purpose", sa.String(length=40), nullable=False),
        sa.Column("legal_basis", sa.String(length=40), nullable=False),
        sa.Column("special_basis", sa.String(length=40), nullable=False),
        sa.Column("contact", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=False),
        sa.Column("made_at", UTCDateTime(), nullable=False),
        sa.Column("made_by", sa.Uuid(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sharing_agreement")),
    )
    party = op.create_table(
        "sharing_party",
        sa.Column("agreement_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("is_controller", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("agreement_id", "organisation_id", name=op.f("pk_sharing_party")),
    )
    signature = op.create_table(
        "sharing_signature",
        sa.Column("agreement_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("signed_by", sa.String(length=200), nullable=False),
        sa.Column("signed_at", UTCDateTime(), nullable=False),
        sa.Column("clinician_id", sa.Uuid(), nullable=True),
        sa.PrimaryKeyConstraint("agreement_id", "organisation_id", name=op.f("pk_sharing_signature")),
    )
    op.create_index("ix_sharing_signature_organisation_id", "sharing_signature", ["organisation_id"])
    op.create_table(
        "sharing_end",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("agreement_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.String(length=40), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("ended_at", UTCDateTime(), nullable=False),
        sa.Column("ended_by", sa.Uuid(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sharing_end")),
    )
    op.create_index("ix_sharing_end_agreement_id", "sharing_end", ["agreement_id"])
    # Who was not asked has not objected; an entry that is made by the release before gets the same.
    op.add_column("entry_scope", sa.Column("is_wide", sa.Boolean(), nullable=False, server_default=sa.true()))
    op.create_table(
        "feed_cover",
        sa.Column("scope", sa.String(length=80), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("levels", Document, nullable=False),
        sa.PrimaryKeyConstraint("scope", "organisation_id", name=op.f("pk_feed_cover")),
    )
    for table in APPEND_ONLY:
        _keep_append_only(table)
    _carry_over(agreement, party, signature)


def _carry_over(agreement: sa.Table, party: sa.Table, signature: sa.Table) -> None:
    """An upgrade stops nobody at three in the morning: what flowed flows on, and says by what it does (hazard H-62).

    It widens nothing: area, relationship and role are asked as before. The few rows are in this step because the
    release that reads the tables would otherwise show nobody until the next one.
    """
    connection = op.get_bind()
    organisation = sa.table("organisation", sa.column("id", sa.Uuid()), sa.column("closed_on", sa.Date()))
    ids = list(connection.scalars(sa.select(organisation.c.id).where(organisation.c.closed_on.is_(None))))
    if not ids:
        return
    agreement_id, today, now = uuid4(), clock.today(), clock.now()
    terms = {
        "id": agreement_id,
        "name": "Carried over from before there were agreements",
        "level": 3,
        "purpose": "direct_care",
        "legal_basis": "public_task",
        "special_basis": "health_care",
        "contact": "The person's own practice",
        "valid_from": today,
        "valid_until": today + timedelta(days=CARRIED_OVER_DAYS),
        "made_at": now,
        "made_by": None,
    }
    connection.execute(agreement.insert(), [terms])
    own = [{"agreement_id": agreement_id, "organisation_id": one} for one in ids]
    connection.execute(party.insert(), [{**one, "is_controller": True} for one in own])
    signed = {"signed_by": "Nobody: carried over by the upgrade", "signed_at": now, "clinician_id": None}
    connection.execute(signature.insert(), [{**one, **signed} for one in own])


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
    op.drop_column("entry_scope", "is_wide")
    op.drop_table("feed_cover")
    for table in reversed(APPEND_ONLY):
        op.drop_table(table)
