"""Six people who are ill with different things, each from the first entry to the sheet in a nurse's hand."""

from __future__ import annotations

from datetime import timedelta

import pytest

from e2e.conftest import Site, SitsDown
from e2e.stories import (
    ABOUT_CPR_ONLY,
    AN_HOUR_AGO,
    CHECKED_ON,
    DECIDED_ON,
    IN_THREE_MONTHS,
    MADE_WITH_THE_PERSON,
    NIGHT_NURSES,
    TODAY,
    Story,
    adds,
    records,
    signs,
    to_day,
)
from epaccs.clinicians.rules import OrganisationType, Role
from tests.factories import an_organisation

A_YEAR_AGO, TWO_YEARS_AGO = TODAY - timedelta(days=365), TODAY - timedelta(days=730)


@pytest.mark.only_on("telephone-sqlite")
def test_cancer_at_home(site: Site, sits_down: SitsDown) -> None:
    story = Story(site, sits_down, ("Exampleby", "Ada", "Mrs"), address="1 Made-up Street", ill="Cancer of the bowel")

    # given a woman who wants to die at home, and what is in her fridge for that
    gp = story.a_gp_registers()
    records(
        gp, "Diagnosis and prognosis", {"Likely prognosis": "Weeks", "Does the person know how ill they are?": "Yes"}
    )
    records(
        gp,
        "Treatment level",
        {
            "Ceiling of treatment": "Treat at home first",
            "What care aims at": "Comfort comes first",
            "Particular treatments": "Antibiotics by mouth only. No drip",
        },
    )
    records(
        gp,
        "Medicines in the home",
        {
            "Anticipatory medicines": "In the home",
            "Where are they in the home?": "Fridge door, blue bag",
            "Where is the authorisation chart?": "With them",
            "Date last checked": TODAY,
        },
    )
    records(gp, "Allergies", {"Allergies": "Known allergies, listed below"})
    adds(gp, "Allergies", "allergy", {"What is the person allergic to?": "Codeine", "What happens?": "Rash"})
    adds(
        gp,
        "If something happens",
        "plan",
        {"If this happens": "She bleeds", "Do this": "Stay with her, dark towels, midazolam from the blue bag"},
    )
    records(
        gp,
        "Preferred places",
        {
            "Preferred place of care": "Home",
            "Preferred place of death, first choice": "Home",
            "Preferred place of death, second choice": "Hospice",
        },
    )
    adds(gp, "People and contacts", "contact", NIGHT_NURSES)

    # when the decision is signed, and a nurse starts a syringe driver
    signs(
        gp,
        MADE_WITH_THE_PERSON
        | {
            "What is recommended?": "Not for CPR",
            "Why?": "CPR would not work",
            "Where is the signed original now?": "Hall drawer, yellow folder",
        },
    )
    nurse = story.joins(Role.COMMUNITY_NURSE, "Tom Reid")
    records(nurse, "Medicines in the home", {"Is a syringe driver in use?": "Yes"})

    # then a doctor at night reads what she must do and must not, in the order in which she needs it
    decisive = (
        "Not for CPR",
        f"Signed {to_day()}, Dr Anita Patel",
        ABOUT_CPR_ONLY,
        "Signed form: Hall drawer, yellow folder.",
        "Treat at home first. Comfort comes first. Antibiotics by mouth only. No drip.",
    )
    doctor = story.a_doctor_at_night_finds_the_card().sees_at_once("Not for CPR")
    doctor.sees_in_order(
        "Emergency card",
        story.person.shown,
        *decisive,
        "Codeine: Rash",
        f"In the home: Fridge door, blue bag. Chart: With them. Checked {CHECKED_ON}.",
        "Syringe driver in use",
        "She bleeds: Stay with her, dark towels, midazolam from the blue bag.",
        "Of death: Home, else Hospice.",
        "Cancer of the bowel. Likely prognosis: Weeks.",
        "Northdale night nurses",
        "01632 960 777",
    )

    # and a hospice nurse holds the same on one page
    sheet = story.prints(story.joins(Role.HOSPICE_NURSE, "Bernadette Kelly"))
    sheet.says_in_order(
        story.person.shown,
        *decisive,
        "Codeine (Rash)",
        "Medicines for symptoms: In the home. Where: Fridge door, blue bag.",
        "Syringe driver in use",
        "She bleeds: Stay with her",
        "Of death: Home, else Hospice.",
        "Northdale night nurses 01632 960 777",
        "Signed original: Hall drawer, yellow folder.",
    )
    sheet.has_its_card_on_one_page()
    sheet.says_nothing_of("CPR recommended", "In dispute")


