"""The emergency card as words: what the page's template and the tablet's script both fill into the same markup.

A view is plain: texts, and tuples of texts. Whoever fills it in decides nothing, and adds no word of their own. A line
is made of runs: a text; or a kind, a text, and for a way somewhere its end. `strong` and `flag` must not be
overlooked, `link` leads to a place on the same page, `tel` dials. Dates, times and telephone numbers in a text are kept
on one line by whoever fills it in (`card.UNBROKEN`).

Source: docs/offline.md, the view; hazard H-49 (the tablet says something else than the page).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, NamedTuple, TypeAlias

from epaccs.core.banner import NOT_RECORDED, Who, build_who
from epaccs.core.fields import format_date, format_datetime, local_date
from epaccs.record.rules.card import Call, Card, fits
from epaccs.record.rules.parts import (
    AdvanceDecision,
    Allergies,
    Attorney,
    Contact,
    Contacts,
    Diagnosis,
    Disagreement,
    Fact,
    Legal,
    Medicines,
    Places,
    Risks,
    Rival,
    Said,
    SaidWrong,
    TreatmentLevel,
)

# --- What a view is made of ------------------------------------------------------------------------------------------

Run: TypeAlias = str | tuple[str, ...]
Runs: TypeAlias = tuple[Run, ...]


class Strip(NamedTuple):
    """The first line: which moment this copy shows. `number`: by which an open page asks for news."""

    moment: str = ""
    changed: str = ""
    label: str = "This copy:"
    is_late: bool = False
    number: int = 0


class CPRBlock(NamedTuple):
    """The line about CPR, and what belongs to it. `sides`: only in doubt; `beneath` is as large as the line."""

    shape: str = ""
    line: Runs = ()
    is_overdue: bool = False
    beneath: tuple[str, ...] = ()
    words: tuple[Runs, ...] = ()
    sides: tuple[tuple[str, tuple[str, ...]], ...] = ()
    further: tuple[Runs, ...] = ()


class CallLine(NamedTuple):
    """One number to ring. `short`: who they are where there is little room; `dialled`: what a tap dials."""

    name: str = ""
    who: str = ""
    short: str = ""
    number: str = ""
    dialled: str = ""


class Part(NamedTuple):
    """One part of the card under its label, from top to bottom.

    `look`: how it differs from the others, for the eye. `missing`: nothing is recorded. `hidden`: the role may not see
    it. `code`: there is a code to ask for; the page has a button there. `dispute`: what speaks against the part.
    """

    label: str = ""
    look: str = ""
    when: str = ""
    copied: Runs = ()
    missing: str = ""
    hidden: Runs = ()
    calls: tuple[CallLine, ...] = ()
    lines: tuple[Runs, ...] = ()
    doubts: tuple[Runs, ...] = ()
    code: str = ""
    dispute: tuple[Runs, ...] = ()


class View(NamedTuple):
    """A whole card.

    `alarms`: what to know before anything else. Each of `disagreements` is a box of lines: two answers against each
    other, or what those who were there found wrong.
    """

    strip: Strip = Strip()
    who: Who = Who()
    alarms: tuple[str, ...] = ()
    cpr: CPRBlock = CPRBlock()
    disagreements: tuple[tuple[Runs, ...], ...] = ()
    parts: tuple[Part, ...] = ()
    bar: tuple[CallLine, ...] = ()


#: Where the line about CPR stands on a page.
CPR_LINE: Final = "cpr-line"
TREATMENT: Final = "Treatment level"
BINDING: Final = "ADRT and attorneys"
WISHES_BELOW: Final = "Advance statement of wishes (not binding): read below"
IN_DISPUTE: Final = "In dispute: the above is only what was confirmed last."


def build_view(card: Card) -> View:
    """The card in words, as it reads at the moment that it was made for."""
    return View(
        strip=_strip(card),
        who=_who(card),
        alarms=_alarms(card),
        cpr=build_cpr(card),
        disagreements=(*map(disagreement_lines, card.disagreements), *_said_wrong(card.said_wrong)),
        parts=tuple(_parts(card)),
        bar=tuple(_call(one) for one in card.bar),
    )


# --- Who, and since when ---------------------------------------------------------------------------------------------


def _strip(card: Card) -> Strip:
    changed = card.summary.changed
    return Strip(
        moment=format_datetime(card.copy_left_at),
        changed=f"Changed {_day_of(changed)}" if changed else "",
        label="As it was:" if card.is_of_the_past else "This copy:",
        is_late=card.is_past_age,
        number=card.summary.number,
    )


def _who(card: Card) -> Who:
    one, died_on = card.summary.identity, card.died_on
    return build_who(
        one.family_name,
        one.given_name,
        one.title,
        one.born_on,
        card.age,
        one.nhs_number,
        preferred_name=one.preferred_name,
        died_on=died_on,
        age_at_death=card.age if died_on else None,
        address=f"restricted: ring {card.control.number}" if one.is_restricted else one.address_line,
        warnings=(one.warning, card.namesake),
    )


def _alarms(card: Card) -> tuple[str, ...]:
    """A death that nobody confirmed, or that somebody contradicted."""
    death = card.summary.lifecycle.death
    if death is None or death.is_confirmed:
        return ()
    if death.seen_alive:
        seen = "; ".join(f"{said.who}, {moment_of(said)}" for said in death.seen_alive)
        return (f"Death reported, and seen alive since: {seen}. Not settled.",)
    said = f" by {death.said.who}" if death.said else ""
    died_on = format_date(death.died_on) if death.died_on else NOT_RECORDED
    return (f"Death reported for {died_on}{said}. Not confirmed.",)


def _said_wrong(found: tuple[SaidWrong, ...]) -> Iterator[tuple[Runs, ...]]:
    """What those who were there found wrong, until somebody looked into it; of each part once (hazard H-52)."""
    if found:
        parts = "; ".join(f"{one.part} ({one.day})" for one in found)
        yield ((("strong", "Said to be wrong, not settled:"), f" {parts}"),)


# --- CPR -------------------------------------------------------------------------------------------------------------


def build_cpr(card: Card) -> CPRBlock:
    """The line about CPR as the card shows it."""
    line = card.line
    return CPRBlock(
        shape=str(line.shape),
        line=(line.large,),
        is_overdue=line.review_overdue_since is not None,
        beneath=line.beneath,
        words=tuple(_weighed(is_strong, words) for is_strong, words in card.paragraphs),
        sides=tuple((side.title, side.lines) for side in line.sides),
        further=tuple(_weighed(is_strong, words) for is_strong, words in card.further),
    )


def _weighed(is_strong: bool, words: str) -> Runs:
    return (("strong", words),) if is_strong else (words,)


def disagreement_lines(one: Disagreement) -> tuple[Runs, ...]:
    """Two answers against each other, and the way to both."""
    ways: list[Run] = []
    for name, label in one.places:
        ways += [", ", ("link", label, CPR_LINE if name == "cpr" else f"section-{name}")]
    return (("strong", "Two answers disagree:"), f" {one.words}"), ("Read: ", *ways[1:])


# --- What the parts have in common -----------------------------------------------------------------------------------


def moment_of(said: Said) -> str:
    """When the register got it, as it is shown."""
    return format_datetime(said.at) if said.at else NOT_RECORDED


def _day_of(said: Said) -> str:
    return format_date(local_date(said.at)) if said.at else NOT_RECORDED


def copied_line(said: Said | None) -> Runs:
    """Who copied it from paper: a slip in copying must not be read as what was decided (hazard H-42)."""
    if said is None:
        return ()
    return ("strong", "Transcribed from paper, not yet checked:"), f" copied by {said.who}, {moment_of(said)}"


def _part(label: str, fact: Fact, **said: Any) -> Part:
    """A part with who stands behind it."""
    return Part(label=label, when=_when(fact), copied=copied_line(fact.copied), **said)


def _when(part: Fact) -> str:
    if part.said is None:
        return ""
    if part.confirmed is not None:
        return f"confirmed by {part.confirmed.name} on {_day_of(part.confirmed)}"
    return f"recorded {_day_of(part.said)}"


def _dispute(fact: Fact) -> tuple[Runs, ...]:
    """What speaks against a part, under it."""
    if not fact.rivals:
        return ()
    return ((("strong", IN_DISPUTE),), *((_rival(one),) for one in fact.rivals))


def _rival(one: Rival) -> str:
    return f"{one.by.who}, {moment_of(one.by)}: {one.words or 'another change'}. Not settled."


def _doubts(card: Card, part: Fact) -> tuple[Runs, ...]:
    """What was right once: too old to be taken as current on the day of reading."""
    return tuple((words,) for words in card.doubts_of(part))


def _hidden(card: Card, label: str, look: str = "") -> Part:
    return Part(label=label, look=look, hidden=("Your role cannot see this: ring ", _control(card)))


def _control(card: Card) -> Run:
    return "tel", card.control.number, card.control.dialled


def _passage(words: str, section: str, end: str = "") -> tuple[Run, ...]:
    """A passage with the sign that ends it; one too long for the card is read whole below, never cut (hazard H-23)."""
    if not words:
        return ()
    if not fits(words):
        return (("link", "A long passage: read it whole below", f"section-{section}"),)
    return (f"{words}{end if words[-1] not in '.!?' else ''}",)


def _spaced(*runs: Run) -> Runs:
    """The runs with a space between them."""
    return tuple(piece for run in runs for piece in (" ", run))[1:]


# --- The parts, in their order ---------------------------------------------------------------------------------------


def _parts(card: Card) -> Iterator[Part]:
    it = card.summary
    yield _treatment(card, it.treatment)
    yield _legal(card, it.legal)
    yield _alerts(card, it.risks)
    yield from _tonight(card)
    yield from _getting_in(card, it.risks)
    yield from _themselves(card)
    if it.places is not None:
        yield _places(card, it.places)
    if it.diagnosis is not None:
        yield _illness(card, it.diagnosis)
    yield _calling(card, it.contacts)


def _treatment(card: Card, it: TreatmentLevel | None) -> Part:
    label = TREATMENT
    if it is None:
        return _hidden(card, label)
    if not it.is_recorded:
        return _part(label, it, missing=NOT_RECORDED, dispute=_dispute(it))
    focus = (f"{it.focus}.",) if it.focus else ()
    guidance = _passage(it.guidance, "treatment_level", ".")
    line = _spaced(("strong", f"{it.level}."), *focus, *guidance)
    return _part(label, it, lines=(line,), dispute=_dispute(it))


def _legal(card: Card, it: Legal | None) -> Part:
    label = BINDING
    if it is None:
        return _hidden(card, label)
    if not it.is_recorded:
        return _part(label, it, missing=NOT_RECORDED, dispute=_dispute(it))
    return _part(label, it, lines=tuple(_what_binds(it)), dispute=_dispute(it))


def _what_binds(it: Legal) -> Iterator[Runs]:
    yield from map(_advance_decision, it.advance_decisions)
    if not it.advance_decisions:
        yield ("No ADRT recorded.",)
    yield from map(_attorney, it.attorneys)
    if not it.attorneys:
        yield ("No attorney (LPA) recorded.",)
    for words in it.order_in_time:
        yield (("strong", words),)
    if it.statements:
        yield (WISHES_BELOW,)


def _advance_decision(one: AdvanceDecision) -> Runs:
    says = (*_passage(one.refuses, "legal", "."), one.particulars) if one.stands else ()
    lacks = (("strong", "Not recorded that:"), f"{one.lacks}.") if one.lacks else ()
    return _spaced(("strong", one.heading), *(run for run in says if run), *lacks)


def _attorney(one: Attorney) -> Runs:
    particulars = f", {one.particulars}" if one.particulars else ""
    return ("strong", one.heading), f" {one.name}{particulars}."


def _alerts(card: Card, it: Risks | None) -> Part:
    label, look = "Alerts", "alerts"
    if it is None:
        return _hidden(card, label, look)
    if not it.is_recorded:
        return _part(label, it, look=look, missing=NOT_RECORDED)
    lines = (
        _spaced(*(("flag", words) for words in it.flags)),
        ("No ICD.",) if it.icd == "none" else (),
        _passage(it.other, "risks"),
        ("Clinical risks: your role cannot see this: ring ", _control(card)) if it.hides_clinical else (),
    )
    return _part(label, it, look=look, lines=tuple(line for line in lines if line))


def _tonight(card: Card) -> Iterator[Part]:
    it = card.summary
    yield _hidden(card, "Allergies") if it.allergies is None else _allergies(it.allergies)
    if it.medicines is not None:
        yield _medicines(card, it.medicines)
    if it.contingencies is not None and it.contingencies.plans:
        lines = tuple(_if_then(one.trigger, one.what_to_do, one.call) for one in it.contingencies.plans)
        yield _part("If something happens", it.contingencies, lines=lines, dispute=_dispute(it.contingencies))


def _allergies(it: Allergies) -> Part:
    flags = (f"{one.agent}: {one.reaction}" if one.reaction else one.agent for one in it.items)
    line = _spaced(("strong", it.label), *(("flag", words) for words in flags))
    return _part("Allergies", it, lines=(line,), dispute=_dispute(it))


def _medicines(card: Card, it: Medicines) -> Part:
    label, doubts, dispute = "Medicines for symptoms", _doubts(card, it), _dispute(it)
    if not it.is_recorded:
        return _part(label, it, missing=NOT_RECORDED, doubts=doubts, dispute=dispute)
    particulars = (it.particulars,) if it.particulars else ()
    driver = (("flag", "Syringe driver in use"),) if it.syringe_driver else ()
    line = _spaced(("strong", it.heading), *particulars, *driver)
    return _part(label, it, lines=(line,), doubts=doubts, dispute=dispute)


def _if_then(trigger: str, what_to_do: str, call: str) -> Runs:
    happens = (("strong", run) if isinstance(run, str) else run for run in _passage(trigger, "contingency", ":"))
    called = (f"Call {call}.",) if call else ()
    return _spaced(*happens, *_passage(what_to_do, "contingency", "."), *called)


def _getting_in(card: Card, it: Risks | None) -> Iterator[Part]:
    """How to get through the door; the code of a key safe is never part of a view, only that there is one."""
    label = "Getting in"
    if it is not None and (it.access_note or it.key_safe_place or it.has_key_safe_code):
        note = (f"{it.access_note}.",) if it.access_note else ()
        has_safe = it.key_safe_place or it.has_key_safe_code
        safe = (f"Key safe: {it.key_safe_place or 'place not recorded'}.",) if has_safe else ()
        code = "Code kept in the register" if it.has_key_safe_code else ""
        yield Part(label, lines=(_spaced(*note, *safe),), doubts=_doubts(card, it), code=code)
    elif card.summary.identity.is_restricted:
        yield Part(label, lines=((f"Address restricted: ring {card.control.number}",),))


def _themselves(card: Card) -> Iterator[Part]:
    """What matters, and how to talk; nothing where nobody asked."""
    matters, talking = card.summary.matters, card.summary.talking
    if matters is not None and matters.words:
        yield _part("What matters to me", matters, lines=(_passage(matters.words, "about_me", "."),))
    if talking is not None and talking.words:
        yield _part("Talking together", talking, lines=((("strong", f"{talking.words}."),),))


def _places(card: Card, it: Places) -> Part:
    label = "Preferred places"
    if not it.is_recorded:
        return _part(label, it, missing="Not asked yet")
    note = f" ({it.care_note})" if it.care_note else ""
    home = card.summary.identity.care_home
    lives = f" Lives in {home}." if home else ""
    care, death = ("strong", it.care or "not asked yet"), ("strong", it.death_words)
    return _part(label, it, lines=(("Of care: ", care, f"{note}. Of death: ", death, f".{lives}"),))


def _illness(card: Card, it: Diagnosis) -> Part:
    label = "Illness"
    if not it.is_recorded:
        return _part(label, it, missing=NOT_RECORDED)
    knows: Run = ("strong", it.who_knows) if it.is_kept_from else it.who_knows
    line = (("strong", f"{it.primary}."), f" Likely prognosis: {it.prognosis or 'not recorded'}. ", knows)
    return _part(label, it, lines=(line,), doubts=_doubts(card, it))


# --- Whom to call ----------------------------------------------------------------------------------------------------


def _calling(card: Card, it: Contacts | None) -> Part:
    label, look, calls = "Who to call now", "calls", tuple(_call(one) for one in card.calls)
    if it is None:
        return Part(label, look, calls=calls)
    restricted = card.summary.identity.is_restricted
    instead = f"ring {card.control.number}" if restricted else "no number recorded"
    lines = (
        *((f"{_named(one)}: {instead}",) for one in it.to_call if not one.number),
        *((("strong", "Do NOT call"), f" {_named(one)}") for one in it.not_to_call),
    )
    return _part(label, it, look=look, calls=calls, lines=lines, doubts=_doubts(card, it))


def _named(one: Contact) -> str:
    return ", ".join(part for part in (one.name, one.who) if part)


def _call(one: Call) -> CallLine:
    return CallLine(one.name, one.who, one.short, one.number, one.dialled)
