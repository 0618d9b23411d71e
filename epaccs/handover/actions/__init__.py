"""What changes paper: a sheet of one person, a list of many."""
