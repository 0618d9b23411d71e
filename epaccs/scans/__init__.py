"""Scans of papers: what a document looked like on the day somebody scanned it, kept with the person."""
