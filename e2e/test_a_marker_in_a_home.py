"""A practice prints a marker for a fridge: a crew is led to the record, a neighbour to nothing."""

from __future__ import annotations

from urllib.parse import urlsplit

from e2e.conftest import Site, SitsDown
from e2e.paper import prints
from e2e.scenes import days_ago, decided, on_the_register
from epaccs.clinicians.rules import OrganisationType, Role
from tests.factories import an_organisation

STRANGER = "This code is for health and care staff"
NOTHING = "No record that you may open has this code"


def test_a_crew_follows_a_marker_to_the_record_and_a_neighbour_learns_nothing(site: Site, sits_down: SitsDown) -> None:
    name = site.a_name()
    with days_ago(3):
        gp_at_work = site.employs(Role.GP, name="Dr Anita Patel", may_sign=True)
        entry_id = on_the_register(gp_at_work, family_name=name, born_on=site.a_birthday())
        decided(gp_at_work, entry_id)
    trust = an_organisation(type=OrganisationType.AMBULANCE)
    crew_at_work = site.employs(Role.PARAMEDIC, trust, name="Lee Hart")

    # given a GP who prints a marker for the person's fridge
    gp = sits_down(gp_at_work).opens(f"/record/{entry_id}").signs_in().says_why()
    gp.presses("Print a marker for the home").sees("It holds no decision.", "not who lies there")
    gp.types("Where will it hang?", "Fridge door")
    gp.ticks("The person, or whoever decides for them, wants it to hang there")
    marker = prints(gp, "Print the marker")

    # then there is one page, with the same code twice, and nothing of the person or of what it leads to
    assert len(marker.pages) == 1
    assert len(marker.codes) == 2
    [code] = set(marker.codes)
    assert code.startswith(f"{site.address}/m/")
    assert marker.smallest_letter > 10.99
    marker.says_nothing_of(name, name.upper(), "CPR", "palliative", "end of life", "Fridge")

    # when a neighbour scans it, or makes a code up
    neighbour = sits_down(crew_at_work)
    neighbour.opens(code)

    # then they are told one thing, whatever the code
    told = neighbour.text
    neighbour.sees(STRANGER, "Sign in to use it.").sees_nothing_of(name, "EPaCCS", "end of life")
    assert neighbour.opens("/m/22222-22222").text == told

    # when a crew scans it and signs in
    crew = sits_down(crew_at_work).opens(code).sees(STRANGER).presses("Sign in").signs_in()

    # then they come to who it is and why, and past that to the card
    crew.sees(name.upper(), "Why are you opening this record?").sees_nothing_of("Not for CPR")
    crew.presses("Emergency: open now")
    assert crew.line == "Not for CPR"

    # and the same by typing it, in small letters and without its dash
    typed = urlsplit(code).path.removeprefix("/m/").replace("-", "").lower()
    crew.opens("/m").types("Code", typed).presses("Go to the record").sees(name.upper())
    crew.opens("/m").types("Code", "2222222222").presses("Go to the record").sees(NOTHING)

    # when the practice hears that it is lost
    number = urlsplit(code).path.removeprefix("/m/")
    gp.opens(f"/record/{entry_id}/marker").sees(number, "Fridge door", "In use").presses(f"Lost marker {number}")
    gp.sees("Noted: this marker leads nowhere any more.")

    # then it leads the crew nowhere, and search still does
    crew.opens(urlsplit(code).path).sees(NOTHING, "Search for the person by name.")
    crew.opens(f"/record/{entry_id}")
    assert crew.line == "Not for CPR"
