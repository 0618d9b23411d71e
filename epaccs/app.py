"""Put the house together: the only module, beside the command line, that knows every room."""

from __future__ import annotations

from flask import Flask

from epaccs.audit import log as audit_log
from epaccs.clinicians.rules import Actor
from epaccs.core import operations, sealing, web
from epaccs.core.db import db, engine_options
from epaccs.settings import Settings, load_settings


def create_app(settings: Settings | None = None) -> Flask:
    """A ready application.

    Raises:
        SettingsError: a setting is missing or wrong.
    """
    from epaccs.devices.queries import use_epochs
    from epaccs.register.sections import take_made_up_people_only
    from epaccs.sync.queries.feed import find_epochs

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
    take_made_up_people_only(settings.is_demo)
    db.init_app(app)
    web.init_app(app, settings)
    operations.init_app(app, settings)
    import_models()
    connect_rooms()
    connect_tablets()
    use_epochs(lambda scopes: find_epochs(scopes, restore_generation=settings.restore_generation))
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
        "devices.model",
        "versions.model",
        "register.model",
        "care_plans.model",
        "scans.model",
        "identification.model",
        "cpr_decisions.model",
        "record.model",
        "handover.model",
        "sync.model.feed",
        "sync.model.push",
        "sync.model.audit",
    ):
        import_module(f"epaccs.{room}")


def connect_rooms() -> None:
    """Tell the lower rooms of the upper ones: sections to `versions`, projectors to `core.changes`."""
    from epaccs.access import queries as access
    from epaccs.care_plans.sections import SECTIONS
    from epaccs.cpr_decisions import actions as cpr_actions
    from epaccs.cpr_decisions import queries as cpr_queries
    from epaccs.cpr_decisions import section as cpr
    from epaccs.observations.section import OBSERVATIONS_SECTION
    from epaccs.record.actions import disagreements
    from epaccs.register import queries as register
    from epaccs.register.sections import REGISTER_SECTIONS
    from epaccs.versions import queries as versions
    from epaccs.versions.registry import register_consequence, register_rule, register_section

    for section in (*REGISTER_SECTIONS, cpr.CPR_SECTION, OBSERVATIONS_SECTION):
        register_section(section)
    for rule in (cpr.check_treatment_level, disagreements.check_change):
        register_rule(rule)
    for consequence in (cpr_actions.follow_lifecycle, cpr_actions.follow_identity):
        register_consequence(consequence)
    for declaration in SECTIONS.values():
        register_section(declaration.as_section())
    access.use_names(register.names_of)
    versions.use_banner(register.find_banner)
    register.ask_of_moves(cpr_queries.find_question_of_move)
    _connect_projectors()


def _connect_projectors() -> None:
    """What follows each change in its transaction; the feed last, so that its numbers are locked for the shortest."""
    from epaccs.core.changes import register_projector
    from epaccs.handover import actions as handover
    from epaccs.notices import actions as notices
    from epaccs.record.actions import cards, search
    from epaccs.sync.actions import feed

    for room in (notices, search, cards, handover, feed):
        register_projector(room.follow_change)


def connect_tablets() -> None:
    """Whoever loses their password or their account loses what their tablets open."""
    from epaccs.clinicians.actions import follow_ended_access
    from epaccs.devices.actions import end_leases_of

    follow_ended_access(end_leases_of)


def register_views(app: Flask) -> None:
    """Every address of the program."""
    from epaccs.access import views as access
    from epaccs.care_plans import views as care_plans
    from epaccs.clinicians import guard
    from epaccs.clinicians import views as clinicians
    from epaccs.cpr_decisions import views as cpr_decisions
    from epaccs.devices import views as devices
    from epaccs.handover import views as handover
    from epaccs.identification import views as identification
    from epaccs.notices import views as notices
    from epaccs.record.views import card, disagreements, home, observations, search, told
    from epaccs.record.views import history as record_history
    from epaccs.register import views as register
    from epaccs.scans import views as scans
    from epaccs.sync.views import feed, push, shell
    from epaccs.versions import registry
    from epaccs.versions import views as versions

    guard.init_app(app)
    web.show_signed_in(app, lambda: guard.find_shown_person(_build_menu))
    app.jinja_env.globals["section_label"] = lambda name: registry.get_section(name).label
    rooms = (
        home,
        access,
        notices,
        devices,
        versions,
        register,
        scans,
        identification,
        care_plans,
        cpr_decisions,
        search,
        card,
        observations,
        told,
        disagreements,
        record_history,
        handover,
        feed,
        push,
        shell,
    )
    for blueprint in (*clinicians.BLUEPRINTS, *(room.bp for room in rooms), care_plans.local):
        app.register_blueprint(blueprint)
    if app.config["EPACCS"].is_demo:
        from epaccs.core import gallery

        app.register_blueprint(gallery.bp)


def _build_menu(actor: Actor) -> tuple[web.Link, ...]:
    """The pages that this role could open, whomever they are about; what waits is counted where it is shown."""
    from epaccs.access.rules import Permission, can_ever, facts_of_role

    facts = facts_of_role(actor.role, may_sign=actor.may_sign)
    pages = (
        (Permission.SEARCH, web.Link("Find a person", "/search")),
        (Permission.PREPARE_REGISTRATION, web.Link("Register", "/register/new")),
        (Permission.SETTLE_DISPUTE, web.Link("Disputes", "/held")),
        (Permission.SEE_NOTICES, web.Link("What waits", "/notices")),
        (Permission.REVIEW_ACCESS, web.Link("Privacy office", "/privacy-office")),
        (Permission.ADMINISTER, web.Link("People", "/admin")),
        (Permission.MANAGE_TABLETS, web.Link("Tablets", "/devices")),
    )
    return tuple(link for permission, link in pages if can_ever(permission, facts))