@pytest.mark.only_on("desk-postgresql")
def test_heart_failure_with_a_defibrillator(site: Site, sits_down: SitsDown) -> None:
    story = Story(site, sits_down, ("Inventwick", "Bernard", "Mr"), address="2 Made-up Street", ill="Heart failure")

    # given a man whose defibrillator would shock him while he dies
    gp = story.a_gp_registers()
    records(
        gp,
        "Alerts and access",
        {
            "Implanted defibrillator (ICD)": "Active",
            "Oxygen at home?": "Yes",
            "Where is the key safe?": "Left of the front door",
            "Key safe code": "4711",
        },
    )
    records(
        gp,
        "Treatment level",
        {
            "Ceiling of treatment": "Hospital ward treatment, no intensive care",
            "What care aims at": "Balance extending life with comfort",
        },
    )
    records(gp, "Allergies", {"Allergies": "No known allergies"})
    adds(
        gp,
        "People and contacts",
        "contact",
        {
            "Who is it?": "Family, friend or carer",
            "Name": "Maud Inventwick",
            "Relationship or job": "Wife",
            "Telephone number": "07700 900456",
        },
    )
    signs(
        gp,
        MADE_WITH_THE_PERSON
        | {
            "What is recommended?": "Not for CPR",
            "Why?": "The person, with capacity, refuses CPR",
            "Where is the signed original now?": "On the fridge",
        },
    )
    nurse = story.joins(Role.COMMUNITY_NURSE, "Tom Reid")
    nurse.sees("ICD active")

    # when the nurse records that its shocks were switched off
    records(nurse, "Alerts and access", {"Implanted defibrillator (ICD)": "Shock function switched off"})

    # then nobody reads that it is active, and that it is off does not take the treatment away
    decisive = (
        "Not for CPR",
        ABOUT_CPR_ONLY,
        "Signed form: On the fridge.",
        "Hospital ward treatment, no intensive care. Balance extending life with comfort.",
    )
    doctor = (
        story.a_doctor_at_night_finds_the_card().sees_at_once("Not for CPR").sees_at_once("ICD shocks switched off")
    )
    doctor.sees_in_order(
        "Emergency card",
        story.person.shown,
        *decisive,
        "ICD shocks switched off",
        "Home oxygen",
        "No known allergies",
        "Key safe: Left of the front door.",
        "Heart failure.",
        "Maud Inventwick",
        "07700 900 456",
    )
    doctor.sees_nothing_of("ICD active", "4711")

    # and the sheet says the same, without the code of the key safe
    sheet = story.prints(story.joins(Role.HOSPICE_NURSE, "Bernadette Kelly"))
    sheet.says_in_order(
        story.person.shown,
        *decisive,
        "ICD shocks switched off Home oxygen",
        "No known allergies",
        "Key safe: Left of the front door. Its code is never printed",
        "Maud Inventwick 07700 900 456 Wife",
    )
    sheet.has_its_card_on_one_page()
    sheet.says_nothing_of("ICD active", "4711", "CPR recommended")


