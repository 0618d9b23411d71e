"""What would happen without each control of the hazard log: for each a function that does the wrong thing in its place.

The code of a wrong function runs in the module of the right one (see `tests.hazards.turned_off`): it takes the same
arguments, and imports or finds there whatever it needs.
"""

# ruff: noqa: F821 - names of the module in which a wrong function runs

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError

from epaccs.core.errors import EpaccsError

Wrong = Callable[..., Any]

#: How a test fails that found something wrong.
FOUND_WRONG = (AssertionError, pytest.fail.Exception, EpaccsError, IntegrityError)


def found_something_wrong(error: BaseException) -> bool:
    """Whether a test failed because of what it found; any other error is a mistake in the test or here.

    A test that expects one row, `(row,) = rows`, finds too few or too many.
    """
    return isinstance(error, FOUND_WRONG) or (isinstance(error, ValueError) and "values to unpack" in str(error))


@dataclass(frozen=True)
class Disabled:
    """A wrong function; `instead_of`: whose place it takes, where that is not the control's own."""

    wrong: Wrong
    instead_of: str | None = None


DISABLED: dict[str, Disabled] = {}


def off(control_id: str, *, instead_of: str | None = None) -> Callable[[Wrong], Wrong]:
    """This is what happens without the control."""

    def note(wrong: Wrong) -> Wrong:
        assert control_id not in DISABLED
        DISABLED[control_id] = Disabled(wrong, instead_of)
        return wrong

    return note


def nothing(*_: Any, **__: Any) -> None:
    """Whoever would check, tell or keep something does not."""


def none_of_them(*_: Any, **__: Any) -> tuple[Any, ...]:
    """Whoever would find something finds nothing."""
    return ()


def no_text(*_: Any, **__: Any) -> str:
    """Whoever would say something says nothing."""
    return ""


def yes(*_: Any, **__: Any) -> bool:
    """Whoever would ask is told yes."""
    return True


def no(*_: Any, **__: Any) -> bool:
    """Whoever would ask is told no."""
    return False


# --- H-01 wrong person -----------------------------------------------------------------------------------------------

off("H-01a")(nothing)
off("H-01b")(no)
off("H-01d")(no_text)
off("H-01e")(none_of_them)
off("H-01f")(nothing)


@off("H-01c")
def nothing_need_be_compared(identifiers: Any, *, cannot_check: bool) -> list[str]:
    del cannot_check
    return list(identifiers)


# --- H-02 something written down is lost -----------------------------------------------------------------------------


@off("H-02a")
def the_later_change_overwrites_the_earlier(base: Any, current: Any, proposed: Any) -> Any:
    del base, current
    return proposed


off("H-02b")(nothing)


@off("H-02c")
def what_the_other_record_knew_is_dropped(_actor: Any, _merge: Any) -> list[Any]:
    return []


# --- H-03 a line outlives its decision -------------------------------------------------------------------------------

off("H-03a")(no)
off("H-03b")(nothing)
off("H-03c")(nothing)


@off("H-03d")
def a_sheet_stays_valid(*_: Any, **__: Any) -> Any:
    return SheetStatus.CURRENT


# --- H-04 a CPR line read as a refusal of all treatment --------------------------------------------------------------

off("H-04a")(nothing)


@off("H-04b")
def the_line_says_no_more_than_the_recommendation(reading: Any) -> Any:
    decision = get_in_force(reading.state)
    situation = Situation.FOR_CPR if decision.recommendation is Recommendation.FOR_CPR else Situation.NOT_FOR_CPR
    return _look(situation, reading.words.line_of(decision.recommendation), _signed(decision, reading.words))


# --- H-05 seen by the wrong people -----------------------------------------------------------------------------------


@off("H-05a")
def everybody_sees_everything(material: Any, *_: Any, **__: Any) -> Any:
    return material


off("H-05b")(yes)
off("H-05c")(nothing)
off("H-05d")(none_of_them)


# --- H-06 no entry read as a decision --------------------------------------------------------------------------------


@off("H-06a")
def nothing_recorded_looks_decided(reading: Any) -> Any:
    return _look(Situation.FOR_CPR, reading.words.for_cpr)


@off("H-06b")
def what_is_not_found_says_no_more(status: int) -> Any:
    return Refusal(status, "not-found", "Nothing was found", ())


@off("H-06c")
def what_is_hidden_looks_like_none(words: Any = None) -> Any:
    return _look(Situation.NONE_RECORDED, (words or Words()).none_recorded)


off("H-06d")(none_of_them)


# --- H-07 an active ICD at the end of life ---------------------------------------------------------------------------

off("H-07a")(none_of_them)
off("H-07b")(none_of_them)


# --- H-08 a legal document mistaken ----------------------------------------------------------------------------------

off("H-08a")(nothing)
off("H-08b")(nothing)
off("H-08c")(nothing)
off("H-08d")(nothing)


@off("H-08e")
def once_an_attorney_always_an_attorney(*_: Any) -> Any:
    return {"standing": "attorney"}


@off("H-08f")
def the_dates_say_nothing(*_: Any, **__: Any) -> str:
    return ""


