"""Somebody without the register rings at night: a crew hears the card and repeats it, a daughter hears nothing."""

from __future__ import annotations

from e2e.conftest import Site, SitsDown
from e2e.scenes import days_ago, fully_recorded, on_the_register
from epaccs.clinicians.rules import Role
from epaccs.core.fields import format_date


def test_a_crew_hears_the_card_and_a_daughter_does_not(site: Site, sits_down: SitsDown) -> None:
    name, born = site.a_name(), site.a_birthday()
    with days_ago(3):
        gp = site.employs(Role.GP, name="Dr Anita Patel", may_sign=True)
        fully_recorded(gp, on_the_register(gp, family_name=name, born_on=born))
    handler = sits_down(site.employs(Role.CALL_HANDLER, name="Joe May"))

    # given a call handler who has found the person of whom a crew speaks
    handler.opens("/").signs_in().presses("Find a person", within="Menu")
    handler.types("NHS number or name", name).types("Date of birth or age", format_date(born)).presses("Find")
    handler.presses(f"{name.upper()}, Grace (Mrs)").says_why()
    handler.sees("Read aloud as it stands, once you know the caller")

    # when he says who rings, and forgets how he knows
    handler.presses("Read it aloud to a caller")
    handler.chooses("Who is ringing?", "An ambulance crew, or another service at the bedside").presses(
        "Show what to say"
    )

    # then he is asked before anything is there to be read
    handler.sees_problems("Choose how you know that the caller is who they say").sees_nothing_of("Not for CPR")

    # when he says it, and what the crew told him of the person
    handler.chooses("How do you know?", "They ring on their service's own line or radio, and the job is known")
    handler.ticks("Name", within="What did they say of the person, and it fits?")
    handler.ticks("Date of birth", within="What did they say of the person, and it fits?")
    handler.presses("Show what to say")

    # then he reads sentences, the line about CPR first, and has it repeated before the rest
    handler.sees("About CPR: Not for CPR", "Please repeat the line about CPR to me.", "Is the signed form with you")
    assert handler.text.index("Please repeat the line") < handler.text.index("Syringe driver in use")
    assert "4711" not in handler.text

    # when the crew has repeated it
    handler.presses("They repeated it rightly: end the call")

    # then the call is written down, with its length
    handler.sees("The call took", "and is written down.")

    # when the daughter rings
    handler.presses("Read it aloud to a caller")
    handler.chooses("Who is ringing?", "A relative, a friend, a neighbour, or the person").presses("Show what to say")

    # then there is nothing of the record to be read, and she is not left without help
    handler.sees("I cannot tell anybody what is in a record, or whether there is one.", "stay on the line")
    handler.sees_nothing_of("Not for CPR", "Syringe driver").presses("End the call")

    # and both calls stand where the person and the privacy officer read them
    handler.presses("Who has looked").sees("read the emergency card to a crew", "it rightly", "and read nothing")
