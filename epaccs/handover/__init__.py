"""Sheets of paper: what leaves the register in somebody's hand, who has it, and whether it is still right."""
