"""What finding and reading leaves behind."""
