"""Every section of the plan, in the order of page and paper. A new one is a file here and a line below."""

from epaccs.care_plans.sections.about_me import ABOUT_ME
from epaccs.care_plans.sections.allergies import ALLERGIES
from epaccs.care_plans.sections.capacity import CAPACITY
from epaccs.care_plans.sections.carer import CARER
from epaccs.care_plans.sections.communication import COMMUNICATION
from epaccs.care_plans.sections.contacts import CONTACTS
from epaccs.care_plans.sections.contingency import CONTINGENCY
from epaccs.care_plans.sections.current_medicines import CURRENT_MEDICINES
from epaccs.care_plans.sections.declaration import (
    PUT,
    PUT_ITEM,
    REMOVE_ITEM,
    Items,
    SectionDeclaration,
    stage_of,
    tier_of,
)
from epaccs.care_plans.sections.details import DETAILS
from epaccs.care_plans.sections.diagnosis import DIAGNOSIS
from epaccs.care_plans.sections.documents import DOCUMENTS
from epaccs.care_plans.sections.faith import FAITH
from epaccs.care_plans.sections.function import FUNCTION
from epaccs.care_plans.sections.funding import FUNDING
from epaccs.care_plans.sections.goals import GOALS
from epaccs.care_plans.sections.legal import LEGAL
from epaccs.care_plans.sections.local import LOCAL
from epaccs.care_plans.sections.medicines import MEDICINES
from epaccs.care_plans.sections.planning import PLANNING
from epaccs.care_plans.sections.plans import PLANS
from epaccs.care_plans.sections.preferred_places import PREFERRED_PLACES
from epaccs.care_plans.sections.risks import RISKS
from epaccs.care_plans.sections.treatment_level import TREATMENT_LEVEL

SECTIONS: dict[str, SectionDeclaration] = {
    declaration.name: declaration
    for declaration in (
        ABOUT_ME,
        TREATMENT_LEVEL,
        LEGAL,
        CAPACITY,
        ALLERGIES,
        MEDICINES,
        RISKS,
        CONTINGENCY,
        COMMUNICATION,
        DIAGNOSIS,
        FUNCTION,
        PREFERRED_PLACES,
        CONTACTS,
        PLANNING,
        PLANS,
        DOCUMENTS,
        GOALS,
        CURRENT_MEDICINES,
        FAITH,
        CARER,
        FUNDING,
        DETAILS,
        LOCAL,
    )
}

__all__ = ["PUT", "PUT_ITEM", "REMOVE_ITEM", "SECTIONS", "Items", "SectionDeclaration", "stage_of", "tier_of"]
