"""What is asked for at the edge of the record."""
