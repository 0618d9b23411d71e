"""Put the house together: the only module, beside the command line, that knows every room."""

from __future__ import annotations

from flask import Blueprint, Flask

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
    from epaccs.register.sections import take_made_up_people_only

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
    follow_settings(settings)
    register_views(app)
    return app


def follow_settings(settings: Settings) -> None:
    """What the rooms are told of this site: which history it tells, and what its area decided."""
    from epaccs.access.queries import use_refusals
    from epaccs.devices.queries import use_epochs, use_follows
    from epaccs.handover.queries.sheets import find_sheets_of
    from epaccs.record.queries.holders import use_copies
    from epaccs.record.rules.holders import CopyKind
    from epaccs.register.queries import has_refused_sharing
    from epaccs.sync.queries.feed import find_epochs, find_follows
    from epaccs.sync.queries.holders import find_tablets_with

    use_refusals(has_refused_sharing if settings.emergency_opens_refused else None)
    use_epochs(lambda scopes: find_epochs(scopes, restore_generation=settings.restore_generation))
    use_follows(find_follows)
    use_copies(
        CopyKind.TABLET,
        lambda entry_id: find_tablets_with(entry_id, restore_generation=settings.restore_generation),
    )
    use_copies(CopyKind.SHEET, find_sheets_of)


def import_models() -> None:
    """Make every table known to the metadata, so that a migration sees them all."""
    from importlib import import_module

    for room in (
        "core.changes",
        "core.two_names",
        "audit.model",
        "clinicians.model",
        "agreements.model",
        "sign_on.model",
        "access.model",
        "notices.model",
        "devices.model",
        "sponsorship.model",
        "rosters.model",
        "versions.model",
        "register.model",
        "care_plans.model",
        "scans.model",
        "identification.model",
        "cpr_decisions.model",
        "record.model",
        "handover.model",
        "markers.model",
        "incidents.model",
        "sync.model.feed",
        "sync.model.push",
        "sync.model.audit",
        "oversight.model",
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
    _connect_table()
    versions.use_banner(register.find_banner)
    register.ask_of_moves(cpr_queries.find_question_of_move)
    _connect_projectors()
    _connect_sponsors()


def _connect_table() -> None:
    """The table that the register comes with holds until a session, a tablet or a command says which version does."""
    from epaccs.access.queries import follow_table
    from epaccs.clinicians.guard import tell_of_table

    follow_table(0)
    tell_of_table(follow_table)


def _connect_projectors() -> None:
    """What follows each change in its transaction; the feed last, so that its numbers are locked for the shortest."""
    from epaccs.core.changes import register_projector
    from epaccs.handover.actions import sheets
    from epaccs.notices import actions as notices
    from epaccs.record.actions import cards, search
    from epaccs.sync.actions import feed

    for room in (notices, search, cards, sheets, feed):
        register_projector(room.follow_change)


def _connect_sponsors() -> None:
    """Whoever has an account through a sponsor hears at sign-in that it is about to end."""
    from epaccs.clinicians.views.signing_in import tell_at_sign_in
    from epaccs.sponsorship.actions import remind

    tell_at_sign_in(remind)


def connect_tablets() -> None:
    """Whoever loses their password or their account loses what their tablets open."""
    from epaccs.clinicians.actions import follow_ended_access
    from epaccs.devices.actions import end_leases_of

    follow_ended_access(end_leases_of)


def register_views(app: Flask) -> None:
    """Every address of the program."""
    from epaccs.clinicians import guard
    from epaccs.versions import registry

    guard.init_app(app)
    web.show_signed_in(app, lambda: guard.find_shown_person(_build_menu))
    app.jinja_env.globals["section_label"] = lambda name: registry.get_section(name).label
    for blueprint in _find_blueprints():
        app.register_blueprint(blueprint)
    app.jinja_env.globals["privacy_page"] = "/privacy"
    _register_gallery(app)


def _find_blueprints() -> tuple[Blueprint, ...]:
    """The pages of every room."""
    from epaccs.access import views as access
    from epaccs.agreements import views as agreements
    from epaccs.care_plans import views as care_plans
    from epaccs.clinicians import views as clinicians
    from epaccs.coordination import views as coordination
    from epaccs.cpr_decisions import views as cpr_decisions
    from epaccs.devices import views as devices
    from epaccs.handover import views as handover
    from epaccs.identification import views as identification
    from epaccs.incidents import views as incidents
    from epaccs.markers import views as markers
    from epaccs.notices import views as notices
    from epaccs.oversight import views as oversight
    from epaccs.record.views import (
        calls,
        card,
        disagreements,
        history,
        home,
        launch,
        observations,
        search,
        sharing,
        told,
    )
    from epaccs.register import views as register
    from epaccs.relationships import views as relationships
    from epaccs.rosters import views as rosters
    from epaccs.scans import views as scans
    from epaccs.sign_on import views as sign_on
    from epaccs.sponsorship import views as sponsorship
    from epaccs.sync.views import feed, push, shell, untaken
    from epaccs.versions import views as versions

    rooms = (
        home,
        agreements,
        access,
        oversight,
        notices,
        devices,
        sponsorship,
        rosters,
        incidents,
        versions,
        register,
        scans,
        identification,
        care_plans,
        cpr_decisions,
        search,
        launch,
        card,
        calls,
        observations,
        told,
        sharing,
        disagreements,
        history,
        coordination,
        relationships,
        handover,
        markers,
        feed,
        push,
        shell,
        untaken,
    )
    return (*clinicians.BLUEPRINTS, *sign_on.BLUEPRINTS, *(room.bp for room in rooms), care_plans.local)


def _register_gallery(app: Flask) -> None:
    """The parts of pages side by side, where nobody real is."""
    from epaccs.core import gallery

    if app.config["EPACCS"].is_demo:
        app.register_blueprint(gallery.bp)


def _build_menu(actor: Actor) -> tuple[web.Link, ...]:
    """The pages that this role could open, whomever they are about, with what waits for whoever answers for it."""
    from epaccs.access.rules import Permission, can_ever, facts_of_role
    from epaccs.incidents.queries import count_waiting as count_incidents
    from epaccs.sponsorship.queries import count_waiting

    facts = facts_of_role(actor.role, may_sign=actor.may_sign)
    pages = (
        (Permission.SEARCH, web.Link("Find a person", "/search")),
        (Permission.PREPARE_REGISTRATION, web.Link("Register", "/register/new")),
        (Permission.SETTLE_DISPUTE, web.Link("Disputes", "/held")),
        (Permission.SEE_NOTICES, web.Link("What waits", "/notices")),
        (Permission.REVIEW_ACCESS, web.Link("Privacy office", "/privacy-office")),
        (Permission.ADMINISTER, web.Link("People", "/admin")),
        (Permission.ADMINISTER, web.Link("Sharing", "/admin/agreements")),
        (Permission.ADMINISTER, web.Link("Sponsored accounts", "/sponsorship", count_waiting(actor))),
        (Permission.HANDLE_INCIDENTS, web.Link("Incidents", "/incidents", count_incidents(actor))),
        (Permission.MANAGE_TABLETS, web.Link("Tablets", "/devices")),
    )
    return tuple(link for permission, link in pages if can_ever(permission, facts))