@pytest.mark.only_on("telephone-sqlite")
def test_dementia_in_a_care_home_without_capacity(site: Site, sits_down: SitsDown) -> None:
    story = Story(site, sits_down, ("Pretendwell", "Clara", "Miss"), address="Made-up Lodge", ill="Dementia")
    home = an_organisation(type=OrganisationType.CARE_HOME, name="Made-up Lodge")

    # given a woman for whom others decide what is best, with her niece
    gp = story.a_gp_registers(
        {
            "To be on the register": "Lacks capacity: decided in their best interests",
            "Who decided?": "Dr Anita Patel",
            "When was it decided?": TODAY,
            "On what basis?": "Her niece was asked",
            "To share with the services that care for them": "Lacks capacity: decided in their best interests",
            "Who decided about sharing?": "Dr Anita Patel",
            "When was sharing decided?": TODAY,
            "On what basis is it shared?": "Her niece was asked",
            "Care home, if they live in one (ODS code)": home.ods_code,
        }
    )
    adds(
        gp,
        "Capacity, decision by decision",
        "assessment",
        {
            "Which decision is it about?": "CPR and treatment in hospital",
            "What was found?": "Lacks capacity for this decision",
            "Date assessed": TODAY,
            "Who assessed it?": "Dr Anita Patel, GP",
            "Which impairment, and what the person could not do": "Dementia: cannot keep in mind what was said",
            "What was decided in the person's best interests, and with whom": "Care where she knows the faces",
        },
    )
    records(
        gp,
        "Treatment level",
        {"Ceiling of treatment": "Treat at home first", "Particular treatments": "Hospital for a broken bone only"},
    )
    records(
        gp,
        "Preferred places",
        {
            "Preferred place of care": "Usual place of residence",
            "Preferred place of death, first choice": "Unable to say",
        },
    )
    adds(
        gp,
        "People and contacts",
        "contact",
        {
            "Who is it?": "Family, friend or carer",
            "Name": "Nell Pretendwell",
            "Relationship or job": "Niece",
            "Telephone number": "07700 900789",
        },
    )
    signs(
        gp,
        {
            "What is recommended?": "Not for CPR",
            "When was it decided?": AN_HOUR_AGO,
            "Why?": "The burden of CPR would outweigh its benefit",
            "Does the person have capacity for this decision?": "No",
            "When was capacity assessed?": AN_HOUR_AGO,
            "Name of person 1": "Nell Pretendwell",
            "Who is person 1?": "Close to the person",
            "Relationship of person 1": "Niece",
            "Was person 1 consulted?": "Yes",
            "Who knows of the decision?": ["Family", "Carer"],
            "If the person has not been told, why?": "She could not keep it in mind, and was frightened each time",
            "Review date": IN_THREE_MONTHS,
            "Where is the signed original now?": "Office of the home, red folder",
        },
    )

    # when the nurse of her home adds what calms her, and that she cannot say where it hurts
    nurse = story.joins(Role.CARE_HOME_NURSE, "Joy Adeyemi", home)
    records(
        nurse, "What matters to me", {"What is most important to me": "My blue blanket and quiet. Do not take me away"}
    )
    records(
        nurse,
        "Communication and individual requirements",
        {"Disability": ["Difficulty communicating", "Impaired cognition"]},
    )

    # then a doctor at night reads that she was not told before anything that she could say aloud
    decisive = (
        "Not for CPR",
        ABOUT_CPR_ONLY,
        "Person has NOT been told",
        "Aware: family, carer.",
        "Signed form: Office of the home, red folder.",
        "Treat at home first. Hospital for a broken bone only.",
    )
    doctor = story.a_doctor_at_night_finds_the_card().sees_at_once("Not for CPR")
    doctor.sees_in_order(
        "Emergency card",
        story.person.shown,
        *decisive,
        "My blue blanket and quiet. Do not take me away.",
        "Difficulty communicating. Impaired cognition.",
        "Of care: Usual place of residence. Of death: Unable to say. Lives in Made-up Lodge.",
        "Nell Pretendwell",
    )
    doctor.sees("Lacks capacity for this decision")

    # and a sheet does not go to where she lives without somebody saying why
    kelly = story.joins(Role.HOSPICE_NURSE, "Bernadette Kelly")
    story.opens_again(kelly).presses("Print the handover sheet").types("Who is it for?", "Her room")
    kelly.chooses("Where does this copy go?", "To the person, or where they live").presses("Print the sheet")
    kelly.sees_problems(
        "The person has NOT been told of the decision. Tell them first, or say why this sheet must go there now"
    )

    # but to a professional it does
    sheet = story.prints(kelly)
    sheet.says_in_order(
        story.person.shown,
        *decisive,
        "What matters to me: My blue blanket and quiet. Do not take me away",
        "Of death: Unable to say. Lives in Made-up Lodge.",
        "Nell Pretendwell 07700 900 789 Niece",
    )
    sheet.has_its_card_on_one_page()
    sheet.says_nothing_of("Aware: the person", "CPR recommended")


