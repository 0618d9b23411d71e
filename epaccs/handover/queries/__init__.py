"""What is on paper, and whether it still holds: a sheet of one person, a list of many."""