off("H-08g")(nothing)
off("H-08h")(nothing)


# --- H-09 order by a clock -------------------------------------------------------------------------------------------


@off("H-09a")
def numbers_come_from_the_clock(session: Any, *, count: int = 1) -> int:
    del session, count
    from epaccs.core import clock

    return int(clock.now().timestamp() * 1000)


@off("H-09b")
def the_newest_change_wins(position: Any, proposed: Any, *, critical: bool, independent: bool) -> Any:
    del position, critical, independent
    return Decision(Outcome.APPLIED, proposed)


# --- H-10 an update that is not passed on ----------------------------------------------------------------------------

off("H-10a")(nothing)
off("H-10b")(nothing)


# --- H-11 shared against the person's will ---------------------------------------------------------------------------

off("H-11a")(yes)
off("H-11b")(no)
off("H-11d")(nothing)
off("H-11g")(yes)


@off("H-11e")
def a_place_stays_where_it_is(part: Any) -> Any:
    return part


@off("H-11f")
def an_address_stays_where_it_is(part: Any, names: Any) -> Any:
    del names
    return part


@off("H-11c")
def the_street_is_kept_for_searching(entry_id: Any, identity: Any, lifecycle: Any = None) -> Any:
    from dataclasses import replace

    street = choose_street(identity.get("address") or "")
    person = _person_row(entry_id, {**identity, "address_restricted": False}, lifecycle, street)
    key = {"entry_id": entry_id, "number": 0, "family_key": "x", "given_key": "x", "born_on": person["born_on"]}
    rows = SearchRows(person=person, keys=[], words=[])
    return replace(rows, keys=[{**key, "street_key": build_street_key(street) if street else ""}])


# --- H-12 absence of allergies mistaken ------------------------------------------------------------------------------

off("H-12a")(nothing)


@off("H-12b")
def there_is_one_negative_only(self: Any) -> str:
    return "Known allergies" if self.items else "No known allergies"


# --- H-13 a decision silently replaced -------------------------------------------------------------------------------

off("H-13a")(the_newest_change_wins)


@off("H-13b", instead_of="epaccs.core.migration.upgrade")
def two_decisions_may_be_in_force(connection: Any, revision: str = "head") -> None:
    from sqlalchemy import text

    command.upgrade(_config(connection), revision)
    connection.execute(text("DROP INDEX ix_cpr_decision_one_in_force"))


off("H-13c")(nothing)


@off("H-13d")
def nothing_is_ever_in_doubt(*_: Any, **__: Any) -> list[Any]:
    return []


# --- H-14 a record that exists is not found --------------------------------------------------------------------------


@off("H-14a")
def only_what_was_typed_is_looked_for(typed: str, known: Any, *, limit: int) -> list[str]:
    del limit
    return [typed] if typed in known else []


off("H-14b")(nothing)


@off("H-14c")
def a_replaced_number_is_forgotten(base: Any, body: Any, _context: Any) -> Any:
    return without_blanks({**(base or {}), **body})


# --- H-15 signed without authority or without the facts --------------------------------------------------------------

off("H-15a")(nothing)
off("H-15b")(none_of_them)
off("H-15c")(nothing)
off("H-15d")(none_of_them)


# --- H-16 sections contradict each other -----------------------------------------------------------------------------

off("H-16a")(nothing)
off("H-16b")(nothing)


# --- H-17 existence disclosed to whoever may not know ----------------------------------------------------------------


@off("H-17a")
def a_stranger_is_told_that_there_is_something(actor: Any, entry_id: Any, permission: Any, *, given: Any = None) -> Any:
    del given
    standing = find_standing(actor, entry_id)
    check(permission, standing.facts, role=actor.role)
    return standing


off("H-17b")(yes)
off("H-17c")(yes)


# --- H-18 audit changed, or a read without a trace -------------------------------------------------------------------


@off("H-18a")
def every_chain_holds(_session: Any, _chain: int, begun: Any, *_: Any) -> tuple[Any, None]:
    return begun, None


off("H-18b")(nothing)


@off("H-18c", instead_of="epaccs.core.migration.upgrade")
def rows_of_the_audit_can_be_changed(connection: Any, revision: str = "head") -> None:
    from sqlalchemy import text

    command.upgrade(_config(connection), revision)
    for deed in ("update", "delete"):
        connection.execute(text(f"DROP TRIGGER audit_event_no_{deed}"))


off("H-18d")(nothing)
off("H-18f")(nothing)


# --- H-19 somebody else's session ------------------------------------------------------------------------------------

off("H-19a")(nothing)
off("H-19b")(nothing)


# --- H-20 typed text lost when a session ends ------------------------------------------------------------------------

off("H-20a")(no)


@off("H-20b")
def whoever_signs_in_next_sees_it(_actor: Any, _path: str) -> Any:
    row = db.session.scalars(select(SealedForm)).first()
    return json.loads(sealing.unseal(row.sealed_fields, purpose=_PURPOSE, record_id=row.id)) if row else None


