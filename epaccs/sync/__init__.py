"""Tablets brought up to date: what a tablet may hold is numbered, sent, counted and taken back."""
