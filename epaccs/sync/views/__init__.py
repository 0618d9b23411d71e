"""The addresses under /sync/v1."""