# --- H-21 guessed passwords; a lock-out by a stranger ----------------------------------------------------------------

off("H-21a")(nothing)


@off("H-21b")
def every_place_is_strange(_session: Any, _clinician: Any, door: Any) -> tuple[str, bool]:
    return door.address, False


@off("H-21c")
def a_password_is_enough(*_: Any, **__: Any) -> Any:
    return Step.NONE


@off("H-21d")
def as_often_as_anybody_likes(way: str, _door: Any, *, place: str, **_: Any) -> Attempt:
    return Attempt(new_id(), way, place, None, None)


# --- H-22 made-up people among real ones -----------------------------------------------------------------------------

off("H-22a")(nothing)
off("H-22b")(nothing)
off("H-22c")(nothing)


# --- H-23 text cut off or changed ------------------------------------------------------------------------------------


@off("H-23a")
def what_cannot_be_kept_is_dropped(text: str, *, limit: int = 200_000, **_: Any) -> str:
    return "".join(character for character in text.strip() if character.isprintable() or character == "\n")[:limit]


off("H-23b")(yes)


# --- H-24 register half-written or unavailable -----------------------------------------------------------------------


@off("H-24a")
def every_part_is_kept_by_itself() -> Any:
    session = db.session()
    yield session
    session.commit()


@off("H-24b")
def a_lost_database_is_something_unforeseen(_error: Exception) -> Any:
    return FAILED


off("H-24c")(nothing)


# --- H-25 a death recorded in error, or not passed on ----------------------------------------------------------------

off("H-25a")(nothing)


@off("H-25b")
def nobody_is_seen_alive_again(lifecycle: Any, **_: Any) -> Any:
    return lifecycle


off("H-25c")(nothing)


# --- H-26 the person was not told ------------------------------------------------------------------------------------

off("H-26a")(none_of_them)
off("H-26b")(none_of_them)
off("H-26c")(nothing)


# --- H-27 the person's own withdrawal does not reach the bedside -----------------------------------------------------

off("H-27a")(no)
off("H-27b")(none_of_them)


# --- H-28 a proposal or report read as a decision --------------------------------------------------------------------


@off("H-28a")
def what_was_proposed_takes_the_line(state: Any, **_: Any) -> Any:
    if state.open_proposals:
        return Situation.AWAITING
    return Situation.NOT_FOR_CPR if state.in_force else Situation.NONE_RECORDED


# --- H-29 a review date read as an end -------------------------------------------------------------------------------


@off("H-29a")
def a_decision_ends_with_its_review_date(state: Any, *, around: Any, **_: Any) -> Any:
    decision = state.in_force
    if decision is None or (decision.review_on is not None and decision.review_on < around.today):
        return Situation.NONE_RECORDED
    return Situation.FOR_CPR if decision.recommendation is Recommendation.FOR_CPR else Situation.NOT_FOR_CPR


# --- H-30 a change that nobody meant ---------------------------------------------------------------------------------

off("H-30a", instead_of="flask_wtf.csrf.CSRFProtect.protect")(nothing)
off("H-30b")(nothing)


# --- H-31 typed text acts on page or paper ---------------------------------------------------------------------------

off("H-31a", instead_of="flask.app.Flask.select_jinja_autoescape")(no)


@off("H-31b")
def the_renderer_fetches_whatever_it_is_told(self: Any, url: str, headers: Any = None) -> Any:
    del self, headers
    return URLFetcherResponse(url, b"")


# --- H-32 names in logs ----------------------------------------------------------------------------------------------


@off("H-32a")
def the_text_of_a_failure_is_logged(exc_info: Any) -> None:
    extra = {"request_id": request_id(), "error": exc_info[0].__name__, "places": []}
    _log.error("A request failed: %s", exc_info[1], extra=extra)


# --- H-33 a stolen copy of the database ------------------------------------------------------------------------------


@off("H-33a")
def a_cookie_is_kept_as_it_is(token: str) -> str:
    return token


@off("H-33b")
def nothing_is_sealed(content: bytes, **_: Any) -> bytes:
    return content


@off("H-33c", instead_of="pathlib.Path.touch")
def a_copy_is_readable_by_everybody(self: Any, **_: Any) -> None:
    self.write_bytes(b"")
    self.chmod(0o644)


# --- H-34 a syringe driver that nobody expects -----------------------------------------------------------------------

off("H-34a")(nothing)


# --- H-35 a prognosis or a scale misread -----------------------------------------------------------------------------

off("H-35a")(nothing)
off("H-35b")(nothing)


# --- H-36 a change that is overlooked --------------------------------------------------------------------------------

off("H-36a")(nothing)


# --- H-37 two answers that cannot both be true -----------------------------------------------------------------------

off("H-37a")(nothing)
off("H-37b")(none_of_them)


@off("H-37c")
def the_card_says_nothing_of_it(self: Any) -> Any:
    return ()


off("H-37d")(none_of_them)


# --- H-38 a fact that was right once ---------------------------------------------------------------------------------


