"""The command line: `epaccs --help`. Exit 0: done; 1: refused or failed, with the sentence; 2: wrong use."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import Any, BinaryIO, TypeVar
from uuid import UUID

import click
from flask import Flask, current_app
from rich.console import Console

from epaccs.access.actions import give_reason, may_open
from epaccs.access.queries import follow_newest_table
from epaccs.access.rules import AccessReason, Permission
from epaccs.app import create_app
from epaccs.audit import log as audit_log
from epaccs.audit.events import Event, EventKind
from epaccs.backup import BackupFailed
from epaccs.backup import backup as make_backup
from epaccs.backup import restore as bring_back
from epaccs.clinicians import actions as clinicians
from epaccs.clinicians import queries as clinician_queries
from epaccs.clinicians.rules import ROLE_LABELS, Actor, OrganisationType, Role
from epaccs.core import clock, fields, migration
from epaccs.core.db import db
from epaccs.core.errors import EpaccsError, NotFound, RuleBroken
from epaccs.core.identifiers import new_id, parse_id
from epaccs.core.nhs_number import parse_nhs_number
from epaccs.devices import actions as device_actions
from epaccs.devices import queries as device_queries
from epaccs.export import export, find_everybody
from epaccs.handover.actions.sheets import Order, print_sheet
from epaccs.handover.queries.sheets import find_signed_with
from epaccs.handover.rules import Destination, Layout
from epaccs.register.queries import count_by_status, get_entry_by_number
from epaccs.settings import Settings, SettingsError
from epaccs.stamps import actions as stamp_actions
from epaccs.stamps import queries as stamp_queries
from epaccs.stamps.rules import KeyStanding
from epaccs.sync.actions.feed import rebuild_scopes

Command = TypeVar("Command", bound=Callable[..., Any])


def in_the_house(command: Command) -> Command:
    """Run a command inside the application; a refusal is one sentence and exit status 1."""

    @wraps(command)
    def run(*args: Any, **kwargs: Any) -> Any:
        try:
            with create_app().app_context():
                try:
                    return command(*args, **kwargs)
                finally:
                    db.session.remove()
                    db.engine.dispose()
        except (SettingsError, EpaccsError, BackupFailed) as error:
            raise click.ClickException(str(error) or type(error).__name__) from error

    return run  # type: ignore[return-value]


def say(words: str, *, as_json: bool, **facts: Any) -> None:
    """One sentence for people, or one JSON object for machines."""
    click.echo(json.dumps({"says": words, **facts}, default=str) if as_json else words)


json_option = click.option("--json", "as_json", is_flag=True, help="One JSON object instead of sentences.")


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """The register of what people near the end of life want, and what was decided with them."""


# Database


@main.group("db")
def database() -> None:
    """Schema, backup, restore."""


@database.command()
@json_option
@in_the_house
def upgrade(as_json: bool) -> None:
    """Bring the schema to what this program needs; does nothing when it is there."""
    bring_up_schema(as_json=as_json)


def bring_up_schema(*, as_json: bool = False) -> None:
    """Make the database and its schema, or bring an older one up; say so only when something was done."""
    url = db.engine.url
    if url.get_backend_name() == "sqlite":
        Path(str(url.database)).parent.mkdir(parents=True, exist_ok=True)
    with db.engine.begin() as connection:
        if migration.current_revision(connection) == migration.head_revision():
            return
        migration.upgrade(connection)
    say("The schema is what this program needs.", as_json=as_json, revision=migration.head_revision())


@database.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@json_option
@in_the_house
def backup(file: Path, as_json: bool) -> None:
    """Write the whole register to FILE, readable by its owner only."""
    manifest = make_backup(file)
    words = f"{sum(manifest.rows.values()):,} rows of {len(manifest.rows)} tables are in {file.name}."
    say(words, as_json=as_json, rows=manifest.rows, revision=manifest.revision)


@database.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@json_option
@in_the_house
def restore(file: Path, as_json: bool) -> None:
    """Bring FILE back into an empty database and check that it agrees with its manifest."""
    manifest = bring_back(file)
    words = (
        f"{sum(manifest.rows.values()):,} rows are back, as they were at {manifest.taken_at}, "
        "with the same schema and the same heads of the audit. Raise EPACCS_RESTORE_GENERATION by one before serving."
    )
    say(words, as_json=as_json, rows=manifest.rows, revision=manifest.revision)


# People


@main.group()
def people() -> None:
    """Organisations, and the people who sign in."""


@people.command("add-organisation")
@click.argument("ods_code")
@click.option("--name", required=True)
@click.option("--type", required=True, type=click.Choice([str(one) for one in OrganisationType]))
@click.option("--area", required=True, help="One word for all organisations that share one area's register.")
@click.option("--telephone", help="By day.")
@click.option("--telephone-24h", help="At any hour; it stands on every card.")
@json_option
@in_the_house
def add_organisation(type: str, as_json: bool, **new: Any) -> None:  # noqa: A002 - the name of the option
    """Let an organisation in; the first is the integrated care board (icb), whose administrator lets in the others."""
    organisation = clinicians.NewOrganisation(type=OrganisationType(type), **new)
    organisation_id = clinicians.add_organisation(None, organisation)
    say("The organisation was added.", as_json=as_json, id=organisation_id)


@people.command("add")
@click.argument("user_name")
@click.option("--organisation", "ods_code", required=True, metavar="ODS-CODE", help="Where the person works.")
@click.option("--role", required=True, type=click.Choice([str(one) for one in Role]))
@click.option("--name", required=True, help="As colleagues know them.")
@click.option("--number", "professional_number", help="GMC, NMC or HCPC number.")
@json_option
@in_the_house
def add_person(ods_code: str, role: str, as_json: bool, **new: Any) -> None:
    """Add a person, and print the one-time code with which they set a password."""
    organisation_id = clinician_queries.find_organisation_id(ods_code)
    if organisation_id is None:
        raise RuleBroken("No organisation of that ODS code shares the register. Add it first")
    person = clinicians.NewClinician(role=Role(role), **new)
    given = clinicians.add_clinician(None, organisation_id=organisation_id, new=person)
    say_code(given, as_json=as_json)


@people.command("reset")
@click.argument("user_name")
@click.option("--second-factor", is_flag=True, help="Authenticator and recovery codes are lost too: remove them.")
@json_option
@in_the_house
def reset_person(user_name: str, second_factor: bool, as_json: bool) -> None:
    """End a person's password and sessions, and print a new one-time code."""
    given = clinicians.reset_password(None, person_named(user_name), removes_second_factor=second_factor)
    say_code(given, as_json=as_json)


