"""Reads for a tablet that asks what is new."""
