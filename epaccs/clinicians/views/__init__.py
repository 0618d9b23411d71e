"""Signing in, one's own account, and the pages of administrators."""

from epaccs.clinicians.guard import current_actor, needs_sign_in
from epaccs.clinicians.views import account, administration, signing_in

BLUEPRINTS = (signing_in.bp, account.bp, administration.bp)

__all__ = ["BLUEPRINTS", "current_actor", "needs_sign_in"]
