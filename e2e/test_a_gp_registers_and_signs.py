"""A GP puts a person on the register and signs a CPR decision; what is missing is said, and nothing typed is lost."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from e2e.conftest import Site, SitsDown
from epaccs.clinicians.rules import OrganisationType, Role
from epaccs.core.fields import local_date
from tests.factories import an_identity, an_organisation

NOW = datetime.now(UTC)
TODAY = local_date(NOW)


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
def test_a_gp_registers_a_person_and_signs_a_cpr_decision(site: Site, sits_down: SitsDown, scripts: bool) -> None:
    name, born = site.a_name(), site.a_birthday()
    practice = an_organisation(type=OrganisationType.GP_PRACTICE)
    gp = sits_down(site.employs(Role.GP, practice, name="Dr Anita Patel", may_sign=True), scripts=scripts)
    nhs_number = an_identity(practice)["nhs_number"]

    # given a GP who has signed in
    gp.opens("/").signs_in().sees("Dr Anita Patel")

    # when she sends the form with one thing in it
    gp.presses("Put a person on the register")
    gp.types("Family name", name)
    gp.presses("Put on the register")

    # then each thing that is missing is said, and what she typed is there
    gp.sees_problems(
        "Enter the first name",
        "Enter the date of birth",
        "Enter the usual address",
        "Enter the usual GP",
        "Choose the main carer",
        "Enter the main diagnosis",
        "Choose what was decided about being on the register",
        "Choose what was decided about sharing",
    )
    gp.finds_typed("Family name", name)

    # when she gives what was missing, and mistypes the NHS number
    gp.follows_the_problem("Enter the first name").types("First name", "Grace")
    gp.types_date("Date of birth", born)
    gp.types("NHS number", "999 000 0011")
    gp.picks("Was the NHS number checked?", "Traced and verified")
    gp.types("Usual address", "12 Canal Row").types("Postcode", "ls1 4ap").types("Usual GP", "Dr Anita Patel")
    gp.chooses("Main carer", "Has a main carer")
    gp.types("Main diagnosis", "Heart failure")
    gp.chooses("To be on the register", "The person agreed")
    gp.types("Who decided?", "The person").types_date("When was it decided?", TODAY)
    gp.chooses("To share with the services that care for them", "The person agreed")
    gp.types("Who decided about sharing?", "The person").types_date("When was sharing decided?", TODAY)
    gp.presses("Put on the register")

    # then only the number is refused, and the rest stands as typed
    gp.sees_problems(
        "Check the NHS number against a letter or card: its digits do not fit together, so one is mistyped"
    )
    gp.finds_typed("NHS number", "999 000 0011").finds_typed("Usual address", "12 Canal Row")

    # when she reads it again
    gp.types("NHS number", nhs_number).presses("Put on the register")

    # then the person is on the register, and she is asked what a crew needs first
    gp.sees("Put on the register.", f"{name.upper()}, Grace", "The least that helps tonight")

    # when she has no time for it
    gp.presses("Not now: show the record")

    # then what nobody decided does not look decided
    gp.sees(f"{name.upper()}, Grace", "LS1 4AP")
    assert gp.line == "No CPR decision recorded here"

    # when she asks to sign and says nothing
    gp.presses("CPR decision: read, change, withdraw").presses("Sign a CPR decision").presses("Sign")

    # then every fact that a decision needs is asked for
    gp.sees_problems(
        "Choose what is recommended",
        "Enter the date and time the decision was made",
        "Choose the reason for the decision",
        "Say whether the person has capacity for this decision",
        "Enter the date and time capacity for this decision was assessed",
        "Say that the person is aware of the decision, or why they have not been told",
        "Enter the review date, or why no review is needed",
        "Enter where the signed original is now",
    )

    # when she gives them
    gp.chooses("What is recommended?", "Not for CPR")
    gp.types_moment("When was it decided?", NOW - timedelta(hours=1))
    gp.chooses("Why?", "CPR would not work")
    gp.chooses("Does the person have capacity for this decision?", "Yes")
    gp.types_moment("When was capacity assessed?", NOW - timedelta(hours=1))
    gp.chooses("With capacity: was the person involved?", "Yes")
    gp.ticks("The person", within="Who knows of the decision?").ticks("Family", within="Who knows of the decision?")
    gp.types_date("Review date", TODAY + timedelta(days=90))
    gp.types("Where is the signed original now?", "Hall drawer, yellow folder")
    gp.presses("Sign")

    # then the card says so, with who, when and where the signed form is
    gp.sees("Recorded: Sign a CPR decision.", "Dr Anita Patel", "Hall drawer, yellow folder")
    assert gp.line == "Not for CPR"
