"""Reads: new rows of the audit, what is compared of readers and people, and what a privacy officer looks at."""
