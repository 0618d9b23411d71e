"""Who is signed in and where their role may go, as the top of every page shows it."""

from __future__ import annotations

from functools import lru_cache

from flask import request

from epaccs.access.rules import Permission, can_ever, facts_of_role
from epaccs.clinicians.guard import visit
from epaccs.clinicians.rules import ROLE_LABELS, Role
from epaccs.core.web import Link, SignedIn

#: What the menu offers, in the order of use; a role sees what it could ever be allowed.
ENTRIES = (
    ("Search", "/search", Permission.SEARCH),
    ("Add a person", "/register/new", Permission.REGISTER),
    ("Notices", "/notices", Permission.SEE_NOTICES),
    ("Administration", "/admin", Permission.ADMINISTER),
)


def find_signed_in() -> SignedIn | None:
    """The person at the keyboard with their menu; None: nobody, or not yet signed in to the end."""
    signed_in = visit().signed_in
    if signed_in is None or signed_in.actor is None:
        return None
    actor = signed_in.actor
    return SignedIn(
        actor.name,
        ROLE_LABELS[actor.role],
        actor.organisation_name,
        tuple(Link(text, href, is_here=href == request.path) for text, href in build_menu(actor.role)),
    )


@lru_cache(maxsize=len(Role))
def build_menu(role: Role) -> tuple[tuple[str, str], ...]:
    """The words and addresses a role is offered."""
    facts = facts_of_role(role, may_sign=False)
    return tuple((text, href) for text, href, permission in ENTRIES if can_ever(permission, facts))
