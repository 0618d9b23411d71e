"""A surgery types a plan from paper with its scan beside the form; a colleague compares it with the scan beside."""

from __future__ import annotations

from e2e.conftest import Site, SitsDown
from e2e.scenes import days_ago, on_the_register
from epaccs.clinicians.rules import Role
from tests.record.visits import organisation_of
from tests.scans import files
from tests.scans.papers import keep_a_paper


def test_a_paper_is_scanned_then_copied_then_compared_with_the_scan_beside(site: Site, sits_down: SitsDown) -> None:
    gp_at_work = site.employs(Role.GP, name="Dr Anita Patel")
    partner_at_work = site.employs(Role.GP, organisation_of(gp_at_work), name="Dr Ben Moss")
    family_name = site.a_name()
    with days_ago(2):
        person = on_the_register(gp_at_work, family_name=family_name, born_on=site.a_birthday())
        keep_a_paper(gp_at_work, person, picture=True, title="Photograph of the fridge door")

    gp = sits_down(gp_at_work).opens("/").signs_in().opens(f"/record/{person}").says_why()
    gp.presses("Scans of papers").presses("Keep a scan").attaches("The scan", files.a_pdf(pages=2), name="plan.pdf")
    gp.chooses("What is it?", "Advance statement, or the person's own words").types("Title", "Plan of Tuesday")
    gp.types("Where is the original?", "Hall drawer").ticks("Name").ticks("Date of birth").presses("Keep the scan")

    gp.presses("Copy from it Plan of Tuesday").sees(family_name.upper(), "Beside the form: Plan of Tuesday")
    gp.presses("Treatment level").sees_beside("Plan of Tuesday")
    gp.answers("Ceiling of treatment", "Treat at home first").presses("Save")
    gp.sees("Treatment level: saved.", "Copied, not yet checked", "Beside the form: Plan of Tuesday")

    gp.unfolds("Another paper, or none").presses("Photograph of the fridge door")
    gp.presses("If something happens").sees_beside("Photograph of the fridge door").presses("Add plan")
    gp.sees_beside("Photograph of the fridge door").presses("Save").sees_beside("Photograph of the fridge door")
    gp.types("If this happens", "A fall").types("Do this", "Ring the nurses").presses("Save")
    gp.sees("A fall", "You copied it yourself: a colleague compares it")

    partner = sits_down(partner_at_work).opens("/").signs_in().opens("/")
    partner.presses("Copied from paper, to be checked").sees(family_name.upper())
    partner.presses("Open the record and say why").says_why().sees("Transcribed from paper, not yet checked")
    partner.opens("/").presses("Copied from paper, to be checked").presses("Compare with the paper: Treatment level")
    partner.presses("Plan of Tuesday").sees_beside("Plan of Tuesday").presses("I compared it with the paper")

    partner.presses("Compare with the paper: If something happens").sees_beside("Plan of Tuesday")
    partner.unfolds("Another paper, or none").presses("Photograph of the fridge door")
    partner.sees_beside("Photograph of the fridge door").presses("I compared it with the paper")
    partner.sees("Nothing that others copied from paper waits")
    partner.opens(f"/record/{person}").sees_nothing_of("not yet checked")
