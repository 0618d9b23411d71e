"""Whom to consider for the register: what a practice's own search found, and what was decided about each of them."""
