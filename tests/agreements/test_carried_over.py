"""An upgrade stops nobody at three in the morning: what flowed before flows on for ninety days, and says by what."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from uuid import uuid4

from sqlalchemy import create_engine, text

from epaccs.core import clock, migration


def test_organisations_that_are_there_share_on_and_those_that_closed_do_not(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'before.sqlite3'}")
    with engine.begin() as connection:
        migration.upgrade(connection)
        migration.downgrade(connection, "0012")
        for name, closed_on in (("Practice", None), ("Trust", None), ("Closed", "2026-01-01")):
            connection.execute(
                text(
                    "INSERT INTO organisation (id, ods_code, name, type, area, demands_second_factor, closed_on) "
                    "VALUES (:id, :name, :name, 'gp_practice', 'northdale', 0, :closed_on)"
                ),
                {"id": uuid4().hex, "name": name, "closed_on": closed_on},
            )
        migration.upgrade(connection)

        rows = connection.execute(
            text(
                "SELECT organisation.name, agreement.valid_until, agreement.level, signature.signed_by "
                "FROM sharing_agreement agreement "
                "JOIN sharing_signature signature ON signature.agreement_id = agreement.id "
                "JOIN organisation ON organisation.id = signature.organisation_id ORDER BY organisation.name"
            )
        ).all()
    engine.dispose()

    until = str(clock.today() + timedelta(days=90))
    assert [tuple(row) for row in rows] == [
        ("Practice", until, 3, "Nobody: carried over by the upgrade"),
        ("Trust", until, 3, "Nobody: carried over by the upgrade"),
    ]