@off("H-38a")
def a_date_counts_from_the_last_confirmation(field: Any, answer: Any, recorded: Any, *, key: str, who: str = "") -> Any:
    since = local_date(recorded.confirmed_at or recorded.recorded_at)
    return Ageing(words=field.ages_as, since=since, check_by=since + timedelta(days=field.ages))


@off("H-38b")
def nothing_grows_old(self: Any, part: Any) -> Any:
    return ()


# --- H-39 a scan that harms ------------------------------------------------------------------------------------------


@off("H-39a")
def nobody_looks_for_a_virus(content: bytes, *, clamd: str) -> str:
    del content, clamd
    return "nobody"


@off("H-39b")
def nobody_opens_the_file(content: bytes, *, media_type: str) -> Any:
    del content, media_type
    return Inspected(pages=1)


@off("H-39c")
def a_browser_shows_the_file(entry_id: str, scan_id: str) -> Any:
    file = queries.open_scan(current_actor(), parse_id(entry_id), parse_id(scan_id))
    return Response(file.content, mimetype=file.media_type)


off("H-39d")(nothing)
off("H-39e")(nothing)


@off("H-39f")
def any_file_will_do(content: bytes, sha256: str) -> bool:
    del sha256
    return bool(content)


@off("H-39g")
def any_page_may_show_the_file(entry_id: str, scan_id: str) -> Any:
    file = queries.open_scan_beside(current_actor(), parse_id(entry_id), parse_id(scan_id))
    return Response(file.content, mimetype=file.media_type)


# --- H-40 put on the register, or forgotten, because a list was wrong ------------------------------------------------


@off("H-40a")
def a_list_says_that_the_person_agreed(actor: Any, candidate: Any, registration_id: Any) -> Any:
    fields = {"edit_id": registration_id, "family_name": candidate.family_name, "register_status": "given"}
    return {name: [str(typed)] for name, typed in fields.items()}


@off("H-40b")
def the_newest_list_has_the_last_word(decision: Any, *, match: Any, is_listed: bool, today: Any) -> Any:
    if decision is not None and stands(decision, today=today):
        return State(decision.outcome)
    return State.TO_CONSIDER if is_listed else State.NOT_LISTED


@off("H-40c")
def a_number_is_enough_to_know_somebody(**_: Any) -> Any:
    return Match.ON_REGISTER


off("H-40d")(yes)


@off("H-40e")
def only_the_good_rows_are_kept(content: bytes, *, today: Any, check_number: Any) -> Any:
    lines = _read_lines(_decode(content))
    header, rows = _read_header(next(lines)[1]), []
    for _number, cells in lines:
        try:
            rows.append(_read_row(header, cells, today=today))
        except RuleBroken:
            continue
    return rows


off("H-40f")(nothing)
off("H-40g")(nothing)


# --- H-41 a confidence of somebody else is shown ---------------------------------------------------------------------


@off("H-41a")
def everybody_reads_everything(text: str) -> str:
    return text


@off("H-41b")
def paper_holds_everything(material: Any, sights: Any, **_: Any) -> Any:
    del sights
    return material


off("H-41c")(nothing)
off("H-41d")(nothing)


@off("H-41e")
def what_was_sent_is_kept(before: Any, sent: Any) -> Any:
    del before
    return dict(sent)


off("H-41f")(nothing)


# --- H-42 a slip in copying ------------------------------------------------------------------------------------------


@off("H-42a")
def nothing_was_copied(value: Any, stamps: Any) -> list[Any]:
    del value, stamps
    return []


off("H-42b")(nothing)
off("H-42c")(nothing)
off("H-42d")(nothing)


@off("H-42e")
def whoever_copies_must_think_of_saying_so(answers: Any, *, way: Any, beside: Any) -> Any:
    del way, beside
    return dict(answers)


# --- H-43 a question never asked -------------------------------------------------------------------------------------


@off("H-43a")
def only_the_letter_counts(values: Any, **_: Any) -> Any:
    return Stage(values.get("diagnosis", {}).get("gold_standards", "a"))


@off("H-43b")
def nothing_is_asked_before_somebody_judged(asked_from: Any, stage: Any) -> bool:
    return stage is not None and asked_from <= stage


@off("H-43c")
def a_section_takes_its_lines_of_the_card_with_it(declaration: Any, field: Any) -> Any:
    return Stage(field.metadata.get("stage", declaration.stage))


@off("H-43d")
def what_is_early_is_folded_answered_or_not(self: Any) -> bool:
    return bool(self.is_early)


# --- H-44 the signed form stayed behind ------------------------------------------------------------------------------

off("H-44a")(nothing)
off("H-44b")(no)


@off("H-44c")
def nothing_is_asked(actor: Any, entry_id: Any) -> Any:
    del actor, entry_id
    return Question()


@off("H-44d")
def every_form_says_where_the_original_is(state: Any, edit: Any) -> Any:
    body = read_body(bodies.ParticularsBody, edit.body)
    decision = get_in_force(state)
    place = body.original_location or decision.original_location
    aware = decision.aware if body.aware is None else body.aware
    return put(state, replace(decision, original_location=place, original_located_at=edit.at, aware=aware))


