"""Two clinicians change one decision at once: nothing is lost, neither side is current, and a person settles it."""

from __future__ import annotations

from e2e.conftest import Site, SitsDown
from e2e.scenes import days_ago, on_the_register
from e2e.steps import Somebody
from epaccs.clinicians.rules import OrganisationType, Role
from tests.factories import an_organisation


def begins_a_decision(somebody: Somebody) -> None:
    """Up to the form, which is made on what stands then."""
    somebody.presses("CPR decision: read, change, withdraw").presses("Sign a CPR decision")


def test_two_clinicians_change_one_decision_at_once(site: Site, sits_down: SitsDown) -> None:
    name, born = site.a_name(), site.a_birthday()
    with days_ago(3):
        gp_at_work = site.employs(Role.GP, name="Dr Anita Patel", may_sign=True)
        entry_id = on_the_register(gp_at_work, family_name=name, born_on=born)
        service = an_organisation(type=OrganisationType.OUT_OF_HOURS, name=f"Night Service for {name}")
        doctor_at_work = site.employs(Role.OUT_OF_HOURS_GP, service, name="Dr Rashid Noor", may_sign=True)
    gp, doctor = sits_down(gp_at_work), sits_down(doctor_at_work)

    # given two clinicians who have the same empty record before them, each in a browser of their own
    for somebody in (gp, doctor):
        somebody.opens("/").signs_in()
        somebody.opens(f"/record/{entry_id}").says_why()
        assert somebody.line == "No CPR decision recorded here"
        begins_a_decision(somebody)

    # when both sign, each without having seen the other
    gp.decides("Not for CPR", "CPR would not work")
    doctor.decides("CPR recommended", "The person wants CPR")
    gp.presses("Sign")
    assert gp.line == "Not for CPR"
    doctor.presses("Sign")

    # then the second is held, and the page shows both sides with who and when
    assert doctor.heading == "CPR decision: which side stands?"
    doctor.sees("Last confirmed", "Not for CPR", "Dr Anita Patel", "Dr Rashid Noor, out-of-hours GP", "CPR recommended")

    # and for everybody neither side is current
    gp.opens(f"/record/{entry_id}")
    assert gp.line == "CPR decision in doubt"
    gp.sees_at_once("CPR decision in doubt").sees("Dr Rashid Noor")

    # when the GP's first page says that it waits, and she opens it
    gp.opens("/").sees("Two changes disagree. Settle which stands")
    gp.opens(f"/record/{entry_id}").presses("CPR decision: read, change, withdraw")
    gp.sees("Dr Rashid Noor, out-of-hours GP", "The decision last confirmed").sees_nothing_of("The decision in force")
    gp.presses("See both sides").presses("Settle the dispute")

    # then settling without saying which and why is refused
    gp.sees_problems("Choose which side stands", "Say why this side stands")

    # when she has rung the doctor and says which side stands
    gp.chooses("Which side stands?", f"The change by Dr Rashid Noor, out-of-hours GP, Night Service for {name} stands")
    gp.types("Why does it stand?", "Rang Dr Noor: she said so to him with capacity")
    gp.presses("Settle the dispute")

    # then the doctor's decision stands in his name, for both, and what was replaced is in the history
    assert gp.line == "CPR recommended"
    doctor.opens(f"/record/{entry_id}")
    assert doctor.line == "CPR recommended"
    doctor.sees("Dr Rashid Noor")
    doctor.presses("CPR decision: read, change, withdraw").sees("a disagreement is settled".capitalize())
