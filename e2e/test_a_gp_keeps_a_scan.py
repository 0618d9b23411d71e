"""A GP keeps the scan of a signed form: first the wrong file, then the right one; a paramedic reads it."""

from __future__ import annotations

from pathlib import Path

from e2e.conftest import Site, SitsDown
from e2e.scenes import days_ago, on_the_register
from epaccs.clinicians.rules import OrganisationType, Role
from tests.factories import an_organisation
from tests.scans import files


def test_a_scan_is_refused_then_kept_then_read_by_a_crew(site: Site, sits_down: SitsDown) -> None:
    gp_at_work = site.employs(Role.GP, name="Dr Anita Patel")
    family_name = site.a_name()
    with days_ago(2):
        person = on_the_register(gp_at_work, family_name=family_name, born_on=site.a_birthday())
    gp = sits_down(gp_at_work).opens("/").signs_in().opens(f"/record/{person}").says_why()
    scan = files.a_pdf(pages=2)

    gp.presses("Scans of papers").presses("Keep a scan").sees(family_name.upper())
    gp.attaches("The scan", b"a letter, and no scan", name="scan.pdf").chooses("What is it?", "Signed CPR form")
    gp.types("Title", "Form of Tuesday").types("Where is the original?", "Hall drawer")
    gp.ticks("Name").ticks("Date of birth").presses("Keep the scan")

    problem = "This file is no PDF, JPEG or PNG, whatever its name says. Save the scan as one of these"
    gp.sees_problems(problem).finds_typed("Title", "Form of Tuesday").finds_typed(
        "Where is the original?", "Hall drawer"
    )

    gp.attaches("The scan", scan, name="scan.pdf").presses("Keep the scan").sees("The scan is kept.", "PDF, 2 pages")

    crew = sits_down(site.employs(Role.PARAMEDIC, an_organisation(type=OrganisationType.AMBULANCE))).opens("/")
    crew.signs_in().opens(f"/record/{person}").says_why().presses("Scans of papers").sees("Form of Tuesday")
    fetched = crew.fetches("Download the scan Form of Tuesday")
    assert fetched.suggested_filename.startswith("cpr-form-")
    assert Path(fetched.path()).read_bytes() == scan
