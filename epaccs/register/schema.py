"""The shapes at the edge: identity, the two consents, death, removal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import Schema, ValidationError, pre_load

from epaccs.core.forms import (
    Choice,
    FreeText,
    NHSNumberField,
    PersonName,
    Postcode,
    ShortText,
    Telephone,
    Tick,
    TypedDate,
)
from epaccs.core.nhs_number import NHSNumberStatus
from epaccs.register.rules import (
    CONSENT_LABELS,
    FIGURES_LABELS,
    OBJECTIONS,
    PLACES_OF_DEATH,
    REMOVAL_REASONS,
    TABLETS_LABELS,
)

GENDERS = {"1": "Male", "2": "Female", "9": "Indeterminate or other"}
MAIN_CARER = {"has_carer": "Has a main carer", "no_carer": "Has no main carer", "unknown": "Not known"}
NO_NUMBER_REASONS = {
    "not_known": "The number is not known",
    "overseas": "Overseas patient without an NHS number",
    "devolved_nation": "Registered in Scotland, Wales or Northern Ireland",
}
NUMBER_STATUS = {str(status): status.label for status in NHSNumberStatus if str(status) <= "06"}


class IdentitySchema(Schema):
    """Who the person is, where they live, whose patient they are."""

    family_name = PersonName("Family name", required=True, source="SCCI1580 item 5")
    given_name = PersonName("First name", required=True, source="SCCI1580 item 6")
    title = ShortText("Title", limit=20, source="CUI name display", detail=True)
    preferred_name = ShortText(
        "Preferred name", hint="What staff should call them", source="SCCI1580 item 7", detail=True
    )
    born_on = TypedDate("Date of birth", required=True, source="SCCI1580 item 8")
    gender = Choice("Gender, as stated", GENDERS, source="SCCI1580 item 11", detail=True)
    nhs_number = NHSNumberField(source="SCCI1580 item 9")
    nhs_number_status = Choice("Was the NHS number checked?", NUMBER_STATUS, as_list=True, source="SCCI1580 item 10")
    no_nhs_number_reason = Choice(
        "If there is no NHS number, why?", NO_NUMBER_REASONS, source="UK Core, reason for no number"
    )
    address = FreeText(
        "Usual address",
        hint="House number and street on the first line",
        required=True,
        rows=3,
        limit=400,
        source="SCCI1580 item 12",
        place=True,
    )
    postcode = Postcode(source="SCCI1580 item 12", place=True)
    telephone = Telephone("Telephone at home", source="SCCI1580 item 13", place=True, detail=True)
    mobile = Telephone("Mobile telephone", source="SCCI1580 item 13", place=True, detail=True)
    address_restricted = Tick(
        "The address is restricted: show no address, telephone, practice or place to anybody",
        source="PDS restricted record",
    )
    care_home_ods = ShortText(
        "Care home, if they live in one (ODS code)", limit=12, source="SCCI1580 item 39", place=True, detail=True
    )
    usual_gp_name = ShortText("Usual GP", required=True, source="SCCI1580 item 19", place=True)
    practice_ods = ShortText(
        "GP practice (ODS code)",
        hint="For example A99001",
        limit=12,
        required=True,
        source="SCCI1580 item 20",
        place=True,
    )
    main_carer = Choice("Main carer", MAIN_CARER, required=True, source="SCCI1580 item 16")
    main_carer_name = ShortText("Name of the main carer", source="SCCI1580 item 16", detail=True)
    key_worker_name = ShortText("Key worker, if not the GP", source="SCCI1580 item 21", detail=True)
    key_worker_ods = ShortText("Key worker's organisation (ODS code)", limit=12, source="SCCI1580 item 21", detail=True)
    key_worker_telephone = Telephone("Key worker's telephone", source="SCCI1580 item 22", detail=True)


_STATUSES = {str(status): label for status, label in CONSENT_LABELS.items()}


class ConsentSchema(Schema):
    """The two agreements: to be on the register, and to be shared."""

    register_status = Choice(
        "To be on the register",
        _STATUSES,
        called="agreement to be on the register",
        ask="Choose what was decided about being on the register",
        required=True,
        source="SCCI1580 item 1",
    )
    register_decided_by = ShortText(
        "Who decided?", called="name of who decided on the register", source="SCCI1580 item 1"
    )
    register_decided_on = TypedDate(
        "When was it decided?", called="date of the decision on the register", source="SCCI1580 item 1"
    )
    register_basis = FreeText(
        "On what basis?",
        called="basis of the decision on the register",
        hint="Who was consulted, what was said",
        rows=2,
        limit=2000,
    )
    share_status = Choice(
        "To share with the services that care for them",
        _STATUSES,
        called="agreement to share",
        ask="Choose what was decided about sharing",
        required=True,
        source="SCCI1580 item 1",
    )
    share_decided_by = ShortText(
        "Who decided about sharing?", called="name of who decided about sharing", source="SCCI1580 item 1"
    )
    share_decided_on = TypedDate(
        "When was sharing decided?", called="date of the decision about sharing", source="SCCI1580 item 1"
    )
    share_basis = FreeText("On what basis is it shared?", called="basis of sharing", rows=2, limit=2000)
    tablets_status = Choice(
        OBJECTIONS["tablets"],
        TABLETS_LABELS,
        called="answer about tablets",
        hint="For a house without signal. Whoever objects is found where there is signal",
        source="UK GDPR article 21",
    )
    tablets_decided_by = ShortText(
        "Who said so about tablets?", called="name of who said so", source="UK GDPR article 21"
    )
    tablets_decided_on = TypedDate(
        "When was it said about tablets?", called="date it was said", source="UK GDPR article 21"
    )
    figures_status = Choice(
        OBJECTIONS["figures"],
        FIGURES_LABELS,
        called="answer about figures",
        hint="How many people, never who. Nobody's care depends on it",
        source="UK GDPR article 21",
    )
    figures_decided_by = ShortText(
        "Who said so about figures?", called="name of who said so", source="UK GDPR article 21"
    )
    figures_decided_on = TypedDate(
        "When was it said about figures?", called="date it was said", source="UK GDPR article 21"
    )


class WhyOnRegisterSchema(Schema):
    """Why somebody is thought to be in the last year of life."""

    primary_diagnosis = ShortText("Main diagnosis", required=True, limit=300, source="SCCI1580 item 26")


#: The parts of one agreement, each asked for both.
_PARTS_OF_CONSENT = ("status", "decided_by", "decided_on", "basis")


class RegisterSchema(ConsentSchema, WhyOnRegisterSchema, IdentitySchema):
    """Everything needed to put a person on the register; the fields of the last base come first, as on the page."""

    share_alike = Tick("Sharing was agreed too, by the same person on the same day")

    @pre_load
    def copy_agreement(self, typed: Mapping[str, Any], **_: Any) -> dict[str, Any]:
        """The agreement to share, where somebody says that it is the other one's twin (hazard H-11).

        Raises:
            ValidationError: something else was answered about sharing as well.
        """
        if typed.get("share_alike") not in (True, "yes"):
            return dict(typed)
        fields = {f"share_{part}": f"register_{part}" for part in _PARTS_OF_CONSENT}
        if any(not self.fields[name].is_blank(typed.get(name)) for name in fields):  # type: ignore[attr-defined]
            raise ValidationError(
                "Answer about sharing below, or tick that it was agreed too, but not both", "share_status"
            )
        return {**typed, **{name: typed[twin] for name, twin in fields.items() if twin in typed}}


class DeclineSchema(IdentitySchema):
    """A person who does not want to be on the register: a marker for their own practice, so that nobody asks weekly."""

    declined_on = TypedDate("Date they declined", required=True)


class DeathSchema(Schema):
    """Fact and date suffice."""

    died_on = TypedDate("Date of death", required=True, source="SCCI1580 item 59")
    place = Choice("Where did they die?", PLACES_OF_DEATH, as_list=True, source="SCCI1580 item 60")
    place_name = ShortText("Name of the place", limit=150, source="PRSB P&EoLC v1.1, after death")
    told_by = ShortText("Who told you?", called="name of who told you")
    variance_reason = FreeText(
        "If not where they wished, why?", called="reason", rows=2, limit=2000, source="after-death audit"
    )


class ReviewSchema(Schema):
    """The whole record was gone through."""

    next_on = TypedDate(
        "Next review date", future=True, required=True, hint="At most three months ahead", source="SCCI1580 item 3"
    )


class RemovalSchema(Schema):
    """Why the entry leaves the register."""

    reason = Choice("Why is the entry removed?", REMOVAL_REASONS, required=True, source="SCCI1580, logical delete")
    note = FreeText("Note", rows=2, limit=2000)


class ReasonSchema(Schema):
    """Why something is taken back."""

    reason = ShortText("Reason", required=True, limit=1000)


class MergeSchema(Schema):
    """Which other record is the same person, and how that is known."""

    other_nhs_number = NHSNumberField("NHS number on the other record", required=True)
    reason = FreeText("How do you know that they are one person?", called="reason", required=True, rows=3, limit=1000)


class EmptySchema(Schema):
    """A form without questions."""


def nest_consent(flat: Mapping[str, Any]) -> dict[str, Any]:
    """The form's fields as the section keeps them: one answer for each agreement."""
    return {
        name: {part: flat[f"{name}_{part}"] for part in _PARTS_OF_CONSENT if flat.get(f"{name}_{part}") is not None}
        for name in ("register", "share", *OBJECTIONS)
        if name not in OBJECTIONS or any(flat.get(f"{name}_{part}") is not None for part in _PARTS_OF_CONSENT)
    }


def flatten_consent(value: Mapping[str, Any] | None) -> dict[str, Any]:
    """The section as the form's fields."""
    return {
        f"{name}_{part}": answer
        for name in ("register", "share", *OBJECTIONS)
        for part, answer in (value or {}).get(name, {}).items()
    }
