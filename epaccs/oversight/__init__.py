"""Accesses that need a privacy officer's look, and what they find: rules with thresholds, a queue, decisions."""
