"""Run migrations on the connection that `epaccs.core.migration` hands over: one transaction, batch mode for SQLite."""

from alembic import context

from epaccs.app import import_models
from epaccs.core.db import Base

import_models()


def run() -> None:
    """Upgrade or downgrade on the given connection."""
    context.configure(
        connection=context.config.attributes["connection"],
        target_metadata=Base.metadata,
        render_as_batch=True,
        compare_type=True,
    )
    with context.begin_transaction():
        context.run_migrations()


run()