@people.command("close")
@click.argument("user_name")
@json_option
@in_the_house
def close_person(user_name: str, as_json: bool) -> None:
    """Close a person's account: no sign-in anywhere, every session ends."""
    clinicians.end_access(None, person_named(user_name))
    say("The account was closed, and every session of it ended.", as_json=as_json)


def person_named(user_name: str) -> UUID:
    """The person of a user name.

    Raises:
        RuleBroken: nobody has it.
    """
    clinician_id = clinician_queries.find_clinician_id(user_name)
    if clinician_id is None:
        raise RuleBroken("Nobody has that user name. Check how it is spelt")
    return clinician_id


def say_code(given: clinicians.GivenCode, *, as_json: bool) -> None:
    """Show a one-time code, once."""
    until = fields.format_datetime(given.expires_at)
    words = f"{given.user_name} sets a password at /sign-in/first with {given.code}, until {until}."
    say(words, as_json=as_json, user_name=given.user_name, one_time_code=given.code, works_until=given.expires_at)


# Patients


@main.group()
def patients() -> None:
    """The people on the register, in numbers only."""


@patients.command()
@json_option
@in_the_house
def count(as_json: bool) -> None:
    """How many entries there are, by where they are in their life: what a backup or a move must bring along."""
    counted = count_by_status()
    words = ", ".join(f"{number:,} {status.replace('_', ' ')}" for status, number in counted.items())
    say(words or "Nobody is on the register.", as_json=as_json, entries=counted)


# Handover


@main.group()
def handover() -> None:
    """Sheets of paper."""


