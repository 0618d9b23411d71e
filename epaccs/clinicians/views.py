"""Signing in, one's own account, and the pages of administrators."""

from __future__ import annotations

from flask import Blueprint

from epaccs.clinicians.guard import current_actor, needs_sign_in

__all__ = ["bp", "current_actor", "needs_sign_in"]

bp = Blueprint("clinicians", __name__)