@pytest.mark.only_on("desk-postgresql")
def test_motor_neurone_disease_with_an_advance_decision_and_an_attorney(site: Site, sits_down: SitsDown) -> None:
    story = Story(
        site, sits_down, ("Fictionham", "Daniel", "Mr"), address="4 Made-up Street", ill="Motor neurone disease"
    )

    # given a man who wrote down what he refuses, and named his sister
    gp = story.a_gp_registers()
    adds(
        gp,
        "Advance decisions and attorneys",
        "advance decision, attorney or deputy",
        {
            "What is it?": "Attorney for health and welfare (LPA)",
            "Name of the attorney or deputy": "Ruth Fictionham",
            "Telephone of the attorney or deputy": "07700 900654",
            "Date made": TWO_YEARS_AGO,
            "May the attorney decide on life-sustaining treatment?": "Yes",
            "Is it registered?": "Yes",
            "Who saw the document?": "Dr Anita Patel",
        },
    )
    adds(
        gp,
        "Advance decisions and attorneys",
        "advance decision, attorney or deputy",
        {
            "What is it?": "Advance decision to refuse treatment (ADRT)",
            "What is refused or wished, in the person's words": "No CPR. No ventilation, by mask or by tube",
            "Does it refuse CPR?": "Yes",
            "Does it refuse life-sustaining treatment?": "Yes",
            "Date made": A_YEAR_AGO,
            "Is it written?": "Yes",
            "Is it signed by the person, or for them in their presence?": "Yes",
            "Was the signature made or acknowledged before a witness?": "Yes",
            "Does it say that it applies even if life is at risk?": "Yes",
            "Was the person 18 or over when they made it?": "Yes",
            "Did they have capacity when they made it?": "Yes",
            "Who saw the document?": "Dr Anita Patel",
            "Date the document was seen": TODAY,
            "Where is it kept?": "Green folder by the bed",
        },
    )

    # then the refusal alone stands where the decision would
    assert gp.line == "Advance decision refuses CPR - read it now"
    gp.sees("It is here: Green folder by the bed.")

    # when the decision is signed on it, the rest is written, and a nurse adds how he speaks
    records(
        gp,
        "Treatment level",
        {"Ceiling of treatment": "Hospital for comfort only", "Particular treatments": "No ventilation mask"},
    )
    adds(gp, "People and contacts", "contact", NIGHT_NURSES)
    signs(
        gp,
        MADE_WITH_THE_PERSON
        | {
            "What is recommended?": "Not for CPR",
            "Why?": "A valid and applicable advance decision refuses CPR",
            "Where is the signed original now?": "Green folder by the bed",
        },
    )
    nurse = story.joins(Role.COMMUNITY_NURSE, "Tom Reid")
    records(
        nurse,
        "What matters to me",
        {"What is most important to me": "Ask me: I answer yes with my eyes. I understand everything"},
    )

    # then a doctor at night reads what binds before she reads who may decide
    decisive = (
        "Not for CPR",
        ABOUT_CPR_ONLY,
        "Signed form: Green folder by the bed.",
        "Hospital for comfort only. No ventilation mask.",
        "ADRT, document seen: refuses CPR and life-sustaining treatment. No CPR. No ventilation, by mask or by tube.",
    )
    doctor = story.a_doctor_at_night_finds_the_card().sees_at_once("Not for CPR")
    doctor.sees_in_order(
        "Emergency card",
        story.person.shown,
        *decisive,
        "Kept: Green folder by the bed.",
        "Attorney (LPA) with authority for life-sustaining treatment: Ruth Fictionham, registered.",
        "The ADRT is later than the authority of the attorney.",
        "I answer yes with my eyes",
        "Northdale night nurses",
        "Ruth Fictionham",
        "07700 900 654",
    )
    doctor.sees_nothing_of("Not recorded that:", "document not seen")

    # and so does whoever holds the sheet
    sheet = story.prints(story.joins(Role.HOSPICE_NURSE, "Bernadette Kelly"))
    sheet.says_in_order(
        story.person.shown,
        *decisive,
        "Kept: Green folder by the bed.",
        "Attorney (LPA) with authority for life-sustaining treatment: Ruth Fictionham, registered.",
        "The ADRT is later than the authority of the attorney.",
        "I answer yes with my eyes",
        "Northdale night nurses 01632 960 777",
        "Ruth Fictionham",
        "Signed original: Green folder by the bed.",
    )
    sheet.has_its_card_on_one_page()
    sheet.says_nothing_of("Not recorded that:", "document not seen", "CPR recommended")