@handover.command("print")
@click.argument("nhs_number")
@click.option("--as", "user_name", required=True, metavar="USER", help="Who prints, by user name.")
@click.option("--organisation", "ods_code", metavar="ODS-CODE", help="Where they work, if at several places.")
@click.option("--out", "file", required=True, type=click.Path(dir_okay=False, path_type=Path))
@click.option("--for", "printed_for", help="Name and role of whoever gets it; left out: whoever prints.")
@click.option("--place", default="", help="Where this copy will be kept.")
@click.option("--home", is_flag=True, help="It goes to the person, or where they live.")
@click.option("--not-told-because", default="", help="Why it goes there before the person is told of the decision.")
@click.option(
    "--layout",
    type=click.Choice([str(one) for one in Layout]),
    default=str(Layout.USUAL),
    help="How the person's own copy is laid out.",
)
@click.option("--was-read", is_flag=True, help="Nothing unmarked in its free text is from or about somebody else.")
@json_option
@in_the_house
def print_handover(nhs_number: str, file: Path, as_json: bool, **asked: Any) -> None:
    """Print the sheet of a person to FILE, readable by its owner only.

    Whoever prints reaches the same people as on the page. The reason that is recorded is direct care without asking.
    """
    actor = at_work(asked["user_name"], asked["ods_code"])
    entry_id = get_entry_by_number(actor, parse_nhs_number(nhs_number))
    if not may_open(actor, entry_id, Permission.PRINT):
        give_reason(actor, entry_id, reason=AccessReason.CANNOT_ASK, identifiers_checked=(), cannot_check=True)
    order = Order(
        printed_for=asked["printed_for"] or f"{actor.name}, {ROLE_LABELS[actor.role]}",
        destination=Destination.HOME if asked["home"] else Destination.PROFESSIONAL,
        place=asked["place"],
        not_told_because=asked["not_told_because"],
        was_read=asked["was_read"],
        layout=Layout(asked["layout"]),
    )
    with open_for_owner(file) as written:
        settings: Settings = current_app.config["EPACCS"]
        printed = print_sheet(actor, new_id(), entry_id=entry_id, order=order, settings=settings)
        written.write(printed.content or b"")
    say(f"Sheet {printed.number} is in {file.name}.", as_json=as_json, number=printed.number)


@contextmanager
def open_for_owner(file: Path) -> Iterator[BinaryIO]:
    """A new file that only its owner reads; it is gone again when nothing came of it.

    Raises:
        RuleBroken: it is there already, or cannot be written.
    """
    try:
        written = os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")
    except FileExistsError:
        raise RuleBroken(f"{file.name} is there already. Name a new file") from None
    except OSError:
        raise RuleBroken(f"{file.name} cannot be written. Name a file in a folder where you may write") from None
    try:
        with written:
            yield written
    except BaseException:
        file.unlink()
        raise


def at_work(user_name: str, ods_code: str | None) -> Actor:
    """The person who does what is asked here.

    Raises:
        RuleBroken: nobody works under that name, or they work at several places and none was named.
    """
    follow_newest_table()
    actors = clinician_queries.find_at_work(user_name, today=clock.today())
    chosen = [actor for actor in actors if ods_code in (None, actor.organisation_ods)]
    if len(chosen) == 1:
        return chosen[0]
    if not chosen:
        raise RuleBroken("Nobody works under that user name there. Check how it is spelt")
    raise RuleBroken("This person works in several roles. Name the place with --organisation")


# Paper


@main.group("stamps")
def stamps() -> None:
    """Keys that sign the square code on sheets."""


_KEY_STANDINGS = {
    KeyStanding.ANNOUNCED: "signs next; tablets are told of it",
    KeyStanding.SIGNS: "signs what is printed",
    KeyStanding.FORMER: "signs no more, is believed",
}


@stamps.command("list")
@json_option
@in_the_house
def list_stamp_keys(as_json: bool) -> None:
    """Every key, the newest first: which signs next, which now, which did, which is withdrawn and why."""
    for key in stamp_queries.list_keys():
        made = fields.format_datetime(key.made_at)
        standing = _KEY_STANDINGS[key.standing]
        if key.withdrawn_at is not None:
            standing = f"withdrawn {fields.format_datetime(key.withdrawn_at)}: {key.withdrawn_because}"
        say(f"{key.key_id}  made {made}  {standing}", as_json=as_json, made_at=key.made_at, **key.to_json())


@stamps.command("change")
@json_option
@in_the_house
def change_stamp_key(as_json: bool) -> None:
    """Sign with the announced key from now on; sheets of the former one are believed as before."""
    key_id = stamp_actions.change_key()
    audit_log.record(Event(EventKind.COMMAND_RUN, details={"command": "stamps change"}))
    say(f"Key {key_id} signs what is printed from now on.", as_json=as_json, id=key_id)


@stamps.command("withdraw")
@click.argument("key_id")
@click.option("--because", required=True, help="Why nothing that it signed may be believed.")
@json_option
@in_the_house
def withdraw_stamp_key(key_id: str, because: str, as_json: bool) -> None:
    """Believe nothing that KEY_ID ever signed: somebody else may have it. A new key signs from now on."""
    stamp_actions.withdraw_key(key_id, because=because)
    audit_log.record(Event(EventKind.COMMAND_RUN, details={"command": "stamps withdraw"}))
    sheets = find_signed_with(key_id)
    words = f"Key {key_id} is withdrawn, and the announced one with it if it signed. "
    anew = f"Print these sheets anew, which are in use: {', '.join(sheets)}." if sheets else "No sheet of it is in use."
    say(words + anew, as_json=as_json, id=key_id, sheets=sheets)