@off("H-44e")
def the_place_is_written_as_it_was(answer: Any, place: str, *, known: str) -> Any:
    if answer in (None, Whereabouts.NOT_KNOWN):
        return None
    return {"original_location": place or known, "original_checked": True}


off("H-44f")(nothing)


@off("H-44g")
def paper_names_the_place_alone(card: Any, decision: Any) -> str:
    del card
    return decision.original_location


# --- H-45 a lost tablet is read by a stranger ------------------------------------------------------------------------

off("H-45a")(nothing)


@off("H-45b")
def a_lease_is_what_it_says(text: str) -> Any:
    import base64
    import json

    body = text.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))


off("H-45c")(nothing)


@off("H-45d")
def a_tablet_holds_whatever_is_asked_for(role: Any, word: Any, tier: Any) -> bool:
    del role, tier
    return word in SCOPE_WORDS


off("H-45e")(nothing)
off("H-45f")(nothing)
off("H-45g")(nothing)


@off("H-45h")
def what_was_leased_stays(leased: Any, granted: Any) -> Any:
    del granted
    return dict(leased)


# --- H-46 a lease ends at a bedside ----------------------------------------------------------------------------------


@off("H-46a")
def only_a_sign_in_renews(lease: Any, actor: Any) -> Any:
    del lease, actor
    raise RuleBroken("Sign in again")


@off("H-46b")
def one_person_is_enough(count: int, *, taken_out_alone: int) -> bool:
    del count, taken_out_alone
    return False


off("H-46c")(nothing)
off("H-46d")(none_of_them)


# --- H-47 a person is silently missing from a tablet -----------------------------------------------------------------

off("H-47a")(nothing)


@off("H-47b")
def nobody_came_or_went(scope: str) -> int:
    del scope
    return 0


@off("H-47c")
def every_tablet_goes_on(cursor: Any, here: Any, *, today: Any) -> bool:
    del cursor, here, today
    return False


@off("H-47d")
def everybody_counts_the_same(entry_id: Any, version: int) -> int:
    del entry_id, version
    return 0


@off("H-47e")
def an_answer_just_ends(lines: Any, **said: Any) -> list[str]:
    return [*lines, write_line({"op": "page", **said})]


off("H-47f")(nothing)


@off("H-47g")
def who_was_sent_once_is_sent_no_more() -> int:
    return 0


# --- H-48 a tablet keeps somebody it may no longer have --------------------------------------------------------------


@off("H-48a")
def everybody_is_everywhere(person: Any) -> Any:
    return frozenset() if person is None else frozenset({f"area:{person.area}", f"practice:{person.practice_id}"})


@off("H-48b")
def the_feed_is_believed(actor: Any, entry_ids: Any) -> set[Any]:
    del actor
    return set(entry_ids)


off("H-48c")(nothing)


@off("H-48d")
def a_kept_page_is_sent_as_it_is(self: Any, kept: Any) -> Any:
    del self
    return unpack(kept.body)


@off("H-48e")
def every_page_is_kept(session: Any, page: Any) -> None:
    session.merge(page)


off("H-48f")(nothing)
off("H-48g")(nothing)


@off("H-48h")
def one_key_for_whoever_holds_the_tablet(device_id: Any, scope: str, tier: str, audience: str, epoch: str) -> bytes:
    del audience
    return f"{device_id}|{scope}|{tier}|{epoch}".encode().ljust(32)[-32:]


# --- H-49 the tablet says something else than the page ---------------------------------------------------------------


@off("H-49a")
def nothing_reads_differently_later(first: Any, other: Any) -> dict[str, Any]:
    del first, other
    return {}


@off("H-49b")
def no_answer_of_the_plan_grows_old(recorded: Any, sights: Any) -> Any:
    del recorded, sights
    yield from ()


@off("H-49c")
def the_mark_of_the_age_stays(block: Any) -> Any:
    return block


@off("H-49d")
def the_days_stay_as_they_were(doubt: str) -> Any:
    return doubt, 0, ""


@off("H-49e")
def nothing_stands_below_the_card(summary: Any) -> Any:
    del summary
    yield from ()


# --- H-50 what a crew wrote is lost or counts twice ------------------------------------------------------------------

off("H-50a")(nothing)


@off("H-50b")
def anybody_may_sign(sent: Any, keys: Any) -> Any:
    del sent
    return next(iter(keys), None)


@off("H-50c")
def the_whole_batch_fails(device: Any, envelope: Any, error: Any) -> Any:
    del device, envelope
    raise AssertionError("nothing of the batch is answered") from error


off("H-50d")(nothing)


@off("H-50e")
def every_number_came(next_sequence: int, come: Any) -> int:
    return max(come, default=next_sequence - 1) + 1


@off("H-50f")
def no_number_is_ever_taken(session: Any, device_id: Any, envelope: Any) -> bool:
    del session, device_id, envelope
    return False


# --- H-51 an offline change silently replaces a decision -------------------------------------------------------------


