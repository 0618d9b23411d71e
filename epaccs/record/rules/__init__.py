"""Pure rules of finding and reading a record."""
