"""Put the house together: the only module, beside the command line, that knows every room."""

from __future__ import annotations

from flask import Flask

from epaccs.audit import log as audit_log
from epaccs.core import sealing, web
from epaccs.core.db import db, engine_options
from epaccs.settings import Settings, load_settings


def create_app(settings: Settings | None = None) -> Flask:
    """A ready application.

    Raises:
        SettingsError: a setting is missing or wrong.
    """
    settings = settings or load_settings()
    app = Flask("epaccs", static_folder=None)  # core.web serves /static with the version in its address
    app.config.update(
        SECRET_KEY=settings.secret_key,
        SQLALCHEMY_DATABASE_URI=settings.database_url,
        SQLALCHEMY_ENGINE_OPTIONS=engine_options(settings.database_url),
        EPACCS=settings,
        TESTING=settings.testing,
    )
    audit_log.use_key(settings.secret_key)
    sealing.use_secret(settings.secret_key)
    db.init_app(app)
    web.init_app(app, settings)
    import_models()
    connect_rooms()
    register_views(app)
    return app


def import_models() -> None:
    """Make every table known to the metadata, so that a migration sees them all."""
    from importlib import import_module

    for room in (
        "core.changes",
        "audit.model",
        "clinicians.model",
        "access.model",
        "notices.model",
        "versions.model",
        "register.model",
        "record.model",
    ):
        import_module(f"epaccs.{room}")


def connect_rooms() -> None:
    """Tell the lower rooms of the upper ones: sections to `versions`, projectors to `core.changes`."""
    from epaccs.care_plans.sections import SECTIONS
    from epaccs.core.changes import register_projector
    from epaccs.notices import actions as notices
    from epaccs.record.actions import search
    from epaccs.register.sections import REGISTER_SECTIONS
    from epaccs.versions.registry import register_section

    for section in REGISTER_SECTIONS:
        register_section(section)
    for declaration in SECTIONS.values():
        register_section(declaration.as_section())
    register_projector(notices.follow_change)
    register_projector(search.follow_change)


def register_views(app: Flask) -> None:
    """Every address of the program."""
    from epaccs.clinicians import guard
    from epaccs.clinicians import views as clinicians
    from epaccs.record.views import search

    guard.init_app(app)
    for blueprint in clinicians.BLUEPRINTS:
        app.register_blueprint(blueprint)
    app.register_blueprint(search.bp)
    if app.config["EPACCS"].is_demo:
        from epaccs.core import gallery

        app.register_blueprint(gallery.bp)
