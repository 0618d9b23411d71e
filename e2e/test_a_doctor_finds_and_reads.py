"""A doctor at night finds a person and reads the decision, a crew does in an emergency, an officer sees who looked."""

from __future__ import annotations

import pytest

from e2e.conftest import Site, SitsDown
from e2e.scenes import days_ago, decided, on_the_register
from epaccs.clinicians.rules import OrganisationType, Role
from epaccs.core.fields import format_date, local_date
from tests.factories import an_organisation


def misspelt(name: str) -> str:
    """As somebody hears it: two letters change places."""
    return name[:3] + name[4] + name[3] + name[5:]


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
def test_a_doctor_and_a_crew_find_a_person_and_an_officer_sees_it(
    site: Site, sits_down: SitsDown, scripts: bool
) -> None:
    name, born = site.a_name(), site.a_birthday()
    trust = an_organisation(type=OrganisationType.AMBULANCE)
    with days_ago(3):
        gp = site.employs(Role.GP, name="Dr Anita Patel", may_sign=True)
        decided_at = decided(gp, on_the_register(gp, family_name=name, born_on=born))
    doctor = sits_down(site.employs(Role.OUT_OF_HOURS_GP, name="Dr Eleanor Whitcombe"), scripts=scripts)
    paramedic = sits_down(site.employs(Role.PARAMEDIC, trust, name="Lee Hart"), scripts=scripts)
    officer = sits_down(site.employs(Role.PRIVACY_OFFICER, trust, name="Mary Shaw"), scripts=scripts)
    found = f"{name.upper()}, Grace (Mrs)"

    # given a doctor at night who heard the name over the telephone
    doctor.opens("/").signs_in().presses("Find a person", within="Menu")

    # when he types it as he heard it, with the date of birth
    doctor.types("NHS number or name", misspelt(name)).types("Date of birth or age", format_date(born))
    doctor.presses("Find")

    # then the person is found, with enough to choose by
    doctor.sees("1 person found", found, format_date(born), "Made-up Street")
    assert doctor.heading == "1 person found"

    # when he opens the record without saying why
    doctor.presses(found).presses("Open the record")

    # then he is asked
    doctor.sees_problems("Choose why you are opening this record, or open it in an emergency")

    # when he says why, and what he compared
    doctor.says_why("Cannot ask; needed for their direct care")

    # then the decision stands on the first screen, with who, when, and the age of what he reads
    assert doctor.line == "Not for CPR"
    doctor.sees_at_once("Not for CPR").sees_at_once("This copy:")
    doctor.sees_at_once(f"Decided {format_date(local_date(decided_at))}").sees("Dr Anita Patel")
    doctor.sees("This copy left the register less than a minute ago.")

    # given a crew on the way
    paramedic.opens("/").signs_in().presses("Find a person", within="Menu")
    paramedic.types("NHS number or name", name).types("Date of birth or age", format_date(born)).presses("Find")

    # when a paramedic opens it in an emergency
    paramedic.starts_counting().presses(found).presses("Emergency: open now")

    # then two presses after the result the line is there, and that nobody was compared stays on the card
    assert paramedic.presses_since == 2
    assert paramedic.line == "Not for CPR"
    paramedic.sees_at_once("Not for CPR").sees("Identity not checked")

    # when she found a number that nobody answers, one press more says so
    paramedic.starts_counting().presses("Something is wrong (asks the practice to look)")

    # then the practice is asked to look, and the card says it until somebody has
    assert paramedic.presses_since == 1
    paramedic.sees("The practice and the key worker are asked to look", "Said to be wrong, not settled:")
    assert paramedic.line == "Not for CPR"

    # and who has looked is open to whoever reads
    paramedic.presses("Who has looked")
    paramedic.sees("Dr Eleanor Whitcombe", "Cannot ask; needed for their direct care")
    paramedic.sees("Lee Hart", "Opened the record in an emergency")

    # when the trust's privacy officer looks
    officer.opens("/").signs_in().presses("Access to be reviewed")

    # then she sees who opened what, and decides; a finding against somebody says why
    officer.sees("Lee Hart, paramedic", f"Opened {name.upper()}, Grace", "Could not compare identifiers.")
    officer.presses("Decide").presses("Record your finding").sees_problems("Choose what you found")
    officer.chooses("What did you find?", "To follow up").presses("Record your finding")
    officer.sees_problems("Say what is to be followed up")
    officer.types("Note", "Ask the crew why no identifier was compared").presses("Record your finding")
    officer.sees("Recorded.", "To follow up").sees_nothing_of("Decide")
