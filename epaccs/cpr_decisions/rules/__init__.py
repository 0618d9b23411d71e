"""The rules of CPR decisions: pure values in, a value or a refusal out. No clock, no session, no model.

One file would be too long to read, so this is a package. Read it in this order:

- `states` (with `kept`): the words and parts of the section, and how they become JSON;
- `transitions`: the tables of what may become of what, and who may do it;
- `bodies`, `around`: what an edit says, who makes it, and what the rest of the record says;
- `requirements`: what a signed decision needs, and what contradicts it;
- `applying`: `apply`, by way of `edits`, `signing`, `observing` and `voiding`;
- `doubt`, `words`, `lines`: what is shown; `follow_ups`: what somebody must do then;
- `documents`: the tables printed in docs/domain.md.

Source: docs/domain.md, CPR decisions; SCCI1580 v4.0 items 44 to 48; Mental Capacity Act 2005.
"""

from epaccs.core.errors import Contradicts
from epaccs.cpr_decisions.rules.applying import apply, says_nothing_new
from epaccs.cpr_decisions.rules.around import (
    CLOCK_ERROR,
    SYSTEM,
    AdvanceDecision,
    Around,
    Author,
    Death,
    Proxy,
)
from epaccs.cpr_decisions.rules.bodies import BODIES
from epaccs.cpr_decisions.rules.documents import GENERATED, render_state_diagram, render_table_of_lines
from epaccs.cpr_decisions.rules.doubt import Doubt, DoubtKind, HeldRival, Side, doubts
from epaccs.cpr_decisions.rules.follow_ups import FollowUp, FollowUpKind, follow_ups
from epaccs.cpr_decisions.rules.lines import (
    LOOKS,
    Colour,
    CPRLine,
    Look,
    Shape,
    Situation,
    find_situation,
    hidden_line,
    line,
)
from epaccs.cpr_decisions.rules.requirements import (
    LEVELS_AGAINST_CPR,
    OWN_REFUSALS,
    REASONS_FOR,
    contradictions,
    treatment_level_disagrees,
)
from epaccs.cpr_decisions.rules.states import (
    IMCA,
    Aware,
    Capacity,
    Consultation,
    Consultee,
    ConsulteeKind,
    CPRState,
    Decision,
    DecisionStatus,
    DocumentSeen,
    EditKind,
    Ended,
    Facts,
    HadCapacity,
    Involvement,
    NotConsultedBecause,
    NotInvolvedBecause,
    Professional,
    Proposal,
    ProposalStatus,
    Reason,
    Recommendation,
    RefusedBy,
    Restored,
    Reviewed,
    ReviewRequest,
    RevokeReason,
    Settled,
    SettledAs,
    Sighting,
    VoidReason,
    Withdrawal,
    WithdrawalOutcome,
    WrongPersonFlag,
)
from epaccs.cpr_decisions.rules.transitions import (
    DECISION_TRANSITIONS,
    KINDS,
    PROPOSAL_TRANSITIONS,
    KindRule,
    Who,
)
from epaccs.cpr_decisions.rules.words import Words, check_words

__all__ = [
    "BODIES",
    "CLOCK_ERROR",
    "DECISION_TRANSITIONS",
    "GENERATED",
    "IMCA",
    "KINDS",
    "LEVELS_AGAINST_CPR",
    "LOOKS",
    "OWN_REFUSALS",
    "PROPOSAL_TRANSITIONS",
    "REASONS_FOR",
    "SYSTEM",
    "AdvanceDecision",
    "Around",
    "Author",
    "Aware",
    "CPRLine",
    "CPRState",
    "Capacity",
    "Colour",
    "Consultation",
    "Consultee",
    "ConsulteeKind",
    "Contradicts",
    "Death",
    "Decision",
    "DecisionStatus",
    "DocumentSeen",
    "Doubt",
    "DoubtKind",
    "EditKind",
    "Ended",
    "Facts",
    "FollowUp",
    "FollowUpKind",
    "HadCapacity",
    "HeldRival",
    "Involvement",
    "KindRule",
    "Look",
    "NotConsultedBecause",
    "NotInvolvedBecause",
    "Professional",
    "Proposal",
    "ProposalStatus",
    "Proxy",
    "Reason",
    "Recommendation",
    "RefusedBy",
    "Restored",
    "ReviewRequest",
    "Reviewed",
    "RevokeReason",
    "Settled",
    "SettledAs",
    "Shape",
    "Side",
    "Sighting",
    "Situation",
    "VoidReason",
    "Who",
    "Withdrawal",
    "WithdrawalOutcome",
    "Words",
    "WrongPersonFlag",
    "apply",
    "check_words",
    "contradictions",
    "doubts",
    "find_situation",
    "follow_ups",
    "hidden_line",
    "line",
    "render_state_diagram",
    "render_table_of_lines",
    "says_nothing_new",
    "treatment_level_disagrees",
]