@pytest.mark.only_on("telephone-sqlite")
def test_frailty_and_nothing_decided(site: Site, sits_down: SitsDown) -> None:
    story = Story(site, sits_down, ("Sampleworth", "Edith", "Mrs"), address="5 Made-up Street", ill="Frailty")

    # given a woman who does not want to talk about dying
    gp = story.a_gp_registers()
    adds(
        gp,
        "Conversations about the future",
        "conversation",
        {
            "What took place?": "The person did not want to talk about it",
            "Date": TODAY,
            "What was said": "CPR: not today. I will tell you when I am ready",
        },
    )
    records(
        gp,
        "Preferred places",
        {
            "Preferred place of care": "Home",
            "Preferred place of death, first choice": "Undecided",
            "What the person said about it": "I take it as it comes",
        },
    )
    adds(gp, "People and contacts", "contact", NIGHT_NURSES)

    # when a nurse adds who meets a crew at the door
    nurse = story.joins(Role.COMMUNITY_NURSE, "Tom Reid")
    records(nurse, "Alerts and access", {"Dog or other animal": "Large dog, friendly", "Getting in": "Back door, open"})

    # then a doctor at night reads that nothing was decided, and nothing looks decided
    doctor = story.a_doctor_at_night_finds_the_card().sees_at_once("No CPR decision recorded here")
    doctor.sees_in_order(
        "Emergency card",
        story.person.shown,
        "No CPR decision recorded here",
        "One may exist elsewhere.",
        "Not recorded",
        "Animals: Large dog, friendly",
        "Allergies not recorded",
        "Back door, open.",
        "Of care: Home. Of death: Undecided.",
        "Northdale night nurses",
    )
    doctor.sees("The person did not want to talk about it", "CPR: not today. I will tell you when I am ready")
    doctor.sees_nothing_of("Not for CPR", "CPR recommended")

    # nor on the sheet, where the talk that she did not want is written down
    sheet = story.prints(story.joins(Role.HOSPICE_NURSE, "Bernadette Kelly"))
    sheet.says_in_order(
        story.person.shown,
        "No CPR decision recorded here",
        "One may exist elsewhere.",
        "Treatment level: not recorded",
        "Animals: Large dog, friendly",
        "Allergies not recorded",
        "Of care: Home. Of death: Undecided.",
        "Northdale night nurses 01632 960 777",
        "No signed form is recorded here.",
    )
    sheet.has_its_card_on_one_page()
    assert "The person did not want to talk about it" in " ".join(sheet.pages[1:])
    sheet.says_nothing_of("Not for CPR", "CPR recommended", "Signed original")


