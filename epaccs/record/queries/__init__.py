"""Reads, scoped to the reader."""
