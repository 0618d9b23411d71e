"""What those who were there say afterwards: used, not relevant, wrong, what happened."""
