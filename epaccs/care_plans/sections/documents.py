"""Which papers exist, what they are, and where each is kept."""

from __future__ import annotations

from marshmallow import Schema

from epaccs.access.rules import Tier
from epaccs.care_plans.sections.declaration import Items, PlanText, SectionDeclaration
from epaccs.core.forms import Choice, ConceptCode, ShortText, Telephone, TypedDate

#: Source: HL7 Confidentiality, as the standard names it.
CONFIDENTIALITY = {
    "N": "As the rest of the record",
    "R": "Only for those who treat the person",
    "V": "Only for those named in the comment",
}

_SOURCE = "PRSB P&EoLC v1.1, documents"


class DocumentSchema(Schema):
    """One paper or file that is kept elsewhere."""

    title = ShortText("Title", called="title of the document", limit=150, required=True, source=_SOURCE)
    document_class = ShortText("Kind of document", hint="Letter, form, report", limit=150, source=_SOURCE)
    name_code = ConceptCode("SNOMED CT code of its kind", source=_SOURCE)
    location = ShortText("Where is it kept?", called="place of the document", limit=300, required=True,
                         source=_SOURCE, place=True)  # fmt: skip
    dated_on = TypedDate("Date of the document", source=_SOURCE)
    confidentiality = Choice("Who may read it?", CONFIDENTIALITY, source=_SOURCE, detail=True)
    mime_type = ShortText("File type, if it is a file", hint="application/pdf", limit=100, source=_SOURCE, detail=True)
    service = ShortText("Which service made it?", called="service", limit=150, source=_SOURCE, detail=True)
    service_code = ConceptCode("SNOMED CT code of the service", source=_SOURCE)
    author_name = ShortText("Who made it?", called="name of who made it", limit=150, source=_SOURCE)
    author_role = ShortText("Role of who made it", limit=150, source=_SOURCE, detail=True)
    author_grade = ShortText("Grade of who made it", limit=150, source=_SOURCE, detail=True)
    author_specialty = ShortText("Specialty of who made it", limit=150, source=_SOURCE, detail=True)
    author_number = ShortText("Professional number of who made it", limit=32, source=_SOURCE, detail=True)
    author_telephone = Telephone("Telephone of who made it", source=_SOURCE, detail=True)
    comment = PlanText("Comment", rows=2, source=_SOURCE)


DOCUMENTS = SectionDeclaration(
    name="documents",
    label="Documents",
    lead="Papers and files that are kept elsewhere, and where to find them.",
    tier=Tier.T2_COORDINATION,
    critical=False,
    items=Items(DocumentSchema, "document", lambda item: str(item["title"])),
    source="PRSB P&EoLC v1.1, documents",
)
