"""Who asked for an account, who answers for it and until when; incidents that every organisation concerned shares."""

import sqlalchemy as sa
from alembic import op

from epaccs.core.db import UTCDateTime

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _make_sponsorship()
    _make_incidents()


def _make_sponsorship() -> None:
    op.create_table(
        "organisation_sponsor",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("sponsor_id", sa.Uuid(), nullable=False),
        sa.Column("named_at", UTCDateTime(), nullable=False),
        sa.Column("named_by", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_organisation_sponsor_organisation_id_organisation")
        ),
        sa.ForeignKeyConstraint(
            ["sponsor_id"], ["organisation.id"], name=op.f("fk_organisation_sponsor_sponsor_id_organisation")
        ),
        sa.PrimaryKeyConstraint("organisation_id", name=op.f("pk_organisation_sponsor")),
    )
    op.create_index(op.f("ix_organisation_sponsor_sponsor_id"), "organisation_sponsor", ["sponsor_id"])
    op.create_table(
        "account_request",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("asked_at", UTCDateTime(), nullable=False),
        sa.Column("address", sa.String(length=45), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("role", sa.String(length=40), nullable=False),
        sa.Column("email", sa.String(length=255), nullable=True),
        sa.Column("telephone", sa.String(length=40), nullable=True),
        sa.Column("professional_number", sa.String(length=20), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("answered_at", UTCDateTime(), nullable=True),
        sa.Column("answered_by", sa.Uuid(), nullable=True),
        sa.Column("outcome", sa.String(length=20), nullable=True),
        sa.Column("refusal", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_account_request_organisation_id_organisation")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account_request")),
    )
    op.create_index("ix_account_request_address_asked_at", "account_request", ["address", "asked_at"])
    op.create_index(
        "ix_account_request_organisation_id_answered_at", "account_request", ["organisation_id", "answered_at"]
    )
    op.create_table(
        "sponsored_account",
        sa.Column("clinician_id", sa.Uuid(), nullable=False),
        sa.Column("membership_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("given_at", UTCDateTime(), nullable=False),
        sa.Column("attested_at", UTCDateTime(), nullable=False),
        sa.Column("attested_by", sa.Uuid(), nullable=False),
        sa.Column("attested_for_id", sa.Uuid(), nullable=False),
        sa.Column("expires_on", sa.Date(), nullable=False),
        sa.Column("last_used_on", sa.Date(), nullable=False),
        sa.Column("ended_at", UTCDateTime(), nullable=True),
        sa.Column("end_reason", sa.String(length=20), nullable=True),
        sa.ForeignKeyConstraint(
            ["clinician_id"], ["clinician.id"], name=op.f("fk_sponsored_account_clinician_id_clinician")
        ),
        sa.ForeignKeyConstraint(
            ["membership_id"], ["membership.id"], name=op.f("fk_sponsored_account_membership_id_membership")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_sponsored_account_organisation_id_organisation")
        ),
        sa.ForeignKeyConstraint(
            ["attested_by"], ["clinician.id"], name=op.f("fk_sponsored_account_attested_by_clinician")
        ),
        sa.ForeignKeyConstraint(
            ["attested_for_id"], ["organisation.id"], name=op.f("fk_sponsored_account_attested_for_id_organisation")
        ),
        sa.PrimaryKeyConstraint("clinician_id", name=op.f("pk_sponsored_account")),
    )
    op.create_index(
        "ix_sponsored_account_organisation_id_ended_at", "sponsored_account", ["organisation_id", "ended_at"]
    )


def _make_incidents() -> None:
    op.create_table(
        "incident",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("title", sa.String(length=120), nullable=False),
        sa.Column("what_happened", sa.Text(), nullable=False),
        sa.Column("noticed_at", UTCDateTime(), nullable=False),
        sa.Column("opened_at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incident")),
    )
    op.create_table(
        "incident_line",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("incident_id", sa.Uuid(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=True),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("said_at", UTCDateTime(), nullable=False),
        sa.Column("clinician_id", sa.Uuid(), nullable=False),
        sa.Column("clinician_name", sa.String(length=200), nullable=False),
        sa.Column("role", sa.String(length=40), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_name", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(["incident_id"], ["incident.id"], name=op.f("fk_incident_line_incident_id_incident")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incident_line")),
        sa.UniqueConstraint("incident_id", "sequence", name=op.f("uq_incident_line_incident_id_sequence")),
    )
    op.create_index("ix_incident_line_kind_subject_id", "incident_line", ["kind", "subject_id"])
    for table in ("incident", "incident_line"):
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
    for table in ("incident_line", "incident", "sponsored_account", "account_request", "organisation_sponsor"):
        op.drop_table(table)
