"""Tablets: which there are, who uses them, what they may hold and for how long, and how one is taken out of use."""