# Tablets


@main.group()
def devices() -> None:
    """Tablets that hold cards without signal."""


@devices.command("rebuild-feed")
@json_option
@in_the_house
def rebuild_feed(as_json: bool) -> None:
    """Build anew what tablets follow: each starts again at its next contact, beside what it holds."""
    scopes = rebuild_scopes()
    audit_log.record(Event(EventKind.COMMAND_RUN, details={"command": "devices rebuild-feed", "scopes": scopes}))
    say(f"{scopes:,} scopes were built anew. Every tablet starts again.", as_json=as_json, scopes=scopes)


@devices.command("list")
@json_option
@in_the_house
def list_devices(as_json: bool) -> None:
    """Every tablet, what it last said of itself, and whether it is in use."""
    tablets = device_queries.all_tablets()
    lines = [
        f"{one.id}  {one.status:8}  last contact {fields.format_datetime(one.last_contact_at)}  {one.label}"
        for one in tablets
    ]
    found = [
        {
            "id": one.id,
            "label": one.label,
            "status": one.status,
            "last_contact_at": one.last_contact_at,
            "outbox": one.outbox_length,
            "audit": one.audit_length,
            "program": one.program,
        }
        for one in tablets
    ]
    say("\n".join(lines) or "No tablet is enrolled.", as_json=as_json, devices=found)


@devices.command("revoke")
@click.argument("device_id", metavar="ID")
@click.option("--lost", is_flag=True, help="It is lost or stolen.")
@json_option
@in_the_house
def revoke_device(device_id: str, lost: bool, as_json: bool) -> None:
    """Take a tablet out of use now: no lease of it opens anything, and it erases itself at its next contact."""
    try:
        number = parse_id(device_id)
        device_actions.take_out_by_operator(number, is_lost=lost)
    except NotFound:
        raise RuleBroken("No tablet has that id. See: epaccs devices list") from None
    say("The tablet was taken out of use. It erases what it holds at its next contact.", as_json=as_json, id=number)


# Data


@main.group()
def data() -> None:
    """What is recorded, for other programs."""


@data.command("export")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--third-party", is_flag=True, help="With the passages from or about somebody else.")
@json_option
@in_the_house
def export_data(file: Path, third_party: bool, as_json: bool) -> None:
    """Write what is recorded of everybody to FILE, one line of JSON a person, readable by its owner only."""
    everybody = find_everybody()
    with open_for_owner(file) as written, counting("Writing", len(everybody), quiet=as_json) as tell:
        exported = export(written, everybody, third_party=third_party, tell=tell)
    words = f"{exported.people:,} people are in {file.name}."
    say(words, as_json=as_json, people=exported.people, sha256=exported.sha256)


# Demonstration


@main.group()
def demo() -> None:
    """Made-up organisations, people at work and patients."""


@demo.command()
@click.option(
    "--patients",
    type=click.IntRange(1),
    metavar="N",
    help="N generated people instead of the 200 of the demonstration; beyond 900,000 the others have no NHS number.",
)
@click.option("--seed", default=1, show_default=True, help="The same seed makes the same people.")
@click.option("--if-empty", is_flag=True, help="Do nothing where others are on the register already.")
@json_option
@in_the_house
def load(patients: int | None, seed: int, if_empty: bool, as_json: bool) -> None:
    """Load made-up people, never among real ones. Repeating it adds only who is missing."""
    load_made_up_people(patients, seed=seed, if_empty=if_empty, as_json=as_json)


def load_made_up_people(
    patients: int | None = None, *, seed: int = 1, if_empty: bool = True, as_json: bool = False
) -> None:
    """Load made-up people and say how many; nothing is said when `if_empty` found others."""
    from epaccs.demo import loader

    settings: Settings = current_app.config["EPACCS"]
    started = time.monotonic()
    with counting("Loading made-up people", patients or loader.DEMONSTRATION_SIZE, quiet=as_json) as progress:
        if patients is None:
            loaded = loader.load_demonstration(settings, only_if_empty=if_empty, progress=progress)
        elif if_empty and loader.count_people():
            loaded = 0
        else:
            loaded = loader.load_people(settings, patients, seed=seed, progress=progress)
    seconds = round(time.monotonic() - started, 1)
    if loaded:
        say(f"{loaded:,} made-up people were loaded in {seconds} s.", as_json=as_json, loaded=loaded, seconds=seconds)
    elif not if_empty:
        say("All of these people are here already.", as_json=as_json, loaded=0, seconds=seconds)


