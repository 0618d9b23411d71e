"""Writes: keep what was found unusual, decide about it, say what is not told for a while."""
