"""What happens in every story: a person is put on the register, the plan is written, a decision signed, a card read.

All of it through the pages, by whoever has it to do at work.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from e2e.conftest import Site, SitsDown
from e2e.paper import Paper, prints
from e2e.steps import Somebody
from epaccs.access.actions import Concerned, begin_relationship
from epaccs.clinicians.model import Organisation
from epaccs.clinicians.rules import Actor, OrganisationType, Role
from epaccs.core.db import writing
from epaccs.core.fields import format_date, local_date
from epaccs.core.identifiers import parse_id
from tests.factories import an_identity, an_organisation

NOW = datetime.now(UTC)
AN_HOUR_AGO = NOW - timedelta(hours=1)
TODAY = local_date(NOW)
LONGEST_STORY = timedelta(minutes=4)
IN_THREE_MONTHS = TODAY + timedelta(days=90)
DECIDED_ON, CHECKED_ON = format_date(local_date(AN_HOUR_AGO)), format_date(TODAY)
ABOUT_CPR_ONLY = "About CPR only: give all other suitable treatment, within the treatment level and ADRT below."

Answers = dict[str, str | date | list[str]]

#: What the person said of both agreements.
AGREED: Answers = {
    "To be on the register": "The person agreed",
    "Who decided?": "The person",
    "When was it decided?": TODAY,
    "To share with the services that care for them": "The person agreed",
    "Who decided about sharing?": "The person",
    "When was sharing decided?": TODAY,
}

#: What stands on every decision that was made with the person; a story says the rest.
MADE_WITH_THE_PERSON: Answers = {
    "When was it decided?": AN_HOUR_AGO,
    "Does the person have capacity for this decision?": "Yes",
    "When was capacity assessed?": AN_HOUR_AGO,
    "With capacity: was the person involved?": "Yes",
    "Who knows of the decision?": ["The person", "Family"],
    "Review date": IN_THREE_MONTHS,
}

NIGHT_NURSES: Answers = {
    "Who is it?": "Professional or team",
    "Name": "Northdale night nurses",
    "Relationship or job": "Community nurses",
    "Telephone number": "01632 960777",
    "Answered day and night?": "Yes",
    "Place in the order of calling": "1",
}


@dataclass(frozen=True)
class Person:
    """Somebody made up, as the form asks for them."""

    family_name: str
    given_name: str
    title: str
    born_on: date
    nhs_number: str
    address: str
    illness: str

    @property
    def shown(self) -> str:
        """As every page names them."""
        return f"{self.family_name.upper()}, {self.given_name} ({self.title})"


class Story:
    """The people at work around one person: each sits at a browser of their own.

    Axe looks only at what the doctor at night meets: the pages with forms are met in other walks.
    """

    def __init__(self, site: Site, sits_down: SitsDown, name: tuple[str, str, str], *, address: str, ill: str) -> None:
        _waits_out_midnight()
        self._site, self._sits_down = site, sits_down
        self._practice = an_organisation(type=OrganisationType.GP_PRACTICE)
        self._gp_at_work = site.employs(Role.GP, self._practice, name="Dr Anita Patel", may_sign=True)
        family_name, given_name, title = name
        number = an_identity(self._practice)["nhs_number"]
        self.person = Person(family_name, given_name, title, site.a_birthday(), number, address, ill)
        self._path = ""

    # --- Who is there ---

    def a_gp_registers(self, consent: Answers = AGREED) -> Somebody:
        """The person is on the register; the GP has the record before her."""
        gp, one = self._sits_down(self._gp_at_work, with_axe=False).opens("/").signs_in(), self.person
        gp.presses("Put a person on the register")
        who: Answers = {
            "Family name": one.family_name,
            "First name": one.given_name,
            "Title": one.title,
            "Date of birth": one.born_on,
            "NHS number": one.nhs_number,
            "Was the NHS number checked?": "Traced and verified",
            "Usual address": one.address,
            "Postcode": "ZZ99 3CZ",
            "Usual GP": "Dr Anita Patel",
            "Main carer": "Has a main carer",
            "Main diagnosis": one.illness,
        }
        for question, answer in (who | consent).items():
            gp.answers(question, answer)
        gp.presses("Put on the register").sees("Put on the register.", one.shown).presses("Not now: show the record")
        assert gp.line == "No CPR decision recorded here"
        self._path = gp.path.partition("?")[0]
        return gp

    def joins(
        self, role: Role, name: str, organisation: Organisation | None = None, *, may_sign: bool = False
    ) -> Somebody:
        """Somebody to whom the person was referred opens the record from their own list."""
        at_work = self._site.employs(role, organisation, name=name, may_sign=may_sign)
        if organisation is None:
            self._is_referred_to(at_work)
        somebody = self._sits_down(at_work, with_axe=False).opens("/").signs_in().presses(self.person.shown)
        return somebody.says_why("The person has given permission now")

    def a_doctor_at_night_finds_the_card(self) -> Somebody:
        """By name and date of birth; the card is on the screen, and nothing of this visit was arranged before."""
        doctor = self._sits_down(self._site.employs(Role.OUT_OF_HOURS_GP, name="Dr Eleanor Whitcombe"))
        doctor.opens("/").signs_in().presses("Find a person", within="Menu")
        doctor.types("NHS number or name", self.person.family_name)
        doctor.types("Date of birth or age", format_date(self.person.born_on)).presses("Find")
        doctor.sees("1 person found").presses(self.person.shown)
        return doctor.says_why("Cannot ask; needed for their direct care")

    def _is_referred_to(self, actor: Actor) -> None:
        with writing() as session:
            begin_relationship(
                session,
                Concerned(
                    parse_id(self._path.rpartition("/")[2]),
                    actor.organisation_id,
                    "referral",
                    self._gp_at_work.clinician_id,
                ),
            )

    # --- What they do ---

    def opens_again(self, somebody: Somebody) -> Somebody:
        """The record as it is now."""
        return somebody.opens(self._path)

    def prints(self, nurse: Somebody, *, where: str = "To a professional or a service") -> Paper:
        """From the record to the sheet, for a colleague."""
        self.opens_again(nurse).presses("Print the handover sheet")
        nurse.types("Who is it for?", "L Hart, community nurse").chooses("Where does this copy go?", where)
        return prints(nurse)


def records(somebody: Somebody, section: str, answers: Answers) -> None:
    """One section of the plan, through its form."""
    _turns_to(somebody, section)
    _saves(somebody, section, answers)


def adds(somebody: Somebody, section: str, one: str, answers: Answers) -> None:
    """One line to a section that is a list."""
    _turns_to(somebody, section)
    somebody.presses(f"Add {one}")
    _saves(somebody, section, answers)


def to_day() -> str:
    """The day on which a story happens, as pages and paper say it."""
    return format_date(local_date(datetime.now(UTC)))


def _waits_out_midnight() -> None:
    """A story happens on one day: what was signed at two minutes to midnight would be read on the next."""
    while local_date(datetime.now(UTC) + LONGEST_STORY) != local_date(datetime.now(UTC)):
        time.sleep(1)


def signs(somebody: Somebody, answers: Answers) -> None:
    """The CPR decision."""
    somebody.presses("CPR decision: read, change, withdraw").presses("Sign a CPR decision")
    for question, answer in answers.items():
        somebody.answers(question, answer)
    somebody.presses("Sign").sees("Recorded: Sign a CPR decision.")


def _turns_to(somebody: Somebody, section: str) -> None:
    """From the record, where a section with something in it and a blank one are reached by other words."""
    is_blank = somebody.page.get_by_role("link", name=section, exact=True).count()
    somebody.presses(section if is_blank else f"Change {section}")


def _saves(somebody: Somebody, section: str, answers: Answers) -> None:
    for question, answer in answers.items():
        somebody.answers(question, answer)
    somebody.presses("Save").sees(f"{section}: saved.")
