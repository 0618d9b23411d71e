"""Organisations, the people who work there, and how they sign in."""
