"""An identity provider, passkeys, systems that send somebody here, and when somebody last proved who they are."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from epaccs.core.db import UTCDateTime

Document = sa.JSON().with_variant(JSONB(), "postgresql")

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("membership", sa.Column("is_from_provider", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("clinician_session", sa.Column("proved_at", UTCDateTime(), nullable=True))
    op.add_column("clinician_session", sa.Column("provider_session", sa.String(length=255), nullable=True))
    op.add_column("clinician_session", sa.Column("vouched_for", Document, nullable=True))
    _create_passkeys()
    _create_identities()
    _create_launches()


def _create_passkeys() -> None:
    op.create_table(
        "passkey",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("clinician_id", sa.Uuid(), nullable=False),
        sa.Column("credential_id", sa.String(length=1400), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("added_at", UTCDateTime(), nullable=False),
        sa.Column("last_used_at", UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["clinician_id"], ["clinician.id"], name=op.f("fk_passkey_clinician_id_clinician")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_passkey")),
        sa.UniqueConstraint("credential_id", name=op.f("uq_passkey_credential_id")),
    )
    op.create_index(op.f("ix_passkey_clinician_id"), "passkey", ["clinician_id"])
    op.create_table(
        "ceremony",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("token_digest", sa.String(length=64), nullable=False),
        sa.Column("purpose", sa.String(length=20), nullable=False),
        sa.Column("sealed_facts", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ceremony")),
        sa.UniqueConstraint("token_digest", name=op.f("uq_ceremony_token_digest")),
    )
    op.create_index(op.f("ix_ceremony_expires_at"), "ceremony", ["expires_at"])


def _create_identities() -> None:
    op.create_table(
        "identity_link",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("clinician_id", sa.Uuid(), nullable=False),
        sa.Column("issuer", sa.String(length=200), nullable=False),
        sa.Column("subject", sa.String(length=255), nullable=False),
        sa.Column("linked_by", sa.Uuid(), nullable=True),
        sa.Column("linked_at", UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["clinician_id"], ["clinician.id"], name=op.f("fk_identity_link_clinician_id_clinician")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_identity_link")),
        sa.UniqueConstraint("issuer", "subject", name=op.f("uq_identity_link_issuer_subject")),
    )
    op.create_index(op.f("ix_identity_link_clinician_id"), "identity_link", ["clinician_id"])
    op.create_table(
        "link_request",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("issuer", sa.String(length=200), nullable=False),
        sa.Column("subject", sa.String(length=255), nullable=False),
        sa.Column("code_digest", sa.String(length=64), nullable=False),
        sa.Column("expires_at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_link_request")),
        sa.UniqueConstraint("code_digest", name=op.f("uq_link_request_code_digest")),
        sa.UniqueConstraint("issuer", "subject", name=op.f("uq_link_request_issuer_subject")),
    )
    op.create_index(op.f("ix_link_request_expires_at"), "link_request", ["expires_at"])
    op.create_table(
        "role_claim",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("value", sa.String(length=200), nullable=False),
        sa.Column("role", sa.String(length=40), nullable=False),
        sa.Column("second_factor", sa.String(length=120), nullable=True),
        sa.Column("made_by", sa.Uuid(), nullable=False),
        sa.Column("made_at", UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_role_claim_organisation_id_organisation")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_role_claim")),
        sa.UniqueConstraint("organisation_id", "value", "role", name=op.f("uq_role_claim_organisation_id_value_role")),
    )
    op.create_index(op.f("ix_role_claim_organisation_id"), "role_claim", ["organisation_id"])
    op.create_index(op.f("ix_role_claim_value"), "role_claim", ["value"])


def _create_launches() -> None:
    op.create_table(
        "known_system",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("issuer", sa.String(length=200), nullable=False),
        sa.Column("keys", Document, nullable=False),
        sa.Column("made_by", sa.Uuid(), nullable=False),
        sa.Column("made_at", UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_known_system_organisation_id_organisation")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_known_system")),
        sa.UniqueConstraint("issuer", name=op.f("uq_known_system_issuer")),
    )
    op.create_index(op.f("ix_known_system_organisation_id"), "known_system", ["organisation_id"])
    op.create_table(
        "used_launch",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("system_id", sa.Uuid(), nullable=False),
        sa.Column("token_digest", sa.String(length=64), nullable=False),
        sa.Column("expires_at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_used_launch")),
        sa.UniqueConstraint("system_id", "token_digest", name=op.f("uq_used_launch_system_id_token_digest")),
    )
    op.create_index(op.f("ix_used_launch_expires_at"), "used_launch", ["expires_at"])


def downgrade() -> None:
    made = ("used_launch", "known_system", "role_claim", "link_request", "identity_link", "ceremony", "passkey")
    for table in made:
        op.drop_table(table)
    for column in ("vouched_for", "provider_session", "proved_at"):
        op.drop_column("clinician_session", column)
    op.drop_column("membership", "is_from_provider")