@pytest.mark.only_on("desk-postgresql")
def test_a_mind_changed_at_the_last(site: Site, sits_down: SitsDown) -> None:
    story = Story(site, sits_down, ("Notarealname", "Frank", "Mr"), address="6 Made-up Street", ill="Lung disease")

    # given a man who refused CPR and wanted to die at home, and a sheet that says so
    gp = story.a_gp_registers()
    records(gp, "Treatment level", {"Ceiling of treatment": "Hospital ward treatment, no intensive care"})
    records(gp, "Preferred places", {"Preferred place of death, first choice": "Home"})
    adds(gp, "People and contacts", "contact", NIGHT_NURSES)
    signs(
        gp,
        MADE_WITH_THE_PERSON
        | {
            "What is recommended?": "Not for CPR",
            "Why?": "The person, with capacity, refuses CPR",
            "Where is the signed original now?": "Kitchen door",
        },
    )
    kelly = story.joins(Role.HOSPICE_NURSE, "Bernadette Kelly")
    old = story.prints(kelly)
    old.says_in_order("Not for CPR", "Of death: Home.")
    kelly.opens(f"/check/{old.number}").sees("The CPR line of this sheet is the current one")

    # when he tells a nurse that he wants to be kept alive if it can be, and to die in the hospice
    nurse = story.joins(Role.COMMUNITY_NURSE, "Tom Reid")
    nurse.presses("CPR decision: read, change, withdraw").presses("The person no longer refuses CPR")
    nurse.answers("When did the person say so?", AN_HOUR_AGO).answers("Did they have capacity to say so?", "Yes")
    nurse.answers("In their words", "Try, if there is a chance").presses("Record")
    story.opens_again(nurse)
    records(nurse, "Preferred places", {"Preferred place of death, first choice": "Hospice"})

    # then a doctor at night reads that nothing is in force, and that the paper on the kitchen door is out of date
    ended = (
        "No CPR decision in force",
        f'"Not for CPR" of {DECIDED_ON} was cancelled {to_day()}. Paper saying it is out of date.',
        "Refusal withdrawn",
        "heard by Tom Reid",
        "Hospital ward treatment, no intensive care.",
    )
    doctor = story.a_doctor_at_night_finds_the_card().sees_at_once("No CPR decision in force")
    doctor.sees_in_order("Emergency card", story.person.shown, *ended, "Of death: Hospice.", "Northdale night nurses")
    doctor.sees_nothing_of("Of death: Home", "Signed form: Kitchen door")

    # and the new sheet says so too, and never where a signed form would be
    new = story.prints(kelly)
    new.says_in_order(story.person.shown, *ended, "Of death: Hospice.", "No signed form is recorded here.")
    new.has_its_card_on_one_page()
    new.says_nothing_of("Of death: Home", "Signed original", "Signed form:")

    # and the old one is called back, by its number and by name
    kelly.opens(f"/check/{old.number}").sees("This sheet was replaced: do not rely on it", "Destroy this sheet.")
    story.opens_again(kelly).presses("Print the handover sheet").sees("1 old copy is not yet destroyed")

    # when a doctor signs what he wants now
    consultant = story.joins(Role.HOSPICE_DOCTOR, "Dr Samuel Osei", may_sign=True)
    signs(
        consultant,
        MADE_WITH_THE_PERSON
        | {
            "What is recommended?": "CPR recommended",
            "Why?": "The person wants CPR",
            "Where is the signed original now?": "Bedside table",
        },
    )

    # then nothing of what he refused reads as current, on the screen or on paper, and both sheets are called back
    now_signed = (
        "Dr Samuel Osei",
        "Signed form: Bedside table.",
        f'Paper saying "Not for CPR", of {DECIDED_ON}, is out of date.',
    )
    story.opens_again(doctor).sees_in_order("Emergency card", "CPR recommended", *now_signed)
    newest = story.prints(kelly)
    newest.says_in_order(story.person.shown, "CPR recommended", *now_signed)
    for said in (doctor.text, *newest.pages):
        assert "Not for CPR" not in said.replace('"Not for CPR"', "")
        assert "Kitchen door" not in said
    for sheet in (old, new):
        kelly.opens(f"/check/{sheet.number}").sees("This sheet was replaced: do not rely on it")
    kelly.opens(f"/check/{newest.number}").sees("The CPR line of this sheet is the current one")
