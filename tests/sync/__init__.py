"""Tablets brought up to date."""
