"""What went wrong with what is shared: the same facts for every organisation concerned, closed by none alone."""
