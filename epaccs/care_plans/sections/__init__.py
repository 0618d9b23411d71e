"""Every section of the plan, in the order of page and paper. A new one is a file here and a line below."""

from epaccs.care_plans.sections.allergies import ALLERGIES
from epaccs.care_plans.sections.contacts import CONTACTS
from epaccs.care_plans.sections.declaration import PUT, PUT_ITEM, REMOVE_ITEM, Items, SectionDeclaration, tier_of
from epaccs.care_plans.sections.diagnosis import DIAGNOSIS
from epaccs.care_plans.sections.legal import LEGAL
from epaccs.care_plans.sections.medicines import MEDICINES
from epaccs.care_plans.sections.preferred_places import PREFERRED_PLACES
from epaccs.care_plans.sections.risks import RISKS
from epaccs.care_plans.sections.treatment_level import TREATMENT_LEVEL

SECTIONS: dict[str, SectionDeclaration] = {
    declaration.name: declaration
    for declaration in (
        TREATMENT_LEVEL,
        LEGAL,
        ALLERGIES,
        MEDICINES,
        RISKS,
        DIAGNOSIS,
        PREFERRED_PLACES,
        CONTACTS,
    )
}

__all__ = ["PUT", "PUT_ITEM", "REMOVE_ITEM", "SECTIONS", "Items", "SectionDeclaration", "tier_of"]
