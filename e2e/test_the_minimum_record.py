"""A GP puts down the least that helps in a night, in three minutes: pages, questions and keys are counted."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from e2e.conftest import Site, SitsDown
from epaccs.clinicians.rules import OrganisationType, Role
from epaccs.core.fields import local_date
from tests.factories import an_identity, an_organisation

TODAY = local_date(datetime.now(UTC))

MOST_PAGES, MOST_QUESTIONS, MOST_KEYS = 3, 20, 250


def test_the_least_that_helps_in_a_night_is_put_down_in_three_minutes(
    site: Site, sits_down: SitsDown, capsys: pytest.CaptureFixture[str]
) -> None:
    name, born = site.a_name(), site.a_birthday()
    practice = an_organisation(type=OrganisationType.GP_PRACTICE)
    gp = sits_down(site.employs(Role.GP, practice, name="Dr Anita Patel"))
    nhs_number = an_identity(practice)["nhs_number"]

    # given a GP at her first page, and nothing known of the person; the code of her own practice stands in its box
    gp.opens("/").signs_in().starts_counting()

    # when she puts somebody on the register with what the standard demands
    gp.skips_to_content().presses("Put a person on the register").skips_to_content()
    gp.types("Family name", name).types("First name", "Grace").types_date("Date of birth", born)
    gp.types("NHS number", nhs_number).picks("Was the NHS number checked?", "Traced and verified", keys="T")
    gp.types("Usual address", "12 Canal Row").types("Postcode", "ls14ap").types("Usual GP", "Dr Patel")
    gp.chooses("Main carer", "Has a main carer").types("Main diagnosis", "Heart failure")
    gp.chooses("To be on the register", "The person agreed")
    gp.types("Who decided?", "The person").types_date("When was it decided?", TODAY)
    gp.ticks("Sharing was agreed too, by the same person on the same day").sends()

    # then the few questions that help most in a night are the next page, and nothing looks answered
    assert gp.heading == "The least that helps tonight"
    gp.sees("Put on the register.", f"{name.upper()}, Grace")

    # when she answers them
    gp.skips_to_content().chooses("Who is it?", "Family, friend or carer")
    gp.types("Name", "Ada Obi").types("Telephone number", "07700900321")
    gp.chooses("Ceiling of treatment", "Treat at home first")
    gp.chooses("Allergies", "No known allergies")
    gp.chooses("Gold Standards Framework stage", "B (green): months").sends()

    # then the card shows them to whoever comes, and what nobody decided does not look decided
    gp.sees("Saved: the card shows it now.", f"{name.upper()}, Grace", "12 Canal Row, LS1 4AP", "Heart failure")
    gp.sees("Treat at home first", "No known allergies", "Ada Obi", "07700 900 321")
    assert gp.line == "No CPR decision recorded here"

    # and it was within what a surgery has time for
    with capsys.disabled():
        print(f"\nminimum record: {gp.pages} pages, {len(gp.answered)} questions, {gp.strikes} keys")
    assert gp.pages <= MOST_PAGES
    assert len(gp.answered) <= MOST_QUESTIONS, gp.answered
    assert gp.strikes <= MOST_KEYS