@off("H-51a")
def the_last_own_edit_says_what_was_seen(session: Any, section: Any, request: Any, context: Any, *, head: Any) -> Any:
    del section, context, head
    after = session.get(Edit, request.after_id) if request.after_id else None
    seen = after.section_version if after else request.base_version
    return Seen(seen, _value_of(session, request, seen))


@off("H-51b")
def as_a_form_is_answered(work: Any, kind: Any, tablet: Any) -> Any:
    _check_authority(work.context.actor, work.request.entry_id, kind, given=tablet.reason)
    return _apply(work, kind)


off("H-51c")(nothing)


@off("H-51d")
def as_they_lie(edits: Any) -> list[Any]:
    return list(edits)


off("H-51e")(nothing)
off("H-51f")(nothing)
off("H-51g")(nothing)


# --- H-52 what was found wrong reaches nobody ------------------------------------------------------------------------

off("H-52a")(nothing)
off("H-52b")(nothing)


@off("H-52c")
def nothing_waits(value: Any) -> tuple[Any, ...]:
    del value
    return ()


@off("H-52d")
def a_card_knows_no_doubt_of_a_crew(material: Any, tiers: Any, sights: Any) -> tuple[Any, ...]:
    del material, tiers, sights
    return ()


# --- H-57 the tablet's storage fails and nobody is told ---------------------------------------------------------------


@off("H-57f")
def nothing_is_left_in_the_browser(answer: Any, device_id: Any) -> Any:
    del device_id
    return answer


@off("H-57g")
def it_was_no_tablet(session: Any, holder: Any, new: Any) -> None:
    del session, holder, new


# --- H-58 no room, no agreement, no present version ------------------------------------------------------------------

off("H-58a")(nothing)


@off("H-58b")
def there_is_always_room(self: Any, row: Any) -> bool:
    del self, row
    return True


@off("H-58c")
def nobody_is_told(disagreements: int) -> bool:
    del disagreements
    return False


@off("H-58e")
def what_was_sent_has_come(copies: Any) -> Any:
    return (Holds.PRESENT, "Has the present version") if copies else None


# --- H-59 a tablet cannot be unlocked, or somebody else unlocks it ---------------------------------------------------

off("H-59g")(none_of_them)


# --- H-60 a decision that is written without signal is taken for one in force ----------------------------------------


@off("H-60a")
def nothing_is_needed(needs: Any, said: Any) -> Any:
    del needs, said
    yield from ()


@off("H-60h")
def whoever_brings_it(photo: Any) -> Any:
    recorded = find_recorded(photo.entry_id, "cpr")
    return next(iter(CPRState.from_value(recorded.value if recorded else None).sightings), None)


# --- H-61 a round of a care home -------------------------------------------------------------------------------------


@off("H-61a")
def opened_without_a_reason(actor: Any, entry_id: Any) -> Any:
    return find_standing(actor, entry_id)


off("H-61b")(no_text)


@off("H-61c")
def everybody_stands_on_the_list() -> Any:
    return EntryScope.is_open


# --- H-62 an agreement ends ------------------------------------------------------------------------------------------


@off("H-62a")
def everybody_is_covered(actor: Any, row: Any) -> Any:
    del actor, row
    return Level.WHOLE


@off("H-62b")
def every_practice_is_covered(organisation_id: Any, today: Any) -> Any:
    del organisation_id, today
    return select(Organisation.id)


@off("H-62c")
def as_far_as_the_role(tiers: Any, level: Any) -> Any:
    del level
    return tiers


off("H-62d")(nothing)


@off("H-62e")
def nobody_is_warned(terms: Any, *, today: Any) -> bool:
    del terms, today
    return False


@off("H-62f")
def an_emergency_opens_nothing(row: Any) -> bool:
    del row
    return False


# --- H-63 somebody looks who has no business to ----------------------------------------------------------------------

off("H-63a")(none_of_them)
off("H-63b")(nothing)
off("H-63c")(yes)


@off("H-63d")
def a_name_is_a_name(self: Any, look: Any) -> Any:
    del self
    alike = look.reader.families & look.person.particulars.families
    return {"namesakes": look.person.namesakes} if alike else None


off("H-63e")(no)
off("H-63f")(nothing)
off("H-63g")(nothing)


@off("H-63h")
def everything_was_looked_at() -> Any:
    return Progress(None, 0, False)


# --- H-64 somebody signs in or signs as another ----------------------------------------------------------------------


@off("H-64a")
def whatever_it_says(token: Any, keys: Any, **_: Any) -> Any:
    del token, keys
    return {"sub": "ada-there"}


@off("H-64b")
def as_often_as_it_comes(token: Any, purpose: Any) -> Any:
    kept = select(Ceremony).where(Ceremony.token_digest == _digest(token or ""), Ceremony.purpose == str(purpose))
    row = db.session.scalars(kept).first()
    return row and json.loads(sealing.unseal(row.sealed_facts, purpose=_SEALED_AS, record_id=row.id))


@off("H-64c")
def the_first_who_has_it(identity: Any) -> Any:
    return next(iter(queries.find_by_number(identity.professional_number or "")), None)


off("H-64d")(yes)


