"""Look through the audit for unusual accesses: how far, what was found, what was decided, what is not told."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from epaccs.core.db import UTCDateTime

Document = sa.JSON().with_variant(JSONB(), "postgresql")
OPEN = sa.text("decided_at IS NULL")

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

APPEND_ONLY = ("unusual_deed", "unusual_verdict", "oversight_thresholds")


def upgrade() -> None:
    op.create_table(
        "oversight_cursor",
        sa.Column("chain", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("looked_at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("chain", name=op.f("pk_oversight_cursor")),
    )
    op.create_table(
        "unusual_access",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("clinician_id", sa.Uuid(), nullable=False),
        sa.Column("role", sa.String(length=40), nullable=True),
        sa.Column("cause", sa.String(length=40), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=True),
        sa.Column("reasons", Document, nullable=False),
        sa.Column("first_at", UTCDateTime(), nullable=False),
        sa.Column("last_at", UTCDateTime(), nullable=False),
        sa.Column("deeds", sa.Integer(), nullable=False),
        sa.Column("raised_at", UTCDateTime(), nullable=False),
        sa.Column("decided_at", UTCDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unusual_access")),
    )
    op.create_index("ix_unusual_access_organisation_id_decided_at", "unusual_access", ["organisation_id", "decided_at"])
    op.create_index(
        "uq_unusual_access_open",
        "unusual_access",
        ["organisation_id", "clinician_id", "cause"],
        unique=True,
        sqlite_where=OPEN,
        postgresql_where=OPEN,
    )
    op.create_table(
        "unusual_deed",
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("cause", sa.String(length=40), nullable=False),
        sa.Column("alert_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["alert_id"], ["unusual_access.id"], name=op.f("fk_unusual_deed_alert_id_unusual_access")
        ),
        sa.PrimaryKeyConstraint("event_id", "cause", name=op.f("pk_unusual_deed")),
    )
    op.create_index(op.f("ix_unusual_deed_alert_id"), "unusual_deed", ["alert_id"])
    op.create_table(
        "unusual_verdict",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("alert_id", sa.Uuid(), nullable=False),
        sa.Column("verdict", sa.String(length=20), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("decided_at", UTCDateTime(), nullable=False),
        sa.Column("decided_by", sa.Uuid(), nullable=False),
        sa.Column("decided_by_name", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(
            ["alert_id"], ["unusual_access.id"], name=op.f("fk_unusual_verdict_alert_id_unusual_access")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unusual_verdict")),
    )
    op.create_index(op.f("ix_unusual_verdict_alert_id"), "unusual_verdict", ["alert_id"])
    op.create_table(
        "known_pair",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("clinician_id", sa.Uuid(), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("from_at", UTCDateTime(), nullable=False),
        sa.Column("until_on", sa.Date(), nullable=False),
        sa.Column("made_by", sa.Uuid(), nullable=False),
        sa.Column("made_by_name", sa.String(length=200), nullable=False),
        sa.Column("ended_at", UTCDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_known_pair")),
    )
    op.create_index("ix_known_pair_organisation_id_clinician_id", "known_pair", ["organisation_id", "clinician_id"])
    op.create_table(
        "watched_person",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("nhs_number", sa.String(length=10), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("from_at", UTCDateTime(), nullable=False),
        sa.Column("until_on", sa.Date(), nullable=False),
        sa.Column("made_by", sa.Uuid(), nullable=False),
        sa.Column("made_by_name", sa.String(length=200), nullable=False),
        sa.Column("ended_at", UTCDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_watched_person")),
    )
    op.create_index(op.f("ix_watched_person_organisation_id"), "watched_person", ["organisation_id"])
    op.create_table(
        "worker_particulars",
        sa.Column("clinician_id", sa.Uuid(), nullable=False),
        sa.Column("nhs_key", sa.String(length=64), nullable=True),
        sa.Column("born_key", sa.String(length=64), nullable=True),
        sa.Column("home_key", sa.String(length=64), nullable=True),
        sa.Column("noted_at", UTCDateTime(), nullable=False),
        sa.Column("noted_by", sa.Uuid(), nullable=False),
        sa.Column("noted_by_name", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("clinician_id", name=op.f("pk_worker_particulars")),
    )
    op.create_index(op.f("ix_worker_particulars_nhs_key"), "worker_particulars", ["nhs_key"])
    op.create_table(
        "oversight_thresholds",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("thresholds", Document, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("until_on", sa.Date(), nullable=False),
        sa.Column("made_at", UTCDateTime(), nullable=False),
        sa.Column("made_by", sa.Uuid(), nullable=False),
        sa.Column("made_by_name", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_oversight_thresholds")),
        sa.UniqueConstraint("organisation_id", "version", name=op.f("uq_oversight_thresholds_organisation_id_version")),
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
    for table in (
        "oversight_thresholds",
        "worker_particulars",
        "watched_person",
        "known_pair",
        "unusual_verdict",
        "unusual_deed",
        "unusual_access",
        "oversight_cursor",
    ):
        op.drop_table(table)