@contextmanager
def counting(words: str, total: int, *, quiet: bool) -> Iterator[Callable[[int], None]]:
    """A bar on a terminal; what is given is told how many more are done."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    # What a command says is for whoever reads it next; the bar is for whoever waits.
    bar = Progress(*columns, disable=quiet or not sys.stderr.isatty(), transient=True, console=Console(stderr=True))
    with bar:
        task = bar.add_task(words, total=total)
        yield lambda more: bar.advance(task, more)


# Audit


@main.group()
def audit() -> None:
    """Check that nobody changed what was written."""


def anchor_file(app: Flask) -> Path:
    """Where the heads of the audit are written outside the database."""
    settings: Settings = app.config["EPACCS"]
    return settings.data_dir / "audit-anchor.log"


@audit.command()
@click.option(
    "--new", "only_new", is_flag=True, help="Only what came since the last time; all of it from time to time."
)
@json_option
@in_the_house
def verify(only_new: bool, as_json: bool) -> None:
    """Walk every chain; name the first row that was changed."""
    before, broken = audit_log.find_reached(db.session()) if only_new else (audit_log.NOTHING, None)
    left = 0 if broken else audit_log.count_rows(db.session()) - before.rows
    with counting("Reading the audit", left, quiet=as_json) as tell:
        anchor = anchor_file(current_app._get_current_object())  # type: ignore[attr-defined]
        found = audit_log.verify(anchor, progress=tell, only_new=only_new)
    if not found.holds:
        say(f"Broken: {found.broken}.", as_json=as_json, rows=found.rows, broken=found.broken)
        raise SystemExit(1)
    audit_log.keep_verified(found)
    words = f"{found.rows:,} rows and {found.checkpoints:,} checkpoints hold."
    if found.begun.at is not None and found.reached.whole_at is not None:
        since, whole = fields.format_datetime(found.begun.at), fields.format_datetime(found.reached.whole_at)
        words += f" They came since {since}; everything was verified last on {whole}."
    say(words, as_json=as_json, rows=found.rows, checkpoints=found.checkpoints, whole_at=found.reached.whole_at)


# Serving


@main.command()
@click.option("--host", default="localhost", show_default=True)
@click.option("--port", default=None, type=click.IntRange(1, 65535), help="Default: EPACCS_PORT, else 5000.")
@click.option("--workers", default=2, show_default=True, type=click.IntRange(1, 64))
@click.option(
    "--prepare", is_flag=True, help="First bring the schema up, and load the demonstration if nobody is here."
)
def serve(host: str, port: int | None, workers: int, prepare: bool) -> None:
    """Serve the register; Ctrl-C lets requests in flight finish and stops."""
    from epaccs.server import check_may_serve, serve_forever

    try:
        app = create_app()
        settings: Settings = app.config["EPACCS"]
        with app.app_context():
            if prepare:
                prepare_to_serve(settings)
            check_may_serve(settings)
    except (SettingsError, EpaccsError) as error:
        raise click.ClickException(str(error)) from error
    chosen = port or settings.port
    click.echo(f"EPaCCS serves on http://{host}:{chosen} (Ctrl-C stops it)")
    if settings.is_demo:
        click.echo(f"Sign in as gp, paramedic, hospice-nurse, … with the password {settings.demo_password}")
    serve_forever(app, host=host, port=chosen, workers=workers)


def prepare_to_serve(settings: Settings) -> None:
    """What a fresh machine lacks; one process does it all, so that the next start takes seconds."""
    bring_up_schema()
    if settings.is_demo:
        load_made_up_people()
    db.session.remove()


@main.command()
@click.option("--once", is_flag=True, help="One round instead of one each minute.")
@click.option("--with", "server", type=int, hidden=True, help="End with this process, which started it.")
@in_the_house
def worker(once: bool, server: int | None) -> None:
    """Each minute: anchor the audit outside the database, forget what has run out. `epaccs serve` runs one itself.

    It lays out the packs of sheets too, as soon as somebody asks for one.
    """
    from epaccs.handover.laying_out import lay_out_until, lay_out_waiting
    from epaccs.server import do_rounds, end_with

    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    if server is not None:
        end_with(server, stop)
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    if once:
        do_rounds(app, stop, once=True)
        lay_out_waiting(app.config["EPACCS"], stop)
        return
    presses = threading.Thread(target=lay_out_until, args=(app, stop))
    presses.start()
    try:
        do_rounds(app, stop)
    finally:
        stop.set()
        presses.join()