@off("H-64e")
def no_key_is_copied(kept: Any, sent: Any) -> bool:
    del kept, sent
    return False


off("H-64f")(yes)


@off("H-64g")
def every_word_counts(identity: Any, meant: Any) -> Any:
    del identity
    return frozenset(one.organisation_id for one in meant)


@off("H-64h")
def leaves_nothing_at_all(response: Any) -> None:
    response.headers["Clear-Site-Data"] = '"*"'


off("H-64i")(nothing)


# --- H-65 a change of the access table -------------------------------------------------------------------------------


off("H-65a")(none_of_them)
off("H-65b")(nothing)
off("H-65c")(nothing)
off("H-65d")(nothing)


@off("H-65e")
def any_version_is_used(number: int) -> Any:
    asked = SettingChange.setting == ACCESS_TABLE_SETTING, SettingChange.number == number
    content = db.session.scalar(select(SettingChange.content).where(*asked))
    return ACCESS_TABLE if content is None else from_content(content)


@off("H-65f")
def nothing_is_hidden(self: Any, tiers: Any) -> frozenset[str]:
    return frozenset()


@off("H-65g")
def as_it_was_sent(before: Any, sent: Any, hidden: Any) -> dict[str, Any]:
    return dict(sent)


@off("H-65h")
def described_whole(section: Any, tiers: Any) -> Any:
    return section


# --- H-66 somebody who left still has access, or somebody who needs it today waits -----------------------------------


@off("H-66a")
def the_sponsors_word_alone(self: Any) -> Any:
    return self.expires_on


@off("H-66b")
def nobody_looks_at_the_time() -> int:
    return 0


@off("H-66c")
def only_its_own_administrators_are_shown_it(actor: Any) -> Any:
    return Organisation.id == actor.organisation_id


off("H-66d")(no)
off("H-66e")(nothing)
off("H-66f")(no_text)


# --- H-67 a plan that is changed without signal ----------------------------------------------------------------------


@off("H-67b")
def what_is_not_named_is_blank(schema: Any) -> Any:
    return loader(schema)


@off("H-67c")
def whatever_was_said(fields: Any, before: Any, said: Any, hidden: Any) -> Any:
    del fields, before, hidden
    return said


@off("H-67d")
def no_section_is_printed() -> Any:
    return []


@off("H-67f")
def whoever_it_is(recorded: Any, tiers: Any, sights: Any, names: Any) -> Any:
    del recorded, tiers, sights, names
    return {}


# --- H-68 who looks after whom ---------------------------------------------------------------------------------------


off("H-68a")(nothing)
off("H-68c")(none_of_them)
off("H-68d")(nothing)
off("H-68e")(nothing)
off("H-68f")(nothing)


@off("H-68b")
def a_mistake_goes_on(session: Any, concerned: Any) -> Any:
    return Succession(begin_relationship(session, concerned), False, ())


# --- H-69 a rota takes a record from whoever is at the bedside, or accuses whoever was at work -----------------------


@off("H-69a")
def by_the_clock_of_one_half_of_the_year(at: Any, spans: Any, *, leeway: Any) -> bool:
    return any(
        on_the_wall(span.from_at) - leeway <= at.replace(tzinfo=None) < on_the_wall(span.until_at) + leeway
        for span in spans
    )


off("H-69b")(nothing)


@off("H-69c")
def loaded_by_looking(actor: Any, content: Any) -> Any:
    from epaccs.rosters.actions import load

    shown = Preview(read_plan(actor.organisation_id, content)[0], (), find_version(actor.organisation_id), "")
    load(actor, content, seen_version=shown.version)
    return shown


off("H-69d")(nothing)
off("H-69e")(nothing)


@off("H-69f")
def everything_is_replaced(lines: Any, kept: Any, *, now: Any) -> Any:
    days = [line.span.day for line in lines]
    return Plan(min(days), max(days), tuple(lines), 0, 0, tuple(kept), ())


@off("H-69g")
def whoever_has_none_is_on_none(self: Any, organisation_id: Any, clinician_id: Any, at: Any) -> Any:
    return self.spans.get((organisation_id, clinician_id), ())


# --- H-70 an altered sheet --------------------------------------------------------------------------------------------


@off("H-70a")
def the_number_alone_is_signed(self: Any, key_id: Any) -> bytes:
    return bytes.fromhex(key_id) + self.code.encode()


off("H-70d")(nothing)
off("H-70j")(nothing)
off("H-70e")(nothing_is_sealed)


# --- H-71 read aloud --------------------------------------------------------------------------------------------------


@off("H-71a")
def whoever_rings_hears_the_card(*_: Any, **__: Any) -> Any:
    return Heard.CARD


@off("H-71b")
def only_the_large_line_is_read(card: Any, cpr: Any) -> Any:
    del card
    return [_say("About CPR: ", *cpr.line)]


off("H-71c")(none_of_them)


@off("H-71d")
def a_script_is_read_from_for_ever(call: Any) -> bool:
    del call
    return True


@off("H-71e")
def a_relative_is_told_whose_record_it_is(card: Any) -> Any:
    return Passage("", (_say(f"{card.summary.identity.family_name}: {card.line.large}"),))


