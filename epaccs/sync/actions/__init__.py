"""What is written while tablets are kept up to date."""