@off("H-71f")
def whatever_is_there_is_read(actor: Any, entry_id: Any) -> Any:
    return get_standing(actor, entry_id, Permission.VIEW_CARD)


# --- H-72 a list on paper --------------------------------------------------------------------------------------------


off("H-72a")(nothing)


@off("H-72b")
def nobody_looks_whether_anything_changed(session: Any, entry_ids: Any) -> Any:
    del session
    return entry_ids


@off("H-72c")
def every_line_still_holds(code: Any) -> Any:
    from dataclasses import replace

    return replace(_find(HandoverList.code == code)[0], wrong=0)


@off("H-72d")
def a_line_is_a_paper_of_its_own(session: Any, actor: Any, sheet: Any) -> Any:
    del session, actor
    return [sheet]


@off("H-72e")
def words_lead_below(line: Any) -> Any:
    return line


@off("H-72f")
def everybody_is_in_the_care_of_the_team(actor: Any, place: Any) -> Any:
    from sqlalchemy import select

    from epaccs.access.model import EntryScope
    from epaccs.core.db import db

    del actor, place
    return list(db.session.scalars(select(EntryScope.entry_id)))


@off("H-72g")
def the_team_is_always_named(self: Any) -> Any:
    return self.found.place.title


# --- H-73 sheets printed together ------------------------------------------------------------------------------------


off("H-73a")(none_of_them)

off("H-73b")(nothing)

off("H-73c")(nothing)

off("H-73d")(no_text)

off("H-73e")(yes)


@off("H-73f")
def a_session_never_ends(session_id: Any) -> Any:
    asked = {"wanted_id": session_id, "today": clock.today(), "now": clock.now()}
    facts = _session_facts(db.session.execute(_SESSION_OF_ID, asked).mappings().one())
    return build_actor(facts, facts.place)


@off("H-73g")
def every_pack_is_kept() -> int:
    return 0


@off("H-73h")
def every_folder_is_right(filed: Any, here: Any) -> Any:
    from epaccs.handover.rules import FolderState

    return FolderState((), ())


@off("H-73i")
def a_folder_beside_whoever_is_open(actor: Any, pack_id: UUID, *, settings: Any) -> Any:
    from epaccs.handover.queries import packs

    place_id = packs.get_folder_place(actor, pack_id)
    found = packs.read_people(actor, place_id, settings=settings)
    [pack] = packs.find_packs(actor, place_id)
    here = [one.entry_id for one in found.residents]
    return packs.Folder(pack, found, packs.compare_folder(packs._find_filed(pack_id), here))


@off("H-73j")
def everything_of_a_folder_is_destroyed(actor: Any, pack_id: UUID, *, until: Any) -> None:
    with writing() as session:
        folder = _lock_folder(session, actor, pack_id)
        note_destroyed(session, actor, lock_printed(session, HandoverSheet.pack_id.in_([one.id for one in folder])))


# --- H-74 a marker in a home -----------------------------------------------------------------------------------------


@off("H-74d")
def a_marker_opens_the_record_by_itself(actor: Any, code: Any) -> Any:
    from epaccs.access.actions import give_reason
    from epaccs.access.rules import AccessReason

    found = queries.find_tried(actor, code).entry_id
    give_reason(actor, found, reason=AccessReason.EMERGENCY, identifiers_checked=["name", "born"], cannot_check=False)
    return found


off("H-74e")(yes)

off("H-74f")(yes)


@off("H-74g")
def a_stranger_learns_whether_a_marker_bears_the_code(code: Any) -> Any:
    from epaccs.core.db import db
    from epaccs.markers.model import HomeMarker

    found = db.session.query(HomeMarker).filter_by(code=code.replace("-", "")).first()
    return render_template("markers/stranger.html", address="/m"), 200 if found else 404


@off("H-74h")
def a_marker_says_what_it_leads_to(self: Any) -> Any:
    return f"This person is near the end of life: open {self.box_address} and enter"


off("H-74i")(nothing)


# --- H-75 the person's own copy --------------------------------------------------------------------------------------


off("H-75a")(nothing)

off("H-75b")(none_of_them)


@off("H-75c")
def the_line_says_nothing_of_what_was_decided(line: Any, state: Any) -> Any:
    return iter(())


@off("H-75d")
def every_decision_is_called_current(line: Any, decision: Any) -> Any:
    if decision is not None:
        yield _say("signed", day=_day(local_date(decision.signed_at)))
        yield _say("still_counts")


off("H-75e")(none_of_them)

off("H-75f")(none_of_them)


@off("H-75g")
def the_gap_is_shown(text: str) -> str:
    return withheld(text)


@off("H-75h")
def nobody_asks_whether_it_may_go(actor: Any, entry_id: Any, order: Any, *, settings: Any) -> Any:
    return queries.read_contents(actor, entry_id, destination=order.destination, settings=settings)


off("H-75i")(none_of_them)


@off("H-75j")
def a_sheet_as_its_row_says_now(sheet: Any, contents: Any, order: Any) -> Any:
    return sheet
